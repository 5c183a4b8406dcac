"""HHGR's network: users over hyperedges, groups over motifs of groups, and two views of users that agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from groupbench.models.deep import (
    GroupNetwork,
    Propagation,
    embedding,
    group_embedding,
    inner,
    memberships,
    row_normalized,
    segment_sum,
    without_diagonal,
)

if TYPE_CHECKING:
    from groupbench.models.deep import Batch, Encoded, Interactions

    from ..deep_graphs import Hhgr


class HhgrNetwork(GroupNetwork):
    """Logits by a hierarchical hypergraph with self-supervision at two scales; see `Hhgr`.

    Args:
        data: decides the sizes, and who is in which group.
        made: the hyperparameters.
    """

    def __init__(self, data: Interactions, made: Hhgr) -> None:
        super().__init__(data)
        membership = memberships(data.members, data.n_users)
        entries = membership.tocoo()
        self.member_of, self.members = torch.tensor(entries.row).long(), torch.tensor(entries.col).long()
        self.motifs = Propagation(row_normalized(triangles(membership)))
        self.drop, self.contrast_weight = made.drop, made.contrast_weight
        self.users = embedding(data.n_users, made.width)
        self.items = embedding(data.n_items, made.width)
        self.groups = group_embedding(data, made.width)
        self.layers = nn.ModuleList(nn.Linear(made.width, made.width) for _ in range(made.layers))
        self.among_groups = nn.Linear(made.width, made.width, bias=False)
        self.member = nn.Linear(made.width, made.width)
        self.energy = nn.Linear(made.width, 1, bias=False)
        self.discriminator = nn.Bilinear(made.width, made.width, 1)

    def encode(self) -> Encoded:
        """Users and groups; in training also the coarse and the fine view of users, whose mean users are."""
        if not self.training:
            users = self.convolved(torch.ones(len(self.members)))
            return users, self.pooled(users)
        coarse = self.convolved((torch.rand(self.data.n_users) >= self.drop)[self.members].float())
        fine = self.convolved((torch.rand(len(self.members)) >= self.drop).float())
        users = (coarse + fine) / 2
        return users, self.pooled(users), coarse, fine

    def convolved(self, weights: Tensor) -> Tensor:
        """Users plus what the layers gather over memberships with `weights`, (n,): (n_users, width)."""
        users = self.users.weight
        for layer in self.layers:
            groups = _means(layer(users)[self.members], weights, self.member_of, self.data.n_groups)
            users = _means(groups[self.member_of], weights, self.members, self.data.n_users)
        return self.users.weight + users

    def pooled(self, users: Tensor) -> Tensor:
        """Groups from their members by attention, themselves and their motifs: (n_groups, width)."""
        index, inside = self.data.members.take(torch.arange(self.data.n_groups))
        energy = self.energy(functional.relu(self.member(users))).squeeze(1)[index]
        weights = energy.masked_fill(~inside, float("-inf")).softmax(dim=1)
        own = self.groups.weight
        near = self.motifs(self.among_groups(own))
        groups: Tensor = (weights[:, None] @ users[index]).squeeze(1) + own + near
        return groups

    def group_logits(self, encoded: Encoded, groups: Tensor, items: Tensor) -> Tensor:
        """Inner products of groups and items."""
        return inner(encoded[1][groups], self.items(items))

    def user_logits(self, encoded: Encoded, users: Tensor, items: Tensor) -> Tensor:
        """Inner products of convolved users and items."""
        return inner(encoded[0][users], self.items(items))

    def extra_loss(self, encoded: Encoded, batch: Batch) -> Tensor | None:
        """Both views of a user agree, and disagree with another user's: cross-entropy of a discriminator."""
        if batch.side == "users" or not self.contrast_weight:
            return None
        users = self.members[torch.randint(len(self.members), (len(batch.raters),))]
        coarse, fine = encoded[2][users], encoded[3][users]
        same = self.discriminator(coarse, fine)
        other = self.discriminator(coarse, fine[torch.randperm(len(fine))])
        loss: Tensor = functional.softplus(-same).mean() + functional.softplus(other).mean()
        return self.contrast_weight * loss


def triangles(membership: Any) -> Any:
    """For two groups that share members, how many third groups share members with both, as a SciPy array.

    Args:
        membership: (n_groups, n_users), 0/1.

    Returns:
        (C C) * C elementwise, (n_groups, n_groups), where C is 1 for two groups that share members.
    """
    shared = without_diagonal(membership @ membership.T)
    shared.data[:] = 1
    return (shared @ shared) * shared


def _means(values: Tensor, weights: Tensor, segments: Tensor, count: int) -> Tensor:
    """Weighted means of the rows of `values` of each of `count` segments; 0 where there are none."""
    totals = segment_sum(weights, segments, count)
    return segment_sum(values * weights[:, None], segments, count) / totals.clamp(min=1)[:, None]
