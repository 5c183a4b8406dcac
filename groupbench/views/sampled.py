"""Held-out rows ranked against the negatives that came with the data."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from groupbench.arrays import BoolArray, Segments
from groupbench.errors import ConfigError
from groupbench.leaks import Part, negatives, negatives_left
from groupbench.views._base import Lists, View

if TYPE_CHECKING:
    from groupbench.data import HeldOutRows
    from groupbench.task import Task

Entity = Literal["user", "group"]


def _build(entity: Entity, clean: bool, task: Task, tau: float) -> Lists:
    part = _part(task, entity)
    wrong = negatives(part)
    if wrong is None:
        raise ConfigError(
            f"view sampled-{entity}: the held-out rows have no sampled negatives; choose another protocol"
        )
    if clean:
        return _lists(part.held, ~part.seen & (negatives_left(part, wrong) > 0), ~wrong.wrong)
    return _lists(part.held, np.ones_like(part.seen), np.ones_like(wrong.wrong))


def _part(task: Task, entity: Entity) -> Part:
    held = task.users if entity == "user" else task.groups
    if held is None:
        raise ConfigError(f"view sampled-{entity}: no held-out {entity} rows came with the data")
    train = task.train.ratings if entity == "user" else task.train.group_ratings
    if train is None:
        train = held.ratings.take(slice(0))
    return Part(f"{entity}s", entity == "group", held, train, (train, held.ratings))


def _lists(held: HeldOutRows, keep_rows: BoolArray, keep_negatives: BoolArray) -> Lists:
    """One list for each kept row: its item with truth 1 and its kept negatives with truth 0."""
    assert held.segments is not None
    assert held.negatives is not None
    row_of = held.segments.of_row
    kept = np.flatnonzero(keep_rows[row_of] & keep_negatives)
    positives = np.flatnonzero(keep_rows)
    row = np.concatenate([positives, row_of[kept]])
    items = np.concatenate([held.ratings.items[positives], held.negatives[kept]])
    truth = np.concatenate([np.ones(len(positives)), np.zeros(len(kept))])
    # Lists go by owner, then row; `rank` numbers the kept rows in that order.
    by_owner = positives[np.argsort(held.ratings.users[positives], kind="stable")]
    rank = np.empty(len(held.ratings), dtype=np.int64)
    rank[by_owner] = np.arange(len(by_owner))
    order = np.lexsort((items, rank[row]))
    sizes = np.bincount(rank[row], minlength=len(by_owner))
    return Lists(held.ratings.users[by_owner], Segments.from_sizes(sizes), items[order], truth[order])


def _view(entity: Entity, clean: bool) -> View:
    rows = "held-out row that is no training row" if clean else "held-out row"
    negative = "distinct sampled negatives that it never chose" if clean else "sampled negatives as they came"
    return View(
        name=f"sampled-{entity}" + ("-clean" if clean else ""),
        definition=f"for each {rows} the {entity} ranks its item among the {negative}",
        entity=entity,
        tau=0.5,
        build=partial(_build, entity, clean),
    )


SAMPLED = (_view("group", False), _view("group", True), _view("user", False), _view("user", True))
