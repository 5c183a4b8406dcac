"""Sums and means over members that do not depend on the order of the members, not even in the last bit.

Floating-point addition is not associative: candidates that get the same scores from different
members would be told apart by rounding, and a tie would be lost. So scores are added as integers.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from groupbench.arrays import FloatArray, IntArray, Segments

_CACHED = 1 << 16
"""Scores handled at a time, so that what lies between two steps stays in the processor's cache."""

UNIT = 2.0**40
"""`whole` counts in steps of 1 / UNIT, about 1e-12."""


def whole(values: FloatArray | float) -> IntArray:
    """`values`, below about 1e6 in size, as whole multiples of 1 / `UNIT`.

    Sums of these are exact, and what differs by rounding alone is equal.
    """
    return np.asarray(np.rint(np.multiply(values, UNIT)), dtype=np.int64)


def exact_sum(segments: Segments, rows: FloatArray) -> FloatArray:
    """Sum of `rows`, (n_rows, width), over each segment, (n_segments, width)."""
    out = np.empty((len(segments), rows.shape[1]))
    for run, part, held in _runs(segments, rows):
        out[run] = _sum(part, held, part.reduce("min", held), part.reduce("max", held))
    return out


def exact_mean(segments: Segments, rows: FloatArray) -> FloatArray:
    """Mean of `rows`, (n_rows, width), over each segment, (n_segments, width).

    It never leaves the range of the averaged values, so the mean of equal values is that value.
    """
    out = np.empty((len(segments), rows.shape[1]))
    for run, part, held in _runs(segments, rows):
        low, high = part.reduce("min", held), part.reduce("max", held)
        out[run] = np.clip(_sum(part, held, low, high) / part.sizes[:, None], low, high)
    return out


def _runs(segments: Segments, rows: FloatArray) -> Iterator[tuple[slice, Segments, FloatArray]]:
    """Runs of segments, each with the segments and the rows it holds."""
    for start, stop in segments.blocks(segments.sizes * rows.shape[1], _CACHED):
        part = Segments.from_sizes(segments.sizes[start:stop])
        yield slice(start, stop), part, rows[segments.rows(start, stop)]


def _sum(segments: Segments, rows: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """Sums of `rows` with values from `low` to `high`, added in whole multiples of 1 / unit.

    The unit is a power of two for each segment and column, as large as its sum allows: the largest
    value keeps all its bits in segments of up to 512 rows, unless it is below about 1e-270.
    """
    carry = np.ceil(np.log2(segments.sizes))[:, None].astype(np.int64)
    exponent = np.frexp(np.maximum(high, -low))[1]
    unit = np.ldexp(1.0, np.minimum(62 - carry - exponent, 1000))
    whole = (rows * unit[segments.of_row]).astype(np.int64)
    return np.asarray(segments.reduce("sum", whole) / unit)
