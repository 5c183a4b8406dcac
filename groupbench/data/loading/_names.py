"""Columns that have several names, or seem to be there under one that is not known."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from groupbench.core.errors import DatasetError

if TYPE_CHECKING:
    from groupbench.data.loading._table import TextTable

TIMES = ("timestamp", "time")
"""What a column of times may be called."""

LIKE_RATING = ("score", "stars", "value")
"""Columns that are taken for a `rating` under another name, beside those with nearly the same name."""


def time_column(table: TextTable) -> str | None:
    """The column of times, or None; a `DatasetError` if there are two."""
    found = [name for name in TIMES if name in table.columns]
    if len(found) > 1:
        raise DatasetError(f"{table.file}:1: there are the columns time and timestamp; keep one of them")
    return found[0] if found else None


def refuse_like_rating(table: TextTable) -> None:
    """Raise a `DatasetError` if a rating seems to be there under another name."""
    names = {column.casefold() for column in table.columns}
    if get_close_matches("rating", names, cutoff=0.5) or names & set(LIKE_RATING):
        table.require("rating")


def with_known_names(table: TextTable) -> TextTable:
    """The table with its `time` called `timestamp`; errors as of `time_column` and `refuse_like_rating`."""
    refuse_like_rating(table)
    name = time_column(table)
    return table.renamed({name: TIMES[0]}) if name else table
