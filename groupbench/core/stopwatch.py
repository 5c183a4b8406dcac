"""Seconds and memory of the phases of a job."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Stopwatch:
    """Adds up wall-clock seconds and keeps the peak memory growth of each named phase.

    Memory is the growth of the resident set above its level when the phase began, in MiB; where
    the kernel cannot reset its high-water mark (outside Linux) no memory is recorded.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.peak_mb: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Charge the time inside to `name`; phases do not nest."""
        before = _reset_peak()
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
            if before is not None:
                self.peak_mb[name] = max(self.peak_mb.get(name, 0.0), _status("VmHWM") - before)


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
