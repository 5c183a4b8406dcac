"""What `groupbench tune` shows: a line per method whose search is over; how far it is, and who leads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from groupbench.cli._display import Display
from groupbench.cli._time_left import Left, together

if TYPE_CHECKING:
    from groupbench.runner.tuning import Search


@dataclass(frozen=True)
class Standing:
    """How far the search for one method's settings is.

    Attributes:
        name: the method, with how it serves groups.
        made: trials that were settled.
        total: those and the ones to come; none for a method that is not tuned.
        seconds: what the settled ones took.
        limit: seconds after which no further one begins.
        cost: expected cost relative to other methods.
        running: whether one is being made.
        best: cost of the best one, negative where higher is better; None without any, and for reference rows.
        words: what it is.
    """

    name: str
    made: int
    total: int
    seconds: float
    limit: float = math.inf
    cost: float = 1.0
    running: bool = False
    best: float | None = None
    words: str = ""


class Trials(Display):
    """Told of searches that begin, get on and end, it prints a line for each one that is over."""

    def __init__(self, *, quiet: bool = False, stream: TextIO | None = None) -> None:
        super().__init__(quiet=quiet, stream=stream)
        self._standings: dict[str, Standing] = {}
        self._over: set[str] = set()
        self._workers = 1

    def begin(self, workers: int) -> None:
        """Take note of how many jobs run at a time."""
        self._workers = workers

    def report(self, search: Search) -> None:
        """Take note of a search that began or got on."""
        found = standing(search)
        with self._lock:
            self._standings[found.name] = found
        if search.over and found.name not in self._over:
            self._over.add(found.name)
            self.tell(_line(search))
        self.pulse()

    def _counts(self) -> tuple[int, int]:
        held = self._standings.values()
        return sum(one.made for one in held), sum(one.total for one in held)

    def _left(self, now: float) -> Left | None:
        return trials_left(list(self._standings.values()), self._workers)

    def _names(self) -> list[str]:
        running = [one for one in self._standings.values() if one.running]
        return [f"{one.name} trial {one.made + 1} of {one.total}" for one in running]

    def _best(self) -> list[str]:
        held = [(one.best, one.words) for one in self._standings.values() if one.best is not None]
        return [min(held)[1]] if held else []


def standing(search: Search) -> Standing:
    """How far a search is."""
    from groupbench.metrics import lower_is_better
    from groupbench.report.long import REFERENCES

    options, job, best = search.options, search.job, search.best
    made = 0 if search.unsuited else len(search.trials)
    words, cost = "", None
    if best is not None and job.method not in REFERENCES:
        words = (
            f"best so far: {job.served} {options.metric} {best.mean:.3f} on validation rows "
            f"({made} of {options.trials} trials; {job.dataset}, {job.protocol_label}, {options.view})"
        )
        cost = best.mean if lower_is_better(options.metric) else -best.mean
    return Standing(
        name=job.served,
        made=made,
        total=made if search.over else options.trials,
        seconds=search.seconds,
        limit=options.timeout_per_method or math.inf,
        cost=job.cost,
        running=search.at_work,
        best=cost,
        words=words,
    )


def trials_left(held: Sequence[Standing], workers: int) -> Left | None:
    """Time until all trials are made, those of one method after each other; None before the first one.

    A method's own trials say how long the next ones take; before there are any, the relative cost does.
    """
    spent = sum(one.seconds for one in held)
    weighed = sum(one.cost * one.made for one in held)
    if not weighed:
        return None
    rests = []
    for one in held:
        each = one.seconds / one.made if one.made else one.cost * spent / weighed
        rest = min(each * (one.total - one.made), max(one.limit - one.seconds, 0.0))
        rests.append(Left(rest, one.made > 0))
    return together(rests, workers)


def _line(search: Search) -> str:
    name = f"{search.job.served:24s}"
    if search.unsuited:
        return f"{name} not tuned: {search.unsuited}"
    ended = [trial.status for trial in search.trials]
    counts = [f"{ended.count(kind)} {kind}" for kind in ("pruned", "failed") if kind in ended]
    line = f"{name} {', '.join([f'{len(ended)} trials', *counts])}, {search.seconds:.1f} s"
    if search.best is None:
        return f"{line}: none succeeded: {search.trials[0].reason}"
    values = ", ".join(f"{k}={v}" for k, v in search.best.hyperparameters.items())
    default = search.trials[0]
    before = f"{default.mean:.4f}" if default.status == "done" else default.status
    return f"{line}: {search.options.metric} {before} -> {search.best.mean:.4f} with {values}"
