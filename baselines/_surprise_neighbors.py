"""The aggregate of Surprise's nearest-neighbor models for whole blocks of cells."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from groupbench.core.arrays import BoolArray, FloatArray, IntArray, Segments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scipy.sparse import csr_array

_ROWS = 64
_CELLS = 1 << 17
"""Rows of the similarity matrix, and entries of them, at a time: half a MiB stays in a core's cache."""


class Sums(NamedTuple):
    """Over the chosen neighbors of each cell, (n_x, n_y): similarity times deviation, similarity, number.

    Attributes:
        weighted: sum of similarity times deviation.
        weight: sum of similarities.
        number: of neighbors.
    """

    weighted: FloatArray
    weight: FloatArray
    number: IntArray


@dataclass(frozen=True)
class RatingsOf:
    """The rows of some y, list after list, in Surprise's order.

    Attributes:
        lists: one segment per y.
        raters: (n_rows,) the x of each row.
        deviations: (n_rows,) what the row adds to the aggregate, times its similarity.
    """

    lists: Segments
    raters: IntArray
    deviations: FloatArray

    def take(self, y: IntArray) -> RatingsOf:
        """The lists of the given y, in that order."""
        lists = Segments.from_sizes(self.lists.sizes[y])
        rows = np.repeat(self.lists.offsets[y], lists.sizes) + lists.position
        return RatingsOf(lists, self.raters[rows], self.deviations[rows])

    def incidence(self, n_x: int, values: FloatArray) -> csr_array:
        """`values`, (n_rows,), as a (n_y, n_x) sparse matrix; repeated pairs add up in products."""
        from scipy.sparse import csr_array

        return csr_array((values, self.raters, self.lists.offsets), shape=(len(self.lists), n_x))


@dataclass(frozen=True)
class Neighbors:
    """Surprise's k-NN score: `base_x + base_y + spread_x * sum(sim * deviation) / sum(sim)`.

    The sums go over the k most similar raters of y whose similarity to x is positive; among equal
    similarities the earlier row comes first, as with `heapq.nlargest`. x is the user if `user_based`,
    else the item. Cells with fewer than `min_k` such neighbors take `otherwise`, or the base if it is None.

    Attributes:
        similarity: (n_x, n_x), symmetric; NaN where rounding puts a negative number under Surprise's root.
        rated: the ratings of each y.
        base_x: (n_x,).
        base_y: (n_y,).
        spread: (n_x,).
        k: neighbors at most.
        min_k: neighbors at least.
        otherwise: score of cells with too few neighbors, or None.
        user_based: whether x is the user.
    """

    similarity: FloatArray
    rated: RatingsOf
    base_x: FloatArray
    base_y: FloatArray
    spread: FloatArray
    k: int
    min_k: int
    otherwise: float | None
    user_based: bool

    def scores(self, users: IntArray) -> FloatArray:
        """Scores of all known items for the inner ids `users`, (len(users), n_items)."""
        if self.user_based:
            return self._scores(users, np.arange(len(self.base_y)))
        return self._scores(np.arange(len(self.base_x)), users).T

    def _scores(self, x: IntArray, y: IntArray) -> FloatArray:
        columns = _Columns(self.rated.take(y), len(self.base_x), self.k)
        out = np.empty((len(x), len(y)))
        for start in range(0, len(x), _ROWS):
            block = x[start : start + _ROWS]
            sums = columns.sums(self.similarity[block])
            enough = sums.number >= max(self.min_k, 1)
            ratio = np.divide(sums.weighted, sums.weight, out=np.zeros_like(sums.weight), where=enough)
            scores = self.base_x[block, None] + self.base_y[y] + self.spread[block, None] * ratio
            if self.otherwise is not None:
                scores[~enough] = self.otherwise
            out[start : start + _ROWS] = scores
        return out


class _Columns:
    """The lists of some y, laid out so that the sums over their k nearest raters are array operations.

    Where at most k rated y, every positive similarity counts and a sparse product gives the sums. Longer
    lists of like length are padded into blocks and turned around, so that an entry's position in its row
    decides between equal similarities. Rank and position make one integer, and a partition of integers, which
    NumPy does several at a time, finds the k nearest.
    """

    def __init__(self, rated: RatingsOf, n_x: int, k: int) -> None:
        self._rated, self._n_x, self._k = rated, n_x, k
        sizes = rated.lists.sizes
        self._short = np.flatnonzero(sizes <= k)
        self._long = np.flatnonzero(sizes > k)
        self._long = self._long[np.argsort(sizes[self._long], kind="stable")]
        short = rated.take(self._short)
        self._deviations = short.incidence(n_x, short.deviations)
        self._ones = short.incidence(n_x, np.ones(len(short.raters)))
        self._bits = int(sizes.max(initial=0)).bit_length()
        self._kind = np.int32 if (n_x + 1) << self._bits < 1 << 31 else np.int64
        self._blocks = list(self._padded())

    def _padded(self) -> Iterator[tuple[IntArray, IntArray, FloatArray]]:
        """Blocks of long columns: their positions, their raters and deviations, (n_columns, widest).

        Lists run backwards; what a row has in front of a shorter one is rater `n_x`, to whom everybody's
        similarity is 0.
        """
        lists = self._rated.lists
        sizes = lists.sizes[self._long]
        for start, stop in Segments.from_sizes(sizes).blocks(sizes, _CELLS / _ROWS):
            columns = self._long[start:stop]
            rows, inside = lists.window(columns)
            raters = np.where(inside, self._rated.raters[rows], self._n_x)
            yield columns, raters[:, ::-1], self._rated.deviations[rows[:, ::-1]]

    def sums(self, similarity: FloatArray) -> Sums:
        """The sums of each cell for some rows of the similarity matrix, (n, n_x)."""
        shape = (len(similarity), len(self._rated.lists))
        sums = Sums(np.empty(shape), np.empty(shape), np.empty(shape, dtype=np.int64))
        positive = np.zeros((len(similarity), self._n_x + 1))
        np.fmax(similarity, 0.0, out=positive[:, :-1])
        self._sum_short(np.ascontiguousarray(positive[:, :-1].T), sums)
        self._sum_long(positive, sums)
        undefined = np.isnan(similarity)
        if undefined.any():
            self._sum_unordered(similarity, undefined, sums)
        return sums

    def _sum_short(self, positive: FloatArray, sums: Sums) -> None:
        """Fill in the columns of at most k raters; `positive` is (n_x, n)."""
        sums.weighted[:, self._short] = (self._deviations @ positive).T
        sums.weight[:, self._short] = (self._ones @ positive).T
        sums.number[:, self._short] = (self._ones @ (positive > 0).astype(np.float64)).T

    def _sum_long(self, positive: FloatArray, sums: Sums) -> None:
        """Fill in the columns of more than k raters; `positive` is (n, n_x + 1)."""
        levels, ranks = ranked(positive)
        positions = (ranks << self._bits).astype(self._kind)
        row = np.arange(len(positive))[:, None, None] * levels.shape[1]
        for columns, raters, deviations in self._blocks:
            width = raters.shape[1]
            keys = np.take(positions, raters, axis=1)
            keys += np.arange(width, dtype=self._kind)
            keys.partition(width - self._k, axis=-1)
            nearest = keys[..., width - self._k :]
            weights = levels.take((nearest >> self._bits) + row)
            column = np.arange(len(columns))[:, None] * width
            chosen = deviations.take((nearest & ((1 << self._bits) - 1)) + column)
            sums.number[:, columns] = np.count_nonzero(weights, axis=-1)
            sums.weighted[:, columns] = np.einsum("xyn,xyn->xy", weights, chosen)
            sums.weight[:, columns] = np.einsum("xyn->xy", weights)

    def _sum_unordered(self, similarity: FloatArray, undefined: BoolArray, sums: Sums) -> None:
        """Redo the long columns in which a similarity is NaN.

        NaN has no position in an order, so which neighbors Surprise takes there depends on how `heapq` walks
        through the list; no array operation does the same.
        """
        long = self._rated.take(self._long)
        affected = long.incidence(self._n_x, np.ones(len(long.raters))) @ undefined.T.astype(np.float64) > 0
        for position, x in np.argwhere(affected):
            rows = long.lists.rows(position, position + 1)
            row = similarity[x, long.raters[rows]]
            nearest = np.array(heapq.nlargest(self._k, range(len(row)), key=row.tolist().__getitem__))
            nearest = nearest[row[nearest] > 0]
            column = self._long[position]
            sums.weighted[x, column] = row[nearest] @ long.deviations[rows][nearest]
            sums.weight[x, column] = row[nearest].sum()
            sums.number[x, column] = len(nearest)


def ranked(values: FloatArray) -> tuple[FloatArray, IntArray]:
    """Each row of `values`, (n_rows, n), in order, and each value's rank there; equal values share one."""
    order = np.argsort(values, axis=1, kind="stable")
    levels = np.take_along_axis(values, order, 1)
    position = np.zeros(values.shape, dtype=np.int64)
    position[:, 1:] = np.where(levels[:, 1:] > levels[:, :-1], np.arange(1, values.shape[1]), 0)
    np.maximum.accumulate(position, axis=1, out=position)
    ranks = np.empty_like(position)
    np.put_along_axis(ranks, order, position, 1)
    return levels, ranks
