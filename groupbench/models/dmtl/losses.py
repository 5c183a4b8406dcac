"""What DMTL's training looks at: rating rows, losses and errors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from groupbench.data.dataset import Ratings
    from groupbench.models.dmtl.network import Network


class Epoch(NamedTuple):
    """What one pass over the training rows left behind; losses are means over the ensemble."""

    mse: float
    """Mean squared rating error over the training rows."""
    cross_entropy: float
    """Mean cross-entropy of the group profile, in nats; 0 where no user has a group."""
    profile_weight: float
    """Weight of the cross-entropy beside the squared error in this pass."""
    validation_rmse: float
    """Root mean squared error of the mean prediction over the validation rows; NaN without them."""


class Rows(NamedTuple):
    """Rating rows as tensors on one device: pairs (2, n) of users and items, and values (n,)."""

    pairs: Tensor
    values: Tensor

    @classmethod
    def of(cls, ratings: Ratings, device: torch.device) -> Rows:
        """The rows of `ratings`."""
        pairs = torch.stack([torch.tensor(ratings.users), torch.tensor(ratings.items)])
        return cls(pairs.to(device), torch.tensor(ratings.values, dtype=torch.float32).to(device))

    def take(self, index: Tensor | slice) -> Rows:
        """The rows at `index`."""
        return Rows(self.pairs[:, index], self.values[index])


def best_epoch(history: list[Epoch]) -> int:
    """The index of the epoch with the lowest validation error."""
    return min(range(len(history)), key=lambda e: history[e].validation_rmse)


@torch.no_grad()
def rmse(network: Network, rows: Rows) -> float:
    """Root mean squared error of the mean prediction for `rows`, without dropout."""
    network.eval()
    users, items = network.encode()
    squares = 0.0
    for index in torch.split(torch.arange(len(rows.values), device=rows.values.device), 4096):
        block = rows.take(index)
        ratings, _ = network.pair(users.take(block.pairs[0]), items.take(block.pairs[1]), profile=False)
        squares += ((ratings.mean(dim=1) - block.values) ** 2).sum().item()
    return math.sqrt(squares / len(rows.values))


def profile_loss(logits: Tensor, groups: Tensor, counted: Tensor | None = None) -> Tensor:
    """Cross-entropy to a target spread evenly over each row's groups; rows without a group do not count.

    Args:
        logits: (n, ensemble, n_groups).
        groups: (n, most groups) indices, filled up with -1.
        counted: () rows to take the mean over; by default those here that have a group.

    Returns:
        (ensemble,) means over the rows that have a group, in nats; 0 where none has.
    """
    held = groups >= 0
    targets = groups.clamp(min=0)[:, None].expand(-1, logits.shape[1], -1)
    log_p = logits.log_softmax(dim=-1).gather(2, targets)
    shares = held / held.sum(dim=1, keepdim=True).clamp(min=1)
    counted = with_group(groups) if counted is None else counted
    return -(log_p * shares[:, None]).sum(dim=(0, 2)) / counted.clamp(min=1)


def with_group(groups: Tensor) -> Tensor:
    """How many rows of `groups`, (n, most groups) and filled up with -1, have a group: ()."""
    return (groups >= 0).any(dim=1).sum()
