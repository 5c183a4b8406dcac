"""What every view is: a definition, and the candidate lists it makes from held-out rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from groupbench.core.arrays import BoolArray, FloatArray, IntArray, in_sorted, ranges, stable_order
from groupbench.core.errors import ConfigError
from groupbench.core.registry import Registry
from groupbench.evaluation.views._lists import Lists

if TYPE_CHECKING:
    from groupbench.data.dataset import Ratings
    from groupbench.data.groups import Groups
    from groupbench.evaluation.task import Task

CUTOFFS = (3, 5, 10, 20)
"""The K at which metrics are computed, unless a view says otherwise."""

STARS = (1.0, 5.0)
"""The scale on which views state their default tau."""


@dataclass(frozen=True)
class View:
    """How held-out rows evaluate a ranking.

    Attributes:
        name: the name in tables.
        definition: one line: who is evaluated, on which candidates, against what truth.
        entity: whether lists belong to users or to groups.
        tau: a truth of at least this is relevant, unless the protocol sets another; said on a scale of 1 to
            5 and mapped linearly to that of the data, so that 1 makes every held-out row relevant.
        build: makes the lists from a task and tau.
        without_relevant: lists without relevant candidates are left out (`skip`), count where a
            metric is defined (`keep`), or count as 0 everywhere (`zero`).
        estimates_only: candidates are recommended only if their predicted rating reaches tau;
            needs a method that predicts ratings.
        errors: whether RMSE and MAE of predicted ratings against the truth are reported.
        truth_from: whose truth counts: the list's own, each member's, predictions for each member, or that of
            each aggregation strategy on the members' own ratings.
        synonyms: metric families that stand for another one in this view.
        cutoffs: the K at which metrics are computed, ascending; the longest is stored as recommendations.
        oracle: what the oracle's values bound, where that is not every metric.
        rated_only: whether all candidates are held-out rows, so that some must lie below tau.
        rounds: whether a group's list is made in rounds, as of `Task.rounds`, one after the other.
        agreement: whether it is reported how well lists agree with the truth, which is an answer itself.
        headline: families of metrics that tables show unless told otherwise, at the largest K; the usual
            ones where it is empty.
    """

    name: str
    definition: str
    entity: Literal["user", "group"]
    tau: float
    build: Callable[[Task, float], Lists]
    without_relevant: Literal["skip", "keep", "zero"] = "skip"
    estimates_only: bool = False
    errors: bool = False
    truth_from: Literal["list", "members", "predictions", "strategies"] = "list"
    synonyms: Mapping[str, str] = field(default_factory=dict)
    cutoffs: tuple[int, ...] = CUTOFFS
    oracle: str = ""
    rated_only: bool = False
    rounds: bool = False
    agreement: bool = False
    headline: tuple[str, ...] = ()

    @property
    def bounded(self) -> bool:
        """Whether random and the oracle bound what is evaluated."""
        return self.truth_from != "strategies"

    def threshold(self, scale: tuple[float, float], tau: float | None = None) -> float:
        """The tau in force: the given one, else the view's own on the scale of the data."""
        return float(np.interp(self.tau, STARS, scale)) if tau is None else tau

    def refusal(self, truths: FloatArray, scale: tuple[float, float], tau: float | None = None) -> str:
        """Why ratings like `truths`, (n,), cannot tell relevant items from others; empty if they can."""
        threshold, low, high = self.threshold(scale, tau), truths.min(), truths.max()
        ratings = f"all are {low:g}" if low == high else f"they are {low:g} to {high:g}"
        remedy = f"give a --tau above {low:g} and at most {high:g}"
        if not self.rated_only:
            remedy = f"give a --tau of at most {high:g}"
        elif low == high:
            remedy = "a protocol that ranks unrated items too can use such ratings: try --protocol coupled"
        if threshold > high:
            return f"no rating reaches tau={threshold:g} ({ratings}), so that nothing is relevant; {remedy}"
        if self.rated_only and threshold <= low:
            return f"every rating reaches tau={threshold:g} ({ratings}), so that all is relevant; {remedy}"
        return ""

    def make_case(self, task: Task, tau: float | None = None) -> EvaluationCase:
        """Make this view's lists from held-out rows.

        Raises:
            ConfigError: if no entity can be evaluated.
        """
        threshold = self.threshold(task.train.scale, tau)
        lists = self.build(task, threshold)
        evaluated = np.ones(len(lists.entities), dtype=bool)
        if self.without_relevant == "skip":
            # With truths of members, only candidates that somebody likes have a truth.
            evaluated = lists.reaching(threshold if lists.members is None else 0.0)
        if not evaluated.any():
            raise ConfigError(
                f"view {self.name}: none of {len(evaluated)} lists has a held-out rating of at least "
                f"tau={threshold:g}; lower tau or hold out more rows"
            )
        return EvaluationCase(self, threshold, lists, evaluated)


VIEWS: Registry[View] = Registry("view", "groupbench.evaluation.views", "groupbench.views")
"""All views by name."""


@dataclass(frozen=True)
class EvaluationCase:
    """One view of one split, ready to evaluate scores.

    Attributes:
        view: the view.
        tau: the threshold of relevance in force.
        lists: the candidate lists.
        evaluated: (n_lists,) False for lists that are left out because nothing in them is relevant.
    """

    view: View
    tau: float
    lists: Lists
    evaluated: BoolArray

    def __repr__(self) -> str:
        return f"EvaluationCase({self.view.name}, {self.evaluated.sum()} of {self.lists!r})"

    def at(self, cutoffs: Iterable[int]) -> EvaluationCase:
        """This case with metrics at further K."""
        every = tuple(sorted({*self.view.cutoffs, *cutoffs}))
        return self if every == self.view.cutoffs else replace(self, view=replace(self.view, cutoffs=every))


def member_rows(held_out: Ratings, groups: Groups) -> tuple[IntArray, IntArray]:
    """Pairs (group, held-out row) for every row of every member, groups ascending."""
    by_user = stable_order(held_out.users, held_out.n_users)
    counts = np.bincount(held_out.users, minlength=held_out.n_users)
    sizes = counts[groups.members]
    rows = ranges((np.cumsum(counts) - counts)[groups.members], sizes)
    return np.repeat(groups.segments.of_row, sizes), by_user[rows]


def rated_by_members(ratings: Ratings, groups: Groups, share: float) -> IntArray:
    """Ascending `group * n_items + item` of what at least a `share` of a group's members rated."""
    distinct = ratings.unique()
    owners, rows = member_rows(distinct, groups)
    keys, counts = np.unique(owners * ratings.n_items + distinct.items[rows], return_counts=True)
    # A little less, because a third of three is not 1 in floating point.
    return np.asarray(keys[counts >= share * groups.sizes[keys // ratings.n_items] - 1e-9])


def renumbered(keys: IntArray, entities: IntArray, n_items: int) -> IntArray:
    """Those `keys`, `entity * n_items + item`, of the ascending `entities`, numbered among these."""
    if len(entities) and entities[-1] + 1 == len(entities):  # the first ones, which keep their numbers
        return keys[keys < len(entities) * n_items]
    keys = keys[in_sorted(keys // n_items, entities)]
    numbers: IntArray = np.searchsorted(entities, keys // n_items)
    return numbers * n_items + keys % n_items
