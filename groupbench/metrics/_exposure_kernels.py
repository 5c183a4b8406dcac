"""Loops over lists of items that add up what they show; imports Numba, so import it late."""

from __future__ import annotations

from groupbench.core.arrays import Array, FloatArray, IntArray
from groupbench.core.kernels import kernel


@kernel("void(const i4[:,::1], const f8[:,::1], const i8[::1], f8[:,:,::1])")
def add_up(top: Array, worth: FloatArray, cutoffs: IntArray, out: FloatArray) -> None:
    """What the first items of each list are worth together.

    Args:
        top: (n_lists, depth) items, -1 beyond the end of a list.
        worth: (any, n_items + 1) of each item; the last is for the end of a list.
        cutoffs: (n_cutoffs,) ascending.
        out: (any, n_cutoffs, n_lists) to be filled.
    """
    last = worth.shape[1] - 1
    for i in range(len(top)):
        for j in range(len(worth)):
            total, done = 0.0, 0
            for c in range(len(cutoffs)):
                for p in range(done, cutoffs[c]):
                    item = top[i, p]
                    total += worth[j, item if item >= 0 else last]
                done = cutoffs[c]
                out[j, c, i] = total
