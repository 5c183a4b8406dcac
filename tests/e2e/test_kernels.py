"""Several processes that need compiled loops at the same time compile them once."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import numpy as np
from groupbench.aggregation import MemberTable, find_top
from groupbench.core.arrays import Segments
from groupbench.core.registry import aggregators

rng = np.random.default_rng(0)
items = np.broadcast_to(np.arange(300), (50, 300))
segments = Segments.from_sizes([4] * 50)
members = MemberTable(
    rng.random((20, 300)), rng.integers(0, 20, 200), items, np.full(50, 300), segments, np.ones(200), None
)
keys, columns = find_top(aggregators["average"].create(), members, 10)
from groupbench.aggregation._compiled import _score_kernels
print(repr(keys.sum()), columns.sum(), sum(_score_kernels.combine._compiled.stats.cache_misses.values()))
"""


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("GROUPBENCH_KERNEL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def ended(processes):
    found = []
    for process in processes:
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        found.append(out.split())
    return found


def started():
    command = [sys.executable, "-c", PROGRAM]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_one_of_several_processes_compiles(cache):
    found = ended([started() for _ in range(3)])

    assert len({(keys, columns) for keys, columns, _ in found}) == 1
    assert sorted(int(misses) for *_, misses in found) == [0, 0, 1]
    assert [misses for *_, misses in ended([started()])] == ["0"]


def test_a_cache_that_is_read_only_changes_nothing(cache):
    cache.mkdir()
    cache.chmod(0o555)
    ((keys, _, misses),) = ended([started()])
    cache.chmod(0o755)

    ((again, *_),) = ended([started()])
    assert keys == again
    assert int(misses) <= 1
