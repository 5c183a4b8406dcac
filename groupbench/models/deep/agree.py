"""AGREE's network: attention over a group's members, and one NCF tower for groups and users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupbench.models.deep.network import Encoded, GroupNetwork
from groupbench.models.deep.pair_layers import Attention, PairTower, embedding

if TYPE_CHECKING:
    from torch import Tensor

    from groupbench.models.deep.interactions import Interactions


class AgreeNetwork(GroupNetwork):
    """Logits of groups and users by attentive member embeddings; see `Agree` for the equations.

    Args:
        data: decides the sizes, and who is in which group.
        width: width of the embeddings.
        hidden: widths of the tower's hidden layers.
        attention_width: width of the attention's hidden layer; 0 weighs all members alike.
        dropout: rate on the first hidden layer of tower and attention.
    """

    def __init__(
        self,
        data: Interactions,
        *,
        width: int,
        hidden: tuple[int, ...],
        attention_width: int,
        dropout: float,
    ) -> None:
        super().__init__(data)
        self.users = embedding(data.n_users, width)
        self.items = embedding(data.n_items, width)
        self.groups = embedding(data.n_groups, width)
        self.attention = Attention(width, attention_width, dropout) if attention_width else None
        self.tower = PairTower(width, hidden, dropout)
        self.pair_size = max(self.pair_size, data.members.users.shape[1] * attention_width)

    def group_logits(self, encoded: Encoded, groups: Tensor, items: Tensor) -> Tensor:
        """The tower on the weighted members plus the group's own embedding."""
        users, inside = self.data.members.take(groups)
        members, chosen = self.users(users), self.items(items)
        if self.attention is None:
            weights = (inside / inside.sum(dim=1, keepdim=True))[:, None]
        else:
            weights = self.attention(members, inside, chosen)
        logits: Tensor = self.tower(weights @ members + self.groups(groups)[:, None], chosen)
        return logits

    def user_logits(self, encoded: Encoded, users: Tensor, items: Tensor) -> Tensor:
        """The same tower on the embedding of the user."""
        logits: Tensor = self.tower(self.users(users)[:, None], self.items(items))
        return logits
