"""Loops over orders of the lists of small groups; imports Numba, so import it late."""

from __future__ import annotations

import numpy as np

from groupbench.core.arrays import Array, FloatArray, IntArray
from groupbench.core.kernels import inlined

SMALL = 8
"""Members of a group of which NumPy adds one after the other, but for the first one, which comes last."""

_AT_ONCE = 64
"""Orders of a list that are evaluated side by side."""


@inlined
def summed(values: FloatArray, count: int, is_first: int, n: int, out: FloatArray, row: int) -> None:
    """Sums of `count` rows; row 0 comes last if `is_first`, that is if it is the group's first member's."""
    for j in range(n):
        out[row, j] = 0.0
    for i in range(is_first, count):
        for j in range(n):
            out[row, j] += values[i, j]
    if is_first:
        for j in range(n):
            out[row, j] += values[0, j]


@inlined
def sort_rows(values: FloatArray, count: int, n: int) -> None:
    """Sort the first `count` rows of each of `n` columns, the lowest first."""
    for last in range(1, count):
        for i in range(last, 0, -1):
            for j in range(n):
                one, other = values[i - 1, j], values[i, j]
                values[i - 1, j] = one if one < other else other
                values[i, j] = other if one < other else one


@inlined
def small_spreads(
    values: FloatArray,
    count: int,
    is_first: int,
    n: int,
    spare: FloatArray,
    sums: FloatArray,
    out: FloatArray,
    row: int,
    o: int,
) -> None:
    """Seven rows of `out` from column `o` on: the `SPREADS` of (count, n) values."""
    for what in range(3):
        for i in range(count):
            for j in range(n):
                value = values[i, j]
                apart = value - sums[0, j] / count
                spare[i, j] = value if what == 0 else (value * value if what == 1 else apart * apart)
        summed(spare, count, is_first, n, sums, what)
    for i in range(count):
        for j in range(n):
            spare[i, j] = values[i, j]
    sort_rows(spare, count, n)
    for j in range(n):
        out[row, o + j], out[row + 1, o + j] = spare[0, j], spare[count - 1, j]
    for i in range(count):
        for j in range(n):
            spare[i, j] = spare[i, j] * (i + 1)
    summed(spare, count, 1, n, sums, 3)
    equal = 1.0 / count
    for j in range(n):
        total, squares, low, high = sums[0, j], sums[1, j], out[row, o + j], out[row + 1, o + j]
        gaps = 2 * sums[3, j] - (count + 1.0) * total
        gaps = gaps if gaps > 0.0 else 0.0
        served = total > 0
        safe = total if served else 1.0
        out[row + 2, o + j] = low / (high if served else 1.0) if served else 0.0
        out[row + 3, o + j] = np.sqrt(sums[2, j] / count)
        out[row + 4, o + j] = total * total / (count * (squares if served else 1.0)) if served else equal
        out[row + 5, o + j] = gaps / (count * safe) if served else 1 - equal
        out[row + 6, o + j] = gaps / (count * (count - 1.0)) if count > 1 else np.nan


@inlined
def small_disproportion(
    hits: FloatArray,
    count: int,
    is_first: int,
    n: int,
    spare: FloatArray,
    sums: FloatArray,
    out: FloatArray,
    o: int,
) -> None:
    """Row 21 of `out` from column `o` on: `PROPORTIONALITY` of (count, n) hits."""
    equal = 1.0 / count
    summed(hits, count, is_first, n, sums, 0)
    for i in range(count):
        for j in range(n):
            total = sums[0, j]
            spare[i, j] = abs(hits[i, j] / (total if total > 0 else 1.0) - equal)
    summed(spare, count, is_first, n, sums, 1)
    for j in range(n):
        out[21, o + j] = sums[1, j] / 2 if sums[0, j] > 0 else 1 - equal


@inlined
def small_group(
    columns: IntArray,
    start: int,
    stop: int,
    first: int,
    size: int,
    liked: Array,
    n_relevant: IntArray,
    discounts: FloatArray,
    ideal: FloatArray,
    out: FloatArray,
) -> int:
    """What `spreads` gives for orders from `start` to `stop` of a group of up to `SMALL` members.

    Returns:
        How many of the members count; nothing is done if nobody does.
    """
    k, n, count = columns.shape[0], liked.shape[1], 0
    members, mask = np.empty(size, np.int64), np.zeros(n + 1, np.int64)
    for m in range(size):
        if n_relevant[first + m] > 0:
            for c in range(n):
                mask[c] |= np.int64(liked[first + m, c]) << count
            members[count] = first + m
            count += 1
    if count == 0:
        return 0
    is_first = 1 if members[0] == first else 0
    hits, gain = np.empty((SMALL, _AT_ONCE)), np.empty((SMALL, _AT_ONCE))
    values, spare, sums = np.empty((SMALL, _AT_ONCE)), np.empty((SMALL, _AT_ONCE)), np.empty((4, _AT_ONCE))
    for o in range(start, stop, _AT_ONCE):
        wide = min(_AT_ONCE, stop - o)
        hits[:], gain[:] = 0.0, 0.0
        for p in range(k):
            for j in range(wide):
                bits, i = mask[min(columns[p, o + j], n)], 0
                while bits:
                    if bits & 1:
                        hits[i, j] += 1.0
                        gain[i, j] += discounts[p]
                    bits >>= 1
                    i += 1
        for base in range(3):
            for i in range(count):
                relevant = n_relevant[members[i]]
                best = ideal[min(relevant, k)]
                for j in range(wide):
                    if base == 2:
                        values[i, j] = gain[i, j] / best
                    else:
                        values[i, j] = hits[i, j] / (k if base == 0 else relevant)
            small_spreads(values, count, is_first, wide, spare, sums, out, 7 * base, o)
        small_disproportion(hits, count, is_first, wide, spare, sums, out, o)
    return count
