"""Whole runs: how much they take beyond the fits of their methods, and what several workers save."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

RUN = [sys.executable, "-c", "from groupbench.cli import main; main()", "run", "--quiet", "--no-references"]
WORKERS = 2
BUSY = '''
"""A method that keeps one core busy for two seconds."""

import time

from groupbench.models.recommender import Recommender
from groupbench.core.registry import method


@method("busy")
class Busy(Recommender):
    """Scores everything alike, after two seconds of a core."""

    def fit(self, train, *, rng):
        self._shape = train.ratings.n_items
        end = time.process_time() + 2.0
        while time.process_time() < end:
            pass
        return self

    def score(self, users):
        import numpy as np

        return np.zeros((len(users), self._shape))
'''


def ran(results, *options):
    """The records of a run into an empty folder."""
    subprocess.run([*RUN, "--results", str(results), *options], check=True)
    return [json.loads(file.read_text()) for file in results.rglob("run.json")]


@pytest.mark.timeout(3600)
def test_beyond_the_fits(benchmark, compared, tmp_path):
    """All methods on MovieLens 100K, under the default protocol: the limit are the seconds of their fits."""
    folder = Path(os.environ.get("GROUPBENCH_DATA", "."))
    if not (folder / "ml-100k").is_dir():
        pytest.skip("GROUPBENCH_DATA has no ml-100k")
    options = ["--methods", "all", "--dataset", "ml-100k", "--seeds", "1", "--jobs", str(WORKERS)]
    records = benchmark.pedantic(ran, (tmp_path, *options, "--data-dir", str(folder)), rounds=1)
    fits = sum(record["seconds"].get("fit", 0.0) for record in records)
    assert all(record["status"] == "done" for record in records)
    assert fits > 0
    if benchmark.stats is not None:
        compared(
            what=f"run --methods all --dataset ml-100k --jobs {WORKERS}; the limit is its own fits",
            peer=f"the fits by {WORKERS}",
            seconds=benchmark.stats.stats.median,
            peer_seconds=fits / WORKERS,
            peak_mb=0.0,
            peer_peak_mb=0.0,
            share=1.0,
            bar=0.87,
        )


@pytest.mark.timeout(1800)
def test_four_workers(versus, tmp_path_factory):
    """Sixteen jobs of two seconds, each in a process of its own because their method is not built in."""
    plugin = tmp_path_factory.mktemp("plugin") / "busy.py"
    plugin.write_text(BUSY)
    options = ["--methods", "busy", "--dataset", "itmrec-sim", "--seeds", "16", "--plugin", str(plugin)]

    def run(workers):
        records = ran(tmp_path_factory.mktemp("results"), *options, "--jobs", str(workers))
        return {record["key"]: json.dumps(record["figures"]) for record in records}

    def equal(ours, theirs):
        assert len(ours) == 16
        assert ours == theirs

    versus(
        "16 equal jobs of 2 s, --jobs 4",
        partial(run, 4),
        partial(run, 1),
        equal,
        against="the same with --jobs 1",
        bar=3,
        rounds=1,
    )
