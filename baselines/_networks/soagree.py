"""SoAGREE's network: AGREE on members who are also known by those whom they follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from groupbench.models.deep import Dropout, embedding, segment_sum

from .agree import AgreeNetwork

if TYPE_CHECKING:
    from groupbench.data.social import SocialTies
    from groupbench.models.deep import Encoded, Interactions

    from ..deep_groups import SoAgree


class SoAgreeNetwork(AgreeNetwork):
    """Logits of groups and users by embeddings with followees; see `SoAgree` for the equations.

    Args:
        data: decides the sizes, and who is in which group.
        ties: who follows whom.
        made: the hyperparameters.
    """

    def __init__(self, data: Interactions, ties: SocialTies, made: SoAgree) -> None:
        super().__init__(data, made)
        links: Any = ties.matrix(data.n_users).tocoo()
        self.following, self.followed = (
            torch.tensor(end, dtype=torch.int64) for end in (links.row, links.col)
        )
        self.followees = embedding(data.n_users, made.width)
        self.of_followee = nn.Linear(made.width, made.attention_width, bias=False)
        self.of_follower = nn.Linear(made.width, made.attention_width)
        self.dropped = Dropout(made.dropout)
        self.weight = nn.Linear(made.attention_width, 1, bias=False)

    def weights(self) -> Tensor:
        """How much each tie counts, (n_ties,): shares of 1 for each user."""
        hidden = (
            self.of_followee(self.followees.weight)[self.followed]
            + self.of_follower(self.users.weight)[self.following]
        )
        energy = self.weight(self.dropped(functional.relu(hidden))).squeeze(-1)
        highest = torch.full((self.data.n_users,), -torch.inf).scatter_reduce(
            0, self.following, energy.detach(), "amax"
        )
        shares = (energy - highest[self.following]).exp()
        sums = segment_sum(shares, self.following, self.data.n_users)
        return torch.div(shares, sums[self.following])

    def encode(self) -> Encoded:
        """All users' embeddings with those of their weighted followees."""
        followees = self.weights()[:, None] * self.followees.weight[self.followed]
        return (self.users.weight + segment_sum(followees, self.following, self.data.n_users),)

    def of_users(self, encoded: Encoded, users: Tensor) -> Tensor:
        """What `encode` made of these users, shaped (*users.shape, width)."""
        return encoded[0][users]
