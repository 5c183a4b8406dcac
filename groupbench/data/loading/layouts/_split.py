"""A folder of CSV files with a split, as `groupbench data build` writes them.

`ratings.csv` (user,item), `groups.csv` (group,user) and `group_ratings.csv` (group,item) hold what is for
training; `ratings_validation.csv`, `ratings_test.csv`, `group_ratings_validation.csv` and
`group_ratings_test.csv` what is held out. Each may have the columns rating and timestamp. Beside a file of
held-out rows one ending in `_negatives.csv` may have the items that were sampled for each of them, one a
line, in a column negative behind the two ids.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.errors import shown
from groupbench.data.dataset import GivenSplit, HeldOutRows, Ratings
from groupbench.data.loading.layouts._build import LayoutTables, Part, Scale, build

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from groupbench.core.arrays import Array, IntArray
    from groupbench.data.dataset import Dataset
    from groupbench.data.loading._source import Source
    from groupbench.data.loading._table import TextTable
    from groupbench.data.social import SocialTies

FILES = ("ratings.csv",)
"""The file that every such folder has."""

PARTS = {"train": "", "validation": "_validation", "test": "_test"}
"""How names of files go on, by what the rows are for."""

KINDS = {"user": "ratings", "group": "group_ratings"}
"""How names of files begin, by who the raters are."""

CHOICES = (1.0, 1.0)
"""The scale of rows without ratings."""

ROWS = 2**20
"""Rows written at a time."""


def read(source: Source, scale: Scale | None = None) -> Dataset:
    """Read such a folder; errors as of `groupbench.data.loading.layouts.agree`."""
    users, groups = (_parts(source, kind) for kind in KINDS)
    members = source.table("groups.csv").require("group", "user") if source.has("groups.csv") else None
    return build(source, LayoutTables(users, groups, members), scale)


def _parts(source: Source, kind: str) -> dict[str, Part]:
    """The tables of a kind of rater; those for training must be there for users."""
    found = {}
    for part, ending in PARTS.items():
        stem = KINDS[kind] + ending
        if source.has(f"{stem}.csv") or (kind, part) == ("user", "train"):
            table = source.table(f"{stem}.csv").require(kind, "item")
            table.filled(kind, "item")
            sampled = source.has(f"{stem}_negatives.csv")
            found[part] = Part((table,), _negatives(source, stem, kind, table) if sampled else None)
    return found


def _negatives(source: Source, stem: str, kind: str, held: TextTable) -> TextTable:
    """One row per sampled item, in the order of the held-out rows, whose numbers are its index."""
    key = [kind, "item"]
    held.distinct(key)
    table = source.table(f"{stem}_negatives.csv").require(*key, "negative")
    table.filled("negative")
    row = _rows_of(table, held, key)
    if (row < 0).any():
        at = int(np.argmax(row < 0))
        pair = ", ".join(f"{column} {shown(table.columns[column][at])}" for column in key)
        raise table.error(at, f"{pair} is no row of {held.name}", "use files of the same version")
    sizes = np.bincount(row, minlength=len(held))
    if not sizes.all():
        at = int(np.argmin(sizes))
        raise held.error(at, f"has no row in {table.name}", "use files of the same version")
    order = np.argsort(row, kind="stable")
    return replace(table, columns={"item": table.columns["negative"].take(order)}, kept=row[order])


def _rows_of(table: TextTable, held: TextTable, key: list[str]) -> IntArray:
    """The row of `held` with the ids of each row of `table`, (n_rows,); -1 where there is none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    own, theirs = np.zeros(len(table), dtype=np.int64), np.zeros(len(held), dtype=np.int64)
    for column in key:
        codes, known = held.coded(column)
        found, texts = table.coded(column)
        places = pc.index_in(texts, value_set=pa.array(known)).fill_null(-1).to_numpy().astype(np.int64)
        own = np.where((own < 0) | (places[found] < 0), -1, own * len(known) + places[found])
        theirs = theirs * len(known) + codes
    order = np.argsort(theirs)
    at = order[np.minimum(np.searchsorted(theirs, own, sorter=order), len(held) - 1)]
    return np.where(theirs[at] == own, at, -1)


def write(dataset: Dataset, folder: Path) -> None:
    """Write a data set, with its split if it has one, by its own ids.

    Raises:
        OSError: if a file cannot be written.
    """
    given = dataset.given or GivenSplit()
    ids: Mapping[str, Sequence[str]] = {
        "user": dataset.user_ids,
        "item": dataset.item_ids,
        "group": () if dataset.groups is None else dataset.groups.ids,
    }
    parts: dict[str, Ratings | HeldOutRows | None] = {
        "ratings": dataset.ratings,
        "ratings_validation": given.validation_users,
        "ratings_test": given.users,
        "group_ratings": dataset.group_ratings,
        "group_ratings_validation": given.validation_groups,
        "group_ratings_test": given.groups,
    }
    if dataset.groups is not None:
        columns = {"group": dataset.groups.segments.of_row, "user": dataset.groups.members}
        write_columns(folder / "groups.csv", columns, ids)
    if dataset.social is not None:
        of_users = [part for stem, part in parts.items() if stem.startswith("ratings") and part is not None]
        raters = [part.users if isinstance(part, Ratings) else part.ratings.users for part in of_users]
        members = [] if dataset.groups is None else [dataset.groups.members]
        known = np.concatenate([*raters, *members])
        _write_social(folder / "social.csv", dataset.social, known, ids["user"])
    rated = dataset.scale != CHOICES
    for stem, part in parts.items():
        rater = "group" if stem.startswith("group") else "user"
        if isinstance(part, Ratings):
            _write_rows(folder / f"{stem}.csv", rater, part, ids, rated=rated)
        elif part is not None:
            _write_rows(folder / f"{stem}.csv", rater, part.ratings, ids, rated=rated)
            _write_negatives(folder / f"{stem}_negatives.csv", rater, part, ids)


def _write_rows(
    file: Path, rater: str, rows: Ratings, ids: Mapping[str, Sequence[str]], *, rated: bool
) -> None:
    columns: dict[str, Array] = {rater: rows.users, "item": rows.items}
    if rated:
        columns["rating"] = rows.values
    if rows.timestamps is not None:
        columns["timestamp"] = rows.timestamps
    write_columns(file, columns, ids)


def _write_negatives(file: Path, rater: str, held: HeldOutRows, ids: Mapping[str, Sequence[str]]) -> None:
    if held.negatives is not None and held.segments is not None:
        row, rows = held.segments.of_row, held.ratings
        columns = {rater: rows.users[row], "item": rows.items[row], "negative": held.negatives}
        write_columns(file, columns, {**ids, "negative": ids["item"]})


def _write_social(file: Path, social: SocialTies, known: IntArray, ids: Sequence[str]) -> None:
    """Write the ties between `known` users: those of whom nothing else is written would be unknown."""
    kept = np.isin(social.users, known) & np.isin(social.friends, known)
    columns: dict[str, Array] = {"user": social.users[kept], "friend": social.friends[kept]}
    if (social.weights != 1).any():
        columns["weight"] = social.weights[kept]
    write_columns(file, columns, {"user": ids, "friend": ids})


def write_columns(file: Path, columns: Mapping[str, Array], ids: Mapping[str, Sequence[str]]) -> None:
    """Write a CSV file of columns, (n_rows,) each; indices become the ids of the column's name."""
    import pyarrow as pa
    from pyarrow import csv

    texts = {name: pa.array(list(ids[name]), pa.string()) for name in columns if name in ids}
    plain = not any(_special(column) for column in texts.values())
    options = csv.WriteOptions(include_header=False, quoting_style="none" if plain else "needed")
    n_rows = len(next(iter(columns.values())))
    with file.open("wb") as out:
        out.write((",".join(columns) + "\n").encode())
        for start in range(0, n_rows, ROWS):
            part = {
                name: texts[name].take(pa.array(values[start : start + ROWS]))
                if name in texts
                else pa.array(values[start : start + ROWS])
                for name, values in columns.items()
            }
            csv.write_csv(pa.table(part), out, options)


def _special(ids: pa.Array) -> bool:
    """Whether an id must stand in quotes."""
    import pyarrow.compute as pc

    return bool(pc.any(pc.match_substring_regex(ids, '[",\r\n]')).as_py())
