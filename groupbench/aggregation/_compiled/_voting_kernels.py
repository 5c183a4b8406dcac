"""Loops over groups whose members vote in rounds; imports Numba, so import it late.

Arguments that are not explained are those of `_score_kernels` and `_rank_kernels`.
"""

from __future__ import annotations

import numpy as np

from groupbench.aggregation._compiled._codes import EQUAL
from groupbench.aggregation._compiled._gathering_kernels import largest_group
from groupbench.aggregation._compiled._rank_kernels import columns_of
from groupbench.aggregation._compiled._score_kernels import LISTS
from groupbench.core.arrays import Array, FloatArray, IntArray
from groupbench.core.kernels import inlined, kernel

_NUMBER = EQUAL - 1


@inlined
def next_wishes(
    order: Array, row: int, start: int, column: Array, placed: Array, m: int, wishes: Array
) -> int:
    """Fill `wishes[m]` with a member's next equally good candidates; where its row goes on.

    The number of wishes stands in the last column; it is 0 at the end of the row.
    """
    n_items, found = order.shape[1], 0
    while start < n_items and found == 0:
        first = True
        while start < n_items and (first or order[row, start] >= EQUAL):
            first = False
            c = column[order[row, start] & _NUMBER]
            if c >= 0 and not placed[c]:
                wishes[m, found] = c
                found += 1
            start += 1
    wishes[m, wishes.shape[1] - 1] = found
    return start


@inlined
def unplaced_wishes(placed: Array, m: int, wishes: Array) -> int:
    """Leave what is placed out of a member's wishes; how many are left."""
    last, kept = wishes.shape[1] - 1, 0
    for i in range(wishes[m, last]):
        if not placed[wishes[m, i]]:
            wishes[m, kept] = wishes[m, i]
            kept += 1
    wishes[m, last] = kept
    return kept


@inlined
def place_voted(votes: IntArray, most: int, touched: IntArray, n: int, placed: Array) -> int:
    """Place those of the first `n` candidates `touched` that have `most` votes or more; how many they are."""
    count = 0
    for i in range(n):
        c = touched[i]
        if votes[c] >= most:
            placed[c] = True
            count += 1
        votes[c] = 0
    return count


@kernel(f"void(const u4[:,::1], {LISTS}, const f8[:,::1], i8, i8, b1, f8[:,::1])")
def rounds(
    order: Array,
    rows: IntArray,
    items: Array,
    lengths: IntArray,
    offsets: IntArray,
    mean: FloatArray,
    depth: int,
    k: int,
    all_picks: bool,
    out: FloatArray,
) -> None:
    """Candidates placed in rounds of votes, until `k` are placed: (n_groups, width), -inf for the rest.

    Without `all_picks` that is plurality, by members' scores alone; with it, round-robin: every member's pick
    is placed, and of what is equally good it picks the highest by `mean`, (n_groups, width).
    """
    n_items, width, largest = order.shape[1], out.shape[1], largest_group(offsets)
    column, wishes = np.empty(n_items, np.int32), np.empty((largest, width + 1), np.int32)
    placed, votes = np.zeros(width, np.bool_), np.zeros(width, np.int64)
    touched, position = np.empty(width, np.int64), np.empty(largest, np.int64)
    for g in range(len(lengths)):
        n, first, size = lengths[g], offsets[g], offsets[g + 1] - offsets[g]
        columns_of(items, g if len(items) > 1 else 0, n, column)
        for c in range(n):
            placed[c], out[g, c] = False, -np.inf
        for m in range(size):
            position[m], wishes[m, width] = 0, 0
        left, n_placed = depth + 1, 0
        while left > 1 and n_placed < min(k, n):
            left -= 1
            n_touched, most = 0, 0
            for m in range(size):
                if not unplaced_wishes(placed, m, wishes):
                    position[m] = next_wishes(order, rows[first + m], position[m], column, placed, m, wishes)
                highest = -np.inf
                if all_picks:
                    for i in range(wishes[m, width]):
                        highest = max(highest, mean[g, wishes[m, i]])
                for i in range(wishes[m, width]):
                    c = wishes[m, i]
                    if not all_picks or mean[g, c] == highest:
                        if votes[c] == 0:
                            touched[n_touched] = c
                            n_touched += 1
                        votes[c] += 1
                        most = max(most, votes[c])
            for i in range(n_touched):
                c = touched[i]
                if all_picks or votes[c] == most:
                    out[g, c] = left - 1 + votes[c] / (size + 1) if all_picks else left
            n_placed += place_voted(votes, 1 if all_picks else most, touched, n_touched, placed)
