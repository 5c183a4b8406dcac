"""Loops for the sums of `_exact`; they import Numba, so import them late."""

from __future__ import annotations

import numpy as np

from groupbench.core.arrays import FloatArray, IntArray
from groupbench.core.kernels import inlined, kernel

_WIDTH = 256
"""Columns at a time, so that they stay in the processor's cache."""


@inlined
def exponent_of(value: float) -> int:
    """That of `numpy.frexp`, for values above 0 that are not subnormal."""
    bits: int = np.float64(value).view(np.int64) >> 52  # type: ignore[assignment]
    return (bits & 0x7FF) - 1022


@inlined
def power_of_two(exponent: int) -> float:
    """2 to the power of an exponent from -1022 to 1023."""
    value: float = np.int64((exponent + 1023) << 52).view(np.float64)
    return value


@inlined
def bit_length(number: int) -> int:
    """Binary digits of a number of 0 or more."""
    digits = 0
    while number:
        number >>= 1
        digits += 1
    return digits


@inlined
def unit_of(size: int, low: float, high: float) -> float:
    """The steps per 1 in which `size` values from `low` to `high` are added exactly, as in `_exact`."""
    largest = max(high, -low)
    exponent = exponent_of(largest) if largest > 0 else 0
    return power_of_two(min(62 - bit_length(size - 1) - exponent, 1000))


@inlined
def exact_sums(scores: FloatArray, size: int, n: int, divide: bool, spare: FloatArray) -> None:
    """Make row 0 of `spare` the sums or means of `n` columns over the first `size` rows of `scores`.

    They are those of `exact_sum` and `exact_mean`; `spare` has 4 rows.
    """
    shift = 62 - bit_length(size - 1)
    for c in range(n):
        spare[1, c], spare[2, c] = scores[0, c], scores[0, c]
    for m in range(1, size):
        for c in range(n):
            value, low, high = scores[m, c], spare[1, c], spare[2, c]
            spare[1, c], spare[2, c] = value if value < low else low, value if value > high else high
    for c in range(n):
        low, high = spare[1, c], spare[2, c]
        largest = high if high > -low else -low
        exponent = exponent_of(largest) if largest > 0 else 0
        up = shift - exponent
        spare[3, c] = power_of_two(up if up < 1000 else 1000)
    totals = spare[0].view(np.int64)
    for c in range(n):
        totals[c] = 0
    for m in range(size):
        for c in range(n):
            totals[c] += np.int64(scores[m, c] * spare[3, c])
    for c in range(n):
        value = totals[c] / spare[3, c]
        if divide:
            low, high = spare[1, c], spare[2, c]
            value = value / size
            value = low if value < low else value
            value = high if value > high else value
        spare[0, c] = value


@kernel("void(const f8[:,::1], const i8[::1], b1, f8[:,::1])")
def of_segments(rows: FloatArray, offsets: IntArray, divide: bool, out: FloatArray) -> None:
    """Sums or means of the `rows`, (n_rows, width), of each segment: (n_segments, width)."""
    spare = np.empty((4, _WIDTH))
    for s in range(len(out)):
        for start in range(0, out.shape[1], _WIDTH):
            n = min(_WIDTH, out.shape[1] - start)
            exact_sums(
                rows[offsets[s] : offsets[s + 1], start:], offsets[s + 1] - offsets[s], n, divide, spare
            )
            for c in range(n):
                out[s, start + c] = spare[0, c]
