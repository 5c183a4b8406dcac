"""CubeRec's network: groups as hypercubes around their members, items by their distance to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from groupbench.models.deep import GroupNetwork, LightGcn, bounds, choices, embedding

if TYPE_CHECKING:
    from groupbench.models.deep import Encoded, Interactions

    from ..deep_graphs import CubeRec

_FLAT = 1e-6
"""Added under square roots: at 0 their slope is infinite."""


class CubeRecNetwork(GroupNetwork):
    """Logits by distances from cubes to items; see `CubeRec` for the equations.

    Args:
        data: decides the sizes, the graph of users and items, and who is in which group.
        made: the hyperparameters.
    """

    def __init__(self, data: Interactions, made: CubeRec) -> None:
        super().__init__(data)
        self.inside_weight = made.inside_weight
        self.users = embedding(data.n_users, made.width)
        self.items = embedding(data.n_items, made.width)
        self.graph = LightGcn(choices(data.users), made.layers, made.thinning)
        self.center = nn.Linear(made.width, made.width, bias=False)
        self.offset = nn.Linear(made.width, made.width, bias=False)
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
