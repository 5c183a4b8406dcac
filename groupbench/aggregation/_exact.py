"""Sums and means over members that do not depend on the order of the members, not even in the last bit.

Floating-point addition is not associative: candidates that get the same scores from different
members would differ by rounding, and a tie would be lost. So scores are added as integers.
"""

from __future__ import annotations

import numpy as np

from groupbench.core.arrays import BoolArray, FloatArray, IntArray, Segments
from groupbench.core.kernels import in_threads, worthwhile

UNIT = 2.0**40
"""`whole` counts in steps of 1 / UNIT, about 1e-12."""

_LARGE = 22
"""Sums below 2 to this power keep to steps of 1 / `UNIT` and stay well within 63 bits."""


def whole(values: FloatArray | float) -> IntArray:
    """`values`, below about 1e6 in size, as whole multiples of 1 / `UNIT`.

    Sums of these are exact, and what differs by rounding alone is equal.
    """
    return np.asarray(np.rint(np.multiply(values, UNIT)), dtype=np.int64)


def row_sums(values: FloatArray) -> FloatArray:
    """Sum of each row of `values`, none below 0, (n,), added as by `whole`, of large ones in larger steps."""
    exponent = np.frexp(values.sum(axis=1))[1]
    step = np.ldexp(1.0, np.maximum(exponent - _LARGE, 0))
    return np.asarray(whole(values / step[:, None]).sum(axis=1) / UNIT * step)


def exact_sum(segments: Segments, rows: FloatArray) -> FloatArray:
    """Sum of `rows`, (n_rows, width), over each segment, (n_segments, width)."""
    out = np.empty((len(segments), rows.shape[1]))
    if _compiled(segments, rows, out, divide=False):
        return out
    for which, block in segments.stacked(rows):
        out[which] = _sum(block, block.min(axis=1), block.max(axis=1))
    return out


def exact_mean(segments: Segments, rows: FloatArray) -> FloatArray:
    """Mean of `rows`, (n_rows, width), over each segment, (n_segments, width).

    It never leaves the range of the averaged values, so the mean of equal values is that value.
    """
    out = np.empty((len(segments), rows.shape[1]))
    if _compiled(segments, rows, out, divide=True):
        return out
    for which, block in segments.stacked(rows):
        low, high = block.min(axis=1), block.max(axis=1)
        out[which] = np.clip(_sum(block, low, high) / block.shape[1], low, high)
    return out


def exact_mean_of(segments: Segments, flags: BoolArray, rows: FloatArray) -> FloatArray:
    """`exact_mean` over those rows of each segment that have a flag, (n_rows,); every segment has one."""
    return exact_mean(Segments.from_sizes(segments.reduce("sum", flags)), rows[flags])


def _compiled(segments: Segments, rows: FloatArray, out: FloatArray, *, divide: bool) -> bool:
    """Whether a compiled loop has filled `out`."""
    if rows.dtype != np.float64 or not rows.flags.c_contiguous or not worthwhile(rows.size):
        return False
    from groupbench.aggregation import _exact_kernels as kernels

    def work(start: int, stop: int) -> None:
        kernels.of_segments(rows, segments.offsets[start : stop + 1], divide, out[start:stop])

    in_threads(work, len(out))
    return True


def _sum(rows: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """Sums over the second axis of `rows`, (n, size, width), with values from `low` to `high`, (n, width).

    They are added in whole multiples of 1 / unit. The unit is a power of two for each segment and
    column, as large as its sum allows: the largest value keeps all its bits in segments of up to 512
    rows, unless it is below about 1e-270.
    """
    carry = (rows.shape[1] - 1).bit_length()
    exponent = np.frexp(np.maximum(high, -low))[1]
    unit = np.ldexp(1.0, np.minimum(62 - carry - exponent, 1000))
    return np.asarray((rows * unit[:, None]).astype(np.int64).sum(axis=1) / unit)
