"""The trainer that all deep group models share: Adam, an epoch of losses, early stopping."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch

from groupbench.core.errors import MethodError
from groupbench.models.deep._averaging import Average

if TYPE_CHECKING:
    from torch import Tensor, nn


@contextmanager
def repeatable_sums() -> Iterator[None]:
    """Let several threads add up in a fixed order, so that a fit can be repeated; one thread does anyway."""
    before = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    torch.use_deterministic_algorithms(before[0] or torch.get_num_threads() > 1)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])


class Epoch(NamedTuple):
    """What one pass over the training rows left behind."""

    loss: float
    """Mean loss of its steps."""
    validation: float
    """NDCG@10 on the held-out rows; NaN without them."""


@dataclass(frozen=True)
class Schedule:
    """How to train.

    Attributes:
        learning_rate: Adam's step size.
        weight_decay: decoupled decay of the weights (AdamW), per unit of step size.
        epochs: most passes over the rows.
        patience: passes without a better validation figure before training stops.
        averaging: share of the weights' running average that each step keeps; it is what is judged and
            left. 0 takes the weights as they are.
    """

    learning_rate: float
    weight_decay: float
    epochs: int
    patience: int
    averaging: float = 0.0


def train(
    network: nn.Module,
    losses: Callable[[], Iterable[Tensor]],
    schedule: Schedule,
    judge: Callable[[], float] | None = None,
) -> list[Epoch]:
    """Train `network` in place and leave it in evaluation mode, with the weights that validated best.

    Args:
        network: the network to train.
        losses: called once an epoch; gives the loss of each step, computed when it is asked for.
        schedule: how to train.
        judge: gives the validation figure of the network as it is, higher is better; None trains for
            all epochs.

    Returns:
        One entry for each epoch run.

    Raises:
        MethodError: if a loss is no longer finite.
    """
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=schedule.learning_rate, weight_decay=schedule.weight_decay, fused=True
    )
    average = Average(network, schedule.averaging)
    history: list[Epoch] = []
    best, weights, stale = -math.inf, None, 0
    while len(history) < schedule.epochs and stale < schedule.patience:
        loss = _epoch(network, losses(), optimizer, average)
        if not math.isfinite(loss):
            raise MethodError(
                f"{type(network).__name__}: the loss diverged in epoch {len(history) + 1} ({loss}); "
                f"lower learning_rate (now {schedule.learning_rate})"
            )
        network.eval()
        with average.in_place():
            history.append(Epoch(loss, judge() if judge else math.nan))
            stale += judge is not None
            if history[-1].validation > best:
                best, weights, stale = history[-1].validation, deepcopy(network.state_dict()), 0
    if weights is None:
        average.swap()
    else:
        network.load_state_dict(weights)
    network.eval()
    return history


def best_epoch(history: list[Epoch]) -> int:
    """The index of the epoch that validated best; the last one without validation."""
    if math.isnan(history[-1].validation):
        return len(history) - 1
    return max(range(len(history)), key=lambda e: history[e].validation)


def _epoch(
    network: nn.Module, losses: Iterable[Tensor], optimizer: torch.optim.Optimizer, average: Average
) -> float:
    network.train()
    total, steps = torch.zeros(()), 0
    for loss in losses:
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimizer.step()
        average.update()
        total += loss.detach()
        steps += 1
    return float(total) / max(steps, 1)
