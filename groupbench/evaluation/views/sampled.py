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
    wrong = negatives(part) if clean else None
    if wrong is not None:
        return _lists(held, ~part.seen & (negatives_left(part, wrong) > 0), ~wrong.wrong)
    return _lists(
        held, np.ones(len(held.ratings), dtype=np.bool_), np.ones(len(held.negatives), dtype=np.bool_)
    )


def _lists(held: HeldOutRows, keep_rows: BoolArray, keep_negatives: BoolArray) -> Lists:
    """One list for each kept row: its item with its rating as truth, and its kept negatives without one."""
    assert held.segments is not None
    assert held.negatives is not None
    rows, n_items = held.ratings, held.ratings.n_items
    # Lists go by owner, then row; `place` numbers the kept rows in that order.
    kept = np.flatnonzero(keep_rows)
    kept = kept[np.argsort(rows.users[kept], kind="stable")]
    place = np.full(len(rows), -1)
    place[kept] = np.arange(len(kept))
    row_of = held.segments.of_row[keep_negatives]
    beside = keep_rows[row_of]
    negatives = place[row_of[beside]] * n_items + held.negatives[keep_negatives][beside]
    positives = place[kept] * n_items + rows.items[kept]
    # Of equal items the positive comes first.
    keys = np.sort(np.concatenate([2 * positives, 2 * negatives + 1]))
    lists, items = np.divmod(keys >> 1, n_items)
    truth = np.full(len(keys), np.nan)
    truth[keys & 1 == 0] = rows.values[kept]
    segments = Segments.from_sizes(np.bincount(lists, minlength=len(kept)))
    return RowLists(rows.users[kept], segments, items, truth)


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
