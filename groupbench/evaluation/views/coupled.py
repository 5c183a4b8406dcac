"""Whole catalogues ranked for small groups: evaluated by each member's held-out items, or by predictions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import FloatArray, IntArray, Segments, distinct, in_sorted, ratio
from groupbench.evaluation.views._base import VIEWS, View, member_rows, renumbered
from groupbench.evaluation.views._lists import CatalogueLists, Lists, MemberTruth
from groupbench.metrics import ideal_gain

if TYPE_CHECKING:
    from groupbench.data.groups import Groups
    from groupbench.evaluation.task import Task

_BOUNDED_K = 10
"""The K at which the oracle's NDCG is the highest that any list can have."""


def _build(task: Task, tau: float) -> Lists:
    train, groups = task.train.ratings, task.train.groups
    owners, rows = member_rows(train, groups)
    seen = distinct(owners * train.n_items + train.items[rows])
    n_seen = np.bincount(seen // train.n_items, minlength=len(groups))
    choosing = np.flatnonzero(n_seen < train.n_items)
    seen, groups = renumbered(seen, choosing, train.n_items), groups.take(choosing)
    rows, liked = _liked(task, tau, groups, seen)
    members = _member_truth(groups, rows, liked % train.n_items, train.n_items)
    rated, number = np.unique(liked, return_inverse=True)
    worth = np.bincount(number, weights=_worth(members.n_relevant)[rows])
    # Rounded, so that sums of the same terms in another order are equal.
    return CatalogueLists(choosing, train.n_items, seen, rated, np.round(worth, 9), members)


def _liked(task: Task, tau: float, groups: Groups, seen: IntArray) -> tuple[IntArray, IntArray]:
    """Every (member, candidate) pair in which the held-out rating is at least tau.

    Args:
        task: the split.
        tau: a member likes what it rated at least so.
        groups: the groups that are evaluated.
        seen: ascending `group * n_items + item` of what is no candidate.

    Returns:
        The row of the member in `groups.members`, and `group * n_items + item`, both (n_pairs,).
    """
    likes = task.held_out.unique()
    likes = likes.take(likes.values >= tau)
    rows, liked = member_rows(likes, _alone(groups))
    keys = groups.segments.of_row[rows] * likes.n_items + likes.items[liked]
    new = ~in_sorted(keys, seen)
    return rows[new], keys[new]


def _member_truth(groups: Groups, rows: IntArray, items: IntArray, n_items: int) -> MemberTruth:
    """What each member likes, from pairs of its row and an item."""
    n_relevant = np.bincount(rows, minlength=len(groups.members))
    return MemberTruth(groups.segments, groups.members, np.sort(rows * n_items + items), n_relevant, n_items)


def _worth(n_relevant: IntArray) -> FloatArray:
    """What the first position is worth to a member: 1 / IDCG(10), (n_members,); 0 if it likes nothing."""
    return ratio(np.ones(len(n_relevant)), ideal_gain(n_relevant, _BOUNDED_K), 0.0)


def _alone(groups: Groups) -> Groups:
    """Every member as a group of its own."""
    n = len(groups.members)
    return replace(groups, ids=tuple(map(str, range(n))), segments=Segments(np.arange(n + 1)))


COUPLED = View(
    name="coupled",
    definition="groups rank all items without a member's training row; truth are the held-out items that "
    "each member rated at least tau; values are means over members, then groups",
    entity="group",
    tau=4.0,
    build=_build,
    truth_from="members",
    oracle=f"no list has a higher ndcg@{_BOUNDED_K}; the oracle bounds no other metric here, because members "
    "want different lists",
)

DECOUPLED = replace(
    COUPLED,
    name="decoupled",
    definition="groups rank all items without a member's training row; truth is what the base method itself "
    "predicts for each member, so that the aggregator alone is evaluated",
    without_relevant="keep",
    truth_from="predictions",
    oracle="",
)

VIEWS.register(COUPLED)
VIEWS.register(DECOUPLED)
