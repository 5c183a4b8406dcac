"""What is shown while jobs run, or while a study measures: a line per job that ends, live ones below."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from groupbench.cli._display import Display
from groupbench.cli._time_left import Estimate, Leader, Left, Steps

if TYPE_CHECKING:
    from groupbench.results.store import RunRecord
    from groupbench.runner.job import Job
    from groupbench.runner.pool import JobOutcome


class Progress(Display):
    """Told of jobs that start and end, and of steps in this process, it prints and remembers them.

    Args:
        quiet: whether to print nothing but failures, on standard error.
        stream: where to print; standard output by default.

    Attributes:
        ended: number of jobs that ended since the last `begin`.
        outcomes: how they ended, by key.
    """

    def __init__(self, *, quiet: bool = False, stream: TextIO | None = None) -> None:
        super().__init__(quiet=quiet, stream=stream)
        self.ended = 0
        self.outcomes: dict[str, JobOutcome] = {}
        self._total = 0
        self._running: dict[str, str] = {}
        self._estimate: Estimate | Steps | None = None
        self._leader = Leader()

    def begin(self, jobs: Sequence[Job], workers: int) -> None:
        """Take note of all jobs that will be run, and how many at a time."""
        estimate = Estimate(jobs, workers)
        with self._lock:
            self.ended, self._total, self._estimate = 0, len(jobs), estimate
            self._running.clear()

    def report(self, event: Job | JobOutcome, ended: int, total: int) -> None:
        """Take note of a job that started or ended."""
        from groupbench.runner.job import Job

        if not isinstance(event, Job):
            self.ended = ended
            self.outcomes[event.job.key] = event
        unsuited = "" if self._quiet else self._follow(event)
        if not isinstance(event, Job):
            line = _line(event, ended, total, unsuited)
            self.tell(line)
            if self._quiet and event.status != "done":
                print(line, file=sys.stderr, flush=True)
            self.pulse()

    def leaders(self, present: Iterable[RunRecord]) -> list[str]:
        """A short table of who leads among the jobs that ended and the records that were there already."""
        with self._lock:
            for record in present:
                self._leader.note(record)
            return self._leader.table()

    def step(self, name: str, ended: int, total: int) -> None:
        """Take note of a step that begins in this process, when so many of all steps have ended."""
        now = time.monotonic()
        with self._lock:
            if ended == 0 or not isinstance(self._estimate, Steps):
                self._estimate = Steps(now)
            self._estimate.follow(ended, total, now)
            self.ended, self._total, self._running = ended, total, {"step": name}
        self.pulse()

    def _follow(self, event: Job | JobOutcome) -> str:
        """Take note of an event for the lines that say how far the work is; why it has no metrics, if so."""
        from groupbench.core.errors import ResultError
        from groupbench.results import store
        from groupbench.runner.job import Job

        estimate = self._estimate
        if not isinstance(estimate, Estimate):
            return ""
        if isinstance(event, Job):
            with self._lock:
                self._running[event.key] = f"{event.label} seed {event.seed}"
                estimate.start(event, time.monotonic())
            return ""
        record = None
        with suppress(ResultError):
            record = store.read(event.job.folder)
        with self._lock:
            self._running.pop(event.job.key, None)
            estimate.end(event.job, event.seconds, done=event.status == "done")
            if record is not None:
                self._leader.note(record)
        return "" if record is None or event.status != "done" else _unsuited(record)

    def _counts(self) -> tuple[int, int]:
        return self.ended, self._total

    def _left(self, now: float) -> Left | None:
        return None if self._estimate is None else self._estimate.left(now)

    def _names(self) -> list[str]:
        return list(self._running.values())

    def _best(self) -> list[str]:
        return self._leader.lines()


def _unsuited(record: RunRecord) -> str:
    """Why a job that is done has no metrics; empty where it has some."""
    reasons = [] if record.metrics else [str(view["reason"]) for view in record.views.values()]
    return next(filter(None, reasons), "")


def _line(event: JobOutcome, ended: int, total: int, unsuited: str) -> str:
    job, reason = event.job, unsuited or event.reason
    status = "skipped" if unsuited else event.status
    count = f"[{ended:{len(str(total))}d}/{total}]"
    line = f"{count} {status:7s} {event.seconds:7.1f} s  {job.dataset}  {job.label}  seed {job.seed}"
    return f"{line}  {reason}" if reason else line
