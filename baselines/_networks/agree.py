"""AGREE's network: attention over a group's members, and one NCF tower for groups and users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupbench.models.deep import Attention, GroupNetwork, PairTower, embedding, group_embedding

if TYPE_CHECKING:
    from torch import Tensor

    from groupbench.models.deep import Encoded, Interactions

    from ..deep_groups import Agree


class AgreeNetwork(GroupNetwork):
    """Logits of groups and users by attentive member embeddings; see `Agree` for the equations.

    Args:
        data: decides the sizes, and who is in which group.
        made: the hyperparameters.
    """

    def __init__(self, data: Interactions, made: Agree) -> None:
        super().__init__(data)
        self.users = embedding(data.n_users, made.width)
        self.items = embedding(data.n_items, made.width)
        self.groups = group_embedding(data, made.width)
        self.attention = None
        if made.attention == "learned":
            self.attention = Attention(made.width, made.attention_width, made.dropout)
            self.pair_size = max(self.pair_size, data.members.users.shape[1] * made.attention_width)
        self.tower = PairTower(made.width, made.hidden, made.dropout)

    def group_logits(self, encoded: Encoded, groups: Tensor, items: Tensor) -> Tensor:
        """The tower on the weighted members plus the group's own embedding."""
        users, inside = self.data.members.take(groups)
        members, chosen = self.of_users(encoded, users), self.items(items)
        if self.attention is None:
            weights = (inside / inside.sum(dim=1, keepdim=True))[:, None]
        else:
            weights = self.attention(members, inside, chosen)
        logits: Tensor = self.tower(weights @ members + self.groups(groups)[:, None], chosen)
        return logits

    def user_logits(self, encoded: Encoded, users: Tensor, items: Tensor) -> Tensor:
        """The same tower on the embedding of the user."""
        logits: Tensor = self.tower(self.of_users(encoded, users)[:, None], self.items(items))
        return logits

    def of_users(self, encoded: Encoded, users: Tensor) -> Tensor:
        """The embeddings of users, shaped (*users.shape, width)."""
        found: Tensor = self.users(users)
        return found
