"""What all layouts share: tables of rows by purpose in, a data set out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import Segments
from groupbench.core.errors import DatasetError
from groupbench.data.dataset import Dataset, GivenSplit, HeldOutRows, Ratings
from groupbench.data.loading._ids import (
    IdColumn,
    indices,
    memberships,
    rating_rows,
    sorted_ids,
    without_repeats,
)
from groupbench.data.loading._times import note_zone

if TYPE_CHECKING:
    from groupbench.data.loading._source import Source
    from groupbench.data.loading._table import TextTable

Scale = tuple[float, float]
_RATINGS = "the files of ratings"


@dataclass(frozen=True)
class Part:
    """Rows of users, or of groups, for one purpose.

    Attributes:
        tables: with the columns `user` or `group`, `item` and, where known, `rating` and `timestamp`.
        negatives: one row per sampled item, of the record that its row of the only table is; None without.
    """

    tables: tuple[TextTable, ...] = ()
    negatives: TextTable | None = None


@dataclass(frozen=True)
class LayoutTables:
    """All tables of a folder.

    Attributes:
        users: rows of users for `train`, `validation` and `test`; what is missing is not there.
        groups: rows of groups, likewise.
        members: one row per group and member with the columns `group` and `user`; None without groups.
    """

    users: Mapping[str, Part]
    groups: Mapping[str, Part] = field(default_factory=dict)
    members: TextTable | None = None

    def tables(self) -> Iterator[TextTable]:
        """Every table that has items."""
        for part in (*self.users.values(), *self.groups.values()):
            yield from part.tables
            if part.negatives is not None:
                yield part.negatives


def build(source: Source, found: LayoutTables, scale: Scale | None) -> Dataset:
    """The data set of a folder's tables; rows without a rating have the rating 1.

    Args:
        source: where the tables are from.
        found: the tables.
        scale: lowest and highest possible rating; None for those that occur, which a note tells.

    Raises:
        DatasetError: naming the file and row of an unknown id or a rating that is none.
    """
    members = found.members and without_repeats(source, found.members, "group", "user")
    of_users = chain.from_iterable(part.tables for part in found.users.values())
    everybody = [table.uniques("user") for table in (*of_users, *([members] if members else []))]
    user_ids = sorted_ids(chain(*everybody))
    item_ids = sorted_ids(chain(*(table.uniques("item") for table in found.tables())))
    groups = memberships(members, "group", "user", user_ids, _RATINGS) if members else None
    scale = _scale(source, found) if scale is None else scale
    for table in found.tables():
        if "timestamp" in table.columns:
            note_zone(source, table, "timestamp")
    rows = _Reader(
        {
            "user": IdColumn("user", user_ids, _RATINGS),
            "group": IdColumn("group", groups.ids if groups else (), members.name if members else ""),
        },
        IdColumn("item", item_ids, _RATINGS),
        scale,
    )
    given = GivenSplit(
        users=rows.held_out("user", found.users.get("test")),
        groups=rows.held_out("group", found.groups.get("test")),
        validation_users=rows.held_out("user", found.users.get("validation")),
        validation_groups=rows.held_out("group", found.groups.get("validation")),
    )
    return Dataset(
        name=source.card.name,
        title=source.card.title,
        ratings=rows.ratings("user", found.users["train"]),
        user_ids=user_ids,
        item_ids=item_ids,
        scale=scale,
        groups=groups,
        group_ratings=rows.ratings("group", found.groups["train"]) if "train" in found.groups else None,
        given=None if given == GivenSplit() else given,
    )


@dataclass(frozen=True)
class _Reader:
    """Makes rows of tables, with indices for ids."""

    raters: Mapping[str, IdColumn]
    items: IdColumn
    scale: Scale

    def ratings(self, kind: str, part: Part) -> Ratings:
        return Ratings.joined([self._rows(kind, table) for table in part.tables])

    def held_out(self, kind: str, part: Part | None) -> HeldOutRows | None:
        if part is None:
            return None
        held = self.ratings(kind, part)
        if part.negatives is None:
            return HeldOutRows(held)
        sizes = np.bincount(part.negatives.records, minlength=len(held))
        return HeldOutRows(held, indices(part.negatives, *self.items), Segments.from_sizes(sizes))

    def _rows(self, kind: str, table: TextTable) -> Ratings:
        rating = "rating" if "rating" in table.columns else None
        return rating_rows(table, self.raters[kind], self.items, rating, scale=self.scale)


def _scale(source: Source, found: LayoutTables) -> Scale:
    rated = [table.numbers("rating") for table in found.tables() if "rating" in table.columns]
    if not rated:
        return 1.0, 1.0
    values = np.concatenate(rated)
    low, high = float(values.min()), float(values.max())
    if low < high:
        source.note(
            f"no scale is stated, so it is that of all ratings, held-out ones too: {low:g} to {high:g}; "
            f"write scale = [{low:g}, {high:g}], or the possible ratings, into dataset.toml"
        )
    return low, high


def first_line(source: Source, name: str) -> str:
    """The first line of a file.

    Raises:
        DatasetError: if it has none, or is no text.
    """
    text = source.read(name)[:100_000].decode("utf-8-sig", "replace").lstrip("\n")
    if not text.strip():
        raise DatasetError(f"{source.file(name)}: has no rows; write one line per row")
    return text.partition("\n")[0].rstrip("\r")
