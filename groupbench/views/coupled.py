"""Whole catalogues ranked for small groups: judged by each member's held-out items, or by predictions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from groupbench.arrays import IntArray, Segments
from groupbench.data import Ratings
from groupbench.views._base import Lists, MemberTruth, View, member_rows

if TYPE_CHECKING:
    from groupbench.groups import Groups
    from groupbench.task import Task

_CELLS = 20_000_000
"""Cells of the group-by-item mask that are held at once."""


def _build(task: Task, tau: float) -> Lists:
    groups, n_items = task.train.groups, task.train.ratings.n_items
    segments, items = _unseen(task.train.ratings, groups)
    members = _member_truth(task, tau, segments, items)
    liked = np.bincount(
        members.segments.of_row[members.keys // n_items] * n_items + members.keys % n_items,
        minlength=0,
    )
    place = segments.of_row * n_items + items
    truth = np.where(place < len(liked), liked[np.minimum(place, len(liked) - 1)], 0)
    return Lists(np.arange(len(groups)), segments, items, truth.astype(np.float64), members)


def _unseen(train: Ratings, groups: Groups) -> tuple[Segments, IntArray]:
    """The items that no member has training rows of, ascending, group by group."""
    sizes, found = [], []
    owners, rows = member_rows(train, groups)
    step = max(1, _CELLS // train.n_items)
    for start in range(0, len(groups), step):
        stop = min(start + step, len(groups))
        here = slice(*np.searchsorted(owners, [start, stop]))
        unseen = np.ones((stop - start, train.n_items), dtype=bool)
        unseen[owners[here] - start, train.items[rows[here]]] = False
        sizes.append(unseen.sum(axis=1))
        found.append(np.nonzero(unseen)[1])
    return Segments.from_sizes(np.concatenate(sizes)), np.concatenate(found)


def _member_truth(task: Task, tau: float, segments: Segments, items: IntArray) -> MemberTruth:
    groups, n_items = task.train.groups, task.train.ratings.n_items
    likes = task.held_out.unique()
    likes = likes.take(likes.values >= tau)
    alone = replace(
        groups, ids=tuple(map(str, range(len(groups.members)))), segments=_ones(len(groups.members))
    )
    rows, liked = member_rows(likes, alone)
    candidates = segments.of_row * n_items + items
    group_keys = groups.segments.of_row[rows] * n_items + likes.items[liked]
    choosable = np.isin(group_keys, candidates, kind="sort")
    keys = rows[choosable] * n_items + likes.items[liked][choosable]
    return MemberTruth(
        groups.segments,
        groups.members,
        np.sort(keys),
        np.bincount(rows[choosable], minlength=len(groups.members)),
        n_items,
    )


def _ones(n: int) -> Segments:
    return Segments(np.arange(n + 1))


COUPLED = View(
    name="coupled",
    definition="groups rank all items without a member's training row; each member judges the list by the "
    "held-out items it rated at least tau; figures are means over members, then groups",
    entity="group",
    tau=4.0,
    build=_build,
    judges="members",
)

DECOUPLED = replace(
    COUPLED,
    name="decoupled",
    definition="groups rank all items without a member's training row; truth is what the base method itself "
    "predicts for each member, so that the aggregator alone is judged",
    judges="predictions",
)
