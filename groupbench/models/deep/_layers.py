"""Layers for pairs of a rater and an item, and the tables of embeddings they start from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from groupbench.models.layers import Dropout

if TYPE_CHECKING:
    from torch import Tensor

    from groupbench.models.deep._interactions import Interactions


def embedding(n: int, width: int) -> nn.Embedding:
    """A table of `n` embeddings, drawn from a normal distribution with standard deviation 0.1."""
    table = nn.Embedding(n, width)
    nn.init.normal_(table.weight, std=0.1)
    return table


def group_embedding(data: Interactions, width: int) -> nn.Embedding:
    """An `embedding` of the groups of `data`; those without rows start from 0, not from chance.

    Nothing would train what chance gave them, and groups with the same members would get other scores.
    """
    table = embedding(data.n_groups, width)
    with torch.no_grad():
        table.weight[data.groups.counts == 0] = 0
    return table


def inner(raters: Tensor, items: Tensor) -> Tensor:
    """Inner products, (n, k), of `raters`, (n, width), and `items`, (n, k, width) or (1, k, width)."""
    return raters @ items[0].T if len(items) == 1 else (items @ raters[:, :, None]).squeeze(-1)


class PairTower(nn.Module):
    """NCF's prediction layers on [a * b; a; b], the pooling of AGREE.

    The first layer is taken apart, W [a * b; a; b] = P (a * b) + A a + B b, so that the parts of a rater
    and of an item are computed once each and broadcast.

    Args:
        width: width of the embeddings.
        hidden: widths of the hidden layers.
        dropout: rate on the first hidden layer.
    """

    def __init__(self, width: int, hidden: tuple[int, ...], dropout: float) -> None:
        super().__init__()
        first, *rest = hidden
        self.product = nn.Linear(width, first, bias=False)
        self.left = nn.Linear(width, first, bias=False)
        self.right = nn.Linear(width, first)
        layers: list[nn.Module] = [nn.ReLU(), Dropout(dropout)]
        for before, after in zip(hidden, rest, strict=False):
            layers += [nn.Linear(before, after), nn.ReLU()]
        self.rest = nn.Sequential(*layers, nn.Linear(hidden[-1], 1))

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        """Logits, (n, k), of `left` and `right`, which broadcast to (n, k, width)."""
        hidden = self.product(left * right) + self.left(left) + self.right(right)
        logits: Tensor = self.rest(hidden)
        return logits.squeeze(-1)


class Attention(nn.Module):
    """alpha = softmax(h' ReLU(P_u u + P_i i + b)) over the members u of a group, for items i (AGREE).

    Args:
        width: width of the embeddings.
        hidden: width of the attention's layer.
        dropout: rate on that layer.
    """

    def __init__(self, width: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.of_member = nn.Linear(width, hidden, bias=False)
        self.of_item = nn.Linear(width, hidden)
        self.dropout = Dropout(dropout)
        self.weight = nn.Linear(hidden, 1, bias=False)

    def forward(self, members: Tensor, inside: Tensor, items: Tensor) -> Tensor:
        """Weights that sum to 1 over the members.

        Args:
            members: (n, m, width).
            inside: (n, m) whether there is such a member.
            items: (n, k, width) or (1, k, width).

        Returns:
            (n, k, m).
        """
        hidden = self.of_item(items)[:, :, None] + self.of_member(members)[:, None]
        energy = self.weight(self.dropout(functional.relu(hidden))).squeeze(-1)
        weights: Tensor = energy.masked_fill(~inside[:, None], float("-inf")).softmax(dim=-1)
        return weights
