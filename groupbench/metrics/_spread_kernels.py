"""Loops over orders of lists that compare the members of groups; imports Numba, so import it late.

They give what the definitions in `_spreads` give, with the same additions in the same order.
"""

from __future__ import annotations

import numpy as np

from groupbench.core.arrays import Array, FloatArray, IntArray
from groupbench.core.kernels import inlined, kernel
from groupbench.metrics._mean_kernels import added, ratio
from groupbench.metrics._order_kernels import SMALL, small_group

_SEVERAL = 4
"""Orders of a list that pay to be evaluated side by side."""


@inlined
def sort_counted(values: FloatArray, base: int, n: int, ordered: FloatArray) -> int:
    """Put those of row `base` of the `values` that are not NaN in order; how many they are."""
    count = 0
    for m in range(n):
        value = values[base, m]
        if not np.isnan(value):
            place = count
            while place > 0 and ordered[place - 1] > value:
                ordered[place] = ordered[place - 1]
                place -= 1
            ordered[place] = value
            count += 1
    return count


@inlined
def part_of(what: int, value: float, mean: float, total: float, equal: float) -> float:
    """A member's part of a sum: of values, their squares, the variance or distances from equality."""
    if np.isnan(value):
        return 0.0
    if what == 1:
        return value * value
    if what == 2:
        return (value - mean) * (value - mean)
    return abs(value / total - equal) if what == 4 else value


@inlined
def spread(
    values: FloatArray,
    base: int,
    n: int,
    ordered: FloatArray,
    spare: FloatArray,
    stack: IntArray,
    sums: FloatArray,
    out: FloatArray,
    o: int,
) -> None:
    """The `SPREADS` of row `base` of the `values` of `n` members, NaN for who does not count, in column `o`.

    Of row 3, the hits, it is `PROPORTIONALITY`.
    """
    count = float(sort_counted(values, base, n, ordered))
    equal, mean, total = ratio(1.0, count), 0.0, 0.0
    squares, variance, weighted = 0.0, 0.0, 0.0
    for what in range(5):
        if (what == 4) != (base == 3) and what > 0:
            continue
        for m in range(n):
            counted = ordered[m] * (m + 1) if m < count else 0.0
            spare[m] = counted if what == 3 else part_of(what, values[base, m], mean, total, equal)
        found = added(spare, n, stack, sums)
        if what == 0:
            total, mean = found, ratio(found, count)
        elif what == 1:
            squares = found
        elif what == 2:
            variance = ratio(found, count)
        else:
            weighted = found
    served = total > 0 or count == 0
    if base == 3:
        out[21, o] = 1 - equal if not served else (weighted / 2 if count > 0 else np.nan)
        return
    gaps, row = max(2 * weighted - (count + 1) * total, 0.0), 7 * base
    low, high = (ordered[0], ordered[int(count) - 1]) if count else (np.nan, np.nan)
    out[row, o], out[row + 1, o] = low, high
    out[row + 2, o] = ratio(low, high) if served else 0.0
    out[row + 3, o] = np.sqrt(variance)
    out[row + 4, o] = ratio(total * total, count * squares) if served else equal
    out[row + 5, o] = ratio(gaps, count * total) if served else 1 - equal
    out[row + 6, o] = ratio(gaps, count * (count - 1))


@kernel(
    "void(const i8[:,::1], const i8[::1], const b1[:,::1], const i8[::1], const i8[::1], const f8[::1],"
    " const f8[::1], f8[:,::1])"
)
def spreads(
    columns: IntArray,
    groups: IntArray,
    liked: Array,
    n_relevant: IntArray,
    offsets: IntArray,
    discounts: FloatArray,
    ideal: FloatArray,
    out: FloatArray,
) -> None:
    """Spreads over members of precision, recall and NDCG, and their disproportion, in certain orders.

    Args:
        columns: (k, n_orders) who stands at each position of a list; what is no column matters to nobody.
        groups: (n_orders,) whose list it is.
        liked: (n_members, n) as `MemberLists` has it, False behind the end of a list.
        n_relevant: (n_members,).
        offsets: (all groups + 1,) which members belong to which group.
        discounts: (k,).
        ideal: (k + 1,) the ideal gain of so many relevant candidates.
        out: (22, n_orders) to be filled.
    """
    k, n, largest = columns.shape[0], liked.shape[1], 1
    for g in range(len(offsets) - 1):
        largest = max(largest, offsets[g + 1] - offsets[g])
    values, ordered, spare = np.empty((4, largest)), np.empty(largest), np.empty(largest)
    stack, sums = np.empty((2, 256), np.int64), np.empty(256)
    stop = 0
    for o in range(len(groups)):
        if o < stop:
            continue
        first = offsets[groups[o]]
        size = offsets[groups[o] + 1] - first
        if size <= SMALL:
            end = o + 1
            while end < len(groups) and groups[end] == groups[o]:
                end += 1
            if end - o >= _SEVERAL and small_group(
                columns, o, end, first, size, liked, n_relevant, discounts, ideal, out
            ):
                stop = end
                continue
        for m in range(size):
            r, hits, gain = first + m, 0.0, 0.0
            for i in range(4):
                values[i, m] = np.nan
            if n_relevant[r] > 0:
                for p in range(k):
                    c = columns[p, o]
                    if c < n and liked[r, c]:
                        hits += 1.0
                        gain += discounts[p]
                values[0, m], values[1, m] = hits / k, hits / n_relevant[r]
                values[2, m], values[3, m] = gain / ideal[min(n_relevant[r], k)], hits
        for base in range(4):
            spread(values, base, size, ordered, spare, stack, sums, out, o)
