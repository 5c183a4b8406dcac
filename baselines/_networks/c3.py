"""C3's network: a transformer over a group's members and an item, and two views of the members that agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from groupbench.models.deep import GroupNetwork, embedding

from .aligngroup import alignment

if TYPE_CHECKING:
    from groupbench.models.deep import Batch, Encoded, Interactions

    from ..deep_groups import C3

_PAIRS = 256
"""Pairs of a set of users and an item that are read at once, about."""
_CONTRASTED = 512
"""Most rows of a step whose views are told apart: InfoNCE compares each with each."""


class C3Network(GroupNetwork):
    """Logits by a transformer over members and an item; see `C3` for the equations.

    Args:
        data: decides the sizes, and who is in which group.
        made: the hyperparameters.
    """

    def __init__(self, data: Interactions, made: C3) -> None:
        super().__init__(data)
        self.made = made
        self.users = embedding(data.n_users, made.width)
        self.items = embedding(data.n_items, made.width)
        self.enter = nn.Sequential(nn.Dropout(made.dropout), nn.LayerNorm(made.width))
        layer = nn.TransformerEncoderLayer(
            made.width, made.heads, made.hidden, made.dropout, batch_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, made.layers, enable_nested_tensor=False)
        self.predict = nn.Linear(made.width, 1)
        self.pair_size = (1 + data.members.users.shape[1]) * (4 * made.width + made.hidden)

    def pooled(self, users: Tensor, inside: Tensor, items: Tensor) -> Tensor:
        """The mean token of each set of users with each of its items, after the transformer.

        Args:
            users: (n, m) indices.
            inside: (n, m) whether there is such a user.
            items: (n, k) or, the same for all, (1, k).

        Returns:
            (n, k, width).
        """
        ends = (inside * torch.arange(1, inside.shape[1] + 1)).amax(dim=1)
        order = ends.argsort()
        most_sets = max(1, _PAIRS // items.shape[1]) if inside.shape[1] > 1 else len(order)
        items = items.expand(len(users), -1)
        # Sets of about one size are read together: most would else be padding to the largest.
        means = [
            self._pooled(users[rows, :most], inside[rows, :most], items[rows])
            for rows in torch.split(order, most_sets)
            for most in ends[rows[-1:]].tolist()
        ]
        return torch.cat(means)[order.argsort()]

    def _pooled(self, users: Tensor, inside: Tensor, items: Tensor) -> Tensor:
        n, k = items.shape
        members = self.users(users)[:, None].expand(-1, k, -1, -1)
        tokens = torch.cat([members, self.items(items)[:, :, None]], dim=2)
        there = functional.pad(inside, (0, 1), value=True).repeat_interleave(k, dim=0)
        made = self.encoder(self.enter(tokens).flatten(0, 1), src_key_padding_mask=~there)
        mean: Tensor = (made * there[:, :, None]).sum(dim=1) / there.sum(dim=1, keepdim=True)
        return mean.view(n, k, -1)

    def group_logits(self, encoded: Encoded, groups: Tensor, items: Tensor) -> Tensor:
        """A layer on the mean token of the members and the item."""
        logits: Tensor = self.predict(self.pooled(*self.data.members.take(groups), items))
        return logits.squeeze(-1)

    def user_logits(self, encoded: Encoded, users: Tensor, items: Tensor) -> Tensor:
        """The same for the user as a group of one."""
        alone = torch.ones(len(users), 1, dtype=torch.bool)
        logits: Tensor = self.predict(self.pooled(users[:, None], alone, items))
        return logits.squeeze(-1)

    def extra_loss(self, encoded: Encoded, batch: Batch) -> Tensor | None:
        """Two random parts of a group's members, with the item that it chose, find each other."""
        if batch.side == "users" or not self.made.contrast_weight:
            return None
        rows = batch.take(slice(_CONTRASTED))
        users, inside = self.data.members.take(rows.raters)
        parts = torch.cat([part(inside, self.made.drop) for _ in range(2)])
        read = self.pooled(users.repeat(2, 1), parts, rows.items[:, :1].repeat(2, 1))
        one, other = read.squeeze(1).chunk(2)
        both = alignment(one, other, self.made.temperature) + alignment(other, one, self.made.temperature)
        return self.made.contrast_weight * both / 2


def part(inside: Tensor, drop: float) -> Tensor:
    """Which members, (n, m), are left when each of them is left out with that probability, but one at least.

    Args:
        inside: (n, m) whether there is such a member.
        drop: 0 to below 1.
    """
    drawn = torch.rand(inside.shape).masked_fill(~inside, -1)
    return inside & ((drawn >= drop) | (drawn == drawn.amax(dim=1, keepdim=True)))
