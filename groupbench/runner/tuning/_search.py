"""The search for one method's hyperparameters: from one job to the next, until it had its trials."""

from __future__ import annotations

import math
import shutil
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groupbench.core.hyperparameters import Domain, search_space
from groupbench.core.registry import methods
from groupbench.metrics import definition
from groupbench.models.group_adapter import WEIGHT, WEIGHTS
from groupbench.results import store
from groupbench.runner.keys import search_key
from groupbench.runner.tuning._optuna import TrialJournal
from groupbench.runner.tuning._trial import Status, TuningTrial

if TYPE_CHECKING:
    from groupbench.runner.job import Job
    from groupbench.runner.pool import JobOutcome
    from groupbench.runner.tuning._options import TuningOptions

WITHOUT_AGGREGATOR = ("own", "none")
"""What stands in place of an aggregator where a method scores what is evaluated itself."""


class Search:
    """One method's trials, each a job for every repeat until it is done, given up or failed.

    Args:
        job: the method with the hyperparameters that are fixed.
        options: with the view resolved.
        fixed: names of those hyperparameters.

    Attributes:
        job: that job.
        options: how to search.
        space: where each hyperparameter may lie, for `both` with the weight of groups' rows; empty for a
            method with nothing to tune.
        unsuited: why the method cannot be evaluated so, or empty.
        at_work: whether a job of it is running; whoever runs it says so.
    """

    def __init__(self, job: Job, options: TuningOptions, fixed: Collection[str] = ()) -> None:
        entry = methods[job.method]
        self.job, self.options = job, options
        self.space: dict[str, Domain] = search_space(entry.make, {*entry.presets, *fixed})
        if job.groups_as == "both" and WEIGHT not in fixed:
            self.space[WEIGHT] = WEIGHTS
        self.unsuited = "" if self.space else "has no hyperparameter to tune"
        self.at_work = False
        defaults = {WEIGHT: job.group_weight, **entry.parameters()}
        self._defaults = {name: defaults[name] for name in self.space}
        self._journal: TrialJournal | None = None
        self._setting: dict[str, Any] = {}
        self._values: list[float] = []
        self._seconds = 0.0

    def open(self) -> None:
        """Take up the method's journal, `studies/<dataset>/<protocol>/<method>.log` in the results folder.

        Raises:
            ResultError: if it cannot be used.
        """
        job, options = self.job, self.options
        location = store.folder_of(
            Path(job.results), job.dataset, job.protocol_label, job.served, "", kind="studies"
        )
        question = [options.view, options.metric, options.aggregator, options.repeats]
        found = definition(options.metric)
        self._journal = TrialJournal(
            location.with_name(f"{location.name}.log"),
            search_key(job.key, self.space, question),
            self.space,
            self._defaults,
            stream=(job.seed_label, job.protocol_label, job.served, job.seed, "trials", *map(str, question)),
            lower_is_better=found is not None and found.lower_is_better,
        )

    def close(self) -> None:
        """Let go of the journal."""
        if self._journal is not None:
            self._journal.close()

    @property
    def trials(self) -> list[TuningTrial]:
        """The trials that count: as many as were asked for, or fewer if time was up."""
        return [] if self._journal is None else self._journal.trials[: self.options.trials]

    @property
    def best(self) -> TuningTrial | None:
        """The best of them, or None if none succeeded."""
        return None if self._journal is None else self._journal.best(self.options.trials)

    @property
    def seconds(self) -> float:
        """Wall-clock seconds of all trials, those included that a later call made again."""
        lost = 0.0 if self._journal is None else self._journal.lost_seconds
        return lost + math.fsum(trial.seconds for trial in self.trials)

    @property
    def over(self) -> bool:
        """Whether no further trial begins."""
        limit = self.options.timeout_per_method
        late = limit is not None and self.seconds >= limit
        return bool(self.unsuited) or late or len(self.trials) >= self.options.trials

    @property
    def failed(self) -> bool:
        """Whether there were trials, in this call or before, and none succeeded."""
        return self.seconds > 0 and self.best is None

    def begin(self) -> Job | None:
        """The first job of the next trial, or None if no more are to be made."""
        if self._journal is None or self.over:
            return None
        self._setting, self._values, self._seconds = self._journal.ask(), [], 0.0
        return self._next()

    def take(self, outcome: JobOutcome) -> Job | None:
        """Take note of how a job ended; return the next one, or None if there is none."""
        assert self._journal is not None
        self._seconds += outcome.seconds
        reason = outcome.reason
        if outcome.status == "done":
            value, reason = self._read(outcome.job)
            self._values.append(value)
            _remove(outcome.job.folder)
            if reason and not self.trials and len(self._values) == 1:
                self.unsuited = reason
                return None
        if not reason and len(self._values) < self.options.repeats:
            if not self._journal.prunable(self._values):
                return self._next()
            self._settle("pruned")
        else:
            again = bool(reason) and outcome.status != "done" and not outcome.by_method
            self._settle("failed" if reason else "done", reason, again=again)
        return self.begin()

    def _next(self) -> Job:
        tried = {**self.job.overrides, **self._setting}
        return self.job.trial(tried, len(self._values), str(self.options.view), self.options.aggregator)

    def _settle(self, status: Status, reason: str = "", *, again: bool = False) -> None:
        assert self._journal is not None
        values = [value for value in self._values if math.isfinite(value)]
        seconds = round(self._seconds, 3)
        self._journal.settle(TuningTrial(self._setting, status, values, seconds, reason, again))

    def _read(self, job: Job) -> tuple[float, str]:
        """The metric value that decides, or NaN and why there is none."""
        record = store.read(job.folder)
        assert record is not None
        view, metric = str(self.options.view), self.options.metric
        values = {figures.aggregator: figures.values for figures in record.metrics}
        for aggregator in (*WITHOUT_AGGREGATOR, self.options.aggregator):
            if aggregator in values and math.isfinite(values[aggregator].get(metric, math.nan)):
                return values[aggregator][metric], ""
        reason = record.views.get(view, {}).get("reason")
        return math.nan, str(reason or f"the view {view} gives it no {metric}")


def _remove(folder: Path) -> None:
    """Remove the record of a job whose value is read, and the method's folder if it was the last one."""
    shutil.rmtree(folder)
    with suppress(OSError):
        folder.parent.rmdir()
