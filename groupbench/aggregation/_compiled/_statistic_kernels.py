"""A loop for weighted statistics of members' scores; imports Numba, so import it late."""

from __future__ import annotations

import numpy as np

from groupbench.aggregation._compiled._gathering_kernels import gather_members, largest_group
from groupbench.aggregation._compiled._score_kernels import MEMBERS, sort_columns
from groupbench.aggregation._exact_kernels import exact_sums
from groupbench.core.arrays import Array, FloatArray, IntArray
from groupbench.core.kernels import kernel

_WIDTH = 256
"""Candidates handled at a time."""


@kernel(f"void({MEMBERS}, const f8[::1], const f8[::1], f8[:,::1])")
def weighted(
    table: FloatArray,
    rows: IntArray,
    items: Array,
    lengths: IntArray,
    offsets: IntArray,
    weights: FloatArray,
    quantiles: FloatArray,
    out: FloatArray,
) -> None:
    """Weighted sums of 1, mean, quantiles less the mean and standard deviation, (n_groups, width).

    They are those of `learned`; arguments that are not named here are those of `_score_kernels`.
    """
    largest = largest_group(offsets)
    scores, apart, spare = np.empty((largest, _WIDTH)), np.empty((largest, _WIDTH)), np.empty((4, _WIDTH))
    mean = np.empty(_WIDTH)
    for g in range(len(lengths)):
        first, size = offsets[g], offsets[g + 1] - offsets[g]
        which = g if len(items) > 1 else 0
        for start in range(0, lengths[g], _WIDTH):
            n = min(_WIDTH, lengths[g] - start)
            gather_members(table, rows[first : first + size], items[which, start:], n, scores)
            for what in range(2):
                exact_sums(scores if what == 0 else apart, size, n, True, spare)
                for c in range(n):
                    if what == 0:
                        mean[c] = spare[0, c]
                        out[g, start + c] = weights[0] + weights[1] * mean[c]
                for m in range(size if what == 0 else 0):
                    for c in range(n):
                        apart[m, c] = (scores[m, c] - mean[c]) * (scores[m, c] - mean[c])
            sort_columns(scores, size, n)
            for q in range(len(quantiles)):
                position = quantiles[q] * (size - 1)
                low, high = int(np.floor(position)), int(np.ceil(position))
                for c in range(n):
                    lower, upper = scores[low, c], scores[high, c]
                    value = lower + (position - low) * (upper - lower)
                    out[g, start + c] += weights[2 + q] * (value - mean[c])
            for c in range(n):
                out[g, start + c] += weights[-1] * np.sqrt(spare[0, c])
