"""ConsRec's network: three views of a group, from its members, its items and groups alike, and gates."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn

from groupbench.models.deep.convolutions import Hypergraph, LightGcn
from groupbench.models.deep.hypergroup import overlaps
from groupbench.models.deep.network import Encoded, GroupNetwork
from groupbench.models.deep.pair_layers import embedding, inner
from groupbench.models.deep.propagation import Propagation, choices, memberships, row_normalized

if TYPE_CHECKING:
    from groupbench.models.deep.interactions import Interactions


class ConsRecNetwork(GroupNetwork):
    """Logits of groups by gated views of their consensus; see `ConsRec` for the equations.

    Args:
        data: decides the sizes and the three graphs.
        width: width of the embeddings.
        layers: steps over each of the graphs.
        thinning: share of the graphs of items that a step of training leaves out.
    """

    separable: ClassVar[bool] = True

    def __init__(self, data: Interactions, *, width: int, layers: int, thinning: float) -> None:
        from scipy.sparse import eye_array, hstack

        super().__init__(data)
        incidence = hstack([memberships(data.members, data.n_users), choices(data.groups)], format="csr")
        self.alike = Propagation(row_normalized(overlaps(incidence) + eye_array(data.n_groups)))
        self.of_items = LightGcn(choices(data.groups), layers, thinning)
        self.of_members = Hypergraph(data, width, layers, own=True, thinning=thinning)
        self.users = embedding(data.n_users, width)
        self.items = embedding(data.n_items, width)
        self.groups = embedding(data.n_groups, width)
        self.gates = nn.ModuleList(nn.Linear(width, 1) for _ in range(3))
        self.layers = layers

    def encode(self) -> Encoded:
        """Consensus of all groups, and users and items as the hypergraph leaves them."""
        alike = self._among_groups()
        users, items, of_members = self.of_members(self.users.weight, self.items.weight, alike)
        of_items, _ = self.of_items(self.groups.weight, self.items.weight)
        views = (alike, of_members, of_items)
        gated = [gate(view).sigmoid() * view for gate, view in zip(self.gates, views, strict=True)]
        return torch.stack(gated).sum(dim=0), users, items

    def group_logits(self, encoded: Encoded, groups: Tensor, items: Tensor) -> Tensor:
        """Inner products of consensus and propagated items."""
        return inner(encoded[0][groups], encoded[2][items])

    def user_logits(self, encoded: Encoded, users: Tensor, items: Tensor) -> Tensor:
        """Inner products of propagated users and items."""
        return inner(encoded[1][users], encoded[2][items])

    def _among_groups(self) -> Tensor:
        """G + A G + A^2 G ... over the graph of groups that share anything, (n_groups, width)."""
        groups = total = self.groups.weight
        for _ in range(self.layers):
            groups = self.alike(groups)
            total = total + groups
        return total
