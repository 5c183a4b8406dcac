"""HCR's network: a hypergraph of members and items, attention over members, and a graph of groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from groupbench.models.deep import (
    Attention,
    GroupNetwork,
    PairTower,
    Propagation,
    Thinned,
    choices,
    embedding,
    group_embedding,
    memberships,
    row_normalized,
)

from .hypergroup import overlaps

if TYPE_CHECKING:
    from torch import Tensor

    from groupbench.models.deep import Encoded, Interactions

    from ..deep_graphs import Hcr


class HcrNetwork(GroupNetwork):
    """Logits by attention over members of a hypergraph, and by groups alike; see `Hcr` for the equations.

    Args:
        data: decides the sizes, the hypergraph and the graph of groups.
        made: the hyperparameters.
    """

    def __init__(self, data: Interactions, made: Hcr) -> None:
        from scipy.sparse import eye_array, hstack

        super().__init__(data)
        incidence = hstack([memberships(data.members, data.n_users), choices(data.groups)], format="csr")
        self.of_nodes = Thinned(row_normalized(incidence), made.thinning)
        self.of_groups = Thinned(row_normalized(incidence.T), made.thinning)
        self.alike = Propagation(row_normalized(overlaps(incidence) + eye_array(data.n_groups)))
        self.layers = made.layers
        self.users = embedding(data.n_users, made.width)
        self.items = embedding(data.n_items, made.width)
        self.groups = group_embedding(data, made.width)
        self.attention = Attention(made.width, made.attention_width, made.dropout)
        self.pair_size = max(self.pair_size, data.members.users.shape[1] * made.attention_width)
        self.tower = PairTower(made.width, made.hidden, made.dropout)

    def encode(self) -> Encoded:
        """Users and items of the hypergraph, and groups of the graph of groups."""
        nodes = all_nodes = torch.cat([self.users.weight, self.items.weight])
        groups = all_groups = self.groups.weight
        for _ in range(self.layers):
            nodes, groups = self.of_groups(self.of_nodes(nodes)), self.alike(groups)
            all_nodes, all_groups = all_nodes + nodes, all_groups + groups
        users, items = all_nodes.tensor_split([self.data.n_users])
        return users, items, all_groups

    def group_logits(self, encoded: Encoded, groups: Tensor, items: Tensor) -> Tensor:
        """The tower on the weighted members plus the group of the graph."""
        index, inside = self.data.members.take(groups)
        members, chosen = encoded[0][index], encoded[1][items]
        own = encoded[2][groups][:, None]
        logits: Tensor = self.tower(self.attention(members, inside, chosen) @ members + own, chosen)
        return logits

    def user_logits(self, encoded: Encoded, users: Tensor, items: Tensor) -> Tensor:
        """The same tower on the user of the hypergraph."""
        logits: Tensor = self.tower(encoded[0][users][:, None], encoded[1][items])
        return logits
