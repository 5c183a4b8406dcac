"""Losses on a chosen item among sampled others, and the steps of an epoch that uses them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from groupbench.models.deep._network import Batch

if TYPE_CHECKING:
    from groupbench.models.deep._interactions import Interactions
    from groupbench.models.deep._network import GroupNetwork, Side


def bpr(logits: Tensor) -> Tensor:
    """-ln sigmoid(y+ - y-), mean over the negatives (Rendle et al., UAI 2009)."""
    return functional.softplus(logits[:, 1:] - logits[:, :1]).mean()


def regression(logits: Tensor) -> Tensor:
    """(y+ - y- - 1)^2, mean over the negatives: regression on the difference (AGREE)."""
    return (logits[:, :1] - logits[:, 1:] - 1).square().mean()


def pointwise(logits: Tensor) -> Tensor:
    """Binary cross-entropy of the chosen item as 1 and the negatives as 0 (NCF)."""
    return (functional.softplus(-logits[:, 0]) + functional.softplus(logits[:, 1:]).sum(dim=1)).mean()


def softmax(logits: Tensor) -> Tensor:
    """-ln of the chosen item's share in a softmax over itself and the negatives."""
    return -logits.log_softmax(dim=1)[:, 0].mean()


LOSSES: dict[str, Callable[[Tensor], Tensor]] = {
    "bpr": bpr,
    "regression": regression,
    "pointwise": pointwise,
    "softmax": softmax,
}


@dataclass(frozen=True)
class Sampling:
    """How an epoch goes through the rows.

    Attributes:
        loss: name in `LOSSES`.
        negatives: sampled items for each row.
        batch_size: rows of a step.
        user_weight: weight of the users' loss beside the groups'; 0 leaves their rows out.
    """

    loss: str
    negatives: int
    batch_size: int
    user_weight: float


def sampled_losses(network: GroupNetwork, data: Interactions, sampling: Sampling) -> Iterator[Tensor]:
    """Yield the loss of each step of an epoch; groups' and users' batches come in random order.

    Each loss is computed when it is asked for, so that the caller can step in between.
    """
    loss = LOSSES[sampling.loss]
    weights: dict[Side, float] = {"groups": 1.0, "users": sampling.user_weight}
    batches = [b for side, weight in weights.items() if weight for b in _batches(side, data, sampling)]
    for place in torch.randperm(len(batches)).tolist():
        batch = batches[place]
        encoded = network.encode()
        total = weights[batch.side] * loss(network.logits(encoded, batch))
        extra = network.extra_loss(encoded, batch)
        yield total if extra is None else total + extra


def _batches(side: Side, data: Interactions, sampling: Sampling) -> list[Batch]:
    rows = data.groups if side == "groups" else data.users
    items = torch.cat([rows.items[:, None], rows.negatives(sampling.negatives)], dim=1)
    places = shuffled(torch.arange(len(rows)), sampling.batch_size)
    return [Batch(side, rows.raters[index], items[index]) for index in places]


def shuffled(index: Tensor, batch_size: int) -> Iterator[Tensor]:
    """Yield `index`, (n,), in random order, `batch_size` at a time."""
    if len(index):
        yield from torch.split(index[torch.randperm(len(index))], batch_size)
