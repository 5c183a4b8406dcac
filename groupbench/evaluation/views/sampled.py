"""Held-out rows ranked against the negatives that came with the data."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, get_args

import numpy as np

from groupbench.core.arrays import BoolArray, Segments
from groupbench.core.errors import ConfigError
from groupbench.data.leakage import negatives, negatives_left
from groupbench.evaluation.views._base import VIEWS, View
from groupbench.evaluation.views._given import Entity, given_part
from groupbench.evaluation.views._lists import Lists, RowLists

if TYPE_CHECKING:
    from groupbench.data.dataset import HeldOutRows
    from groupbench.evaluation.task import Task


def _build(entity: Entity, clean: bool, task: Task, tau: float) -> Lists:
    view = f"sampled-{entity}" + "-clean" * clean
    part = given_part(task, view, entity)
    held = part.held
    if held.negatives is None:
        raise ConfigError(f"view {view}: the held-out rows came without sampled negatives; see full-{entity}")
    assert held.segments is not None
    wrong = negatives(part) if clean else None
    if wrong is not None:
        return _lists(held, ~part.seen & (negatives_left(part, wrong) > 0), ~wrong.wrong)
    return _lists(held, held.segments.sizes > 0, np.ones(len(held.negatives), dtype=np.bool_))


def _lists(held: HeldOutRows, keep_rows: BoolArray, keep_negatives: BoolArray) -> Lists:
    """One list for each row to keep: its item with its rating as truth, and those negatives without one."""
    assert held.segments is not None
    assert held.negatives is not None
    rows = held.ratings
    listed = np.flatnonzero(keep_rows)
    listed = listed[np.argsort(rows.users[listed], kind="stable")]  # lists go by owner, then row
    beside, inside = held.segments.window(listed)
    inside &= keep_negatives[beside]
    # Of equal items the positive comes first.
    keys = np.full((len(listed), inside.shape[1] + 1), 2 * rows.n_items)
    keys[:, 0] = 2 * rows.items[listed]
    keys[:, 1:][inside] = 2 * held.negatives[beside[inside]] + 1
    keys.sort(axis=1)
    there = keys < 2 * rows.n_items
    sizes, keys = np.count_nonzero(there, axis=1), keys[there]
    truth = np.full(len(keys), np.nan)
    truth[keys & 1 == 0] = rows.values[listed]
    return RowLists(rows.users[listed], Segments.from_sizes(sizes), keys >> 1, truth)


def _view(entity: Entity, clean: bool) -> View:
    rows = "held-out row that is no training or validation row" if clean else "held-out row"
    negative = "distinct sampled negatives that it never chose" if clean else "sampled negatives as they came"
    return View(
        name=f"sampled-{entity}" + ("-clean" if clean else ""),
        definition=f"for each {rows} the {entity} ranks its item among the {negative}",
        entity=entity,
        tau=1.0,
        build=partial(_build, entity, clean),
    )


for _entity in get_args(Entity):
    for _clean in (False, True):
        VIEWS.register(_view(_entity, _clean))
