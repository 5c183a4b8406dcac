"""Groups that answer about items their members rated: aggregation as a task of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from groupbench.core.arrays import in_sorted
from groupbench.core.errors import ConfigError
from groupbench.data.leakage import pairs
from groupbench.evaluation.protocols._base import PROTOCOLS, Protocol, natural_groups, training_data
from groupbench.evaluation.task import Task
from groupbench.evaluation.views import rated_by_members

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray, IntArray
    from groupbench.data.dataset import Dataset, Ratings
    from groupbench.evaluation.views import EvaluationCase


@PROTOCOLS.register
class Aggregate(Protocol):
    """Observed groups answer about items that their members rated: which strategy gives their answer?

    All members' ratings are known, and no group's answer is: a joint rating, or a choice where unequal
    ratings are its first and second one. `known-ratings` gives aggregators the members' own ratings, with no
    recommender in between where tables are complete. In the view `agreement`, answers that were made
    elsewhere (`groupbench score`) or that a group model gives are compared with every strategy; `oracle`
    shows there how often the groups themselves answer as the strategy does, and `random` what chance gives.
    Seeds change nothing but what methods draw.
    """

    views: ClassVar[tuple[str, ...]] = ("aggregate", "agreement")

    name: Literal["aggregate"] = "aggregate"
    coverage: float = Field(1.0, gt=0, le=1)
    """Share of the members who must have rated an item; 1 makes tables complete."""
    offered: Literal["auto", "answered", "rated"] = "auto"
    """What a group chooses from: rated items that it answered about, or all of them; `auto` takes all where
    answers are mere choices."""

    def require(self, dataset: Dataset) -> None:
        """Refuse data without groups, answers, or two items to choose from."""
        self._options(dataset)
        super().require(dataset)

    def truths(self, dataset: Dataset) -> FloatArray:
        """The answers."""
        return _answers(dataset).values

    def prepare(self, dataset: Dataset, seed: int) -> Task:
        """All members' ratings are for training and all answers held out, whatever the seed."""
        self.require(dataset)
        groups, tau = natural_groups(dataset), self.threshold(dataset.scale)
        return Task(
            training_data(dataset, dataset.ratings, groups, tau=tau, question=self.question),
            dataset.ratings.take(slice(0, 0)),
            joint=_answers(dataset),
            options=self._options(dataset),
        )

    def make_cases(
        self, task: Task, views: Sequence[str] = ()
    ) -> tuple[list[EvaluationCase], dict[str, str]]:
        """As of every protocol, of the groups with two items or more."""
        cases, reasons = super().make_cases(task, views)
        return [replace(c, evaluated=c.evaluated & (c.lists.sizes > 1)) for c in cases], reasons

    def _options(self, dataset: Dataset) -> IntArray:
        """Ascending `group * n_items + item` of what each group with two items or more chooses from."""
        groups, answers = natural_groups(dataset), _answers(dataset)
        keys = rated_by_members(dataset.ratings, groups, self.coverage)
        answered = np.unique(pairs(answers))
        choices = len(answers) > 0 and np.ptp(answers.values) == 0
        if self.offered == "answered" or (self.offered == "auto" and not choices):
            keys = keys[in_sorted(keys, answered)]
        owner = keys // answers.n_items
        some = np.bincount(answered // answers.n_items, minlength=len(groups)) > 0
        keys = keys[(np.bincount(owner, minlength=len(groups))[owner] > 1) & some[owner]]
        if not len(keys):
            raise ConfigError(
                f"dataset {dataset.name}: no group answered about two items that {self.coverage:.0%} of its "
                "members rated; ask for less with --option coverage=0.5"
            )
        return keys


def _answers(dataset: Dataset) -> Ratings:
    if dataset.group_ratings is None:
        raise ConfigError(f"dataset {dataset.name} has no joint ratings; the protocol aggregate needs them")
    return dataset.group_ratings
