"""What `groupbench tune` shows: a line per method whose search is over; how far it is, and who leads."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import TYPE_CHECKING, TextIO

from groupbench.cli._display import Display
from groupbench.cli._time_left import Left, together

if TYPE_CHECKING:
    from groupbench.runner.tuning import Search


class Trials(Display):
    """Told of searches that begin, get on and end, it prints a line for each one that is over.

    Args:
        quiet: whether to print nothing.
        stream: where to print; by default standard error.
    """

    def __init__(self, *, quiet: bool = False, stream: TextIO | None = None) -> None:
        super().__init__(quiet=quiet, stream=stream)
        self._searches: dict[str, Search] = {}
        self._over: set[str] = set()
        self._workers = 1

    def begin(self, workers: int) -> None:
        """Take note of how many jobs run at a time."""
        self._workers = workers

    def report(self, search: Search) -> None:
        """Take note of a search that began or got on."""
        name = search.job.served
        with self._lock:
            self._searches[name] = search
        if search.over and name not in self._over:
            self._over.add(name)
            self.tell(_line(search))
        self.pulse()

    def _counts(self) -> tuple[int, int]:
        searches = self._searches.values()
        return sum(map(_ended, searches)), sum(map(_total, searches))

    def _left(self, now: float) -> Left | None:
        return trials_left(self._searches.values(), self._workers)

    def _names(self) -> list[str]:
        running = [search for search in self._searches.values() if search.at_work]
        return [f"{one.job.served} trial {_ended(one) + 1} of {_total(one)}" for one in running]

    def _best(self) -> list[str]:
        return leader(self._searches.values())


def leader(searches: Collection[Search]) -> list[str]:
    """A line on the best trial so far, if there is one; reference rows do not compete."""
    from groupbench.metrics import lower_is_better
    from groupbench.report.long import REFERENCES

    lines = []
    for search in searches:
        options, job, best = search.options, search.job, search.best
        if best is not None and job.method not in REFERENCES:
            text = f"best so far: {job.served} {options.metric} {best.mean:.3f} on validation rows "
            text += f"({_ended(search)} of {options.trials} trials; {job.dataset}, {job.protocol_label}, "
            cost = best.mean if lower_is_better(options.metric) else -best.mean
            lines.append((cost, f"{text}{options.view})"))
    return [min(lines)[1]] if lines else []


def trials_left(searches: Collection[Search], workers: int) -> Left | None:
    """Time until all trials are made, those of one method after each other; None before the first one.

    A method's own trials say how long the next ones take; before there are any, the relative cost does.
    """
    spent = sum(search.seconds for search in searches)
    weighed = sum(search.job.cost * _ended(search) for search in searches)
    if not weighed:
        return None
    rests = []
    for search in searches:
        ended = _ended(search)
        each = search.seconds / ended if ended else search.job.cost * spent / weighed
        limit = search.options.timeout_per_method or math.inf
        rest = min(each * (_total(search) - ended), max(limit - search.seconds, 0.0))
        rests.append(Left(rest, ended > 0))
    return together(rests, workers)


def _ended(search: Search) -> int:
    return 0 if search.unsuited else len(search.trials)


def _total(search: Search) -> int:
    return _ended(search) if search.over else search.options.trials


def _line(search: Search) -> str:
    name = f"{search.job.served:24s}"
    if search.unsuited:
        return f"{name} not tuned: {search.unsuited}"
    ended = [trial.status for trial in search.trials]
    counts = [f"{ended.count(kind)} {kind}" for kind in ("pruned", "failed") if kind in ended]
    line = f"{name} {', '.join([f'{len(ended)} trials', *counts])}, {search.seconds:.1f} s"
    if search.best is None:
        why = search.trials[0].reason if search.trials else "no time was left; raise --timeout-per-method"
        return f"{line}: none succeeded: {why}"
    values = ", ".join(f"{k}={v}" for k, v in search.best.hyperparameters.items())
    default = search.trials[0]
    before = f"{default.mean:.4f}" if default.status == "done" else default.status
    return f"{line}: {search.options.metric} {before} -> {search.best.mean:.4f} with {values}"
