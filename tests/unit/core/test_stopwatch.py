from __future__ import annotations

import importlib
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from groupbench.core import stopwatch
from groupbench.core.stopwatch import Stopwatch, add_peak

linux_only = pytest.mark.skipif(
    sys.platform != "linux" or not Path("/proc/self/clear_refs").exists(),
    reason="the kernel cannot reset its high-water mark of memory",
)


def test_phases_add_up():
    watch = Stopwatch()
    for _ in range(3):
        with watch.phase("a"):
            time.sleep(0.01)
    with watch.phase("b"):
        pass

    assert 0.03 <= watch.seconds["a"] < 1
    assert watch.seconds["b"] < 0.03
    assert list(watch.seconds) == ["a", "b"]


def test_a_phase_that_fails_is_charged_all_the_same():
    watch = Stopwatch()
    with pytest.raises(KeyError), watch.phase("a"):
        raise KeyError

    assert watch.seconds["a"] > 0


@linux_only
def test_memory_is_the_growth_within_the_phase():
    watch = Stopwatch()
    held = np.ones(40 << 17)
    with watch.phase("large"):
        np.ones(80 << 17).sum()
    with watch.phase("small"):
        held[:10].sum()

    assert 75 < watch.peak_mb["large"] < 120
    assert watch.peak_mb["small"] < 20


@linux_only
def test_memory_of_another_process_is_of_the_phase_in_which_it_is_added():
    watch = Stopwatch()
    with watch.phase("a"):
        add_peak(500.0)
        add_peak(300.0)
    with watch.phase("b"):
        pass

    assert 500 <= watch.peak_mb["a"] < 600
    assert watch.peak_mb["b"] < 100


@linux_only
def test_memory_is_the_highest_of_its_phases():
    watch = Stopwatch()
    for size in (60, 5):
        with watch.phase("a"):
            np.ones(size << 17).sum()

    assert watch.peak_mb["a"] > 55


def test_without_a_high_water_mark_only_time_is_recorded(monkeypatch):
    monkeypatch.setattr(stopwatch.sys, "platform", "darwin")
    watch = Stopwatch()
    with watch.phase("a"):
        pass

    assert watch.peak_mb == {}
    assert watch.seconds["a"] > 0


HEAVY = """
import time
from {name}_part import SIZE

time.sleep(0.2)
HELD = bytearray(SIZE << 20)
"""


@pytest.fixture
def library(tmp_path, monkeypatch, request):
    """The name of a library that takes 0.2 seconds and 60 MiB to import, and that nobody has imported."""
    name = f"heavy_{abs(hash(request.node.nodeid))}"
    (tmp_path / f"{name}.py").write_text(HEAVY.format(name=name))
    (tmp_path / f"{name}_part.py").write_text("SIZE = 60")
    monkeypatch.syspath_prepend(tmp_path)
    yield name
    for loaded in (name, f"{name}_part"):
        sys.modules.pop(loaded, None)


@pytest.mark.parametrize("how", ["statement", "function"])
def test_a_first_import_within_a_phase_is_charged_to_nobody_else(library, how):
    watch = Stopwatch()
    with watch.phase("fit"):
        exec(f"import {library}") if how == "statement" else importlib.import_module(library)
    with watch.phase("fit"):
        importlib.import_module(library)
    assert 0.2 <= watch.seconds["import"] < 2
    assert watch.seconds["fit"] < 0.1


@linux_only
def test_memory_of_a_library_is_charged_to_nobody_else(library):
    watch = Stopwatch()
    with watch.phase("fit"):
        np.ones(60 << 17).sum()  # Beyond what an allocator keeps for later.
        importlib.import_module(library)
        held = np.ones(80 << 17)
    assert 55 < watch.peak_mb["import"] < 75
    assert 75 < watch.peak_mb["fit"] < 95
    assert held[0] == 1


def test_an_import_that_fails_leaves_the_clock_in_order():
    watch = Stopwatch()
    with watch.phase("fit"):
        for _ in range(2):
            with pytest.raises(ModuleNotFoundError):
                importlib.import_module("there_is_no_such_library")
        time.sleep(0.02)
    assert watch.seconds["fit"] >= 0.02
    assert "import" in watch.seconds


def test_imports_of_other_threads_do_not_stop_the_clock(library):
    watch = Stopwatch()
    with watch.phase("fit"):
        thread = threading.Thread(target=importlib.import_module, args=(library,))
        thread.start()
        thread.join()
    assert watch.seconds["fit"] >= 0.2
    assert "import" not in watch.seconds
