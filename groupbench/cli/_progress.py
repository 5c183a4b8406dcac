"""What `groupbench run` shows while it works: a line per ended job, on a terminal a few live lines below."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from threading import Lock
from typing import TYPE_CHECKING

from groupbench.cli._estimate import Estimate, Leader, spoken

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live

    from groupbench.runner.jobs import Job
    from groupbench.runner.pool import Outcome

WIDTH = 24
"""Cells of the bar."""


class Progress:
    """Told of jobs that start and end, it prints and remembers them.

    Args:
        quiet: whether to print nothing but failures, on standard error.

    Attributes:
        ended: number of jobs that ended.
        outcomes: how they ended, by key.
    """

    def __init__(self, quiet: bool) -> None:
        self.ended = 0
        self.outcomes: dict[str, Outcome] = {}
        self._quiet = quiet
        self._total = 0
        self._began = time.monotonic()
        self._running: dict[str, str] = {}
        self._estimate: Estimate | None = None
        self._leader = Leader()
        self._live: Live | None = None
        self._stack = ExitStack()
        self._lock = Lock()

    def __enter__(self) -> Progress:
        if not self._quiet and sys.stdout.isatty():
            from rich.live import Live

            live = Live(get_renderable=self._lines, refresh_per_second=4, transient=True)
            self._live = self._stack.enter_context(live)
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()
        self._live = None

    def begin(self, jobs: Sequence[Job], workers: int) -> None:
        """Take note of all jobs that will be run, and how many at a time."""
        if self._live is not None:
            estimate = Estimate(jobs, workers)
            with self._lock:
                self._total, self._estimate = len(jobs), estimate

    def tell(self, line: str) -> None:
        """Print a line, unless asked to be quiet."""
        if self._quiet:
            return
        if self._live is None:
            print(line, flush=True)
        else:
            self._live.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def report(self, event: Job | Outcome, ended: int, total: int) -> None:
        """Take note of a job that started or ended."""
        from groupbench.runner.jobs import Job

        if not isinstance(event, Job):
            self.ended = ended
            self.outcomes[event.job.key] = event
        if self._estimate is not None:
            self._follow(event, self._estimate)
        if not isinstance(event, Job):
            line = _line(event, ended, total)
            self.tell(line)
            if self._quiet and event.status != "done":
                print(line, file=sys.stderr, flush=True)

    def _follow(self, event: Job | Outcome, estimate: Estimate) -> None:
        """Take note of an event for the live lines."""
        from groupbench import store
        from groupbench.errors import ResultError
        from groupbench.runner.jobs import Job

        if isinstance(event, Job):
            with self._lock:
                self._running[event.key] = f"{event.label} seed {event.seed}"
                estimate.start(event, time.monotonic())
            return
        record = None
        with suppress(ResultError):
            record = store.read(event.job.folder)
        with self._lock:
            self._running.pop(event.job.key, None)
            estimate.end(event.job, event.seconds, done=event.status == "done")
            if record is not None:
                self._leader.note(record)

    def _lines(self) -> Group:
        """The live lines: each cut to the width, so that nothing jumps."""
        from rich.console import Group
        from rich.text import Text

        with self._lock:
            running = ", ".join(self._running.values()) or "no job"
            texts = [self._state(), f"running: {running}", *self._leader.lines()]
        return Group(*(Text(text, no_wrap=True, overflow="ellipsis") for text in texts))

    def _state(self) -> str:
        if self._estimate is None:
            return "reading data"
        now = time.monotonic()
        filled = WIDTH * self.ended // max(self._total, 1)
        bar = "#" * filled + "." * (WIDTH - filled)
        line = f"{self.ended}/{self._total} {bar} {clock(now - self._began)}"
        left = self._estimate.left(now)
        if left is None:
            return line
        seconds, known = left
        return f"{line}, {'about' if known else 'at a guess'} {spoken(seconds)} left"


def clock(seconds: float) -> str:
    """A duration as a clock shows it, `0:07` or `1:02:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _line(event: Outcome, ended: int, total: int) -> str:
    job = event.job
    count = f"[{ended:{len(str(total))}d}/{total}]"
    line = f"{count} {event.status:7s} {event.seconds:7.1f} s  {job.dataset}  {job.label}  seed {job.seed}"
    return f"{line}  {event.reason}" if event.reason else line
