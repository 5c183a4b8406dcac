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
    n_unseen, items = _unseen(task.train.ratings, task.train.groups)
    choosing = np.flatnonzero(n_unseen)
    segments = Segments.from_sizes(n_unseen[choosing])
    candidates = segments.of_row * task.train.ratings.n_items + items
    members, liked = _member_truth(task, tau, task.train.groups.take(choosing), candidates)
    truth = np.bincount(liked, minlength=len(items)).astype(np.float64)
    return Lists(choosing, segments, items, truth, members)


def _unseen(train: Ratings, groups: Groups) -> tuple[IntArray, IntArray]:
    """How many items no member has training rows of, (n_groups,), and these items, ascending by group."""
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
    return np.concatenate(sizes), np.concatenate(found)


def _member_truth(
    task: Task, tau: float, groups: Groups, candidates: IntArray
) -> tuple[MemberTruth, IntArray]:
    """What the members of `groups` like, and the place of each such row among the candidates.

    Args:
        task: the split.
        tau: a member likes what it rated at least so.
        groups: the groups that are judged.
        candidates: ascending `group * n_items + item`.
    """
    n_items, n_members = task.train.ratings.n_items, len(groups.members)
    likes = task.held_out.unique()
    likes = likes.take(likes.values >= tau)
    alone = replace(groups, ids=tuple(map(str, range(n_members))), segments=_ones(n_members))
    rows, liked = member_rows(likes, alone)
    wanted = groups.segments.of_row[rows] * n_items + likes.items[liked]
    place = np.searchsorted(candidates, wanted)
    choosable = candidates.take(place, mode="clip") == wanted
    rows, liked = rows[choosable], liked[choosable]
    keys = np.sort(rows * n_items + likes.items[liked])
    n_relevant = np.bincount(rows, minlength=n_members)
    return MemberTruth(groups.segments, groups.members, keys, n_relevant, n_items), place[choosable]


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
    without_relevant="keep",
    judges="predictions",
)
