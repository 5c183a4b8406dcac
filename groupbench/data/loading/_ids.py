"""Ids of the original files and the indices that stand for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from groupbench.core.arrays import IntArray, Segments
from groupbench.core.errors import cut, shown
from groupbench.data.dataset import Ratings
from groupbench.data.groups import Groups
from groupbench.data.loading._note import Note

if TYPE_CHECKING:
    from groupbench.data.loading._source import Source
    from groupbench.data.loading._table import TextTable

_INTEGER = re.compile(r"-?[0-9]+", re.ASCII)

_SHORT = 1000
"""Longer texts are no `int` for Python."""


def sorted_ids(ids: Iterable[str]) -> tuple[str, ...]:
    """Distinct ids, by value if all are integers, else as text; `007` and `7` stay two ids."""
    distinct = set(ids)
    if all(map(_INTEGER.fullmatch, distinct)):
        short = max(map(len, distinct), default=0) < _SHORT
        return tuple(sorted(sorted(distinct), key=int if short else Decimal))
    return tuple(sorted(distinct))


def positions(table: TextTable, column: str, known: Sequence[str]) -> IntArray:
    """The positions in `known` of the ids in a column, (n_rows,); -1 where an id is not there."""
    import pyarrow as pa
    import pyarrow.compute as pc

    codes, uniques = table.coded(column)
    places = pc.index_in(uniques, value_set=pa.array(known, pa.large_string())).fill_null(-1)
    return np.asarray(places.to_numpy().astype(np.int64)[codes])


def indices(table: TextTable, column: str, known: Sequence[str], where: str) -> IntArray:
    """The positions in `known` of the ids in a column, (n_rows,).

    Raises:
        DatasetError: if an id is not known; `where` names the files that should hold it.
    """
    found = positions(table, column, known)
    if (found < 0).any():
        row = int(np.argmax(found < 0))
        raise table.error(
            row, f"unknown {column} {shown(table.columns[column][row])}", f"it must be in {where}"
        )
    return found


class IdColumn(NamedTuple):
    """A column of ids.

    Attributes:
        name: its name.
        known: the ids that it may hold.
        where: the files that hold them, for messages.
    """

    name: str
    known: Sequence[str]
    where: str


def rating_rows(
    table: TextTable,
    raters: IdColumn,
    items: IdColumn,
    rating: str | None = "rating",
    *,
    scale: tuple[float, float] = (1.0, 1.0),
) -> Ratings:
    """A table as ratings, with its `timestamp` where it has one; where no column has ratings, all are 1.

    Raises:
        DatasetError: naming the first id that is not known, or rating that is no number on the scale, or
            the column that is missing.
    """
    return Ratings(
        indices(table, *raters),
        indices(table, *items),
        np.ones(len(table)) if rating is None else table.require(rating).numbers(rating, *scale),
        len(raters.known),
        len(items.known),
        table.times("timestamp") if "timestamp" in table.columns else None,
    )


def without_repeats(source: Source, table: TextTable, group: str, user: str) -> TextTable:
    """A table of (group, user) rows without its repeated pairs, which are noted at `source`."""
    again = table.repeated((group, user))
    if again.any():
        text = f"{table.name} repeats {again.sum()} of its {len(table)} rows; each member counts once"
        groups, users = table.columns[group], table.columns[user]
        first = np.flatnonzero(again)[:3].tolist()
        examples = [f"group {cut(groups[row])}, user {cut(users[row])}" for row in first]
        source.note(Note(text, "repeated-memberships", int(again.sum()), len(table), tuple(examples)))
    return table.keep(~again)


def memberships(table: TextTable, group: str, user: str, users: Sequence[str], where: str) -> Groups:
    """Groups from a table of (group, user) rows; members are sorted by index."""
    group_ids = sorted_ids(table.uniques(group))
    groups = indices(table, group, group_ids, table.file)
    members = indices(table, user, users, where)
    order = np.lexsort((members, groups))
    sizes = np.bincount(groups, minlength=len(group_ids))
    return Groups(group_ids, Segments.from_sizes(sizes), members[order])
