"""Features from the columns of users.csv and items.csv in a user's folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from groupbench.data.loading._features import multi_hot, one_hot, side_by_side, standardized, tfidf
from groupbench.data.loading._text import TextColumn
from groupbench.data.texts import joined

if TYPE_CHECKING:
    import pandas as pd

    from groupbench.data.dataset import Features
    from groupbench.data.loading._source import Source
    from groupbench.data.loading._table import TextTable
    from groupbench.data.texts import Texts

GENRES = "genres"
"""The column that holds several values, joined by `|`."""

TEXT = ("title", "description", "descriptions", "text", "summary")
"""Columns that hold free text."""

MOST_LEVELS = 30
"""A column of text with more distinct values than this is no one-hot feature."""


def column_features(source: Source, table: TextTable | None, key: str, ids: Sequence[str]) -> Features | None:
    """Features of all columns but the `key`, one row per id; ids without a row get zeros.

    Numeric columns are standardized, `genres` is multi-hot, the columns `TEXT` together are TF-IDF, other
    columns are one-hot. What is left out is noted at `source`.
    """
    if table is None:
        return None
    frame = _by_id(table, key, ids)
    absent = len(ids) - len(table)
    if absent:
        source.note(f"{key}s.csv has no row for {absent} of {len(ids)} {key}s; their features are empty")
    fields = [c for c in frame.columns if c not in TEXT]
    text = [frame[c] for c in TEXT if c in frame.columns]
    return side_by_side(
        *(_column(source, key, field, frame[field]) for field in fields),
        tfidf(*text) if text else None,
    )


def column_texts(table: TextTable | None, key: str, ids: Sequence[str]) -> Texts:
    """The columns `TEXT` as one text per id, (n_ids,), '' for ids without a row; None if there are none."""
    if table is None or not set(TEXT) & set(table.columns):
        return None
    frame = _by_id(table, key, ids)
    return joined(*(frame[c] for c in TEXT if c in frame.columns))


def genres(table: TextTable | None, key: str, ids: Sequence[str]) -> Features | None:
    """The column `genres` as 0/1 columns, one row per id, or None if there is none."""
    if table is None or GENRES not in table.columns:
        return None
    return side_by_side(multi_hot("genre", _by_id(table, key, ids)[GENRES]))


def _by_id(table: TextTable, key: str, ids: Sequence[str]) -> pd.DataFrame:
    return table.frame.set_index(key).reindex(list(ids), fill_value="")


def _column(source: Source, key: str, field: str, values: pd.Series[str]) -> Features | None:
    if field == GENRES:
        return multi_hot("genre", values)
    filled = values.to_numpy() != ""
    numeric = TextColumn.of(values).numbers
    if filled.any() and np.isfinite(numeric[filled]).all():
        return standardized(field, numeric)
    levels = values[filled].nunique()
    if levels <= MOST_LEVELS:
        return one_hot(field, values)
    source.note(
        f"{key}s.csv: column {field} has {levels} distinct texts, over {MOST_LEVELS}, so it is no feature; "
        f"call it one of {', '.join(TEXT)} if it is free text"
    )
    return None
