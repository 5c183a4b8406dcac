"""Groups that grow member by member while enough items are common to all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import BoolArray, IntArray, Segments, chunks, ranges
from groupbench.data.dataset import Ratings
from groupbench.data.groups import Groups
from groupbench.data.leakage import pairs

if TYPE_CHECKING:
    from scipy.sparse import csr_array

CELLS = 2**22
"""Pairs of a group and a user, or of a group and an item, handled at a time."""

Allowed = Callable[[IntArray], BoolArray]
"""Which users may be together with each of some users, (n, n_users)."""


@dataclass(frozen=True, repr=False)
class Growth:
    """Proposes groups whose members all have rows with enough common items.

    The first member is drawn uniformly; each further one uniformly among the users with whom the group still
    has `least` items in common. A group for which there is none is given up: starting anew from the next
    member's items, as some public data does, would give items that the first members never rated.

    Attributes:
        matrix: (n_users, n_items) 1 where a user has a row.
        least: common items, at least.
        rng: draws members.
        eligible: (n_users,) who may be in a group.
        allowed: who may be with whom; None for everybody.
    """

    matrix: csr_array
    least: int
    rng: np.random.Generator
    eligible: BoolArray
    allowed: Allowed | None = None

    @property
    def at_once(self) -> int:
        """Groups to propose in one call, at most."""
        return max(1, CELLS // len(self.eligible))

    def __call__(self, size: int, n: int) -> IntArray:
        """At most `n` groups of a size, (<= n, size)."""
        several = np.diff(self.matrix.indptr) >= self.least
        able = np.flatnonzero(several & self.eligible)
        if not len(able):
            return np.empty((0, size), dtype=np.int64)
        members = self.rng.choice(able, n)[:, None]
        common = self.matrix[members[:, 0]]
        open_to = np.broadcast_to(self.eligible, (n, len(self.eligible))).copy()
        for _ in range(1, size):
            open_to[np.arange(len(members)), members[:, -1]] = False
            if self.allowed is not None:
                open_to &= self.allowed(members[:, -1])
            more, found = self._next(common, open_to)
            members = np.column_stack([members[found], more])
            common = common[found].multiply(self.matrix[more]).tocsr()
            open_to = open_to[found]
        return members

    def _next(self, common: csr_array, open_to: BoolArray) -> tuple[IntArray, BoolArray]:
        """A further member for each group that finds one, and which do."""
        shared = (common @ self.matrix.T).tocoo()
        good = (shared.data >= self.least) & open_to[shared.row, shared.col]
        keys = np.sort(shared.row[good].astype(np.int64) * len(self.eligible) + shared.col[good])
        counts = np.bincount(keys // len(self.eligible), minlength=len(open_to))
        draw = (self.rng.random(len(counts)) * counts).astype(np.int64)
        found = counts > 0
        chosen = keys[(np.cumsum(counts) - counts + draw)[found]]
        return chosen % len(self.eligible), found


def common_rows(groups: Groups, rows: Ratings, matrix: csr_array) -> Ratings:
    """One row for each group and item that all its members have in `matrix`: the mean of their ratings.

    Args:
        groups: the groups.
        rows: the users' own rows, one per pair, sorted by user and item.
        matrix: (n_users, n_items) int32, 1 where a row counts.
    """
    from scipy.sparse import csr_array

    found = [np.empty((2, 0), dtype=np.int64)]
    for part in chunks(len(groups), rows.n_items, CELLS):
        own = groups.take(np.arange(part.start, part.stop))
        shape = (len(own), rows.n_users)
        ones = np.ones(len(own.members), dtype=np.int32)
        counts = (csr_array((ones, own.members, own.segments.offsets), shape=shape) @ matrix).tocoo()
        full = counts.data == own.sizes[counts.row]
        found.append(np.stack([counts.row[full].astype(np.int64) + part.start, counts.col[full]]))
    group, item = np.concatenate(found, axis=1)
    order = np.lexsort((item, group))
    group, item = group[order], item[order]
    sizes = groups.sizes[group]
    members = groups.members[ranges(groups.segments.offsets[group], sizes)]
    at = np.searchsorted(pairs(rows), members * rows.n_items + np.repeat(item, sizes))
    sums = Segments.from_sizes(sizes).reduce("sum", rows.values[at])
    return Ratings(group, item, sums / sizes, len(groups), rows.n_items)


def presence(rows: Ratings, counted: BoolArray | None = None) -> csr_array:
    """The (n_users, n_items) matrix with 1 for each row that is counted; rows are distinct and sorted."""
    from scipy.sparse import csr_array

    kept = rows if counted is None else rows.take(counted)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(kept.users, minlength=rows.n_users))])
    ones = np.ones(len(kept), dtype=np.int32)
    return csr_array((ones, kept.items, offsets), shape=(rows.n_users, rows.n_items))
