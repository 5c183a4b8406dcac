"""Array types, and the ragged grouping of rows that groups, candidate lists and members share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Scalar = TypeVar("Scalar", bound=np.generic)

_CACHED = 1 << 16
"""Values handled at a time, so that what lies between two steps stays in the processor's cache."""


def frozen(values: ArrayLike, dtype: type[Scalar]) -> NDArray[Scalar]:
    """Return `values` as a read-only contiguous array of `dtype`, copied only where needed."""
    array = np.ascontiguousarray(values, dtype=dtype)
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array


def distinct(values: IntArray) -> IntArray:
    """The different `values`, ascending; NumPy hashes them, which takes many times as long."""
    low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    if high - low < 8 * len(values):
        there = np.zeros(high - low + 1, dtype=np.bool_)
        there[values - low] = True
        return np.flatnonzero(there) + low
    ordered = np.sort(values)
    return ordered[np.diff(ordered, prepend=ordered[:1] - 1) > 0]


def stable_order(numbers: IntArray, n: int) -> IntArray:
    """The stable order of `numbers` from 0 to n - 1; NumPy is many times as fast where 16 bits hold them."""
    return np.argsort(numbers.astype(np.min_scalar_type(max(n - 1, 0))), kind="stable")


def among(values: IntArray, keys: IntArray) -> BoolArray:
    """Which `values` are among the ascending `keys`, (n_values,)."""
    if not len(keys):
        return np.zeros(len(values), dtype=np.bool_)
    found: BoolArray = keys[np.minimum(np.searchsorted(keys, values), len(keys) - 1)] == values
    return found


def runs(starts: IntArray, sizes: IntArray) -> IntArray:
    """The numbers of runs of consecutive rows, one run after the other, (sum of sizes,)."""
    ends = np.cumsum(sizes)
    return np.asarray(np.arange(int(sizes.sum())) + np.repeat(starts - (ends - sizes), sizes))


def columns_set(flags: BoolArray) -> tuple[IntArray, BoolArray]:
    """The columns in which each row of `flags` is set, and where there are any: (n_rows, most) both."""
    sizes = np.count_nonzero(flags, axis=1)
    inside = np.arange(int(sizes.max(initial=0))) < sizes[:, None]
    columns = np.zeros(inside.shape, dtype=np.int64)
    columns[inside] = np.flatnonzero(flags) - np.repeat(np.arange(len(flags)) * flags.shape[1], sizes)
    return columns, inside


def pick(table: FloatArray, rows: IntArray, items: IntArray, lists: IntArray) -> FloatArray:
    """`table[rows[:, None], items[lists]]`, (n_rows, width), several times faster.

    Args:
        table: (any, n_items).
        rows: (n_rows,) rows of the table.
        items: (n_lists, width) its columns.
        lists: (n_rows,) which line of `items` is taken from each row.
    """
    out = np.empty((len(rows), items.shape[1]))
    cells, step = table.reshape(-1), max(1, _CACHED // max(1, items.shape[1]))
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        wanted = items.take(lists[part], axis=0)
        wanted += rows[part, None] * table.shape[1]
        cells.take(wanted, out=out[part], mode="clip")  # by default what is written to `out` is buffered
    return out


@dataclass(frozen=True)
class Segments:
    """Consecutive, non-empty runs of rows: segment s holds rows `offsets[s]` to `offsets[s + 1]`.

    Attributes:
        offsets: (n_segments + 1,) strictly increasing, starting at 0.
    """

    offsets: IntArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "offsets", frozen(self.offsets, np.int64))

    @classmethod
    def from_sizes(cls, sizes: ArrayLike) -> Segments:
        """Segments of the given sizes, (n_segments,)."""
        return cls(np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def sizes(self) -> IntArray:
        """Rows in each segment, (n_segments,)."""
        return frozen(np.diff(self.offsets), np.int64)

    @cached_property
    def of_row(self) -> IntArray:
        """The segment of each row, (n_rows,)."""
        return frozen(np.repeat(np.arange(len(self)), self.sizes), np.int64)

    @cached_property
    def position(self) -> IntArray:
        """Each row's place within its segment, (n_rows,)."""
        return frozen(np.arange(self.offsets[-1]) - np.repeat(self.offsets[:-1], self.sizes), np.int64)

    def reduce(self, how: Literal["sum", "min", "max", "prod"], rows: NDArray[Scalar]) -> NDArray[Scalar]:
        """Reduce `rows`, (n_rows, ...), over each segment to (n_segments, ...)."""
        ufunc = {"sum": np.add, "min": np.minimum, "max": np.maximum, "prod": np.multiply}[how]
        if len(self) == 0:
            return rows[:0]
        size = int(self.sizes[0])
        if (how in ("min", "max") or rows.dtype.kind == "i") and (self.sizes == size).all():
            # Several times faster; only where the order of the operations cannot change a bit.
            return np.asarray(ufunc.reduce(rows.reshape(len(self), size, *rows.shape[1:]), axis=1))
        return np.asarray(ufunc.reduceat(rows, self.offsets[:-1], axis=0))

    def mean(self, rows: NDArray[np.generic]) -> FloatArray:
        """Mean of `rows`, (n_rows, ...), over each segment, (n_segments, ...)."""
        sizes = self.sizes.reshape((-1,) + (1,) * (rows.ndim - 1))
        return np.asarray(np.divide(self.reduce("sum", rows), sizes), dtype=np.float64)

    def window(self, which: IntArray) -> tuple[IntArray, BoolArray]:
        """Lay the rows of the segments `which` out one segment a line.

        Returns:
            Row indices and a mask, both (len(which), widest); row 0 stands where the mask is False.
        """
        sizes = self.sizes[which][:, None]
        columns = np.arange(int(sizes.max(initial=0)))
        inside = columns < sizes
        return np.where(inside, self.offsets[which][:, None] + columns, 0), inside

    def rows(self, start: int, stop: int) -> slice:
        """The rows that segments `start` to `stop` hold."""
        return slice(int(self.offsets[start]), int(self.offsets[stop]))

    def blocks(self, weights: ArrayLike, budget: float) -> Iterator[tuple[int, int]]:
        """Cut into runs (start, stop) whose summed `weights`, (n_segments,), stay within `budget`.

        A single segment above the budget makes a run of its own.
        """
        ends = np.cumsum(weights, dtype=np.float64)
        start, done = 0, 0.0
        while start < len(self):
            stop = max(int(np.searchsorted(ends, done + budget, side="right")), start + 1)
            yield start, stop
            start, done = stop, float(ends[stop - 1])
