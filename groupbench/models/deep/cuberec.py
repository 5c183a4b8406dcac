"""CubeRec's network: groups as hypercubes around their members, items by their distance to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from groupbench.models.deep.convolutions import LightGcn, bounds
from groupbench.models.deep.network import Encoded, GroupNetwork
from groupbench.models.deep.pair_layers import embedding
from groupbench.models.deep.propagation import choices

if TYPE_CHECKING:
    from groupbench.models.deep.interactions import Interactions

_FLAT = 1e-6
"""Added under square roots: at 0 their slope is infinite."""


class CubeRecNetwork(GroupNetwork):
    """Logits by distances from cubes to items; see `CubeRec` for the equations.

    Args:
        data: decides the sizes, the graph of users and items, and who is in which group.
        width: dimensions of the cubes.
        layers: steps over the graph.
        thinning: share of the graph that a step of training leaves out.
        inside_weight: how much distances within a cube count beside those outside.
    """

    separable: ClassVar[bool] = True

    def __init__(
        self, data: Interactions, *, width: int, layers: int, thinning: float, inside_weight: float
    ) -> None:
        super().__init__(data)
        self.inside_weight = inside_weight
        self.users = embedding(data.n_users, width)
        self.items = embedding(data.n_items, width)
        self.graph = LightGcn(choices(data.users), layers, thinning)
        self.center = nn.Linear(width, width, bias=False)
        self.offset = nn.Linear(width, width, bias=False)
        self.scale = nn.Parameter(torch.ones(()))

    def encode(self) -> Encoded:
        """Users, items, and the centers and offsets of all groups' cubes."""
        users, items = self.graph(self.users.weight, self.items.weight)
        low, high = bounds(users, self.data.members, torch.arange(self.data.n_groups))
        return users, items, self.center((low + high) / 2), self.offset((high - low) / 2).abs()

    def group_logits(self, encoded: Encoded, groups: Tensor, items: Tensor) -> Tensor:
        """Scaled, negated distances of items from the cubes."""
        away = (encoded[1][items] - encoded[2][groups][:, None]).abs()
        offset = encoded[3][groups][:, None]
        outside = functional.relu(away - offset)
        return -self.scale * (norm(outside) + self.inside_weight * norm(away - outside))

    def user_logits(self, encoded: Encoded, users: Tensor, items: Tensor) -> Tensor:
        """Scaled, negated distances of items from users."""
        return -self.scale * norm(encoded[1][items] - encoded[0][users][:, None])


def norm(vectors: Tensor) -> Tensor:
    """Euclidean length over the last axis."""
    return (vectors.square().sum(dim=-1) + _FLAT).sqrt()
