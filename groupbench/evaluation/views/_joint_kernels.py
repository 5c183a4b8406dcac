"""Loops over groups that put the rows of their members together; imports Numba, so import it late."""

from __future__ import annotations

import numpy as np

from groupbench.core.arrays import FloatArray, IntArray
from groupbench.core.kernels import kernel

_FEW = 64
"""Items that are put in order one by one."""


@kernel(
    "i8(const i8[::1], const i8[::1], const i8[::1], const i8[::1], const f8[::1], i8,"
    " i8[::1], i8[::1], f8[::1])"
)
def join(
    members: IntArray,
    offsets: IntArray,
    starts: IntArray,
    items: IntArray,
    values: FloatArray,
    n_items: int,
    sizes: IntArray,
    joint: IntArray,
    means: FloatArray,
) -> int:
    """The distinct items of each group's members, ascending, with their mean values; how many in all.

    Args:
        members: (n_members,) users, group after group.
        offsets: (n_groups + 1,) which of them belong to which group.
        starts: (n_users + 1,) which rows belong to which user.
        items: (n_rows,) by user.
        values: (n_rows,) by user; of an item they are added in the order of members, then rows.
        n_items: number of items.
        sizes: (n_groups,) to become the numbers of items.
        joint: (rows of all members,) to be filled from its begin with items.
        means: the same with means.
    """
    last, number = np.full(n_items, -1), np.empty(n_items, np.int64)
    totals, n = np.empty(n_items), 0
    for g in range(len(sizes)):
        first = n
        for m in range(offsets[g], offsets[g + 1]):
            for row in range(starts[members[m]], starts[members[m] + 1]):
                item = items[row]
                if last[item] != g:
                    last[item], number[item], totals[item] = g, 0, 0.0
                    joint[n] = item
                    n += 1
                number[item] += 1
                totals[item] += values[row]
        sizes[g] = n - first
        if sizes[g] > _FEW:
            joint[first:n].sort()
        else:
            for i in range(first + 1, n):
                item, place = joint[i], i
                while place > first and joint[place - 1] > item:
                    joint[place] = joint[place - 1]
                    place -= 1
                joint[place] = item
        for i in range(first, n):
            means[i] = totals[joint[i]] / number[joint[i]]
    return n
