"""How DMTL's network is trained: both losses at once, on mini-batches, with early stopping."""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch.nn import functional

from groupbench.errors import MethodError

if TYPE_CHECKING:
    from torch import Tensor

    from groupbench.arrays import IntArray
    from groupbench.data import Ratings
    from groupbench.dmtl.network import Network


class Epoch(NamedTuple):
    """What one pass over the training rows left behind."""

    mse: float
    """Mean squared rating error over the training rows."""
    cross_entropy: float
    """Mean cross-entropy of the group profile, in nats; 0 where no user has a group."""
    validation_rmse: float
    """Root mean squared rating error over the validation rows; NaN without them."""


@dataclass(frozen=True)
class Schedule:
    """How to train.

    Attributes:
        profile_weight: weight of the cross-entropy beside the squared error.
        learning_rate: Adam's step size.
        embedding_decay: L2 penalty of id embeddings.
        weight_decay: L2 penalty of all other weights.
        batch_size: rows in a mini-batch.
        epochs: most passes over the rows.
        patience: passes without a better validation error before training stops.
    """

    profile_weight: float
    learning_rate: float
    embedding_decay: float
    weight_decay: float
    batch_size: int
    epochs: int
    patience: int


class Rows(NamedTuple):
    """Rating rows as tensors, (n,) each."""

    users: Tensor
    items: Tensor
    values: Tensor

    @classmethod
    def of(cls, ratings: Ratings) -> Rows:
        """The rows of `ratings`."""
        values = torch.tensor(ratings.values, dtype=torch.float32)
        return cls(torch.tensor(ratings.users), torch.tensor(ratings.items), values)

    def take(self, index: Tensor) -> Rows:
        """The rows at `index`."""
        return Rows(self.users[index], self.items[index], self.values[index])


def train(
    network: Network,
    rows: Rows,
    memberships: IntArray,
    schedule: Schedule,
    validation: Rows | None = None,
) -> list[Epoch]:
    """Train `network` in place and leave it in evaluation mode, with the weights that validated best.

    Randomness comes from torch's default generator; without validation rows all epochs are run.

    Args:
        network: the network to train.
        rows: training rows.
        memberships: (n_users, most groups of a user) group indices, filled up with -1.
        schedule: how to train.
        validation: rows that decide when to stop.

    Returns:
        One entry for each epoch run.

    Raises:
        MethodError: if a loss is no longer finite.
    """
    optimizer = _optimizer(network, schedule)
    groups = torch.tensor(memberships)
    history: list[Epoch] = []
    best, weights = math.inf, None
    stale = 0
    while len(history) < schedule.epochs and stale < schedule.patience:
        mse, entropy = _epoch(network, optimizer, rows, groups, schedule)
        history.append(Epoch(mse, entropy, rmse(network, validation) if validation else math.nan))
        _check(history, schedule)
        if validation is None:
            continue
        stale += 1
        if history[-1].validation_rmse < best:
            best, weights, stale = history[-1].validation_rmse, deepcopy(network.state_dict()), 0
    if weights is not None:
        network.load_state_dict(weights)
    network.eval()
    return history


def best_epoch(history: list[Epoch]) -> int:
    """The index of the epoch with the lowest validation error."""
    return min(range(len(history)), key=lambda e: history[e].validation_rmse)


@torch.no_grad()
def rmse(network: Network, rows: Rows) -> float:
    """Root mean squared error of the predicted ratings of `rows`, without dropout."""
    network.eval()
    return math.sqrt(functional.mse_loss(network.predict(rows.users, rows.items), rows.values).item())


def profile_loss(logits: Tensor, groups: Tensor) -> Tensor:
    """Cross-entropy to a target spread evenly over each row's groups; rows without a group do not count.

    Args:
        logits: (n, n_groups).
        groups: (n, most groups) indices, filled up with -1.

    Returns:
        The mean over the rows that have a group, in nats; 0 where none has.
    """
    held = groups >= 0
    if not held.any():
        return logits.sum() * 0
    log_p = logits.log_softmax(dim=-1).gather(1, groups.clamp(min=0))
    shares = held / held.sum(dim=1, keepdim=True).clamp(min=1)
    return -(log_p * shares).sum() / held.any(dim=1).sum()


def _epoch(
    network: Network, optimizer: torch.optim.Optimizer, rows: Rows, groups: Tensor, schedule: Schedule
) -> tuple[float, float]:
    network.train()
    totals = torch.zeros(2)
    for index in torch.split(torch.randperm(len(rows.values)), schedule.batch_size):
        users, items, values = rows.take(index)
        residual, logits = network(network.users(users), network.items(items))
        mse = functional.mse_loss(network.base(users, items) + residual, values)
        entropy = profile_loss(logits, groups[users])
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(mse + schedule.profile_weight * entropy)
        optimizer.step()
        totals += torch.stack([mse, entropy]).detach() * len(index)
    mean_mse, mean_entropy = (totals / len(rows.values)).tolist()
    return mean_mse, mean_entropy


def _optimizer(network: Network, schedule: Schedule) -> torch.optim.Optimizer:
    ids = [network.users.ids.weight, network.items.ids.weight]
    others = [p for p in network.parameters() if all(p is not i for i in ids)]
    return torch.optim.Adam(
        [
            {"params": ids, "weight_decay": schedule.embedding_decay},
            {"params": others, "weight_decay": schedule.weight_decay},
        ],
        lr=schedule.learning_rate,
    )


def _check(history: list[Epoch], schedule: Schedule) -> None:
    last = history[-1]
    if not (math.isfinite(last.mse) and math.isfinite(last.cross_entropy)):
        raise MethodError(
            f"DMTL: the loss diverged in epoch {len(history)} (squared error {last.mse}, cross-entropy "
            f"{last.cross_entropy}); lower learning_rate (now {schedule.learning_rate}) or profile_weight "
            f"(now {schedule.profile_weight})"
        )
