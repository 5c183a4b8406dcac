"""Loops for `arrays`; they import Numba, so import them late."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from groupbench.core.kernels import kernel


@kernel("void(const b1[:,::1], i8[:,::1], b1[:,::1])")
def columns_set(flags: NDArray[np.bool_], columns: NDArray[np.int64], inside: NDArray[np.bool_]) -> None:
    """Fill `columns` and `inside`, both (n_rows, most), as `arrays.columns_set` gives them."""
    most = columns.shape[1]
    for row in range(len(flags)):
        n = 0
        for c in range(flags.shape[1]):
            if flags[row, c]:
                columns[row, n] = c
                n += 1
        for place in range(most):
            inside[row, place] = place < n
        for place in range(n, most):
            columns[row, place] = 0
