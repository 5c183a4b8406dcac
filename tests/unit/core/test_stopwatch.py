from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pytest

from groupbench.core import stopwatch
from groupbench.core.stopwatch import Stopwatch

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
