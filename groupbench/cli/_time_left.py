"""How long work will still take, and which method leads so far: what a display of progress shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from groupbench.results.store import RunRecord
    from groupbench.runner.job import Job

LOOKS_BACK = 3
"""Earlier records of a method that are read."""
METRIC = "ndcg@10"
LEADERS = 5
"""Methods that a table of leaders has at most."""


class Left(NamedTuple):
    """Seconds until all is done, and whether most of them are known rather than guessed.

    Attributes:
        seconds: estimated.
        known: whether most of them are measured.
    """

    seconds: float
    known: bool

    def __str__(self) -> str:
        return f"{'about' if self.known else 'at a guess'} {format_duration(self.seconds)}"


class Estimate:
    """Seconds that are left, by those of earlier jobs of the same method; else by its relative cost.

    Args:
        jobs: all that will be run.
        workers: how many at a time.
    """

    def __init__(self, jobs: Sequence[Job], workers: int) -> None:
        self._waiting = {job.key: job for job in jobs}
        self._folders = {job.key: job.folder.parent for job in jobs}
        self._running: dict[str, tuple[Job, float]] = {}
        self._workers = max(workers, 1)
        self._known: dict[Path, list[float]] = {}
        self._spent: dict[str, list[tuple[float, float]]] = {}

    def start(self, job: Job, now: float) -> None:
        """A job began at `now`, in seconds of any clock."""
        self._waiting.pop(job.key, None)
        self._running[job.key] = job, now

    def end(self, job: Job, seconds: float, *, done: bool) -> None:
        """A job ended after some seconds; only of one that was `done` they say something of others."""
        self._running.pop(job.key, None)
        if done:
            self._times(job).append(seconds)
            self._spent.setdefault(job.dataset, []).append((seconds, job.cost))

    def left(self, now: float) -> Left | None:
        """Time until all jobs are done; None if nothing can be said."""
        expected = [(job, 0.0) for job in self._waiting.values()]
        expected += [(job, now - began) for job, began in self._running.values()]
        rests = []
        for job, elapsed in expected:
            times = self._times(job)
            seconds = _mean(times) if times else self._guess(job)
            if seconds is None:
                return None
            rests.append(Left(max(seconds - elapsed, 0.0), bool(times)))
        return together(rests, self._workers)

    def _times(self, job: Job) -> list[float]:
        folder = self._folders[job.key]
        if folder not in self._known:
            self._known[folder] = _earlier(folder)
        return self._known[folder]

    def _guess(self, job: Job) -> float | None:
        spent = self._spent.get(job.dataset)
        if not spent:
            return None
        return job.cost * sum(s for s, _ in spent) / max(sum(cost for _, cost in spent), 1e-9)


class Steps:
    """Seconds that are left of steps done one after another, by the mean of those that ended.

    Args:
        began: when the first one began, in seconds of any clock.
    """

    def __init__(self, began: float) -> None:
        self._began = self._latest = began
        self._ended = self._total = 0

    def follow(self, ended: int, total: int, now: float) -> None:
        """So many of all steps have ended by now, and the next one begins."""
        self._ended, self._total, self._latest = ended, total, now

    def left(self, now: float) -> Left | None:
        """Time until all steps are done; None before the first one ended."""
        if not self._ended:
            return None
        each = (self._latest - self._began) / self._ended
        running = max(each - (now - self._latest), 0.0)
        return Left(running + each * (self._total - self._ended - 1), True)


class Leader:
    """The method with the highest mean so far, of all data sets each; reference rows do not compete."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str, str], dict[str, list[float]]] = {}

    def note(self, record: RunRecord) -> None:
        """Take the metrics of a finished job into account: its first view, aggregated by the average."""
        from groupbench.report.long import REFERENCES

        for figures in record.metrics:
            fits = figures.aggregator in ("average", "own", "none") and METRIC in figures.values
            if fits and record.name not in REFERENCES and figures.view == next(iter(record.views), ""):
                key = record.dataset, record.protocol, figures.view
                name = f"{record.method}{' (own)' if figures.aggregator == 'own' else ''}"
                self._values.setdefault(key, {}).setdefault(name, []).append(figures.values[METRIC])

    def lines(self) -> list[str]:
        """One line for each data set, protocol and view."""
        out = []
        for (dataset, protocol, view), values in self._values.items():
            name = max(values, key=lambda method: _mean(values[method]))
            mean, seeds = _mean(values[name]), len(values[name])
            counted = f"{seeds} seed{'s' if seeds > 1 else ''}"
            out.append(f"best so far: {name} {METRIC} {mean:.3f} ({counted}; {dataset}, {protocol}, {view})")
        return out

    def table(self) -> list[str]:
        """The methods that lead, best first, below a line for each data set and protocol."""
        out = []
        for (dataset, protocol, view), values in self._values.items():
            best = sorted(values, key=lambda method: _mean(values[method]), reverse=True)[:LEADERS]
            width = max(map(len, best))
            out.append(f"{METRIC} of {view}, {dataset}, {protocol}:")
            out += [
                f"  {rank}. {name:{width}s}  {_mean(values[name]):.3f}" for rank, name in enumerate(best, 1)
            ]
        return out


def together(rests: Iterable[Left], workers: int) -> Left:
    """Time until all of them are done, so many at a time; each of them takes one worker."""
    known = guessed = longest = 0.0
    for seconds, sure in rests:
        longest = max(longest, seconds)
        known, guessed = (known + seconds, guessed) if sure else (known, guessed + seconds)
    return Left(max((known + guessed) / workers, longest), known >= guessed)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def format_duration(seconds: float) -> str:
    """A duration in words, as exact as an estimate can be: `40 s`, `3 min`, `2 h 10 min`."""
    if seconds < 90:
        return "a few seconds" if seconds < 10 else f"{round(seconds, -1):.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def _earlier(folder: Path) -> list[float]:
    """Seconds of the newest finished jobs of a method, where the results hold some."""
    from groupbench.core.errors import ResultError
    from groupbench.results import store

    out: list[float] = []
    with suppress(OSError, ResultError):
        files = sorted(folder.glob("*/run.json"), key=lambda file: file.stat().st_mtime)
        for file in files[-LOOKS_BACK:]:
            record = store.read(file.parent)
            if record is not None and record.status == "done":
                out.append(sum(record.seconds.values()))
    return out
