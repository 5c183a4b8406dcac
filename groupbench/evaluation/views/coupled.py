"""Whole catalogues ranked for small groups: judged by each member's held-out items, or by predictions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import FloatArray, IntArray, Segments, among, distinct
from groupbench.evaluation.views._base import VIEWS, View, member_rows
from groupbench.evaluation.views._lists import CatalogueLists, Lists, MemberTruth, renumbered

if TYPE_CHECKING:
    from groupbench.data.groups import Groups
    from groupbench.evaluation.task import Task

_BOUNDED_K = 10
"""The K at which the oracle's NDCG is the highest that any list can have."""


def _build(task: Task, tau: float) -> Lists:
    train, groups = task.train.ratings, task.train.groups
    owners, rows = member_rows(train, groups)
    known = distinct(owners * train.n_items + train.items[rows])
    n_known = np.bincount(known // train.n_items, minlength=len(groups))
    choosing = np.flatnonzero(n_known < train.n_items)
    known, groups = renumbered(known, choosing, train.n_items), groups.take(choosing)
    rows, liked = _liked(task, tau, groups, known)
    members = _member_truth(groups, rows, liked % train.n_items, train.n_items)
    held, place = np.unique(liked, return_inverse=True)
    worth = np.bincount(place, weights=_worth(members.n_relevant)[rows])
    # Rounded, so that sums of the same terms in another order are equal.
    return CatalogueLists(choosing, train.n_items, known, held, np.round(worth, 9), members)


def _liked(task: Task, tau: float, groups: Groups, known: IntArray) -> tuple[IntArray, IntArray]:
    """Every (member, candidate) pair in which the held-out rating is at least tau.

    Args:
        task: the split.
        tau: a member likes what it rated at least so.
        groups: the groups that are judged.
        known: ascending `group * n_items + item` of what is no candidate.

    Returns:
        The row of the member in `groups.members`, and `group * n_items + item`, both (n_pairs,).
    """
    likes = task.held_out.unique()
    likes = likes.take(likes.values >= tau)
    rows, liked = member_rows(likes, _alone(groups))
    keys = groups.segments.of_row[rows] * likes.n_items + likes.items[liked]
    new = ~among(keys, known)
    return rows[new], keys[new]


def _member_truth(groups: Groups, rows: IntArray, items: IntArray, n_items: int) -> MemberTruth:
    """What each member likes, from pairs of its row and an item."""
    n_relevant = np.bincount(rows, minlength=len(groups.members))
    return MemberTruth(groups.segments, groups.members, np.sort(rows * n_items + items), n_relevant, n_items)


def _worth(n_relevant: IntArray) -> FloatArray:
    """What the first place is worth to a member: 1 / IDCG(10), (n_members,); 0 to those who like nothing."""
    ideal = np.cumsum(1 / np.log2(np.arange(2, _BOUNDED_K + 2)))
    worth: FloatArray = np.append(0.0, 1 / ideal)[np.minimum(n_relevant, _BOUNDED_K)]
    return worth


def _alone(groups: Groups) -> Groups:
    """Every member as a group of its own."""
    n = len(groups.members)
    return replace(groups, ids=tuple(map(str, range(n))), segments=Segments(np.arange(n + 1)))


COUPLED = View(
    name="coupled",
    definition="groups rank all items without a member's training row; each member judges the list by the "
    "held-out items it rated at least tau; figures are means over members, then groups",
    entity="group",
    tau=4.0,
    build=_build,
    judges="members",
    oracle=f"no list has a higher ndcg@{_BOUNDED_K}; the oracle bounds no other metric here, because members "
    "want different lists",
)

DECOUPLED = replace(
    COUPLED,
    name="decoupled",
    definition="groups rank all items without a member's training row; truth is what the base method itself "
    "predicts for each member, so that the aggregator alone is judged",
    without_relevant="keep",
    judges="predictions",
    oracle="",
)

VIEWS.register(COUPLED)
VIEWS.register(DECOUPLED)
