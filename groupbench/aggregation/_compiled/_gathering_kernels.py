"""How kernels lay out the scores of a group's members; imports Numba, so import it late."""

from __future__ import annotations

from groupbench.core.arrays import Array, FloatArray, IntArray
from groupbench.core.kernels import inlined


@inlined
def largest_group(offsets: IntArray) -> int:
    """The most rows from one of the `offsets` to the next, at least 1."""
    largest = 1
    for g in range(len(offsets) - 1):
        largest = max(largest, offsets[g + 1] - offsets[g])
    return largest


@inlined
def gather_members(table: FloatArray, rows: IntArray, line: Array, n: int, scores: FloatArray) -> None:
    """Fill `scores`, (len(rows), at least n), with those of `rows` for the first `n` items of a `line`."""
    for m in range(len(rows)):
        row = rows[m]
        for c in range(n):
            scores[m, c] = table[row, line[c]]
