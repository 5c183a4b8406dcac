"""SoAGREE's network: AGREE on members who are also known by those whom they follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from groupbench.models.deep import ChoiceRows, embedding, segment_sum

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
        follower, followee = (torch.tensor(end, dtype=torch.int64) for end in (links.row, links.col))
        self.ties = ChoiceRows(follower, followee, data.n_users, data.n_users)
        self.followees = embedding(data.n_users, made.width)
        self.of_followee = nn.Linear(made.width, made.attention_width, bias=False)
        self.of_follower = nn.Linear(made.width, made.attention_width)
        self.dropped = nn.Dropout(made.dropout)
        self.weight = nn.Linear(made.attention_width, 1, bias=False)

    def encode(self) -> Encoded:
        """All users with their followees; nothing in training, where a step needs few of them."""
        return () if self.training else (self.with_followees(torch.arange(self.data.n_users)),)

    def of_users(self, encoded: Encoded, users: Tensor) -> Tensor:
        """The embeddings of users with their followees, shaped (*users.shape, width)."""
        if encoded:
            return encoded[0][users]
        distinct, index = torch.unique(users, return_inverse=True)
        return self.with_followees(distinct)[index]

    def with_followees(self, users: Tensor) -> Tensor:
        """Each of `users`, (n,), as u + sum_f beta_u(f) f: (n, width)."""
        own = self.users(users)
        rows, offsets = self.ties.rows_of(users)
        follower = torch.arange(len(users)).repeat_interleave(offsets.diff())
        followees = self.followees(self.ties.items[rows])
        hidden = self.of_followee(followees) + self.of_follower(own)[follower]
        energy = self.weight(self.dropped(functional.relu(hidden))).squeeze(-1)
        highest = torch.full((len(users),), -torch.inf)
        highest = highest.scatter_reduce(0, follower, energy.detach(), "amax")
        shares = (energy - highest[follower]).exp()
        shares = shares / segment_sum(shares, follower, len(users))[follower]
        found: Tensor = own + segment_sum(shares[:, None] * followees, follower, len(users))
        return found
