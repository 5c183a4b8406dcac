"""Loops that multiply rows of sparse matrices; they import Numba, so import them late."""

from __future__ import annotations

import numpy as np

from groupbench.core.arrays import Array, FloatArray
from groupbench.core.kernels import kernel

_WIDTH = 512
"""Columns at a time."""

_ROWS = "const i4[::1], const i4[::1], const f8[::1]"
"""The types of the row ends, columns and values of a sparse matrix."""


@kernel(f"void({_ROWS}, const f8[:,::1], f8[:,::1])")
def by_dense(ends: Array, columns: Array, values: FloatArray, matrix: FloatArray, out: FloatArray) -> None:
    """Sparse rows, (n, any), times a `matrix`, (any, width): (n, width), added column by column."""
    line = np.empty(_WIDTH)
    for start in range(0, matrix.shape[1], _WIDTH):
        n = min(_WIDTH, matrix.shape[1] - start)
        stop = start + n
        for row in range(len(out)):
            line[:] = 0.0
            at, end = ends[row], ends[row + 1]
            while at + 4 <= end:
                a, b, c, d = values[at], values[at + 1], values[at + 2], values[at + 3]
                of_a, of_b = matrix[columns[at], start:stop], matrix[columns[at + 1], start:stop]
                of_c, of_d = matrix[columns[at + 2], start:stop], matrix[columns[at + 3], start:stop]
                for i in range(n):
                    line[i] = (((line[i] + a * of_a[i]) + b * of_b[i]) + c * of_c[i]) + d * of_d[i]
                at += 4
            while at < end:
                a, of_a = values[at], matrix[columns[at], start:stop]
                for i in range(n):
                    line[i] += a * of_a[i]
                at += 1
            out[row, start:stop] = line[:n]


@kernel(f"void({_ROWS}, {_ROWS}, f8[:,::1])")
def by_sparse(
    ends: Array,
    columns: Array,
    values: FloatArray,
    other_ends: Array,
    other_columns: Array,
    other_values: FloatArray,
    out: FloatArray,
) -> None:
    """The same with another sparse matrix."""
    for row in range(len(out)):
        for c in range(out.shape[1]):
            out[row, c] = 0.0
        for at in range(ends[row], ends[row + 1]):
            value, of = values[at], columns[at]
            for place in range(other_ends[of], other_ends[of + 1]):
                out[row, other_columns[place]] += value * other_values[place]
