"""Loops over groups for strategies that rank; imports Numba, so import it late.

Arguments that are not explained are those of `_score_kernels`. `order`, (any, n_items), holds the columns of
each row of `table` by descending score; the bit `EQUAL` is set where the score is that of the one before.
"""

from __future__ import annotations

import numpy as np

from groupbench.aggregation._compiled._codes import EQUAL
from groupbench.aggregation._compiled._gathering_kernels import largest_group
from groupbench.aggregation._compiled._score_kernels import LISTS
from groupbench.core.arrays import Array, FloatArray, IntArray
from groupbench.core.kernels import inlined, kernel

_NUMBER = EQUAL - 1
_NONE, _ONE = np.int32(0), np.int32(1)
_MEETING = 32
"""Candidates that are met at a time."""


@inlined
def columns_of(items: Array, which: int, n: int, out: Array) -> None:
    """The column of each item among the first `n` of a line of `items`, -1 if it is none: (n_items,)."""
    for item in range(len(out)):
        out[item] = -1
    for c in range(n):
        out[items[which, c]] = c


@inlined
def rank_items(order: Array, row: int, inside: Array, n: int, points: IntArray, equal: Array) -> None:
    """Where one row has all items among the `n` that are `inside`, (n_items,) each.

    `points` becomes 2 for each of these beaten and 1 for each other equal one, `equal` the number of equal
    ones.
    """
    n_items, i, left = len(inside), 0, 2 * n - 1
    while i < n_items:
        item, stop = order[row, i] & _NUMBER, i + 1
        tied = inside[item]
        if stop < n_items and order[row, stop] >= EQUAL:
            while stop < n_items and order[row, stop] >= EQUAL:
                tied += inside[order[row, stop] & _NUMBER]
                stop += 1
            for j in range(i, stop):
                points[order[row, j] & _NUMBER], equal[order[row, j] & _NUMBER] = left - tied, tied
        else:
            points[item], equal[item] = left - 1, 1
        left -= 2 * tied
        i = stop


@kernel(f"void(const u4[:,::1], {LISTS}, i4[:,::1], i4[:,::1], f8[:,::1])")
def rank(
    order: Array,
    rows: IntArray,
    items: Array,
    lengths: IntArray,
    offsets: IntArray,
    doubled: Array,
    equal: Array,
    total: FloatArray,
) -> None:
    """Where each member has its candidates.

    Args:
        order: see above.
        rows: see above.
        items: see above.
        lengths: see above.
        offsets: see above.
        doubled: (n_rows, width) to become 2 for each candidate beaten and 1 for each other equal one; of no
            rows if that is not wanted.
        equal: the same for the number of equal candidates, itself included.
        total: (n_groups, width) to become the sum of `doubled` over the members.
    """
    n_items = order.shape[1]
    inside, tied = np.zeros(n_items, np.int32), np.empty(n_items, np.int32)
    points, sums = np.empty(n_items, np.int64), np.empty(n_items, np.int64)
    for g in range(len(lengths)):
        n, which = lengths[g], g if len(items) > 1 else 0
        for c in range(n):
            inside[items[which, c]], sums[items[which, c]] = 1, 0
        for r in range(offsets[g], offsets[g + 1]):
            rank_items(order, rows[r], inside, n, points, tied)
            for item in range(n_items):
                sums[item] += points[item]
            for c in range(n if len(doubled) else 0):
                doubled[r, c], equal[r, c] = points[items[which, c]], tied[items[which, c]]
        for c in range(n):
            total[g, c] = sums[items[which, c]]
            inside[items[which, c]] = 0


@inlined
def duels(ranks: Array, size: int, one: int, start: int, stop: int, margins: Array) -> int:
    """Majority wins minus losses of candidate `one` against those from `start` to `stop`."""
    for d in range(stop - start):
        margins[d] = _NONE
    for m in range(size):
        own = ranks[m, one]
        for d in range(stop - start):
            other = ranks[m, start + d]
            margins[d] += (_ONE if own > other else _NONE) - (_ONE if own < other else _NONE)
    score = _NONE
    for d in range(stop - start):
        score += (_ONE if margins[d] > _NONE else _NONE) - (_ONE if margins[d] < _NONE else _NONE)
    return int(score)


@inlined
def strongest_first(total: FloatArray, g: int, n: int, highest: float, out: IntArray) -> int:
    """Columns with those of highest total first, by and large; how many these are."""
    counts = np.zeros(257, np.int64)
    scale = 256.0 / max(highest, 1.0)
    for c in range(n):
        counts[np.int64(total[g, c] * scale)] += 1
    bucket, strong = 257, 0
    while bucket > 0 and strong < _MEETING:
        bucket -= 1
        strong += counts[bucket]
    first, last = 0, strong
    for c in range(n):
        if np.int64(total[g, c] * scale) >= bucket:
            out[first] = c
            first += 1
        else:
            out[last] = c
            last += 1
    return strong


@kernel("void(const i4[:,::1], const f8[:,::1], const i8[::1], const i8[::1], i8, f8[:,::1])")
def copeland(
    doubled: Array, total: FloatArray, lengths: IntArray, offsets: IntArray, k: int, out: FloatArray
) -> None:
    """Duels won minus duels lost, (n_groups, width), of what may be among the first `k`; -inf for the rest.

    Who has lost so many duels against strong candidates that `k` others are ahead for certain meets no more.
    """
    largest, width = largest_group(offsets), out.shape[1]
    ranks = np.empty((largest, width + _MEETING), np.int32)
    margins, columns, best = np.empty(_MEETING, np.int32), np.empty(width, np.int64), np.empty(k, np.int64)
    for g in range(len(lengths)):
        n, first, size = lengths[g], offsets[g], offsets[g + 1] - offsets[g]
        strongest_first(total, g, n, 2.0 * n * size, columns)
        for m in range(size):
            for j in range(n):
                ranks[m, j] = doubled[first + m, columns[j]]
        for place in range(k):
            best[place] = -n - 1
        for j in range(n):
            score, start = 0, 0
            while start < n and score + (n - start) >= best[k - 1]:
                stop = min(start + _MEETING, n)
                score += duels(ranks, size, j, start, stop, margins)
                start = stop
            out[g, columns[j]] = -np.inf
            if start >= n:
                out[g, columns[j]] = score
                if score > best[k - 1]:
                    place = k - 1
                    while place > 0 and best[place - 1] < score:
                        best[place] = best[place - 1]
                        place -= 1
                    best[place] = score


@kernel("void(const f8[:,::1], const f8[:,::1], const i8[::1], i8, f8[:,::1])")
def by_mean(first: FloatArray, mean: FloatArray, lengths: IntArray, k: int, out: FloatArray) -> None:
    """`first` and a fraction by `mean`, as of `rank_fraction`, of what leads; -inf for the rest.

    All are (n_groups, width); those lead that are among the first `k` by `first`, then by `mean`, or tie.
    """
    best, second = np.empty(k), np.empty(k)
    for g in range(len(lengths)):
        n, found = lengths[g], 0
        for c in range(n):
            one, other = first[g, c], mean[g, c]
            if found == k and (one < best[k - 1] or (one == best[k - 1] and other <= second[k - 1])):
                continue
            place = min(found, k - 1)
            while place > 0 and (
                best[place - 1] < one or (best[place - 1] == one and second[place - 1] < other)
            ):
                best[place], second[place] = best[place - 1], second[place - 1]
                place -= 1
            best[place], second[place] = one, other
            found = min(found + 1, k)
        for c in range(n):
            one, other = first[g, c], mean[g, c]
            out[g, c] = -np.inf
            if one > best[found - 1] or (one == best[found - 1] and other >= second[found - 1]):
                beaten, equal = 0, 0
                for d in range(n):
                    beaten += mean[g, d] < other
                    equal += mean[g, d] == other
                out[g, c] = one + (beaten + (equal - 1) / 2) / n
