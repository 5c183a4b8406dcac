"""Loops over shortlists of groups of equal size for Pareto strategies; imports Numba, so import it late."""

from __future__ import annotations

import numpy as np

from groupbench.core.arrays import Array, BoolArray, IntArray
from groupbench.core.kernels import inlined, kernel


@kernel("void(const i4[:,:,::1], const b1[:,::1], i8[:,::1])")
def dominators(ranks: Array, valid: BoolArray, out: IntArray) -> None:
    """How many valid columns dominate each one, (n, width), by `ranks`, (n, size, width)."""
    n, size, width = ranks.shape
    for g in range(n):
        for c in range(width):
            count = 0
            for d in range(width):
                if valid[g, d] and valid[g, c] and d != c:
                    m, better = 0, False
                    while m < size and ranks[g, m, d] <= ranks[g, m, c]:
                        better = better or ranks[g, m, d] < ranks[g, m, c]
                        m += 1
                    count += m == size and better
            out[g, c] = count if valid[g, c] else width


@inlined
def common_divisor(one: int, other: int) -> int:
    """The greatest number that divides both."""
    while other:
        one, other = other, one % other
    return one


@inlined
def last_place(sums: IntArray, w: int, optimal: BoolArray, g: int, k: int, counts: IntArray) -> int:
    """The `k`-th lowest of the `sums` of what is optimal; `counts` are 0, before and behind."""
    highest = 0
    for c in range(optimal.shape[1]):
        if optimal[g, c]:
            counts[sums[w, c]] += 1
            highest = max(highest, sums[w, c])
    found, last = 0, -1
    while found < k:
        last += 1
        found += counts[last]
    for value in range(highest + 1):
        counts[value] = 0
    return last


@kernel("void(const i4[:,:,::1], const b1[:,::1], const i8[:,::1], i8, i8[:,::1], b1[::1])")
def chances(
    ranks: Array, optimal: BoolArray, weights: IntArray, depth: int, out: IntArray, fits: BoolArray
) -> None:
    """What `pareto._chances` gives, (n, width); `fits` says for which groups 64 bits are enough."""
    n, size, width = ranks.shape
    n_weights, heaviest = len(weights), 0
    for w in range(n_weights):
        weight = 0
        for m in range(size):
            weight += weights[w, m]
        heaviest = max(heaviest, weight)
    counts, sums = np.zeros(heaviest * 2 * depth + 1, np.int64), np.empty((n_weights, width), np.int64)
    last, left = np.empty(n_weights, np.int64), np.empty(n_weights, np.int64)
    tied = np.empty(n_weights, np.int64)
    k, most = min(depth, width), (1 << 63) - 1
    for g in range(n):
        n_optimal, one, fits[g] = 0, 1, True
        for c in range(width):
            n_optimal += optimal[g, c]
            out[g, c] = 0
        for w in range(n_weights):
            for c in range(width):
                sums[w, c] = 0
            for m in range(size):
                for c in range(width):
                    sums[w, c] += weights[w, m] * ranks[g, m, c]
            last[w] = last_place(sums, w, optimal, g, k, counts) if n_optimal >= k else most
            left[w], tied[w] = k, 0
            for c in range(width):
                if optimal[g, c]:
                    left[w] -= sums[w, c] < last[w]
                    tied[w] += sums[w, c] == last[w]
            tied[w] = max(tied[w], 1)
            common = common_divisor(left[w], tied[w])
            left[w], tied[w] = left[w] // common, tied[w] // common
            step = tied[w] // common_divisor(one, tied[w])
            if not fits[g] or one > most // n_weights // step:
                fits[g] = False
            else:
                one *= step
        for w in range(n_weights if fits[g] else 0):
            share = one // tied[w] * left[w]
            for c in range(width):
                if optimal[g, c]:
                    out[g, c] += one if sums[w, c] < last[w] else (share if sums[w, c] == last[w] else 0)
