"""Products of sparse rows that become dense scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from groupbench.core.kernels import in_threads, worthwhile

if TYPE_CHECKING:
    from groupbench.core.arrays import Array, FloatArray


def product(rows: Any, matrix: Any) -> FloatArray:
    """Sparse `rows`, (n, m), times a matrix, (m, width), dense or sparse: (n, width), dense.

    Products are added in the order in which a row holds its columns.
    """
    shape = rows.shape[0], matrix.shape[1]
    sparse = not isinstance(matrix, np.ndarray)
    suited = rows.dtype == matrix.dtype == np.float64 and (sparse or matrix.flags.c_contiguous)
    if not suited or not worthwhile(rows.nnz * (matrix.nnz // shape[1] if sparse else shape[1]) // 4):
        found = rows @ matrix
        return np.asarray(found.toarray() if sparse else found)
    from . import _product_kernels as kernels

    out = np.empty(shape)
    other = _parts(matrix) if sparse else (matrix,)

    def work(start: int, stop: int) -> None:
        ends, columns, values = _parts(rows)
        (kernels.by_sparse if sparse else kernels.by_dense)(
            ends[start : stop + 1], columns, values, *other, out[start:stop]
        )

    in_threads(work, shape[0])
    return out


def _parts(matrix: Any) -> tuple[Array, Array, FloatArray]:
    return (
        matrix.indptr.astype(np.int32, copy=False),
        matrix.indices.astype(np.int32, copy=False),
        matrix.data,
    )
