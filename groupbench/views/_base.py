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


@dataclass(frozen=True)
class Lists:
    """Candidate lists with their truth, one list per entity.

    Attributes:
        entities: (n_lists,) the user or group whose list it is, ascending.
        segments: which rows belong to which list.
        items: (n_rows,) candidate items; a view may hold an item more than once.
        truth: (n_rows,) held-out rating of the candidate.
    """

    entities: IntArray
    segments: Segments
    items: IntArray
    truth: FloatArray

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
        build: makes the lists from held-out rows and groups.
        without_relevant: lists without relevant candidates are left out (`skip`), count where a
            metric is defined (`keep`), or count as 0 everywhere (`zero`).
        estimates_only: candidates are recommended only if their predicted rating reaches tau;
            needs a method that predicts ratings.
        errors: whether RMSE and MAE of predicted ratings against the truth are reported.
        synonyms: metric families that stand for another one in this view.
    """

    name: str
    definition: str
    entity: Literal["user", "group"]
    tau: float
    build: Callable[[Ratings, Groups], Lists]
    without_relevant: Literal["skip", "keep", "zero"] = "skip"
    estimates_only: bool = False
    errors: bool = False
    synonyms: Mapping[str, str] = field(default_factory=dict)

    def renamed(self, values: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """Metric values by name, with this view's synonyms put in place."""
        out = dict(values)
        for name in values:
            family, at, k = name.partition("@")
            if family in self.synonyms:
                out[name] = values[f"{self.synonyms[family]}{at}{k}"]
        return out

    def judge(self, held_out: Ratings, groups: Groups, tau: float | None = None) -> Judgement:
        """Make this view's lists from held-out rows.

        Raises:
            ConfigError: if no entity can be judged.
        """
        lists = self.build(held_out, groups)
        threshold = self.tau if tau is None else tau
        relevant = lists.truth >= threshold
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
