"""Observed groups evaluated by the joint ratings they gave."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import IntArray
from groupbench.core.errors import ConfigError
from groupbench.evaluation.views._base import VIEWS, View, renumbered
from groupbench.evaluation.views._lists import CatalogueLists, Lists

if TYPE_CHECKING:
    from groupbench.data.dataset import Features, Ratings
    from groupbench.evaluation.task import Task


def _build(task: Task, tau: float) -> Lists:
    if task.joint is None or len(task.joint) == 0:
        raise ConfigError("view natural: this fold holds out no joint rating; ask for fewer folds")
    joint, n_items = task.joint.unique(), task.joint.n_items
    groups = np.unique(joint.users)
    rated, seen = _of(groups, joint), np.empty(0, dtype=np.int64)
    if task.train.group_ratings is not None:
        seen = _of(groups, task.train.group_ratings)
    excluded = [seen]
    if task.catalogues is not None:
        excluded.append(_outside(task.catalogues, np.concatenate([rated, seen]), len(groups)))
    excluded_keys = np.setdiff1d(np.concatenate(excluded), rated)
    return CatalogueLists(groups, n_items, excluded_keys, rated, joint.values)


def _outside(catalogues: Features, rated: IntArray, n_groups: int) -> IntArray:
    """`group * n_items + item` of what is in no catalogue that the group `rated` in."""
    parts = catalogues.values > 0
    groups, items = np.divmod(rated, len(parts))
    chosen_from = np.zeros((n_groups, parts.shape[1]), dtype=bool)
    np.logical_or.at(chosen_from, groups, parts[items])
    return np.flatnonzero(chosen_from.astype(np.float64) @ parts.T == 0)


def _of(groups: IntArray, rows: Ratings) -> IntArray:
    """`number among the groups * n_items + item` of each of their rows, by group."""
    return renumbered(rows.users * rows.n_items + rows.items, groups, rows.n_items)


NATURAL = View(
    name="natural",
    definition="observed groups rank what they could have rated (their catalogue less their training items); "
    "truth is the group's own joint rating",
    entity="group",
    tau=4.0,
    build=_build,
    errors=True,
)

VIEWS.register(NATURAL)
