"""Loops over groups for strategies that compute with the members' scores; imports Numba, so import it late.

They share some arguments: `table`, (any, n_items), scores; `rows`, (n_rows,), which row each member has;
`items`, (n_groups or 1, width), the columns that are the candidates, ascending in each group; `lengths`,
(n_groups,), how many candidates there are; `offsets`, (n_groups + 1,), which rows are members of a group.
"""

from __future__ import annotations

import numpy as np

from groupbench.aggregation._compiled._gathering_kernels import gather_members, largest_group
from groupbench.aggregation._exact_kernels import exact_sums, unit_of
from groupbench.core.arrays import Array, FloatArray, IntArray
from groupbench.core.kernels import inlined, kernel

HOW = ("mean", "sum", "lowest", "highest", "median", "misery")
"""What `combine` can make of the scores of a candidate."""

SUM, LOWEST, HIGHEST, MEDIAN, MISERY = range(1, 6)

LISTS = "const i8[::1], const u4[:,::1], const i8[::1], const i8[::1]"
MEMBERS = f"const f8[:,::1], {LISTS}"
"""The types of the shared arguments, without the table and with it."""

_SCRATCH = 1 << 14
"""Scores of a group that are copied at a time, so that they stay in the processor's cache."""


@inlined
def sort_columns(scores: FloatArray, size: int, n: int) -> None:
    """Sort the first `size` rows of each of the first `n` columns, the lowest first."""
    for last in range(1, size):
        for m in range(last, 0, -1):
            for c in range(n):
                one, other = scores[m - 1, c], scores[m, c]
                scores[m - 1, c] = one if one < other else other
                scores[m, c] = other if one < other else one


@kernel(f"void({MEMBERS}, i8, const f8[::1], f8[:,::1], i8[:,::1])")
def combine(
    table: FloatArray,
    rows: IntArray,
    items: Array,
    lengths: IntArray,
    offsets: IntArray,
    how: int,
    least: FloatArray,
    out: FloatArray,
    below: IntArray,
) -> None:
    """Group scores `out`, (n_groups, width), of every candidate by the members' scores of it alone.

    For `MISERY`, `below`, (n_groups, width), becomes the number of members whose score is
    below their own `least`, (n_rows,), and `out` the mean. `MEDIAN` takes the time of the squared sizes.
    """
    largest = largest_group(offsets)
    width = min(max(_SCRATCH // largest, 16), 1024)
    scores, spare = np.empty((largest, width)), np.empty((4, width))
    for g in range(len(lengths)):
        first, size = offsets[g], offsets[g + 1] - offsets[g]
        which = g if len(items) > 1 else 0
        for start in range(0, lengths[g], width):
            n = min(width, lengths[g] - start)
            gather_members(table, rows[first : first + size], items[which, start:], n, scores)
            if how in (LOWEST, HIGHEST):
                for c in range(n):
                    spare[0, c] = scores[0, c]
                for m in range(1, size):
                    for c in range(n):
                        value, there = scores[m, c], spare[0, c]
                        lower = value if value < there else there
                        higher = there if value < there else value
                        spare[0, c] = lower if how == LOWEST else higher
            elif how == MEDIAN:
                sort_columns(scores, size, n)
                for c in range(n):
                    spare[0, c] = scores[(size - 1) // 2, c] / 2 + scores[size // 2, c] / 2
            else:
                exact_sums(scores, size, n, how != SUM, spare)
            for c in range(n):
                out[g, start + c] = spare[0, c]
            if how == MISERY:
                for c in range(n):
                    below[g, start + c] = 0
                for m in range(size):
                    bound = least[first + m]
                    for c in range(n):
                        below[g, start + c] += scores[m, c] < bound


@kernel(f"void({MEMBERS}, f8[::1], f8[::1], f8[::1])")
def row_statistics(
    table: FloatArray,
    rows: IntArray,
    items: Array,
    lengths: IntArray,
    offsets: IntArray,
    low: FloatArray,
    high: FloatArray,
    mean: FloatArray,
) -> None:
    """Each member's lowest, highest and exact mean score over its candidates, (n_rows,) each."""
    for g in range(len(lengths)):
        which, n = g if len(items) > 1 else 0, lengths[g]
        for r in range(offsets[g], offsets[g + 1]):
            row = rows[r]
            lowest, highest = np.inf, -np.inf
            for c in range(n):
                value = table[row, items[which, c]]
                lowest = value if value < lowest else lowest
                highest = value if value > highest else highest
            low[r], high[r], mean[r] = 0.0, 0.0, 0.0
            if n:
                low[r], high[r] = lowest, highest
                unit = unit_of(n, lowest, highest)
                total = np.int64(0)
                for c in range(n):
                    total += np.int64(table[row, items[which, c]] * unit)
                mean[r] = min(max(total / unit / n, lowest), highest)


@kernel(f"void({MEMBERS}, f8[:,::1])")
def lay_out(
    table: FloatArray, rows: IntArray, items: Array, lengths: IntArray, offsets: IntArray, out: FloatArray
) -> None:
    """The members' scores of their candidates, (n_rows, width); 0 where there is none."""
    for g in range(len(lengths)):
        which, n = g if len(items) > 1 else 0, lengths[g]
        for r in range(offsets[g], offsets[g + 1]):
            row = rows[r]
            for c in range(n):
                out[r, c] = table[row, items[which, c]]
            for c in range(n, out.shape[1]):
                out[r, c] = 0.0


@kernel(f"void({MEMBERS}, f8, f8[:,::1])")
def factors(
    table: FloatArray,
    rows: IntArray,
    items: Array,
    lengths: IntArray,
    offsets: IntArray,
    floor: float,
    out: FloatArray,
) -> None:
    """The members' scores mapped to [`floor`, 1], (n_rows, width), as of `positive` without a scale."""
    for g in range(len(lengths)):
        which, n = g if len(items) > 1 else 0, lengths[g]
        for r in range(offsets[g], offsets[g + 1]):
            row = rows[r]
            lowest, highest = np.inf, -np.inf
            for c in range(n):
                value = table[row, items[which, c]]
                out[r, c] = value
                lowest = value if value < lowest else lowest
                highest = value if value > highest else highest
            span = highest - lowest
            for c in range(out.shape[1]):
                share = 0.0
                if c < n and span > 0:
                    share = (out[r, c] - lowest) / span
                value = floor + (1 - floor) * share
                out[r, c] = value if value > floor else floor


@inlined
def compared(scores: FloatArray, size: int, one: int, other: int) -> int:
    """1 if column `one` comes after the `other` in lexical order, -1 if before, 0 if they are equal."""
    for m in range(size):
        if scores[m, one] != scores[m, other]:
            return 1 if scores[m, one] > scores[m, other] else -1
    return 0


@kernel(f"void({MEMBERS}, i8, f8[:,::1])")
def leximin(
    table: FloatArray,
    rows: IntArray,
    items: Array,
    lengths: IntArray,
    offsets: IntArray,
    k: int,
    out: FloatArray,
) -> None:
    """Candidates beaten, ties counting half, (n_groups, width), of the first `k`; -inf for the rest."""
    largest = largest_group(offsets)
    scores, best = np.empty((largest, out.shape[1])), np.empty(k, np.int64)
    for g in range(len(lengths)):
        first, size, n = offsets[g], offsets[g + 1] - offsets[g], lengths[g]
        which, found = g if len(items) > 1 else 0, 0
        gather_members(table, rows[first : first + size], items[which], n, scores)
        sort_columns(scores, size, n)
        for c in range(n):
            out[g, c] = -np.inf
            if found == k and scores[0, c] < scores[0, best[k - 1]]:
                continue
            if found == k and compared(scores, size, c, best[k - 1]) <= 0:
                continue
            place = min(found, k - 1)
            while place > 0 and compared(scores, size, c, best[place - 1]) > 0:
                best[place] = best[place - 1]
                place -= 1
            best[place] = c
            found = min(found + 1, k)
        start = 0
        while start < found:
            stop, equal = start, 0
            while stop < found and compared(scores, size, best[start], best[stop]) == 0:
                stop += 1
            for c in range(n):
                equal += compared(scores, size, best[start], c) == 0
            for c in range(n):
                if compared(scores, size, best[start], c) == 0:
                    out[g, c] = n - start - equal + (equal - 1) / 2
            start = stop
