"""Held-out rows ranked against the negatives that came with the data."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from groupbench.arrays import BoolArray, Segments
from groupbench.errors import ConfigError
from groupbench.leaks import negatives, negatives_left
from groupbench.views._base import View
from groupbench.views._given import Entity, given_part
from groupbench.views._lists import Lists, RowLists

if TYPE_CHECKING:
    from groupbench.data import HeldOutRows
    from groupbench.task import Task


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
    row_of = held.segments.of_row
    kept = np.flatnonzero(keep_rows[row_of] & keep_negatives)
    positives = np.flatnonzero(keep_rows)
    row = np.concatenate([positives, row_of[kept]])
    items = np.concatenate([held.ratings.items[positives], held.negatives[kept]])
    truth = np.concatenate([held.ratings.values[positives], np.full(len(kept), np.nan)])
    # Lists go by owner, then row; `rank` numbers the kept rows in that order.
    by_owner = positives[np.argsort(held.ratings.users[positives], kind="stable")]
    rank = np.empty(len(held.ratings), dtype=np.int64)
    rank[by_owner] = np.arange(len(by_owner))
    order = np.lexsort((items, rank[row]))
    sizes = np.bincount(rank[row], minlength=len(by_owner))
    return RowLists(held.ratings.users[by_owner], Segments.from_sizes(sizes), items[order], truth[order])


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


SAMPLED = (_view("group", False), _view("group", True), _view("user", False), _view("user", True))
