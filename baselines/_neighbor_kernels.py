"""Loops over users that sum up the similarities to their feedback; imports Numba, so import it late."""

from __future__ import annotations

import numpy as np

from groupbench.core.arrays import Array, FloatArray, IntArray
from groupbench.core.kernels import kernel

_MATRIX = "const i4[::1], const i4[::1], const f8[::1]"


@kernel(f"void(const i8[::1], const i8[::1], {_MATRIX}, {_MATRIX}, i8, const i8[:,::1], f8[:,::1])")
def sum_up(
    users: IntArray,
    order: IntArray,
    feedback_ends: Array,
    feedback_items: Array,
    weights: FloatArray,
    neighbor_ends: Array,
    neighbors: Array,
    similarities: FloatArray,
    n_items: int,
    items: IntArray,
    out: FloatArray,
) -> None:
    """Scores of some items of each user, with the additions of a sparse product in its order.

    Args:
        users: (n,) rows of the feedback.
        order: (n,) all of them, equal users one after the other.
        feedback_ends: (n_users + 1,) of the feedback in compressed rows, as the two that follow.
        feedback_items: (n_feedback,).
        weights: (n_feedback,).
        neighbor_ends: (n_items + 1,) of the similarities in compressed rows, as the two that follow.
        neighbors: (n_neighbors,).
        similarities: (n_neighbors,).
        n_items: number of items.
        items: (n, k) the items of each user.
        out: (n, k) to be filled.
    """
    sums, last = np.zeros(n_items), -1
    for i in order:
        if users[i] != last:
            last = users[i]
            sums[:] = 0.0
            for row in range(feedback_ends[last], feedback_ends[last + 1]):
                item, weight = feedback_items[row], weights[row]
                for j in range(neighbor_ends[item], neighbor_ends[item + 1]):
                    sums[neighbors[j]] += weight * similarities[j]
        for c in range(items.shape[1]):
            out[i, c] = sums[items[i, c]]
