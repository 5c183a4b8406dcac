"""What every view is: a definition, and the candidate lists it makes from held-out rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from groupbench.arrays import BoolArray, FloatArray, IntArray, Segments
from groupbench.errors import ConfigError

if TYPE_CHECKING:
    from groupbench.data import Ratings
    from groupbench.groups import Groups
    from groupbench.task import Task


@dataclass(frozen=True)
class MemberTruth:
    """What each member of each judged group likes among the candidates.

    Attributes:
        segments: which rows of `users` belong to which list.
        users: (n_rows,) the members.
        keys: sorted, distinct `row * n_items + item` of everything a member likes.
        n_relevant: (n_rows,) number of candidates each member likes.
        n_items: number of items.
    """

    segments: Segments
    users: IntArray
    keys: IntArray
    n_relevant: IntArray
    n_items: int

    def likes(self, rows: IntArray, items: IntArray) -> BoolArray:
        """Whether the members `rows`, (n,), like the `items`, (n, width)."""
        wanted = rows[:, None] * self.n_items + items
        place = np.searchsorted(self.keys, wanted)
        return np.asarray(self.keys[np.minimum(place, len(self.keys) - 1)] == wanted)


@dataclass(frozen=True)
class Lists:
    """Candidate lists with their truth, one list per entity.

    Attributes:
        entities: (n_lists,) the user or group whose list it is, ascending; repeated where a view
            judges several lists of one.
        segments: which rows belong to which list.
        items: (n_rows,) candidate items, ascending in each list; an item can occur more than once.
        truth: (n_rows,) held-out rating of the candidate, NaN if it has none.
        members: for views in which each member judges the group's list, else None.
    """

    entities: IntArray
    segments: Segments
    items: IntArray
    truth: FloatArray
    members: MemberTruth | None = None

    @classmethod
    def gather(cls, entities: IntArray, items: IntArray, truth: FloatArray) -> Lists:
        """Lists from rows (entity, item, truth), sorted by entity and item."""
        order = np.lexsort((items, entities))
        owners, sizes = np.unique(entities[order], return_counts=True)
        return cls(owners, Segments.from_sizes(sizes), items[order], truth[order])


@dataclass(frozen=True)
class View:
    """How held-out rows judge a ranking.

    Attributes:
        name: the name in tables.
        definition: one line: who is judged, on which candidates, against what truth.
        entity: whether lists belong to users or to groups.
        tau: a truth of at least this is relevant, unless the protocol sets another.
        build: makes the lists from a task and tau.
        without_relevant: lists without relevant candidates are left out (`skip`), count where a
            metric is defined (`keep`), or count as 0 everywhere (`zero`).
        estimates_only: candidates are recommended only if their predicted rating reaches tau;
            needs a method that predicts ratings.
        errors: whether RMSE and MAE of predicted ratings against the truth are reported.
        judges: whether a list is judged by its truth, by each member's, or by predictions for each member.
        synonyms: metric families that stand for another one in this view.
    """

    name: str
    definition: str
    entity: Literal["user", "group"]
    tau: float
    build: Callable[[Task, float], Lists]
    without_relevant: Literal["skip", "keep", "zero"] = "skip"
    estimates_only: bool = False
    errors: bool = False
    judges: Literal["list", "members", "predictions"] = "list"
    synonyms: Mapping[str, str] = field(default_factory=dict)

    def renamed(self, values: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """Metric values by name, with this view's synonyms put in place."""
        out = dict(values)
        for name in values:
            family, at, k = name.partition("@")
            if family in self.synonyms:
                out[name] = values[f"{self.synonyms[family]}{at}{k}"]
        return out

    def judge(self, task: Task, tau: float | None = None) -> Judgement:
        """Make this view's lists from held-out rows.

        Raises:
            ConfigError: if no entity can be judged.
        """
        threshold = self.tau if tau is None else tau
        lists = self.build(task, threshold)
        relevant = lists.truth >= (threshold if lists.members is None else 1.0)
        judged = np.ones(len(lists.entities), dtype=bool)
        if self.without_relevant == "skip":
            judged = lists.segments.reduce("max", relevant)
        if not judged.any():
            raise ConfigError(
                f"view {self.name}: none of {len(judged)} lists has a held-out rating of at least "
                f"tau={threshold}; lower tau or hold out more rows"
            )
        return Judgement(self, threshold, lists, relevant, judged)


@dataclass(frozen=True)
class Judgement:
    """One view of one split, ready to judge scores.

    Attributes:
        view: the view.
        tau: the threshold of relevance in force.
        lists: the candidate lists.
        relevant: (n_rows,) whether each candidate is relevant.
        judged: (n_lists,) False for lists that are left out because nothing in them is relevant.
    """

    view: View
    tau: float
    lists: Lists
    relevant: BoolArray
    judged: BoolArray


def member_rows(held_out: Ratings, groups: Groups) -> tuple[IntArray, IntArray]:
    """Pairs (group, held-out row) for every row of every member, groups ascending."""
    by_user = np.argsort(held_out.users, kind="stable")
    counts = np.bincount(held_out.users, minlength=held_out.n_users)
    starts = np.cumsum(counts) - counts
    sizes = counts[groups.members]
    ends = np.cumsum(sizes)
    within = np.arange(int(sizes.sum())) - np.repeat(ends - sizes, sizes)
    rows = by_user[within + np.repeat(starts[groups.members], sizes)]
    return np.repeat(groups.segments.of_row, sizes), rows
