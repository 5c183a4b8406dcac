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
    line, cells, width = np.empty(_WIDTH), matrix.reshape(-1), np.uint64(matrix.shape[1])
    # Unsigned numbers need no check of bounds; slices would take seconds to compile.
    for start in range(0, matrix.shape[1], _WIDTH):
        n = np.uint64(min(_WIDTH, matrix.shape[1] - start))
        for row in range(len(out)):
            line[:] = 0.0
            for at in range(ends[row], ends[row + 1], 4):
                few, shift = ends[row + 1] - at, np.uint64(start)
                a, one = values[at], np.uint64(columns[at]) * width + shift
                b, two, c, three, d, four = 0.0, one, 0.0, one, 0.0, one
                if few > 1:
                    b, two = values[at + 1], np.uint64(columns[at + 1]) * width + shift
                if few > 2:
                    c, three = values[at + 2], np.uint64(columns[at + 2]) * width + shift
                if few > 3:
                    d, four = values[at + 3], np.uint64(columns[at + 3]) * width + shift
                i = np.uint64(0)
                while i < n:
                    line[i] = ((line[i] + a * cells[one + i]) + b * cells[two + i]) + c * cells[three + i]
                    line[i] = line[i] + d * cells[four + i]
                    i += np.uint64(1)
            for column in range(min(_WIDTH, matrix.shape[1] - start)):
                out[row, start + column] = line[column]


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
