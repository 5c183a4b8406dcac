"""A loop that sorts the rows of a table; imports Numba, so import it late."""

from __future__ import annotations

import numpy as np

from groupbench.aggregation._compiled._codes import EQUAL
from groupbench.core.arrays import Array, FloatArray, IntArray
from groupbench.core.kernels import inlined, kernel

_DIGIT = 11
"""Bits by which columns are distributed at a time."""

_MOVES = 32
"""Moves per column that sorting by insertion may take."""


@inlined
def distribute(keys: Array, low: np.uint64, shift: int, order: Array, counts: IntArray, out: Array) -> None:
    """Copy the `order` to `out`, sorted by a digit of keys less `low`; equal ones stay in order."""
    last = np.uint64(len(counts) - 1)
    counts[:] = 0
    for i in range(len(keys)):
        counts[((keys[i] - low) >> np.uint64(shift)) & last] += 1
    start = 0
    for digit in range(len(counts)):
        count = counts[digit]
        counts[digit] = start
        start += count
    for i in range(len(order)):
        digit = ((keys[order[i]] - low) >> np.uint64(shift)) & last
        out[counts[digit]] = order[i]
        counts[digit] += 1


@inlined
def distribute_twice(
    keys: Array, low: np.uint64, shift: int, order: Array, counts: IntArray, spare: Array
) -> None:
    """Sort the `order` by two digits."""
    distribute(keys, low, shift, order, counts, spare)
    distribute(keys, low, shift + _DIGIT, spare, counts, order)


@inlined
def insert(keys: Array, order: Array, most: int) -> bool:
    """Sort an `order` that is nearly sorted; False if that takes more than so many moves."""
    moves = 0
    for j in range(1, len(order)):
        c, place = order[j], j
        while place > 0 and keys[order[place - 1]] > keys[c]:
            order[place] = order[place - 1]
            place -= 1
        order[place] = c
        moves += j - place
        if moves > most:
            return False
    return True


@kernel("void(const f8[:,::1], const i8[::1], u4[:,::1])")
def descending(table: FloatArray, rows: IntArray, out: Array) -> None:
    """Fill `rows` of `out`, (any, n_items), with the columns of the same rows of `table` by descending score.

    `EQUAL` is set where a score is that of the column before. Two digits that tell most scores apart are
    sorted by first; scores that they do not are put in order one by one, or by all digits.
    """
    width = table.shape[1]
    keys, counts = np.empty(width, np.uint64), np.empty(1 << _DIGIT, np.int64)
    one, other = np.empty(width, np.uint32), np.empty(width, np.uint32)
    sign = np.uint64(1) << np.uint64(63)
    for row in rows:
        low, high = ~np.uint64(0), np.uint64(0)
        for c in range(width):
            # As whole numbers floats are in order once those below 0 are turned around.
            bits = np.uint64(np.float64(0.0 - table[row, c]).view(np.int64))
            keys[c] = ~bits if bits >= sign else bits | sign
            low, high, one[c] = min(low, keys[c]), max(high, keys[c]), c
        used, span = 0, high - low
        while span > np.uint64(0):
            span >>= np.uint64(1)
            used += 1
        start = max(used - 2 * _DIGIT, 0)
        distribute_twice(keys, low, start, one, counts, other)
        if start > 0 and not insert(keys, one, _MOVES * width):
            for shift in range(0, used, 2 * _DIGIT):
                distribute_twice(keys, low, shift, one, counts, other)
        for j in range(width):
            same = j > 0 and keys[one[j]] == keys[one[j - 1]]
            out[row, j] = one[j] | np.uint32(EQUAL) if same else one[j]
