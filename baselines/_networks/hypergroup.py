"""HyperGroup's network: users propagated over their companions, groups over groups that share members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import nn
from torch.nn import functional

from groupbench.models.deep import (
    GroupNetwork,
    PairTower,
    Propagation,
    embedding,
    group_embedding,
    memberships,
    row_normalized,
    without_diagonal,
)

if TYPE_CHECKING:
    from torch import Tensor

    from groupbench.models.deep import Encoded, Interactions

    from ..deep_groups import HyperGroup


class HyperGroupNetwork(GroupNetwork):
    """Logits by hierarchical hyperedge embeddings; see `HyperGroup` for the equations.

    Args:
        data: decides the sizes, and who is in which group.
        made: the hyperparameters.
    """

    def __init__(self, data: Interactions, made: HyperGroup) -> None:
        super().__init__(data)
        membership = memberships(data.members, data.n_users)
        self.companions = Propagation(row_normalized(without_diagonal(membership.T @ membership)))
        self.averaging = Propagation(row_normalized(membership))
        self.neighbors = Propagation(row_normalized(overlaps(membership)))
        self.users = embedding(data.n_users, made.width)
        self.items = embedding(data.n_items, made.width)
        self.groups = group_embedding(data, made.width) if made.own_embedding else None
        self.user_layers = nn.ModuleList(Step(made.width) for _ in range(made.user_layers))
        self.group_layers = nn.ModuleList(Step(made.width) for _ in range(made.group_layers))
        self.tower = PairTower(made.width, made.hidden, made.dropout)

    def encode(self) -> Encoded:
        """Embeddings of all users and of all groups."""
        users = self.users.weight
        for layer in self.user_layers:
            users = layer(users, self.companions(users))
        groups = self.averaging(users)
        if self.groups is not None:
            groups = groups + self.groups.weight
        for layer in self.group_layers:
            groups = layer(groups, self.neighbors(groups))
        return users, groups

    def group_logits(self, encoded: Encoded, groups: Tensor, items: Tensor) -> Tensor:
        """The tower on propagated groups."""
        logits: Tensor = self.tower(encoded[1][groups][:, None], self.items(items))
        return logits

    def user_logits(self, encoded: Encoded, users: Tensor, items: Tensor) -> Tensor:
        """The tower on propagated users."""
        logits: Tensor = self.tower(encoded[0][users][:, None], self.items(items))
        return logits


class Step(nn.Module):
    """x + ReLU(W x + V n + b): nodes x take in the mean n of their neighbors.

    Args:
        width: of the nodes' vectors.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.own = nn.Linear(width, width)
        self.near = nn.Linear(width, width, bias=False)

    def forward(self, own: Tensor, near: Tensor) -> Tensor:
        """Mix what nodes hold, (n, width), with what came from their neighbors, (n, width)."""
        return own + functional.relu(self.own(own) + self.near(near))


def overlaps(membership: Any) -> Any:
    """Shared members over members of either, for each two groups that share any: (n_groups, n_groups)."""
    shared = without_diagonal(membership @ membership.T).tocoo()
    sizes = membership.sum(axis=1)
    shared.data = shared.data / (sizes[shared.row] + sizes[shared.col] - shared.data)
    return shared.tocsr()
