"""Loops over lists that find what leads them; imports Numba, so import it late."""

from __future__ import annotations

import numpy as np

from groupbench.core.arrays import FloatArray, IntArray
from groupbench.core.kernels import kernel


@kernel("void(const f8[:,::1], const i8[::1], i8, f8[:,::1], i8[:,::1], i8[::1])")
def lead(
    scores: FloatArray, lengths: IntArray, k: int, keys: FloatArray, columns: IntArray, behind: IntArray
) -> None:
    """The first `k` candidates of each list, and how many more tie for the last of these positions.

    Args:
        scores: (n_groups, width) higher is better; -inf for what cannot be among them.
        lengths: (n_groups,) candidates of each list.
        k: positions.
        keys: (n_groups, k) to become the negated scores, +inf behind the end of a list.
        columns: (n_groups, k) to become their columns; equal scores by column.
        behind: (n_groups,) to become the number of further candidates with the last score.
    """
    for g in range(len(lengths)):
        found, last, n = 0, np.inf, lengths[g]
        for c in range(n):
            key = -scores[g, c]
            if key < last:
                place = min(found, k - 1)
                while place > 0 and keys[g, place - 1] > key:
                    keys[g, place], columns[g, place] = keys[g, place - 1], columns[g, place - 1]
                    place -= 1
                keys[g, place], columns[g, place] = key, c
                found = min(found + 1, k)
                if found == k:
                    last = keys[g, k - 1]
        for place in range(found, k):
            keys[g, place], columns[g, place] = np.inf, 0
        count = 0
        if found == k:
            for c in range(n):
                count += -scores[g, c] == last
            for place in range(k):
                count -= keys[g, place] == last
        behind[g] = count


@kernel("void(const f8[:,::1], const i8[::1], const f8[:,::1], const i8[:,::1], const i8[::1], i8[::1])")
def followers(
    scores: FloatArray,
    lengths: IntArray,
    keys: FloatArray,
    columns: IntArray,
    behind: IntArray,
    out: IntArray,
) -> None:
    """The columns that `lead` counted in `behind`, one list after the other, (sum of behind,)."""
    n, k = 0, keys.shape[1]
    for g in range(len(lengths)):
        if behind[g]:
            for c in range(columns[g, k - 1] + 1, lengths[g]):
                if -scores[g, c] == keys[g, k - 1]:
                    out[n] = c
                    n += 1
