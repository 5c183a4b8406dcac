"""Sparse matrices of users, groups and items, and the similarity graphs that filters run over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray
    from groupbench.data.dataset import Ratings
    from groupbench.data.groups import Groups

_DENSE = 8
"""Sparse products take about so many times as long as dense ones for each entry."""


def memberships(groups: Groups, n_users: int) -> Any:
    """Who is in which group: the (n_groups, n_users) sparse matrix of ones."""
    from scipy.sparse import csr_array

    parts = (np.ones(len(groups.members)), groups.members, groups.segments.offsets)
    return csr_array(parts, shape=(len(groups), n_users))


def ones(rows: Ratings) -> Any:
    """The (n_users, n_items) sparse matrix of `rows`, with 1 for every pair."""
    matrix = rows.matrix()
    matrix.data[:] = 1.0
    return matrix


def averaging(rows: Any) -> Any:
    """The sparse matrix with every row divided by its sum; rows of zeros stay."""
    from scipy.sparse import diags_array

    sums = _sums(rows, 1)
    return (diags_array(1.0 / np.where(sums > 0, sums, 1.0)) @ rows).tocsr()


def normalized(rows: Any, extra: FloatArray | float = 0.0) -> Any:
    """Every entry divided by the square roots of the sums of its row and its column.

    Args:
        rows: sparse, (n, n_items).
        extra: added to the sums of the rows, (n,).
    """
    from scipy.sparse import diags_array

    left, right = _sums(rows, 1) + extra, _sums(rows, 0)
    scaled = diags_array(_root(left)) @ rows @ diags_array(_root(right))
    return scaled.tocsr()


def similarity(rows: Any, topk: int | None = None, *, power: float = 1.0, extra: Any = 0.0) -> Any:
    """The graph N'N of the columns of `rows` with N of `normalized`, without loops.

    Args:
        rows: sparse, (n, n_columns).
        topk: strongest edges kept for each column; None keeps all.
        power: exponent of every edge.
        extra: passed to `normalized`.

    Returns:
        Sparse, (n_columns, n_columns).
    """
    from implicit.nearest_neighbours import all_pairs_knn
    from scipy.sparse import csr_array, csr_matrix

    scaled = normalized(rows, extra)
    if topk is None:
        graph = csr_array(scaled.T @ scaled)
    else:
        # One more, as a column is its own neighbor.
        k = min(topk + 1, scaled.shape[1])
        narrow = (scaled.data, scaled.indices.astype(np.int32), scaled.indptr.astype(np.int32))
        nearest = all_pairs_knn(csr_matrix(narrow, scaled.shape), k, num_threads=1, show_progress=False)
        graph = csr_array(nearest)
    graph.data[graph.indices == np.repeat(np.arange(graph.shape[0]), np.diff(graph.indptr))] = 0.0
    graph.eliminate_zeros()
    graph.data **= power
    return graph


def filtered(signal: Any, graph: Any, degree: int) -> FloatArray:
    """`signal`, (n, n_items), after a polynomial low-pass filter over `graph` P, (n_items, n_items).

    Degree 1 is P, degree 2 is 2P - P^2, degree 3 is P + .01 (-P^3 + 10 P^2 - 29 P), as of Turbo-CF (Park,
    Shin & Shin, SIGIR 2024). Powers of P are never made: the signal walks the graph step by step.
    """
    once = _walked(signal, graph)
    if degree == 1:
        return dense(once)
    twice = _walked(once, graph)
    if degree == 2:
        return 2.0 * dense(once) - dense(twice)
    return 0.71 * dense(once) + 0.1 * dense(twice) - 0.01 * dense(_walked(twice, graph))


def _walked(signal: Any, graph: Any) -> Any:
    """`signal @ graph`; no longer sparse where that would take more time."""
    walked = signal @ graph
    thin = hasattr(walked, "nnz") and walked.nnz * _DENSE < walked.shape[0] * walked.shape[1]
    return walked if thin else dense(walked)


def dense(matrix: Any) -> FloatArray:
    """A sparse or dense matrix as an array."""
    return np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix)


def _sums(rows: Any, axis: int) -> FloatArray:
    return np.asarray(rows.sum(axis=axis), dtype=np.float64).ravel()


def _root(sums: FloatArray) -> FloatArray:
    return np.asarray(np.where(sums > 0, sums, 1.0) ** -0.5)


def joint_graphs(users: Any, groups: Any, members: Any, topk: int | None, power: float) -> list[Any]:
    """The graphs of items of Group-GF (Kim et al., WWW 2025): of users' rows, of groups' rows and of both.

    Args:
        users: (n_users, n_items) sparse.
        groups: (n_groups, n_items) sparse.
        members: (n_groups, n_users) sparse; a user's groups and a group's members count in their degrees.
        topk: edges kept for each item, or None for all.
        power: exponent of the edges.
    """
    from scipy.sparse import vstack

    both = vstack([users, groups], format="csr")
    joined = [(users, members.sum(axis=0)), (groups, members.sum(axis=1)), (both, 0.0)]
    return [similarity(rows, topk, power=power, extra=extra) for rows, extra in joined]
