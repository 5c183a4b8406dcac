"""Observed groups judged by the joint ratings they gave."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from groupbench.arrays import BoolArray, IntArray, Segments
from groupbench.errors import ConfigError
from groupbench.views._base import Lists, View

if TYPE_CHECKING:
    from groupbench.data import Ratings
    from groupbench.task import Task


def _build(task: Task, tau: float) -> Lists:
    if task.joint is None or len(task.joint) == 0:
        raise ConfigError("view natural: this fold holds out no joint rating; ask for fewer folds")
    joint = task.joint.unique()
    judged, place = np.unique(joint.users, return_inverse=True)
    candidates = _choosable(task, judged)
    candidates[place, joint.items] = True
    truth = np.full(candidates.shape, np.nan)
    truth[place, joint.items] = joint.values
    return Lists(
        judged, Segments.from_sizes(candidates.sum(axis=1)), np.nonzero(candidates)[1], truth[candidates]
    )


def _choosable(task: Task, groups: IntArray) -> BoolArray:
    """The items the `groups`, ascending, could have rated and did not in training, (n_groups, n_items)."""
    assert task.joint is not None
    known = [] if task.train.group_ratings is None else [_of(groups, task.train.group_ratings)]
    if task.catalogues is None:
        choosable = np.ones((len(groups), task.train.ratings.n_items), dtype=bool)
    else:
        parts = task.catalogues.values > 0
        chosen_from = np.zeros((len(groups), parts.shape[1]), dtype=bool)
        for place, items in (_of(groups, task.joint), *known):
            np.logical_or.at(chosen_from, place, parts[items])
        choosable = (chosen_from.astype(np.float64) @ parts.T) > 0
    for place, items in known:
        choosable[place, items] = False
    return choosable


def _of(groups: IntArray, rows: Ratings) -> tuple[IntArray, IntArray]:
    """Place among the `groups` and item of each of their rows."""
    rows = rows.take(np.isin(rows.users, groups))
    return np.searchsorted(groups, rows.users), rows.items


NATURAL = View(
    name="natural",
    definition="observed groups rank what they could have rated (their catalogue less their training items); "
    "truth is the group's own joint rating",
    entity="group",
    tau=4.0,
    build=_build,
    errors=True,
)
