"""Hyperedges that share members: a group reads what overlapping groups chose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from groupbench.core.arrays import blocks
from groupbench.models.deep import Bags, Members, memberships

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray, IntArray
    from groupbench.models.deep import Interactions
    from groupbench.models.dmtl.ranking.lookups import ItemVectors

_ENTRIES = 2**22
"""Pairs of overlapping groups that are looked at together, at most, unless one group has more."""


class OverlappingGroups(NamedTuple):
    """Overlapping groups of n groups, one line each, filled up with weight 0.

    Attributes:
        groups: (n, most) indices.
        weights: (n, most) Jaccard overlaps, over their sum.
    """

    groups: IntArray
    weights: FloatArray


def overlapping(groups: Any, others: Any, most: int, own: IntArray | None = None) -> OverlappingGroups:
    """Of each of `groups` the `most` of `others` that it overlaps most with; of equal ones the first.

    The overlap is Jaccard's: shared members over all members of both. Memory is bounded by `_ENTRIES`,
    never groups times groups.

    Args:
        groups: (n, n_users) sparse 0/1 memberships.
        others: (m, n_users) the same.
        most: largest number of neighbors.
        own: (n,) index among `others` of each group itself, which is no neighbor of its own; -1 where it is
            none of them.
    """
    sizes, other_sizes = groups.sum(axis=1), others.sum(axis=1)
    found = OverlappingGroups(np.zeros((groups.shape[0], most), np.int64), np.zeros((groups.shape[0], most)))
    transposed = others.T.tocsr()
    for start, stop in blocks(groups @ others.sum(axis=0), _ENTRIES):
        shared = (groups[start:stop] @ transposed).tocoo()
        row, column = shared.row + start, shared.col
        jaccard = shared.data / (sizes[row] + other_sizes[column] - shared.data)
        if own is not None:
            kept = column != own[row]
            row, column, jaccard = row[kept], column[kept], jaccard[kept]
        order = np.lexsort((column, -jaccard, row))
        row, column, jaccard = row[order], column[order], jaccard[order]
        position = np.arange(len(row)) - np.searchsorted(row, row)
        near = position < most
        found.groups[row[near], position[near]] = column[near]
        found.weights[row[near], position[near]] = jaccard[near]
    totals = found.weights.sum(axis=1, keepdims=True)
    return OverlappingGroups(found.groups, found.weights / np.where(totals > 0, totals, 1.0))


class Overlaps(nn.Module):
    """U sum_k w_k s_k over the histories s_k of the groups that share most members with a group.

    w_k is the Jaccard overlap of the members over the sum of those of all neighbors, which are groups with
    training rows; a group is no neighbor of its own. 0 where there is none.

    Args:
        data: who chose what, and who is in which group.
        width: of the items' vectors.
        most: largest number of neighbors.
        dropout: share of the neighbors' choices that a step leaves out.
    """

    groups: Tensor
    weights: Tensor

    def __init__(self, data: Interactions, width: int, most: int, dropout: float) -> None:
        super().__init__()
        self.data, self.most, self.dropout = data, most, dropout
        self.linear = nn.Linear(width, width)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        counts = data.groups.counts.cpu().numpy()
        self._choosing = np.flatnonzero(counts)
        self._members = memberships(data.members, data.n_users)
        own = np.where(counts > 0, np.cumsum(counts > 0) - 1, -1)
        index, weights = self._tensors(self._members, own)
        self.register_buffer("groups", index, persistent=False)
        self.register_buffer("weights", weights, persistent=False)

    def forward(self, groups: Tensor, items: ItemVectors) -> Tensor:
        """What is read for `groups`, (n,) of the training data: (n, width).

        Args:
            groups: indices.
            items: the vectors that histories sum.
        """
        return self._read(self.groups[groups], self.weights[groups], items)

    def of_members(self, users: Tensor, inside: Tensor, items: ItemVectors) -> Tensor:
        """The same for groups that the training data lacks, by their members, (n, most) both: (n, width)."""
        sizes = inside.sum(dim=1)
        filled = torch.where(inside, users, 0)
        matrix = memberships(Members(filled, sizes), self.data.n_users)
        return self._read(*self._tensors(matrix), items)

    def _tensors(self, matrix: Any, own: IntArray | None = None) -> tuple[Tensor, Tensor]:
        found = overlapping(matrix, self._members[self._choosing], self.most, own)
        if not len(self._choosing):
            return torch.tensor(found.groups), torch.tensor(found.weights, dtype=torch.float32)
        index = self._choosing[found.groups]
        return torch.tensor(index), torch.tensor(found.weights, dtype=torch.float32)

    def _read(self, groups: Tensor, weights: Tensor, items: ItemVectors) -> Tensor:
        inside = weights > 0
        bags = Bags.of(self.data.groups, groups[inside], power=0.5)
        bags = bags.merged(weights[inside], inside.sum(dim=1))
        if self.training:
            bags = bags.dropped(self.dropout)
        out: Tensor = self.linear(items.sums(bags))
        return out
