"""Sparse matrices that embeddings are propagated over."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from groupbench.models.layers import sparse_product

if TYPE_CHECKING:
    from groupbench.models.deep._interactions import ChoiceRows, Members


class Propagation(nn.Module):
    """Products of a fixed sparse matrix with dense ones; gradients flow to the dense ones only.

    The transpose, which carries the gradient, is stored too.

    Args:
        matrix: any SciPy sparse matrix or array, (n, m).
    """

    matrix: Tensor
    transpose: Tensor

    def __init__(self, matrix: Any) -> None:
        super().__init__()
        self.register_buffer("matrix", _tensor(matrix.tocsr()), persistent=False)
        self.register_buffer("transpose", _tensor(matrix.T.tocsr()), persistent=False)

    def forward(self, dense: Tensor) -> Tensor:
        """The product with `dense`, (m, width): (n, width)."""
        return sparse_product(dense, self.matrix, self.transpose)


def choices(rows: ChoiceRows) -> Any:
    """The 0/1 matrix of who chose what, (n_raters, n_items), as a SciPy CSR array."""
    return _csr(rows.raters.cpu().numpy(), rows.items.cpu().numpy(), (rows.n_raters, rows.n_items))


def memberships(members: Members, n_users: int) -> Any:
    """The 0/1 matrix of who is in which group, (n_groups, n_users), as a SciPy CSR array."""
    groups = torch.arange(len(members.sizes))
    users, inside = members.take(groups)
    of_member = np.repeat(np.arange(len(groups)), members.sizes.cpu().numpy())
    return _csr(of_member, users[inside].cpu().numpy(), (len(groups), n_users))


def row_normalized(matrix: Any) -> Any:
    """D^-1 A: every row with entries sums to 1."""
    from scipy.sparse import diags_array

    return diags_array(_power(matrix.sum(axis=1), -1.0)) @ matrix


def symmetrically_normalized(matrix: Any) -> Any:
    """D_r^-1/2 A D_c^-1/2 with the sums of rows and columns; both are one D for a symmetric matrix."""
    from scipy.sparse import diags_array

    left, right = (_power(matrix.sum(axis=axis), -0.5) for axis in (1, 0))
    return diags_array(left) @ matrix @ diags_array(right)


def bipartite(matrix: Any) -> Any:
    """[[0, A], [A', 0]]: the symmetric graph of rows, then columns, that `matrix`, (n, m), links."""
    from scipy.sparse import block_array

    return block_array([[None, matrix], [matrix.T, None]], format="csr")


def without_diagonal(matrix: Any) -> Any:
    """A square matrix with an empty diagonal."""
    from scipy.sparse import coo_array

    entries = matrix.tocoo()
    off = entries.row != entries.col
    coordinates = entries.row[off], entries.col[off]
    return coo_array((entries.data[off], coordinates), shape=matrix.shape).tocsr()


def _power(sums: Any, exponent: float) -> Any:
    return np.power(sums, exponent, out=np.zeros(len(sums)), where=sums > 0)


def _csr(rows: Any, columns: Any, shape: tuple[int, int]) -> Any:
    from scipy.sparse import csr_array

    return csr_array((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=shape)


def _tensor(matrix: Any) -> Tensor:
    matrix.sort_indices()
    starts, columns = torch.tensor(matrix.indptr), torch.tensor(matrix.indices)
    values = torch.tensor(matrix.data.astype(np.float32))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse", UserWarning)
        return torch.sparse_csr_tensor(starts, columns, values, matrix.shape)
