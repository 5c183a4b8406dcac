"""Loops over the members of groups that compute metrics; imports Numba, so import it late.

They give what the definitions in `ranked` give, with the same additions in the same order.
"""

from __future__ import annotations

import math

import numpy as np

from groupbench.core.arrays import Array, FloatArray, IntArray
from groupbench.core.kernels import inlined, kernel
from groupbench.metrics._list_kernels import find_blocks, put_sums

FAMILIES = (
    "precision",
    "precision_capped",
    "recall",
    "recall_capped",
    "f1",
    "f1_capped",
    "ndcg",
    "hit",
    "mrr",
    "map",
    "map_capped",
    "tied_share",
)
"""The metrics of `of_members`, and after them:"""
FIRST_HITS = ("zrecall", "zrecall_all", "dfh")

_OF_ALL = len(FAMILIES) + FIRST_HITS.index("zrecall_all")

_FEW = 8
_BLOCK = 128


@inlined
def ratio(numerator: float, denominator: float) -> float:
    """As `arrays.ratio`: NaN where the denominator is not above 0."""
    return float(numerator / denominator) if denominator > 0 else math.nan


@inlined
def pairwise(values: FloatArray, start: int, n: int) -> float:
    """The sum of up to `_BLOCK` values as NumPy adds them."""
    total = 0.0
    if n < _FEW:
        for i in range(start, start + n):
            total += values[i]
        return float(total)
    a, b, c, d = values[start], values[start + 1], values[start + 2], values[start + 3]
    e, f, g, h = values[start + 4], values[start + 5], values[start + 6], values[start + 7]
    last = start + n - n % _FEW
    for i in range(start + _FEW, last, _FEW):
        a, b, c, d = a + values[i], b + values[i + 1], c + values[i + 2], d + values[i + 3]
        e, f, g, h = e + values[i + 4], f + values[i + 5], g + values[i + 6], h + values[i + 7]
    total = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for i in range(last, start + n):
        total += values[i]
    return float(total)


@inlined
def added(values: FloatArray, n: int, stack: IntArray, sums: FloatArray) -> float:
    """The sum of `n` values as `numpy.add.reduceat` gives it: the first, and the others by halves.

    Halves wait on the `stack`, (2, any); a size of -1 says that the two sums on top are to be added.
    """
    if n <= _BLOCK + 1:
        return float(values[0] + pairwise(values, 1, n - 1))
    waiting, done = 1, 0
    stack[0, 0], stack[1, 0] = 1, n - 1
    while waiting:
        waiting -= 1
        at, size = stack[0, waiting], stack[1, waiting]
        if size < 0:
            done -= 1
            sums[done - 1] = sums[done - 1] + sums[done]
        elif size <= _BLOCK:
            sums[done] = pairwise(values, at, size)
            done += 1
        else:
            half = size // 2
            half -= half % _FEW
            stack[1, waiting] = -1
            stack[0, waiting + 1], stack[1, waiting + 1] = at + half, size - half
            stack[0, waiting + 2], stack[1, waiting + 2] = at, half
            waiting += 3
    return float(values[0] + sums[0])


@inlined
def fill_values(
    sums: FloatArray,
    k: int,
    n_candidates: int,
    n_relevant: int,
    ideal: float,
    discounts: FloatArray,
    out: FloatArray,
) -> None:
    """The metrics of one list at one cutoff, (15,), in the order of `FAMILIES` and `FIRST_HITS`.

    `sums` are those that `put_sums` makes for list 0 at all cutoffs from 1 on, (6, depth, 1).
    """
    hits, gain, miss = sums[0, k - 1, 0], sums[1, k - 1, 0], sums[2, k - 1, 0]
    precision, possible, shown = sums[4, k - 1, 0], min(n_relevant, k), min(n_candidates, k)
    out[0], out[1] = hits / k, ratio(hits, shown)
    out[2], out[3] = ratio(hits, n_relevant), ratio(hits, possible)
    out[4] = 2 * hits / (k + n_relevant)
    out[5] = 2 * hits / max(shown + n_relevant, 1)
    out[6], out[7], out[8] = ratio(gain, ideal), 1.0 - miss, sums[3, k - 1, 0]
    out[9], out[10] = ratio(precision, n_relevant), ratio(precision, possible)
    out[11], out[12], out[13] = ratio(sums[5, k - 1, 0], shown), miss, miss
    first, last = 0.0, 1.0
    for p in range(k):
        first += (last - sums[2, p, 0]) * discounts[p]
        last = sums[2, p, 0]
    out[14] = first


@kernel(
    "void(const f8[:,::1], const b1[:,::1], const i8[::1], const i8[::1], const i8[::1], i8, const i8[::1],"
    " const f8[::1], const f8[:,::1], f8[:,:,::1])"
)
def of_members(
    keys: FloatArray,
    liked: Array,
    n_candidates: IntArray,
    n_relevant: IntArray,
    offsets: IntArray,
    rule: int,
    cutoffs: IntArray,
    discounts: FloatArray,
    ideal: FloatArray,
    out: FloatArray,
) -> None:
    """Means over members of the metrics of `FAMILIES` and `FIRST_HITS`.

    Args:
        keys: (n_groups, n) as `MemberLists` has them.
        liked: (n_members, n) the same.
        n_candidates: (n_groups,).
        n_relevant: (n_members,).
        offsets: (n_groups + 1,) which members belong to which group.
        rule: as of `put_sums`.
        cutoffs: (n_cutoffs,) ascending.
        discounts: of the last cutoff.
        ideal: (n_cutoffs, largest cutoff + 1) the ideal gain of so many relevant candidates.
        out: (n_cutoffs, 15, n_groups) to be filled.
    """
    n_metrics, depth, largest = out.shape[1], cutoffs[-1], 1
    for g in range(len(offsets) - 1):
        largest = max(largest, offsets[g + 1] - offsets[g])
    sums, values, every_k = np.empty((6, depth, 1)), np.empty(n_metrics), np.arange(1, depth + 1)
    sizes, inside = np.zeros(depth, np.int64), np.zeros(depth, np.int64)
    every = np.empty((len(cutoffs), n_metrics, largest))
    counts, halves = np.empty((len(cutoffs), n_metrics)), np.empty(256)
    stack, row = np.empty((2, 256), np.int64), np.empty(largest)
    for g in range(len(offsets) - 1):
        size = offsets[g + 1] - offsets[g]
        for i in range(len(cutoffs)):
            for j in range(n_metrics):
                counts[i, j] = 0.0
        for m in range(size):
            r = offsets[g] + m
            if n_relevant[r] > 0:
                find_blocks(keys, g, liked, r, sizes, inside)
                put_sums(sizes, inside, rule, every_k, discounts, sums, 0)
            for i in range(len(cutoffs)):
                k = cutoffs[i]
                if n_relevant[r] > 0:
                    best = ideal[i, min(n_relevant[r], k)]
                    fill_values(sums, k, n_candidates[g], n_relevant[r], best, discounts, values)
                for j in range(n_metrics):
                    counted = n_relevant[r] > 0 and not np.isnan(values[j])
                    counts[i, j] += counted
                    every[i, j, m] = values[j] if counted else 0.0
        for i in range(len(cutoffs)):
            for j in range(n_metrics):
                for m in range(size):
                    row[m] = every[i, j, m]
                total = added(row, size, stack, halves)
                out[i, j, g] = ratio(total, size if j == _OF_ALL else counts[i, j])
