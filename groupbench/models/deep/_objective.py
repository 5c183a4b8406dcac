"""What deep models are trained for: losses on a chosen item among sampled others."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeVar

import torch
from torch import Tensor
from torch.nn import functional

from groupbench.core.errors import MethodError
from groupbench.models.deep._network import Batch
from groupbench.models.distributed import SINGLE, ProcessGroup
from groupbench.models.layers import noise_of
from groupbench.models.training import Objective, StepLoss

if TYPE_CHECKING:
    from groupbench.models.deep._interactions import Interactions, Side
    from groupbench.models.deep._network import GroupNetwork
    from groupbench.models.deep._validation import HeldOut

B = TypeVar("B")


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


class DeepObjective(Objective[B]):
    """Base of the objectives of deep models, validated by the NDCG@10 of groups' held-out rows.

    Args:
        network: the network that is trained.
        data: the rows that it learns from.
        held_out: lists that groups rank in validation; None runs all epochs.
    """

    maximize: ClassVar[bool] = True

    def __init__(self, network: GroupNetwork, data: Interactions, held_out: HeldOut | None = None) -> None:
        self.network, self.data, self.held_out = network, data, held_out

    def validate(self) -> float:
        """NDCG@10 of the held-out rows; NaN without them."""
        return math.nan if self.held_out is None else self.held_out.ndcg(self.network)

    def inputs(self) -> Iterable[object]:
        """Rows, members and validation lists."""
        users, groups, members, lists = self.data.users, self.data.groups, self.data.members, self.held_out
        yield from (users.raters, users.items, groups.raters, groups.items, members.users, members.sizes)
        if lists is not None:
            yield from (torch.tensor(part) for part in (lists.groups, lists.items, lists.chosen))


@dataclass(frozen=True)
class Sampling:
    """How an epoch goes through the rows.

    Attributes:
        loss: name in `LOSSES`.
        negatives: sampled items for each row.
        batch_size: rows of a step.
        user_weight: weight of the users' loss beside the groups'; 0 leaves their rows out.
        joint: whether each step has rows of groups and of users, in the proportion of all their rows, for
            networks that propagate over a graph in each; else groups' and users' steps take turns at random.
        separable: whether processes that train together divide the rows; else each computes all of them.
    """

    loss: str
    negatives: int
    batch_size: int
    user_weight: float = 0.0
    joint: bool = False
    separable: bool = False


class SampledObjective(DeepObjective[tuple[Batch, ...]]):
    """The item of each row is compared with sampled others.

    Args:
        network: the network that is trained.
        data: the rows that it learns from.
        sampling: how.
        held_out: lists that groups rank in validation; None runs all epochs.
    """

    def __init__(
        self, network: GroupNetwork, data: Interactions, sampling: Sampling, held_out: HeldOut | None = None
    ) -> None:
        super().__init__(network, data, held_out)
        self.sampling = sampling
        self.weights: dict[Side, float] = {"groups": 1.0, "users": sampling.user_weight}

    def batches(self) -> Iterator[tuple[Batch, ...]]:
        """The rows of each step."""
        size, sides = self.sampling.batch_size, [side for side, weight in self.weights.items() if weight]
        if self.sampling.joint:
            sides = [side for side in sides if len(self.data.rows(side))]
            n_steps = -(-sum(len(self.data.rows(side)) for side in sides) // size)
            cuts = [self._cut(side, lambda index: index.tensor_split(n_steps)) for side in sides]
            yield from zip(*cuts, strict=True)
        else:
            batches = [b for side in sides for b in self._cut(side, lambda index: torch.split(index, size))]
            for index in torch.randperm(len(batches)).tolist():
                yield (batches[index],)

    def loss(self, batch: tuple[Batch, ...], group: ProcessGroup = SINGLE) -> StepLoss:
        """The loss of a step; its rows are divided among the processes where they can be."""
        encoded, total = self.network.encode(), torch.zeros(())
        for rows in batch:
            n = len(rows.raters)
            if not n:
                continue
            part = group.slice_of(n) if self.sampling.separable else group.whole(n)
            own = rows.take(part.rows)
            share = len(own.raters) / n * part.weight
            with noise_of(self.network, part):
                logits = self.network.logits(encoded, own)
            total = total + self.weights[rows.side] * share * LOSSES[self.sampling.loss](logits)
            extra = self.network.extra_loss(encoded, own)
            total = total if extra is None else total + share * _scalar(extra)
        return StepLoss(total, total.detach())

    def inputs(self) -> Iterable[object]:
        """What all deep models depend on, and the sampling."""
        return (self.sampling, *super().inputs())

    def _cut(self, side: Side, cut: Callable[[Tensor], Iterable[Tensor]]) -> list[Batch]:
        """The rows of one side with their negatives, in random order, as batches."""
        rows = self.data.rows(side)
        items = torch.cat([rows.items[:, None], rows.negatives(self.sampling.negatives)], dim=1)
        batches = (Batch(side, rows.raters[index], items[index]) for index in cut(torch.randperm(len(rows))))
        return [batch for batch in batches if self.sampling.joint or len(batch.raters)]


def _scalar(loss: Tensor) -> Tensor:
    if loss.ndim:
        raise MethodError(f"extra_loss gives shape {tuple(loss.shape)}, not (): end it with .mean()")
    return loss
