"""Observed groups judged by the joint ratings they gave."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from groupbench.arrays import BoolArray, Segments
from groupbench.errors import ConfigError
from groupbench.views._base import Lists, View

if TYPE_CHECKING:
    from groupbench.task import Task


def _build(task: Task, tau: float) -> Lists:
    if task.joint is None or len(task.joint) == 0:
        raise ConfigError("view natural: this fold holds out no joint rating; ask for fewer folds")
    joint = task.joint.unique()
    candidates = _choosable(task)
    candidates[joint.users, joint.items] = True
    truth = np.full(candidates.shape, np.nan)
    truth[joint.users, joint.items] = joint.values
    judged = np.unique(joint.users)
    candidates, truth = candidates[judged], truth[judged]
    return Lists(
        judged, Segments.from_sizes(candidates.sum(axis=1)), np.nonzero(candidates)[1], truth[candidates]
    )


def _choosable(task: Task) -> BoolArray:
    """The items each group could have rated and did not rate in training, (n_groups, n_items)."""
    assert task.joint is not None
    known = task.train.group_ratings
    shape = (len(task.train.groups), task.train.ratings.n_items)
    if task.catalogues is None:
        choosable = np.ones(shape, dtype=bool)
    else:
        parts = task.catalogues.values > 0
        chosen_from = np.zeros((shape[0], parts.shape[1]), dtype=bool)
        for rows in (task.joint, known):
            if rows is not None:
                np.logical_or.at(chosen_from, rows.users, parts[rows.items])
        choosable = (chosen_from.astype(np.float64) @ parts.T) > 0
    if known is not None:
        choosable[known.users, known.items] = False
    return choosable


NATURAL = View(
    name="natural",
    definition="observed groups rank what they could have rated (their catalogue less their training items); "
    "truth is the group's own joint rating",
    entity="group",
    tau=4.0,
    build=_build,
    errors=True,
)
