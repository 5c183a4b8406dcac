"""A loop over groups for the positions of GFAR; imports Numba, so import it late."""

from __future__ import annotations

import numpy as np

from groupbench.aggregation._exact import UNIT
from groupbench.aggregation._greedy import ROUNDING_BITS
from groupbench.core.arrays import Array, FloatArray, IntArray
from groupbench.core.kernels import kernel

_STEPS = float(UNIT)
_BITS = ROUNDING_BITS
_HALF = 1 << ROUNDING_BITS >> 1


@kernel(
    "void(const f8[:,::1], const f8[::1], const i8[:,::1], i8[::1], const i8[::1], const f8[:,::1],"
    " b1[:,::1], i8, i8[:,::1], b1[::1])"
)
def fill_position(
    chance: FloatArray,
    missing: FloatArray,
    worth: IntArray,
    received: IntArray,
    offsets: IntArray,
    mean: FloatArray,
    waiting: Array,
    left: int,
    placed: IntArray,
    going: Array,
) -> None:
    """Place what adds most in each group, of equal gains what has the highest mean; all that are equal.

    Args:
        chance: (n_rows, n) that a member finds what it wants in a candidate.
        missing: (n_rows,) that it has not found anything.
        worth: (n_rows, n) what a candidate adds to `received`.
        received: (n_rows,) to be added to.
        offsets: (n_groups + 1,) which rows are the members of a group.
        mean: (n_groups, n) of candidates.
        waiting: (n_groups, n) which candidates can be placed; to be updated.
        left: positions left.
        placed: (n_groups, n) becomes `left` for those that are placed.
        going: (n_groups,) whether a group's list goes on; to become False where nothing adds anything.
    """
    n = waiting.shape[1]
    gains = np.empty(n, np.int64)
    for g in range(len(waiting)):
        if not going[g]:
            continue
        for c in range(n):
            gains[c] = 0
        for r in range(offsets[g], offsets[g + 1]):
            for c in range(n):
                gains[c] += np.int64(np.rint(chance[r, c] * missing[r] * _STEPS))
        best, highest = np.int64(1), -np.inf
        for c in range(n):
            gains[c] = (gains[c] + _HALF) >> _BITS
            if waiting[g, c] and (gains[c] > best or (gains[c] == best and mean[g, c] > highest)):
                best, highest = gains[c], mean[g, c]
        going[g] = highest > -np.inf
        for c in range(n):
            if going[g] and waiting[g, c] and gains[c] == best and mean[g, c] == highest:
                placed[g, c], waiting[g, c] = left, False
                for r in range(offsets[g], offsets[g + 1]):
                    received[r] += worth[r, c]
