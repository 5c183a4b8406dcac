"""A split in the files that official code reads, its truth among them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import Segments
from groupbench.core.errors import ConfigError, unknown
from groupbench.core.files import new_folder
from groupbench.core.seeding import generator
from groupbench.data.dataset import GivenSplit, HeldOutRows, Ratings
from groupbench.data.loading.layouts import LAYOUTS, WRITABLE, Layout, Numbers, write_lines
from groupbench.evaluation.inner_split import against_negatives, inner_task
from groupbench.results.exchange._task import task_card
from groupbench.results.exchange._task_split import unsuited

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset
    from groupbench.evaluation.task import Task
    from groupbench.results.exchange._task_split import PreparedSplit

NEGATIVES = 100
"""Items sampled for a held-out row that came without any, where official code wants them."""

ANSWER = (
    "a .npy matrix whose row n scores all items of user or group n, or, in a sampled view, the items of "
    "line n of the file of negatives, the held-out one first; or CSV, parquet or TREC with entity, item and "
    "score by number; evaluate it with 'groupbench score FILE --task THIS_FOLDER --view VIEW'"
)


def export_layout(splits: Sequence[PreparedSplit], out: Path, layout: str) -> None:
    """Write splits, with the rows that are held out, as official code reads them.

    Ids become numbers from 0, which `ids.csv` explains. Held-out rows that came without sampled negatives
    get `NEGATIVES` where the layout has them, all as many. Where it has validation rows and the data has
    none, they are cut from the training rows as `groupbench tune` does it. `dataset.toml` makes the folder a
    data set.

    Args:
        splits: one, or those of several seeds of one data set and protocol, each for a folder `seed-<n>`.
        out: a new folder.
        layout: one of `WRITABLE`.

    Raises:
        ConfigError: if there is no such layout, `out` exists, or a split lacks what the layout needs.
        ResultError: if it cannot be written.
    """
    if layout not in WRITABLE:
        raise ConfigError(unknown("layout to write", layout, WRITABLE))
    chosen = LAYOUTS[layout]
    with new_folder(out) as folder:
        for split in splits:
            name = f"seed-{split.seed}" if len(splits) > 1 else out.name
            part = folder / name if len(splits) > 1 else folder
            part.mkdir(exist_ok=True)
            _write(split, chosen, part, name)


def _write(split: PreparedSplit, layout: Layout, folder: Path, name: str) -> None:
    data = replace(as_given(split, layout), name=name)
    numbers = layout.number(data)
    assert layout.write is not None
    layout.write(data, folder, numbers)
    _write_ids(folder, data, numbers)
    stated = {"title": data.title, "scale": list(data.scale), "layout": layout.name}
    write_lines(
        folder / "dataset.toml",
        (f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in stated.items()),
    )
    views = {
        view: {"definition": case.view.definition, "entity": case.view.entity}
        for view, case in split.cases.items()
        if not unsuited(case)
    }
    card = {**task_card(split), "layout": layout.name, "views": views, "answer": ANSWER}
    (folder / "task.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


def as_given(split: PreparedSplit, layout: Layout) -> Dataset:
    """The split as that of a data set that came with one, with what a layout needs of it.

    Raises:
        ConfigError: if there are no rows of groups, and the layout is made of them.
    """
    train, given = split.task.train, _given(split.task)
    if layout.needs_validation and not (given.validation_users or given.validation_groups):
        inner = inner_task(split.dataset, split.protocol, split.seed, 0)
        train, cut = inner.train, _given(inner)
        given = replace(given, validation_users=cut.users, validation_groups=cut.groups)
    joint = train.group_ratings
    if layout.needs_groups and (joint is None or not len(joint) or given.groups is None):
        raise ConfigError(
            f"layout {layout.name} is made of rows of groups, and {split.dataset.name} has none for training "
            f"and test under {split.protocol.label}; take --layout inter, or data with joint ratings and "
            "--protocol given or natural"
        )
    if layout.needs_negatives:
        given = replace(
            given,
            users=_sampled(split, "users", given.users, train.ratings),
            groups=_sampled(split, "groups", given.groups, joint),
        )
    groups = split.task.train.groups
    return replace(split.dataset, ratings=train.ratings, groups=groups, group_ratings=joint, given=given)


def _given(task: Task) -> GivenSplit:
    if task.given is not None:
        return task.given
    users, groups = (HeldOutRows(rows) if rows else None for rows in (task.held_out, task.joint))
    return GivenSplit(users=users, groups=groups)


def _sampled(
    split: PreparedSplit, kind: str, held: HeldOutRows | None, rows: Ratings | None
) -> HeldOutRows | None:
    """Held-out rows with negatives: those all came with, or sampled ones, of which each has as many."""
    if held is None or rows is None or (held.segments is not None and held.segments.sizes.all()):
        return held
    users = np.concatenate([rows.users, held.ratings.users])
    items = np.concatenate([rows.items, held.ratings.items])
    chosen = Ratings(users, items, np.ones(len(users)), rows.n_users, rows.n_items)
    rng = generator(split.dataset.seed_label, "negatives of a layout", kind, split.seed)
    sampled = against_negatives(held.ratings, chosen, NEGATIVES, rng)
    assert sampled.segments is not None
    assert sampled.negatives is not None
    fewest = int(sampled.segments.sizes.min())
    kept = sampled.negatives[sampled.segments.position < fewest]
    return HeldOutRows(held.ratings, kept, Segments.from_sizes(np.full(len(held.ratings), fewest)))


def _write_ids(folder: Path, data: Dataset, numbers: Numbers) -> None:
    import pandas as pd

    parts = [
        pd.DataFrame({"kind": kind, "number": of_kind, "id": list(ids)}).sort_values("number")
        for kind, of_kind, ids in (
            ("user", numbers.users, data.user_ids),
            ("item", numbers.items, data.item_ids),
            ("group", numbers.groups, () if data.groups is None else data.groups.ids),
        )
    ]
    pd.concat(parts).to_csv(folder / "ids.csv", index=False)
