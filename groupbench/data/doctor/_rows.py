"""Findings about rows that repeat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import stable_order
from groupbench.data.dataset import Ratings
from groupbench.data.doctor._finding import EntityNames, Finding, Severity
from groupbench.data.doctor._tables import tables_of
from groupbench.data.leakage import pairs

if TYPE_CHECKING:
    import pandas as pd

    from groupbench.core.arrays import BoolArray
    from groupbench.data.dataset import Dataset

MOST_LEVELS = 30
"""A column with more values than this is no occasion on which something is rated."""


def row_findings(dataset: Dataset) -> Iterator[Finding]:
    """Rows that are there twice, and pairs that have several rows, in every table of ratings."""
    for about, of_groups, rows in tables_of(dataset):
        names = EntityNames.of(dataset, of_groups)
        again, several, n_pairs = _repeats(rows)
        occasions = _occasions(rows, dataset.tables) if several.any() else []
        apart = "".join(f", one per {column}" for column in occasions[:1])
        title = f"rows that repeat another row, value and all{apart}"
        severity: Severity = "note" if apart else "warning"
        yield names.finding("rows-repeated", about, title, rows, again, severity)
        title, shown, severity = f"pairs with more than one row{apart}", names.pairs(rows, several), "note"
        if about == "ratings" and dataset.given is None:
            title, severity = f"{title}; held out and in training with unit=rows", "error"
        yield Finding("pairs-repeated", about, title, int(several.sum()), n_pairs, shown, severity)


def _repeats(rows: Ratings) -> tuple[BoolArray, BoolArray, int]:
    """Find what repeats.

    Returns:
        Which rows equal an earlier one and which are the first of a pair with several rows, (n_rows,) both,
        and the number of distinct pairs.
    """
    keys = pairs(rows)
    order = stable_order(keys, rows.n_users * rows.n_items)
    starts = np.flatnonzero(np.diff(keys[order], prepend=-1))
    sizes = np.diff(starts, append=len(rows))
    several = np.zeros(len(rows), dtype=np.bool_)
    several[order[starts[sizes > 1]]] = True
    repeated = order[np.repeat(sizes > 1, sizes)]
    times = np.zeros(len(rows)) if rows.timestamps is None else rows.timestamps
    columns = [column[repeated] for column in (rows.values, times, keys)]
    order = np.lexsort(columns)
    same = np.logical_and.reduce([np.diff(column[order]) == 0 for column in columns])
    again = np.zeros(len(rows), dtype=np.bool_)
    again[repeated[order[1:][same]]] = True
    return again, several, len(starts)


def _occasions(rows: Ratings, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Columns of the original table of these rows that tell all rows of a pair apart."""
    found = []
    for table in tables.values():
        if len(table) != len(rows):
            continue
        for name in table.columns:
            codes, levels = table[name].factorize()
            both = pairs(rows) * max(len(levels), 1) + codes
            if len(levels) <= MOST_LEVELS and len(np.unique(both)) == len(rows):
                found.append(str(name))
    return found
