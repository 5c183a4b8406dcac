"""Social ties from `social.csv` in a user's folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.errors import shown
from groupbench.data.loading._ids import indices
from groupbench.data.social import SocialTies

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray, IntArray
    from groupbench.data.loading._source import Source
    from groupbench.data.loading._table import TextTable

_WHERE = "ratings.csv, users.csv or groups.csv"


def social_ties(source: Source, table: TextTable, users: Sequence[str], *, directed: bool) -> SocialTies:
    """The ties in the columns `user`, `friend` and, where there is one, `weight`.

    Ties of users to themselves are left out, which is noted at `source`.

    Raises:
        DatasetError: naming file and line of a user that is unknown, a weight that is no number above 0, or
            a tie without direction that has another weight when it is read from the other side.
    """
    known = table.renamed({"friend": "user", "user": "_"})
    first, second = indices(table, "user", users, _WHERE), indices(known, "user", users, _WHERE)
    weights = np.ones(len(table))
    if "weight" in table.columns:
        weights = table.numbers("weight")
        if (weights <= 0).any():
            row = int(np.argmax(weights <= 0))
            text = shown(table.columns["weight"][row])
            raise table.error(row, f"weight {text} is not above 0", "fix it or drop the row")
    alone = int((first == second).sum())
    if alone:
        source.note(f"{table.name} ties {alone} users to themselves; those rows are left out")
    if not directed:
        _require_one_weight(table, first, second, weights)
    return SocialTies.of(first, second, weights, directed=directed)


def _require_one_weight(table: TextTable, first: IntArray, second: IntArray, weights: FloatArray) -> None:
    low, high = np.minimum(first, second), np.maximum(first, second)
    order = np.lexsort((high, low))
    same = (np.diff(low[order]) == 0) & (np.diff(high[order]) == 0) & (np.diff(weights[order]) != 0)
    if same.any():
        at = int(np.argmax(same))
        row, other = max(order[at : at + 2]), min(order[at : at + 2])
        raise table.error(
            int(row),
            f"is the tie of line {table.line(int(other))} with another weight",
            'give both the same, or write social = "directed" into dataset.toml',
        )
