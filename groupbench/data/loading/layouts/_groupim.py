"""The layout of GroupIM (Sankar et al., SIGIR 2020).

`group_users.csv` (group,user), `train_ui.csv` (user,item), `train_gi.csv` (group,item) and `test_gi.csv`;
`val_gi.csv`, and the rows of users who validate and test: those that a model may see in `val_ui_tr.csv` and
`test_ui_tr.csv`, the held-out ones in `val_ui_te.csv` and `test_ui_te.csv`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.errors import ConfigError
from groupbench.data.loading.layouts._build import LayoutTables, Part, Scale, build
from groupbench.data.loading.layouts._numbers import Numbers, held_rows, line_of, rows_of, write_lines

if TYPE_CHECKING:
    from pathlib import Path

    from groupbench.core.arrays import BoolArray, IntArray
    from groupbench.data.dataset import Dataset, HeldOutRows, Ratings
    from groupbench.data.loading._source import Source
    from groupbench.data.loading._table import TextTable

FILES = ("group_users.csv", "train_ui.csv", "train_gi.csv", "test_gi.csv")
"""The files that every such folder has."""

USERS = {
    "train": ("train_ui", "val_ui_tr", "test_ui_tr"),
    "validation": ("val_ui_te",),
    "test": ("test_ui_te",),
}
"""Files of users' rows by what they are for."""

GROUPS = {"train": ("train_gi",), "validation": ("val_gi",), "test": ("test_gi",)}
"""Files of groups' rows by what they are for."""


def read(source: Source, scale: Scale | None = None) -> Dataset:
    """Read a folder of GroupIM's files; errors as of `groupbench.data.loading.layouts.agree`."""
    users, groups = (
        {part: _part(source, kind, names) for part, names in files.items()}
        for kind, files in (("user", USERS), ("group", GROUPS))
    )
    found = LayoutTables(
        {part: rows for part, rows in users.items() if rows.tables},
        {part: rows for part, rows in groups.items() if rows.tables},
        _members(source),
    )
    return build(source, found, scale)


def write(dataset: Dataset, folder: Path, numbers: Numbers) -> None:
    """Write a data set with its split; groups, rows of groups and held-out rows of groups are needed.

    Raises:
        ConfigError: if all users have held-out rows, as this layout trains on those who have none.
    """
    groups, given = dataset.groups, dataset.given
    assert groups is not None
    assert dataset.group_ratings is not None
    assert given is not None
    pairs = zip(numbers.groups[groups.segments.of_row], numbers.users[groups.members], strict=True)
    write_lines(folder / "group_users.csv", ("group,user", *(line_of(pair, ",") for pair in pairs)))
    tested, validated = _has(dataset, given.users), _has(dataset, given.validation_users)
    untested = rows_of(dataset.ratings, ~tested & ~validated)
    parts = {
        "train_ui": untested,
        "val_ui_tr": rows_of(dataset.ratings, validated & ~tested),
        "val_ui_te": held_rows(given.validation_users),
        "test_ui_tr": rows_of(dataset.ratings, tested),
        "test_ui_te": held_rows(given.users),
    }
    if not len(untested):
        raise ConfigError(
            f"{dataset.name}: layout groupim trains on users without held-out rows, and there are none; take "
            "another layout, or a protocol that holds out rows of groups alone, as --protocol natural"
        )
    for name, rows in parts.items():
        _write(folder / f"{name}.csv", "user", rows, numbers.users, numbers)
    joint = {
        "train_gi": dataset.group_ratings,
        "val_gi": held_rows(given.validation_groups),
        "test_gi": held_rows(given.groups),
    }
    for name, rows in joint.items():
        _write(folder / f"{name}.csv", "group", rows, numbers.groups, numbers)


def _has(dataset: Dataset, held: HeldOutRows | None) -> BoolArray:
    found = np.zeros(dataset.ratings.n_users, dtype=bool)
    if held is not None:
        found[held.ratings.users] = True
    return found


def _write(file: Path, kind: str, rows: Ratings | None, raters: IntArray, numbers: Numbers) -> None:
    if rows is not None and len(rows):
        pairs = zip(raters[rows.users], numbers.items[rows.items], strict=True)
        write_lines(file, (f"{kind},item", *(line_of(pair, ",") for pair in pairs)))


def _part(source: Source, kind: str, names: tuple[str, ...]) -> Part:
    found = [f"{name}.csv" for name in names if source.has(f"{name}.csv") or f"{name}.csv" in FILES]
    return Part(tuple(source.table(name).require(kind, "item") for name in found))


def _members(source: Source) -> TextTable:
    """The rows of group_users.csv, whose users may be written as `516.0`, with users as elsewhere."""
    table = source.table("group_users.csv").require("group", "user")
    return table.assigned(user=table.frame["user"].str.removesuffix(".0"))
