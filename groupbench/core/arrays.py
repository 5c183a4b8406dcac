"""Array types, and the ragged grouping of rows that groups, candidate lists and members share."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from groupbench.core.kernels import worthwhile

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
ObjectArray = NDArray[np.object_]

Array = NDArray[Any]
"""An array of any type."""

CACHED = 1 << 16
"""Values handled at a time, so that what lies between two steps stays in the processor's cache."""


def frozen(values: ArrayLike, dtype: type[np.generic]) -> Array:
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
    first = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return ordered[first]


def numbered(values: IntArray) -> tuple[IntArray, IntArray]:
    """The different `values`, ascending, and the number of each value among them, (n,)."""
    low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    if high - low >= 8 * len(values):
        return np.unique(values, return_inverse=True)
    there = np.zeros(high - low + 1, dtype=np.int64)
    there[values - low] = 1
    return np.flatnonzero(there) + low, (np.cumsum(there) - 1)[values - low]


def stable_order(numbers: IntArray, n: int) -> IntArray:
    """The stable order of `numbers` from 0 to n - 1.

    NumPy is many times as fast where 16 bits hold them, and where a number and its position fit one integer,
    which it sorts without looking anything up.
    """
    bits = len(numbers).bit_length()
    if n <= 1 << 16 or n.bit_length() + bits > 63:
        return np.argsort(numbers.astype(np.min_scalar_type(max(n - 1, 0))), kind="stable")
    packed = np.sort(numbers << bits | np.arange(len(numbers)))
    return packed & ((1 << bits) - 1)


def in_sorted(values: IntArray, keys: IntArray) -> BoolArray:
    """Which `values`, of any shape, are among the ascending `keys`."""
    if not len(keys):
        return np.zeros(values.shape, dtype=np.bool_)
    return np.asarray(keys[np.minimum(np.searchsorted(keys, values), len(keys) - 1)] == values)


def ranges(starts: IntArray, sizes: IntArray) -> IntArray:
    """The numbers of ranges of consecutive rows, one range after the other, (sum of sizes,)."""
    ends = np.cumsum(sizes)
    return np.asarray(np.arange(int(sizes.sum())) + np.repeat(starts - (ends - sizes), sizes))


def chunks(n: int, width: int, cells: int | None = None) -> Iterator[slice]:
    """Parts of `n` rows of `width` values each: at most `cells` values, by default `CACHED`, or one row."""
    step = max(1, (CACHED if cells is None else cells) // max(1, width))
    return (slice(start, min(start + step, n)) for start in range(0, n, step))


def blocks(weights: Array, budget: float) -> Iterator[tuple[int, int]]:
    """Cut rows into runs (start, stop) whose summed `weights`, (n_rows,), stay within `budget`.

    A single row above the budget makes a run of its own.
    """
    ends = np.cumsum(weights, dtype=np.float64)
    start, done = 0, 0.0
    while start < len(ends):
        stop = max(int(np.searchsorted(ends, done + budget, side="right")), start + 1)
        yield start, stop
        start, done = stop, float(ends[stop - 1])


def ratio(numerator: Array, denominator: Array, otherwise: ArrayLike = np.nan) -> FloatArray:
    """`numerator / denominator`, and `otherwise` where the denominator is not above 0; all are broadcast."""
    shape = np.broadcast_shapes(numerator.shape, denominator.shape)
    out = np.array(np.broadcast_to(otherwise, shape), dtype=np.float64)
    return np.divide(numerator, denominator, out=out, where=denominator > 0)


def bounds(values: FloatArray, valid: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest valid value of each row, (n, 1) each; 0 for rows without a valid one."""
    some = valid.any(axis=1, keepdims=True)
    low = np.min(values, axis=1, keepdims=True, where=valid, initial=np.inf)
    high = np.max(values, axis=1, keepdims=True, where=valid, initial=-np.inf)
    return np.where(some, low, 0.0), np.where(some, high, 0.0)


def min_max(values: FloatArray, valid: BoolArray, otherwise: float) -> FloatArray:
    """The values, (n, width), mapped from the range of each row's valid ones to [0, 1].

    What is not `valid`, and a row of equal values, becomes `otherwise`.
    """
    low, high = bounds(values, valid)
    return ratio(values - low, np.where(valid, high - low, 0.0), otherwise)


def columns_set(flags: BoolArray) -> tuple[IntArray, BoolArray]:
    """The columns in which each row of `flags` is set, and where there are any: (n_rows, most or 1) both."""
    sizes = np.count_nonzero(flags, axis=1)
    if flags.flags.c_contiguous and worthwhile(flags.size):
        from groupbench.core import _array_kernels as kernels

        shape = len(flags), max(1, int(sizes.max(initial=0)))
        columns, inside = np.empty(shape, dtype=np.int64), np.empty(shape, dtype=np.bool_)
        kernels.columns_set(flags, columns, inside)
        return columns, inside
    inside = np.arange(max(1, int(sizes.max(initial=0)))) < sizes[:, None]
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
    cells = table.reshape(-1)
    for part in chunks(*out.shape):
        wanted = items.take(lists[part], axis=0)
        wanted += rows[part, None] * table.shape[1]
        cells.take(wanted, out=out[part], mode="clip")  # by default what is written to `out` is buffered
    return out


@dataclass(frozen=True, repr=False)
class Segments:
    """Consecutive, non-empty runs of rows: segment s holds rows `offsets[s]` to `offsets[s + 1]`.

    Attributes:
        offsets: (n_segments + 1,) strictly increasing, starting at 0.
    """

    offsets: IntArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "offsets", frozen(self.offsets, np.int64))

    def __repr__(self) -> str:
        return f"Segments({len(self)} of {self.offsets[-1]} rows)"

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
        """Each row's number within its segment, (n_rows,)."""
        return frozen(np.arange(self.offsets[-1]) - np.repeat(self.offsets[:-1], self.sizes), np.int64)

    def reduce(self, how: Literal["sum", "min", "max", "any"], rows: Array) -> Array:
        """Reduce `rows`, (n_rows, ...), over each segment to (n_segments, ...).

        Floats are added in the order of the rows. Where the order cannot change a bit, segments of equal
        size are reduced side by side, which is several times faster.
        """
        ufunc = {"sum": np.add, "min": np.minimum, "max": np.maximum, "any": np.logical_or}[how]
        dtype = np.add.reduce(rows[:0]).dtype if how == "sum" else rows.dtype
        if len(self) == 0:
            return rows[:0].astype(dtype)
        if (dtype.kind == "f" and how == "sum") or (rows.ndim == 1 and not self._equal):
            return np.asarray(ufunc.reduceat(rows, self.offsets[:-1], axis=0, dtype=dtype))
        out = np.empty((len(self), *rows.shape[1:]), dtype)
        for which, block in self.stacked(rows):
            out[which] = ufunc.reduce(block, axis=1)
        return out

    def mean(self, rows: Array) -> FloatArray:
        """Mean of `rows`, (n_rows, ...), over each segment, (n_segments, ...)."""
        sizes = self.sizes.reshape((-1,) + (1,) * (rows.ndim - 1))
        return np.asarray(self.reduce("sum", rows) / sizes, dtype=np.float64)

    def largest(self, rows: FloatArray, rank: Callable[[int], int]) -> FloatArray:
        """The `rank(n)`-th largest of `rows`, (n_rows, width), in each segment of n: (n_segments, width)."""
        out = np.empty((len(self), rows.shape[1]))
        for which, block in self.stacked(rows):
            last = block.shape[1] - rank(block.shape[1])
            out[which] = np.partition(block, last, axis=1)[:, last]
        return out

    def by_size(self, most: int | None = None) -> Iterator[tuple[IntArray, IntArray]]:
        """Segments of equal size together: which ones, (n,), and their rows, (n, size).

        At most `most` rows are given at once, unless one segment has more; by default all of a size.
        """
        for size in np.unique(self.sizes):
            same = np.flatnonzero(self.sizes == size)
            for part in chunks(len(same), int(size), len(same) * int(size) if most is None else most):
                yield same[part], self.offsets[same[part], None] + np.arange(size)

    def stacked(self, rows: Array) -> Iterator[tuple[IntArray, Array]]:
        """Segments of equal size together, few enough for the processor's cache.

        Yields:
            Which segments, (n,), and what they hold of `rows`, (n_rows, ...): (n, size, ...).
        """
        shape = rows.shape[1:]
        most = CACHED // max(1, math.prod(shape))
        if not self._equal:
            yield from ((which, rows[numbers]) for which, numbers in self.by_size(most))
            return
        size = int(self.sizes[0]) if len(self) else 0
        for part in chunks(len(self), size, most):
            block = rows[self.rows(part.start, part.stop)]
            yield np.arange(part.start, part.stop), block.reshape(-1, size, *shape)

    @cached_property
    def _equal(self) -> bool:
        """Whether all segments are of one size."""
        return bool((self.sizes[1:] == self.sizes[:-1]).all())

    def window(self, which: IntArray) -> tuple[IntArray, BoolArray]:
        """Lay the rows of the segments `which` out, one segment a line.

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

    def part(self, start: int, stop: int) -> Segments:
        """Segments `start` to `stop` alone."""
        return Segments(self.offsets[start : stop + 1] - self.offsets[start])

    def blocks(self, weights: Array, budget: float) -> Iterator[tuple[int, int]]:
        """Cut into runs (start, stop) whose summed `weights`, (n_segments,), stay within `budget`.

        A single segment above the budget makes a run of its own.
        """
        return blocks(weights, budget)
