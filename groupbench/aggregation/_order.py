"""Places of candidates in lists, equal scores sharing theirs; and equally large groups side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from groupbench.core.arrays import frozen, runs
from groupbench.metrics import top_candidates

if TYPE_CHECKING:
    from groupbench.core.arrays import BoolArray, FloatArray, IntArray, Segments


_CACHED = 1 << 16
"""Values handled at a time, so that what lies between two steps stays in the processor's cache."""


@dataclass(frozen=True, eq=False)
class Places:
    """Where the columns of each row stand, by keys of which higher ones are better.

    Attributes:
        beaten: (n, width) columns of the same row with a lower key.
        equal: (n, width) columns with an equal key, the column itself included.
    """

    beaten: NDArray[np.int32]
    equal: NDArray[np.int32]

    @property
    def better(self) -> NDArray[np.int32]:
        """Columns with a higher key, (n, width)."""
        return np.asarray(self.beaten.shape[1] - self.beaten - self.equal)

    @property
    def points(self) -> NDArray[np.int32]:
        """Two for each column beaten and one for each other equal one, (n, width): twice the mean rank."""
        return 2 * self.beaten + self.equal - 1

    def shared(self, worth: FloatArray) -> FloatArray:
        """The mean of `worth`, (width,), over all orders of equal columns, best first, (n, width).

        The highest key gets `worth[0]`, the next `worth[1]` and so on; equal keys share the mean.
        """
        better, tied = self.better, self.equal > 1
        out = worth[better]
        total = np.concatenate([[0.0], np.cumsum(worth, dtype=np.longdouble)])
        first, n = better[tied], self.equal[tied]
        out[tied] = (total[first + n] - total[first]) / n
        return np.asarray(out)


def places(keys: NDArray[Any]) -> Places:
    """Where each column stands in its row of `keys`, (n, width)."""
    beaten, equal = np.zeros(keys.shape, dtype=np.int32), np.zeros(keys.shape, dtype=np.int32)
    step = max(1, _CACHED // max(1, keys.shape[1]))
    for start in range(0, len(keys) if keys.size else 0, step):
        part = slice(start, start + step)
        _place(keys[part], beaten[part], equal[part])
    return Places(frozen(beaten, np.int32), frozen(equal, np.int32))


def _place(keys: NDArray[Any], beaten: NDArray[np.int32], equal: NDArray[np.int32]) -> None:
    width = keys.shape[1]
    order = np.argsort(keys, axis=1)
    order += np.arange(0, keys.size, width)[:, None]
    cells = order.ravel()
    ranked = keys.reshape(-1).take(cells)
    leads = np.empty(keys.size, dtype=np.bool_)
    np.not_equal(ranked[1:], ranked[:-1], out=leads[1:])
    leads[::width] = True
    beaten.reshape(-1)[cells] = np.tile(np.arange(width, dtype=np.int32), len(keys))
    equal[...] = 1
    starts = np.flatnonzero(leads)
    lengths = np.diff(starts, append=keys.size)
    tied = np.flatnonzero(lengths > 1)
    starts, lengths = starts[tied], lengths[tied]
    shared = cells[runs(starts, lengths)]
    for out, of_run in ((beaten, starts % width), (equal, lengths)):
        out.reshape(-1)[shared] = np.repeat(of_run.astype(np.int32), lengths)


def points(keys: NDArray[Any]) -> NDArray[np.int32]:
    """`Places.points` of each column in its row of `keys`, (n, width)."""
    return places(keys).points


def best(values: FloatArray, n: int) -> FloatArray:
    """The `n` highest values of each row, descending, -inf where it has fewer: (len(values), n)."""
    out = np.full((len(values), n), -np.inf)
    step = max(1, _CACHED // max(1, values.shape[1]))
    for start in range(0, len(values), step):
        part = slice(start, start + step)
        keys, _ = top_candidates(-values[part], n)
        out[part, : keys.shape[1]] = -keys[:, :n]
    return out


def expected(keys: FloatArray, worth: FloatArray) -> FloatArray:
    """`Places.shared` of each column in its row of `keys`, (n, width), and the `worth`, (width,)."""
    return places(keys).shared(worth)


def fraction(values: NDArray[Any], valid: BoolArray) -> FloatArray:
    """The order of `values`, (n, width), as numbers in [0, 1) where valid, to rank what is tied."""
    n_valid = np.count_nonzero(valid, axis=1, keepdims=True)
    gained = points(np.where(valid, values, -np.inf)) / 2 - (valid.shape[1] - n_valid)
    return np.asarray(gained / np.maximum(n_valid, 1))


def below_one(values: FloatArray, valid: BoolArray) -> FloatArray:
    """The `values`, (n, width), divided by a power of two in each row, so that valid ones are below 1.

    It keeps their order and ties as `fraction` does, for a fraction of the time.
    """
    high = np.max(values, axis=1, keepdims=True, where=valid, initial=0.0)
    low = np.min(values, axis=1, keepdims=True, where=valid, initial=0.0)
    exponent = np.frexp(np.maximum(high, -low))[1]
    return np.asarray(values * np.ldexp(1.0, -np.maximum(exponent, 0)))


def by_size(segments: Segments, most: int | None = None) -> Iterator[tuple[IntArray, IntArray]]:
    """Segments of equal size together: which ones, (n,), and their rows, (n, size).

    Args:
        segments: rows in runs of any sizes.
        most: rows that are given at once, unless one segment has more; by default all of a size.
    """
    for size in np.unique(segments.sizes):
        same = np.flatnonzero(segments.sizes == size)
        step = len(same) if most is None else max(1, most // int(size))
        for start in range(0, len(same), step):
            part = same[start : start + step]
            yield part, segments.offsets[part, None] + np.arange(size)


def side_by_side(segments: Segments, rows: NDArray[Any]) -> Iterator[tuple[IntArray, NDArray[Any]]]:
    """Segments of equal size together, few enough for the processor's cache.

    Args:
        segments: rows in runs of any sizes.
        rows: (n_rows, width).

    Yields:
        Which segments, (n,), and what they hold, (n, size, width).
    """
    most = _CACHED // max(1, rows.shape[1])
    size = int(segments.sizes[0]) if len(segments) else 0
    if not (segments.sizes == size).all():
        yield from ((which, rows[held]) for which, held in by_size(segments, most))
        return
    for start, stop in segments.blocks(segments.sizes, max(most, 1)):
        held = rows[segments.rows(start, stop)]
        yield np.arange(start, stop), held.reshape(stop - start, size, *rows.shape[1:])


def reduced(how: np.ufunc, segments: Segments, rows: NDArray[Any]) -> NDArray[Any]:
    """Reduce `rows`, (n_rows, width), over each segment to (n_segments, width).

    Where sizes differ that is many times faster than `Segments.reduce`, in any order of the rows.
    """
    dtype = np.int64 if rows.dtype.kind == "i" else rows.dtype
    out = np.empty((len(segments), rows.shape[1]), dtype)
    for which, held in side_by_side(segments, rows):
        out[which] = how.reduce(held, axis=1)
    return out
