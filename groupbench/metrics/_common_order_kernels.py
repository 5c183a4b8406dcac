"""Loops that go through orders of equal scores, or draw some; imports Numba, so import it late."""

from __future__ import annotations

import numpy as np

from groupbench.core.arrays import Array, FloatArray, IntArray
from groupbench.core.kernels import inlined, kernel
from groupbench.metrics._mean_kernels import added


@inlined
def mixed(state: np.uint64) -> np.uint64:
    """The output function of SplitMix64."""
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


@inlined
def draw(
    number: int, end: IntArray, orders: int, nobody: int, out: IntArray, weights: FloatArray, at: int
) -> None:
    """Random orders of a list from column `at` of `out`, (K, any), on, as of `_orders._drawn_orders`."""
    partner, seed = np.empty(len(end), np.int64), mixed(np.uint64(number))
    for order in range(orders):
        state, weights[at + order] = mixed(seed + np.uint64(order)), 1 / orders
        for position in range(len(end)):
            state += np.uint64(0x9E3779B97F4A7C15)
            uniform = np.float64(mixed(state) >> np.uint64(11)) * 2.0**-53
            there = position + int(uniform * (end[position] - position))
            partner[position] = there
            for before in range(position - 1, -1, -1):
                if there == partner[before]:
                    there = before
            out[position, at + order] = there if there < nobody else nobody


@inlined
def go_through(
    start: IntArray, end: IntArray, matters: Array, most: int, out: IntArray, weights: FloatArray, at: int
) -> int:
    """Every order of a list from column `at` of `out` on, as of `_orders._all_orders`.

    Returns:
        How many they are; 0 if they are more than `most`.
    """
    depth, nobody, found, p = len(end), len(matters), 0, 0
    columns, n = np.empty(nobody, np.int64), 0
    for c in range(nobody):
        if matters[c]:
            columns[n] = c
            n += 1
    free, weight = np.ones(nobody, np.bool_), np.ones(depth + 1)
    chosen, first, last = np.empty(depth, np.int64), np.empty(depth, np.int64), np.empty(depth, np.int64)
    others, following = np.empty(depth, np.int64), np.empty(depth, np.int64)
    for position in range(depth):
        first[position], last[position] = 0, 0
        for i in range(n):
            first[position] += columns[i] < start[position]
            last[position] += columns[i] < end[position]
    entered = True
    while p >= 0:
        left = end[p] - p
        if entered:
            following[p], others[p] = first[p], left
            for i in range(first[p], last[p]):
                others[p] -= free[i]
        elif chosen[p] < n:
            free[chosen[p]] = True
        i = following[p]
        while i < last[p] and not free[i]:
            i += 1
        following[p] = i + 1
        if i < last[p]:
            chosen[p], free[i] = i, False
            weight[p + 1] = weight[p] / left
        elif i == last[p] and others[p] > 0:
            chosen[p] = n
            weight[p + 1] = weight[p] * others[p] / left
        else:
            p, entered = p - 1, False
            continue
        if p + 1 < depth:
            p, entered = p + 1, True
            continue
        if found == most:
            return 0
        weights[at + found] = weight[depth]
        for position in range(depth):
            who = chosen[position]
            out[position, at + found] = columns[who] if who < n else nobody
        found, entered = found + 1, False
    return found


@inlined
def merge_idle(matters: Array, out: IntArray, weights: FloatArray, at: int, found: int) -> int:
    """Leave all orders in which nobody matters to the first of them; how many orders are left."""
    kept, idle, weight = 0, -1, 0.0
    for order in range(at, at + found):
        someone = False
        for position in range(len(out)):
            c = out[position, order]
            someone = someone or (c < len(matters) and matters[c])
        if not someone:
            weight += weights[order]
            if idle >= 0:
                continue
            idle = at + kept
        weights[at + kept] = weights[order]
        for position in range(len(out)):
            out[position, at + kept] = out[position, order]
        kept += 1
    if idle >= 0:
        weights[idle] = weight
    return kept


@kernel(
    "void(const i8[::1], const i8[:,::1], const i8[:,::1], const b1[:,::1], i8, i8[:,::1], f8[::1], i8[::1])"
)
def common(
    numbers: IntArray,
    start: IntArray,
    end: IntArray,
    matters: Array,
    most: int,
    out: IntArray,
    weights: FloatArray,
    counts: IntArray,
) -> None:
    """The orders of some lists, one list after the other, as of `_orders.common_orders`.

    Args:
        numbers: (n_lists,) as `TiedLists` has them.
        start: (n_lists, K) the same, the other way around.
        end: (n_lists, K) likewise.
        matters: (n_lists, n) as `TiedLists` has it.
        most: orders of a list at most.
        out: (K, n_lists * most) its first columns become who stands at each position.
        weights: (n_lists * most,) to become their probabilities.
        counts: (n_lists,) to become the number of orders of each list.
    """
    at = 0
    for i in range(len(numbers)):
        found = go_through(start[i], end[i], matters[i], most, out, weights, at)
        if found == 0:
            draw(numbers[i], end[i], most, matters.shape[1], out, weights, at)
            found = most
        counts[i] = merge_idle(matters[i], out, weights, at, found)
        at += counts[i]


@kernel("void(const f8[:,::1], const f8[::1], const i8[::1], f8[:,::1])")
def expected(values: FloatArray, weights: FloatArray, offsets: IntArray, out: FloatArray) -> None:
    """Weighted sums of the `values`, (n_names, n_orders), of the orders of each list, (n_names, n_lists)."""
    largest = 1
    for i in range(len(offsets) - 1):
        largest = max(largest, offsets[i + 1] - offsets[i])
    row, stack, sums = np.empty(largest), np.empty((2, 256), np.int64), np.empty(256)
    for name in range(len(values)):
        for i in range(len(offsets) - 1):
            n = offsets[i + 1] - offsets[i]
            for j in range(n):
                row[j] = values[name, offsets[i] + j] * weights[offsets[i] + j]
            out[name, i] = added(row, n, stack, sums)
