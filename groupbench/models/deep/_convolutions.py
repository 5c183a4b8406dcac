"""What graph models share: LightGCN, groups as hyperedges over members and items, bounds of members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from groupbench.models.deep._propagation import (
    Propagation,
    bipartite,
    choices,
    memberships,
    row_normalized,
    symmetrically_normalized,
)
from groupbench.models.layers import sparse_product

if TYPE_CHECKING:
    from groupbench.models.deep._interactions import Interactions, Members


class Thinned(Propagation):
    """A propagation that in training leaves out entries of the matrix at random, and scales up the others.

    Otherwise a rater would be trained on an item that has just been propagated to it.

    Args:
        matrix: any SciPy sparse matrix or array, (n, m).
        rate: share of the entries that is left out.
    """

    def __init__(self, matrix: Any, rate: float) -> None:
        super().__init__(matrix)
        self.rate = rate
        numbered = matrix.tocsr(copy=True)
        numbered.sort_indices()
        numbered.data = np.arange(len(numbered.data))
        transpose = numbered.T.tocsr()
        transpose.sort_indices()
        self.transpose_order = torch.tensor(transpose.data)

    def forward(self, dense: Tensor) -> Tensor:
        """The product with `dense`, (m, width): (n, width)."""
        if not self.training or not self.rate:
            return super().forward(dense)
        factors = (torch.rand(len(self.transpose_order)) >= self.rate).float() / (1 - self.rate)
        transpose = _scaled(self.transpose, factors[self.transpose_order])
        return sparse_product(dense, _scaled(self.matrix, factors), transpose)


class LightGcn(nn.Module):
    """Mean of E, A E, A^2 E ... with the normalized graph of raters and items (He et al., SIGIR 2020).

    Args:
        chosen: who chose what as a SciPy sparse matrix, (n_raters, n_items).
        layers: steps over the graph; 0 leaves the embeddings as they are.
        thinning: share of the graph that a step of training leaves out.
    """

    def __init__(self, chosen: Any, layers: int, thinning: float) -> None:
        super().__init__()
        self.layers = layers
        self.adjacency = Thinned(symmetrically_normalized(bipartite(chosen)), thinning)

    def forward(self, raters: Tensor, items: Tensor) -> tuple[Tensor, Tensor]:
        """Propagated raters, (n_raters, width), and items, (n_items, width)."""
        nodes = total = torch.cat([raters, items])
        for _ in range(self.layers):
            nodes = self.adjacency(nodes)
            total = total + nodes
        mean = total / (self.layers + 1)
        return mean[: len(raters)], mean[len(raters) :]


class Hypergraph(nn.Module):
    """Convolutions over groups as hyperedges that hold their members and the items they chose.

    In each layer a group g makes a message from the means u of its members and i of its items,
    m = W [u; i] + b, with `own` m = W [u; i; i * g] + b, and each user and item becomes the mean of its
    groups' messages. What all layers hold is summed up.

    Args:
        data: who is in which group, and what groups chose.
        width: width of the embeddings.
        layers: number of convolutions.
        own: whether the messages also take in the group's own embedding.
        thinning: share of the groups' items, and of what nodes hear from groups, that a step of training
            leaves out.
    """

    def __init__(self, data: Interactions, width: int, layers: int, *, own: bool, thinning: float) -> None:
        from scipy.sparse import hstack

        super().__init__()
        membership, chosen = memberships(data.members, data.n_users), choices(data.groups)
        self.own = own
        self.of_members = Propagation(row_normalized(membership))
        self.of_items = Thinned(row_normalized(chosen), thinning)
        incidence = hstack([membership, chosen], format="csr")
        self.of_groups = Thinned(row_normalized(incidence.T), thinning)
        self.layers = nn.ModuleList(_mixing(width, 3 if own else 2) for _ in range(layers))

    def forward(self, users: Tensor, items: Tensor, groups: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Users, items and groups, each (n, width), after all convolutions."""
        layer_nodes = nodes = torch.cat([users, items])
        total, n_users = groups, len(users)
        for layer in self.layers:
            of_members = self.of_members(layer_nodes[:n_users])
            of_items = self.of_items(layer_nodes[n_users:])
            parts = [of_members, of_items, *([of_items * groups] if self.own else [])]
            message = layer(torch.cat(parts, dim=1))
            layer_nodes = self.of_groups(message)
            nodes, total = nodes + layer_nodes, total + message
        return nodes[:n_users], nodes[n_users:], total


def _mixing(width: int, parts: int) -> nn.Linear:
    """A layer over `parts` vectors that starts as the sum of the first two, but for small random weights."""
    layer = nn.Linear(parts * width, width)
    with torch.no_grad():
        layer.weight[:, : 2 * width] += torch.eye(width).repeat(1, 2)
        layer.bias.zero_()
    return layer


def bounds(users: Tensor, members: Members, groups: Tensor) -> tuple[Tensor, Tensor]:
    """Lowest and highest coordinates, (n, width) each, of the members of `groups`, (n,).

    Args:
        users: (n_users, width) embeddings of all users.
        members: who is in which group.
        groups: (n,) indices.
    """
    index, inside = members.take(groups)
    # The first member stands in where there is none: it changes neither bound, nor who gets its gradient.
    # torch 2.6 has no derivative of `aminmax`.
    placed = users[torch.where(inside, index, index[:, :1])]
    return placed.amin(dim=1), placed.amax(dim=1)


def _scaled(matrix: Tensor, factors: Tensor) -> Tensor:
    """A sparse CSR tensor with each entry multiplied by its own of `factors`, (n_entries,)."""
    values = matrix.values() * factors
    return torch.sparse_csr_tensor(matrix.crow_indices(), matrix.col_indices(), values, matrix.shape)
