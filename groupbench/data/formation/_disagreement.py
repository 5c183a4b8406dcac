"""Who relates to whom: thresholds on correlations, computed for a user when first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import BoolArray, IntArray
from groupbench.data.formation._pearson import Correlations

if TYPE_CHECKING:
    from scipy.sparse import csr_array

HELD = 10_000_000
"""Related pairs kept for later (about 100 MB); with more, the rows not needed now are forgotten."""

Bounds = Mapping[str, tuple[float, float]]


class Relations:
    """Relations between users by name, each the pairs whose correlation lies within its bounds.

    Args:
        correlations: between users.
        n_users: number of users.
        bounds: lowest and highest correlation of each relation.
    """

    def __init__(self, correlations: Correlations, n_users: int, bounds: Bounds) -> None:
        """Start without any row; `bounds` are the lowest and highest correlation of each relation."""
        self.n_users = n_users
        self._correlations = correlations
        self._bounds = bounds
        self._forget()

    def of(self, relation: str, users: IntArray) -> csr_array:
        """The (n_users, n_users) relation, with 1 in the rows of `users` where they relate."""
        self._learn(np.unique(users))
        return self._rows[relation]

    def _forget(self) -> None:
        from scipy.sparse import csr_array

        shape = (self.n_users, self.n_users)
        self._known: BoolArray = np.zeros(self.n_users, dtype=bool)
        self._rows = {name: csr_array(shape, dtype=np.int32) for name in self._bounds}

    def _learn(self, users: IntArray) -> None:
        if self._known[users].all():
            return
        if sum(rows.nnz for rows in self._rows.values()) > HELD:
            self._forget()
        new = users[~self._known[users]]
        found: dict[str, list[tuple[IntArray, IntArray]]] = {name: [] for name in self._bounds}
        for positions, others, correlations in self._correlations.pairs(new):
            for name, (low, high) in self._bounds.items():
                keep = (correlations >= low) & (correlations <= high)
                found[name].append((new[positions[keep]], others[keep]))
        for name, pairs in found.items():
            self._rows[name] = self._rows[name] + _matrix(pairs, self.n_users)
        self._known[new] = True


def _matrix(pairs: list[tuple[IntArray, IntArray]], n_users: int) -> csr_array:
    from scipy.sparse import coo_array

    rows, columns = (np.concatenate([pair[side] for pair in pairs]) for side in (0, 1))
    ones = np.ones(len(rows), dtype=np.int32)
    return coo_array((ones, (rows, columns)), shape=(n_users, n_users)).tocsr()
