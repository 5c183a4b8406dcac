"""Seconds, memory and energy of the phases of a job."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from groupbench.core.energy import EnergyMeter
from groupbench.core.imports import around_imports

IMPORT = "import"
"""The phase to which first imports are charged, in whatever phase they happen."""

_elsewhere = 0.0
"""MiB that processes of its own took for this one in the phase that goes on."""


def add_peak(mb: float) -> None:
    """Count MiB that another process took for this one, at its peak, in the phase that goes on."""
    global _elsewhere
    _elsewhere = max(_elsewhere, mb)


class Stopwatch:
    """Adds up seconds and joules and keeps the peak memory growth of each named phase.

    A module that is imported for the first time within a phase is charged to `IMPORT` instead, with all that
    it imports, since what a library costs to load says nothing of a method.

    Memory is the growth of the resident set above its level when the phase began, in MiB, and what was added
    by `add_peak`; where
    the kernel cannot reset its high-water mark (outside Linux) no memory is recorded.

    Args:
        energy: what measures energy; without it none is recorded.

    Attributes:
        seconds: wall-clock seconds by phase.
        peak_mb: the largest growth by phase; of `IMPORT`, what all imports left behind.
    """

    def __init__(self, energy: EnergyMeter | None = None) -> None:
        self.seconds: dict[str, float] = {}
        self.peak_mb: dict[str, float] = {}
        self._energy = energy
        self._start = 0.0
        self._base: float | None = None
        self._level = 0.0

    @property
    def joules(self) -> dict[str, float]:
        """Joules by phase."""
        return {} if self._energy is None else self._energy.joules

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Charge what is inside to `name`; phases do not nest."""
        _forget_peak()
        self._base = _reset_peak()
        if self._energy is not None:
            self._energy.charge(None)
        self._start = time.perf_counter()
        with around_imports(lambda: self._stop_for_import(name), self._charge_import):
            try:
                yield
            finally:
                self._charge(name)

    def _charge(self, name: str) -> None:
        """Charge all since the last call to a phase."""
        self._charge_time(name)
        if self._base is not None:
            grown = _status("VmHWM") - self._base + _elsewhere
            self.peak_mb[name] = max(self.peak_mb.get(name, 0.0), grown)

    def _stop_for_import(self, name: str) -> None:
        self._charge(name)
        if self._base is not None:
            self._level = _status("VmRSS")

    def _charge_import(self) -> None:
        self._charge_time(IMPORT)
        if self._base is not None and (level := _reset_peak()) is not None:
            self.peak_mb[IMPORT] = self.peak_mb.get(IMPORT, 0.0) + level - self._level
            self._base += level - self._level

    def _charge_time(self, name: str) -> None:
        if self._energy is not None:
            self._energy.charge(name)
        now = time.perf_counter()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self._start
        self._start = now


def _forget_peak() -> None:
    global _elsewhere
    _elsewhere = 0.0


def _reset_peak() -> float | None:
    if sys.platform != "linux":
        return None
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    return _status("VmRSS")


def _status(field: str) -> float:
    # As bytes, and no line by line: phases can be many and short.
    _, found, rest = Path("/proc/self/status").read_bytes().partition(field.encode())
    return int(rest.split(maxsplit=2)[1]) / 1024 if found else 0.0
