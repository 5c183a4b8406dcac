"""ConsRec's network: three views of a group, from its members, its items and groups alike, and gates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from groupbench.models.deep import (
    Hypergraph,
    InnerProductNetwork,
    LightGcn,
    Propagation,
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

    from ..deep_graphs import ConsRec


class ConsRecNetwork(InnerProductNetwork):
    """Logits of groups by gated views of their consensus; see `ConsRec` for the equations.

    Args:
        data: decides the sizes and the three graphs.
        made: the hyperparameters.
    """

    def __init__(self, data: Interactions, made: ConsRec) -> None:
        from scipy.sparse import eye_array, hstack

        super().__init__(data)
        incidence = hstack([memberships(data.members, data.n_users), choices(data.groups)], format="csr")
        self.alike = Propagation(row_normalized(overlaps(incidence) + eye_array(data.n_groups)))
        self.of_items = LightGcn(choices(data.groups), made.layers, made.thinning)
        self.of_members = Hypergraph(data, made.width, made.layers, own=True, thinning=made.thinning)
        self.users = embedding(data.n_users, made.width)
        self.items = embedding(data.n_items, made.width)
        self.groups = group_embedding(data, made.width)
        self.gates = nn.ModuleList(nn.Linear(made.width, 1) for _ in range(3))
        self.layers = made.layers

    def encode(self) -> Encoded:
        """Users and items as the hypergraph leaves them, and the consensus of all groups."""
        alike = self._among_groups()
        users, items, of_members = self.of_members(self.users.weight, self.items.weight, alike)
        of_items, _ = self.of_items(self.groups.weight, self.items.weight)
        views = (alike, of_members, of_items)
        gated = [gate(view).sigmoid() * view for gate, view in zip(self.gates, views, strict=True)]
        return users, items, torch.stack(gated).sum(dim=0)

    def _among_groups(self) -> Tensor:
        """G + A G + A^2 G ... over the graph of groups that share anything, (n_groups, width)."""
        groups = total = self.groups.weight
        for _ in range(self.layers):
            groups = self.alike(groups)
            total = total + groups
        return total
