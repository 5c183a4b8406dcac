"""DHMAE's network: a hypergraph that tells members' and items' messages apart, and masks to see through."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from groupbench.models.deep import (
    Attention,
    GroupNetwork,
    PairTower,
    Propagation,
    Thinned,
    choices,
    embedding,
    memberships,
    row_normalized,
)

if TYPE_CHECKING:
    from groupbench.models.deep import Batch, Encoded, Interactions

    from ..deep_masking import Dhmae


class Disentangled(nn.Module):
    """What a group hears from its members and its items: what both have in common, and each alone.

    Args:
        width: width of the embeddings.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1, bias=False))
        self.of_members, self.of_items = (nn.Linear(2 * width, width) for _ in range(2))
        with torch.no_grad():
            for layer in (self.of_members, self.of_items):
                layer.weight[:, :width] += torch.eye(width)
                layer.bias.zero_()

    def forward(self, members: Tensor, items: Tensor, groups: Tensor) -> Tensor:
        """The messages, (n_groups, width), of means of members and items and the groups' own embeddings."""
        shares = torch.cat([self.query(members), self.query(items)], dim=1).softmax(dim=1)
        common = shares[:, :1] * members + shares[:, 1:] * items
        alone = self.of_members(torch.cat([members - common, groups], dim=1))
        message: Tensor = alone + self.of_items(torch.cat([items - common, groups], dim=1)) + common
        return message


class DhmaeNetwork(GroupNetwork):
    """Logits of groups by a masked hypergraph, and what reconstructs the masked; see `Dhmae`.

    Args:
        data: decides the sizes, who is in which group, and how often what is masked.
        made: the hyperparameters.
    """

    def __init__(self, data: Interactions, made: Dhmae) -> None:
        from scipy.sparse import hstack

        super().__init__(data)
        self.made = made
        self.users = embedding(data.n_users, made.width)
        self.items = embedding(data.n_items, made.width)
        self.groups = embedding(data.n_groups, made.width)
        self.known = (data.groups.counts > 0)[:, None]
        membership, chosen = memberships(data.members, data.n_users), choices(data.groups)
        incidence = hstack([membership, chosen], format="csr")
        self.to_groups = Propagation(row_normalized(membership))
        self.from_items = Thinned(row_normalized(chosen), made.thinning)
        self.from_groups = Thinned(row_normalized(incidence.T), made.thinning)
        self.layers = nn.ModuleList(Disentangled(made.width) for _ in range(made.layers))
        self.decoder = nn.Sequential(
            nn.Linear(made.width, made.width), nn.ReLU(), nn.Linear(made.width, made.width)
        )
        self.attention = Attention(made.width, made.width, made.dropout)
        self.tower = PairTower(made.width, (made.width,), made.dropout)
        self.pair_size = max(self.pair_size, (1 + data.members.users.shape[1]) * made.width)
        rows = torch.cat([data.users.counts, torch.bincount(data.users.items, minlength=data.n_items)])
        ends = torch.tensor(incidence.sum(axis=0)).long()
        inside = torch.where(self.known[:, 0], data.members.sizes + data.groups.counts, 1)
        degrees = torch.cat([rows + ends, inside])
        self.masking = made.masking * (1 - 1 / degrees.clamp(min=1))

    def encode(self) -> Encoded:
        """Users, items and groups after all layers, in training of masked embeddings, and what is masked."""
        start, n_users = self._start(), self.data.n_users
        masked = torch.zeros(len(start), dtype=torch.bool)
        if self.training and self.made.masking:
            masked = torch.rand(len(start)) < self.masking
            start = start.masked_fill(masked[:, None], 0)
        n_nodes = n_users + self.data.n_items
        nodes = total = start[:n_nodes]
        groups = messages = start[n_nodes:]
        for layer in self.layers:
            message = layer(self.to_groups(nodes[:n_users]), self.from_items(nodes[n_users:]), groups)
            nodes = self.from_groups(message)
            total, messages = total + nodes, messages + message
        return total[:n_users], total[n_users:], messages, masked

    def group_logits(self, encoded: Encoded, groups: Tensor, items: Tensor) -> Tensor:
        """The tower on members, weighed for each item, plus the group."""
        users, inside = self.data.members.take(groups)
        members, chosen = encoded[0][users], encoded[1][items]
        weights = self.attention(members, inside, chosen)
        logits: Tensor = self.tower(weights @ members + encoded[2][groups][:, None], chosen)
        return logits

    def user_logits(self, encoded: Encoded, users: Tensor, items: Tensor) -> Tensor:
        """The same tower on embeddings as they are without the hypergraph."""
        logits: Tensor = self.tower(self.users(users)[:, None], self.items(items))
        return logits

    def extra_loss(self, encoded: Encoded, batch: Batch) -> Tensor | None:
        """1 - cosine of the masked embeddings and what is decoded in their place, mean, with its weight."""
        masked = encoded[3]
        if batch.side == "users" or not masked.any():
            return None
        found = self.decoder(torch.cat(encoded[:3])[masked])
        error = 1 - functional.cosine_similarity(found, self._start()[masked]).mean()
        return self.made.reconstruction_weight * error

    def _start(self) -> Tensor:
        """What is masked: users, items and groups, of which those without rows are 0, not what noise made."""
        return torch.cat([self.users.weight, self.items.weight, self.groups.weight * self.known])
