"""Loops over groups for lists made position by position; imports Numba, so import it late.

Arguments that are not explained are those of `_score_kernels` and `_rank_kernels`. Greedy lists, (n_groups,
width), hold the positions left when a candidate was placed, from `depth` to 1, and less than 1 for the rest.
"""

from __future__ import annotations

import numpy as np

from groupbench.aggregation._compiled._codes import EQUAL
from groupbench.aggregation._compiled._gathering_kernels import gather_members, largest_group
from groupbench.aggregation._compiled._rank_kernels import columns_of
from groupbench.aggregation._compiled._score_kernels import LISTS, MEMBERS, sort_columns
from groupbench.aggregation._exact import UNIT
from groupbench.aggregation._exact_kernels import exponent_of, power_of_two
from groupbench.aggregation._greedy import ROUNDING_BITS
from groupbench.core.arrays import Array, FloatArray, IntArray
from groupbench.core.kernels import inlined, kernel

_NUMBER = EQUAL - 1
_STEPS = float(UNIT)
_BITS = ROUNDING_BITS
_HALF = 1 << ROUNDING_BITS >> 1
_BUCKETS = 256
"""Into which candidates are sorted by their relevance to all members."""


@kernel(f"void(const u4[:,::1], {LISTS}, const i8[::1], b1[:,::1])")
def best_of(
    order: Array,
    rows: IntArray,
    items: Array,
    lengths: IntArray,
    offsets: IntArray,
    most: IntArray,
    liked: Array,
) -> None:
    """Set `liked`, (n_rows, width), for each member's best `most`, (n_groups,), and their equals."""
    n_items = order.shape[1]
    column = np.empty(n_items, np.int32)
    for g in range(len(lengths)):
        columns_of(items, g if len(items) > 1 else 0, lengths[g], column)
        for r in range(offsets[g], offsets[g + 1]):
            found, fresh, row = 0, True, rows[r]
            for i in range(n_items):
                code = order[row, i]
                fresh = fresh or code < EQUAL
                if fresh and found >= most[g]:
                    break
                c = column[code & _NUMBER]
                if c >= 0:
                    liked[r, c] = True
                    found += 1
                    fresh = False


@kernel(f"void({MEMBERS}, const i8[::1], b1[:,::1])")
def unenvied(
    table: FloatArray,
    rows: IntArray,
    items: Array,
    lengths: IntArray,
    offsets: IntArray,
    most: IntArray,
    liked: Array,
) -> None:
    """Set `liked`, (n_rows, width), where a score is among the `most`, (n_groups,), best of the members."""
    largest, width = largest_group(offsets), liked.shape[1]
    scores = np.empty((largest, width))
    for g in range(len(lengths)):
        first, size, n = offsets[g], offsets[g + 1] - offsets[g], lengths[g]
        which = g if len(items) > 1 else 0
        gather_members(table, rows[first : first + size], items[which], n, scores)
        sort_columns(scores, size, n)
        last = size - most[g]
        for m in range(size):
            r = rows[first + m]
            for c in range(n):
                liked[first + m, c] = table[r, items[which, c]] >= scores[last, c]


@inlined
def below_one(mean: FloatArray, g: int, n: int, out: FloatArray) -> None:
    """A group's means divided by a power of two, as of `_ranks.below_one`."""
    largest = 0.0
    for c in range(n):
        largest = max(largest, abs(mean[g, c]))
    scale = power_of_two(-max(exponent_of(largest), 0)) if largest > 0 else 1.0
    for c in range(n):
        out[g, c] = mean[g, c] * scale


@kernel("void(const b1[:,::1], const f8[:,::1], const i8[::1], const i8[::1], i8, i8, f8[:,::1])")
def cover(
    liked: Array,
    mean: FloatArray,
    lengths: IntArray,
    offsets: IntArray,
    m: int,
    depth: int,
    out: FloatArray,
) -> None:
    """Greedy lists in which as many members as possible find `m` of the candidates that they like."""
    largest, width = largest_group(offsets), out.shape[1]
    gains, placed, received = (
        np.empty(width, np.int64),
        np.empty(width, np.bool_),
        np.empty(largest, np.int64),
    )
    for g in range(len(lengths)):
        first, size, n = offsets[g], offsets[g + 1] - offsets[g], lengths[g]
        below_one(mean, g, n, out)
        for c in range(n):
            placed[c] = False
        for i in range(size):
            received[i] = 0
        for left in range(depth, 0, -1):
            for c in range(n):
                gains[c] = 0
            for i in range(size):
                if received[i] < m:
                    for c in range(n):
                        gains[c] += liked[first + i, c]
            best, highest = 1, -np.inf
            for c in range(n):
                if not placed[c] and gains[c] >= best:
                    if gains[c] > best or mean[g, c] > highest:
                        highest = mean[g, c]
                    best = gains[c]
            if highest == -np.inf:
                break
            for c in range(n):
                if not placed[c] and gains[c] == best and mean[g, c] == highest:
                    placed[c], out[g, c] = True, left
                    for i in range(size):
                        received[i] += liked[first + i, c]


@kernel(f"void({MEMBERS}, const f8[::1], const f8[::1], f8[:,::1], f8[::1])")
def relevance(
    table: FloatArray,
    rows: IntArray,
    items: Array,
    lengths: IntArray,
    offsets: IntArray,
    low: FloatArray,
    span: FloatArray,
    out: FloatArray,
    highest: FloatArray,
) -> None:
    """Scores less each member's `low`, divided by its `span`, (n_rows,): (n_rows, width), 0.5 without a span.

    `highest`, (n_groups,), becomes the highest of them, or 0.
    """
    for g in range(len(lengths)):
        which, n, best = g if len(items) > 1 else 0, lengths[g], 0.0
        for r in range(offsets[g], offsets[g + 1]):
            row = rows[r]
            for c in range(n):
                value = table[row, items[which, c]] - low[r]
                value = value / span[r] if span[r] > 0 else 0.5
                out[r, c] = value
                best = max(best, value)
        highest[g] = best


@inlined
def count_worth(worth: FloatArray, unit: float, n: int, counted: FloatArray, total: IntArray) -> None:
    """Relevance in steps of a `unit`, whole though floats, and its sum over members, of `n` columns."""
    for c in range(n):
        total[c] = 0
    for m in range(len(worth)):
        for c in range(n):
            counted[m, c] = np.rint(worth[m, c] / unit * _STEPS)
            total[c] += np.int64(counted[m, c])


@inlined
def gain(
    worth: FloatArray, received: IntArray, part: FloatArray, size: int, c: int, reach: float, excess: float
) -> int:
    """What candidate `c` adds within the members' parts of `reach`, and some of the rest."""
    total = np.int64(0)
    for m in range(size):
        free = reach * part[m] - received[m]
        free = free if free > 0.0 else 0.0
        value = free if free < worth[m, c] else worth[m, c]
        if excess != 0.0:
            value = value + excess * (worth[m, c] - value)
        total += np.int64(np.rint(value))
    return int(total)


@inlined
def most_relevant_first(total: IntArray, n: int, ends: IntArray, out: IntArray) -> float:
    """Put the first `n` columns into buckets by their totals, the highest first.

    Args:
        total: (at least n,) none below 0.
        n: columns.
        ends: (n_buckets + 1,) to become where the bucket of that number, the lowest is 0, ends in `out`.
        out: (at least n,) to become the columns.

    Returns:
        The buckets per unit of total: a column's bucket is the whole part of this times its total.
    """
    highest = np.int64(1)
    for c in range(n):
        highest = max(highest, total[c])
    last = len(ends) - 1
    scale = last / float(highest)
    ends[:] = 0
    for c in range(n):
        ends[np.int64(total[c] * scale)] += 1
    start = 0
    for bucket in range(last, -1, -1):
        count = ends[bucket]
        ends[bucket] = start
        start += count
    for c in range(n):
        own = np.int64(total[c] * scale)
        out[ends[own]] = c
        ends[own] += 1
    return scale


@kernel(
    "void(const f8[:,::1], const f8[::1], const f8[:,::1], const i8[::1], const i8[::1], const f8[::1],"
    " f8, i8, i8, f8[:,::1])"
)
def proportional(
    worth: FloatArray,
    unit: FloatArray,
    mean: FloatArray,
    lengths: IntArray,
    offsets: IntArray,
    part: FloatArray,
    excess: float,
    depth: int,
    k: int,
    out: FloatArray,
) -> None:
    """The lists of EP-FuzzDA until `k` positions are filled; -inf for the rest.

    Args:
        worth: (n_rows, width) relevance.
        unit: (n_groups,) what counts as 1.
        mean: (n_groups, width) what decides among equal gains.
        lengths: (n_groups,) candidates.
        offsets: (n_groups + 1,) which rows are the members of a group.
        part: (n_rows,) the members' weights.
        excess: how much relevance beyond a member's part counts.
        depth: positions.
        k: positions of interest.
        out: (n_groups, width) to be filled.
    """
    largest, width = largest_group(offsets), out.shape[1]
    counted, received, ends = (
        np.empty((largest, width)),
        np.empty(largest, np.int64),
        np.empty(_BUCKETS + 1, np.int64),
    )
    total, columns, gains = np.empty(width, np.int64), np.empty(width, np.int64), np.empty(width, np.int64)
    for g in range(len(lengths)):
        first, size, n = offsets[g], offsets[g + 1] - offsets[g], lengths[g]
        out[g, :n], received[:], parts = -np.inf, 0, part[first : first + size]
        count_worth(worth[first : first + size], unit[g], n, counted, total)
        scale, filled, of_group = most_relevant_first(total, n, ends, columns), np.int64(0), np.int64(0)
        left = depth + 1
        while left > 1 and filled < min(k, n):
            left -= 1
            best, highest, looked, bucket = np.int64(-1), -np.inf, 0, len(ends) - 1
            # No gain is above a candidate's total.
            while bucket >= 0 and (np.int64((bucket + 1) / scale) + 1 + _HALF) >> _BITS >= best:
                while looked < ends[bucket]:
                    c = columns[looked]
                    gains[looked] = -1
                    if out[g, c] < 0 and (total[c] + _HALF) >> _BITS >= best:
                        added = gain(counted, received, parts, size, c, float(of_group + total[c]), excess)
                        gains[looked] = (added + _HALF) >> _BITS
                        if gains[looked] > best or (gains[looked] == best and mean[g, c] > highest):
                            best, highest = gains[looked], mean[g, c]
                    looked += 1
                bucket -= 1
            for i in range(looked):
                c = columns[i]
                if gains[i] == best and mean[g, c] == highest and out[g, c] < 0:
                    out[g, c] = left
                    filled += 1
                    for m in range(size):
                        received[m] += np.int64(np.rint(counted[m, c]))
                        of_group += np.int64(np.rint(counted[m, c]))
                        counted[m, c] = 0.0
