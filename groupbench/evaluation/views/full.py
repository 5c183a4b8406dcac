"""Held-out rows that came with the data, ranked among all items."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, get_args

import numpy as np

from groupbench.core.arrays import distinct, in_sorted
from groupbench.data.leakage import pairs
from groupbench.evaluation.views._base import CUTOFFS, VIEWS, View, renumbered
from groupbench.evaluation.views._given import Entity, given_part
from groupbench.evaluation.views._lists import CatalogueLists, Lists

if TYPE_CHECKING:
    from groupbench.evaluation.task import Task


def _build(entity: Entity, task: Task, tau: float) -> Lists:
    part = given_part(task, f"full-{entity}", entity)
    rows, n_items = part.held.ratings.unique(), part.held.ratings.n_items
    n_known = np.bincount(part.known // n_items, minlength=rows.n_users)
    choosing = distinct(rows.users[n_known[rows.users] < n_items])
    rows = rows.take(in_sorted(rows.users, choosing) & ~in_sorted(pairs(rows), part.known))
    excluded, rated = (renumbered(keys, choosing, n_items) for keys in (part.known, pairs(rows)))
    return CatalogueLists(choosing, n_items, excluded, rated, rows.values)


def _view(entity: Entity) -> View:
    return View(
        name=f"full-{entity}",
        definition=f"{entity}s rank all items without a training or validation row of their own; truth are "
        "their held-out rows",
        entity=entity,
        tau=1.0,
        build=partial(_build, entity),
        cutoffs=(*CUTOFFS, 50),
    )


for _entity in get_args(Entity):
    VIEWS.register(_view(_entity))
