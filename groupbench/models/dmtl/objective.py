"""What DMTL's network is trained for: squared error and cross-entropy at once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import torch

from groupbench.models.distributed import SINGLE, BatchSlice, ProcessGroup
from groupbench.models.dmtl.layers import EnsembleEmbedding
from groupbench.models.layers import noise_of
from groupbench.models.training import Objective, StepLoss

if TYPE_CHECKING:
    from torch import Tensor

    from groupbench.core.arrays import IntArray
    from groupbench.data.dataset import Ratings
    from groupbench.models.dmtl.hyperparameters import Hyperparameters
    from groupbench.models.dmtl.network import DMTLNetwork


class RatingRows(NamedTuple):
    """Rating rows as tensors on one device: pairs (2, n) of users and items, and values (n,).

    Attributes:
        pairs: users and items.
        values: their ratings.
    """

    pairs: Tensor
    values: Tensor

    @classmethod
    def of(cls, ratings: Ratings, device: torch.device) -> RatingRows:
        """The rows of `ratings`."""
        pairs = torch.stack([torch.tensor(ratings.users), torch.tensor(ratings.items)])
        return cls(pairs.to(device), torch.tensor(ratings.values, dtype=torch.float32).to(device))

    def take(self, index: Tensor | slice) -> RatingRows:
        """The rows at `index`."""
        return RatingRows(self.pairs[:, index], self.values[index])


class DMTLObjective(Objective[RatingRows]):
    """The rating loss and the profiling loss of DMTL, validated by the rating error.

    Args:
        network: the network that is trained.
        made: weighs the losses, and sizes the mini-batches.
        rows: training rows.
        memberships: (n_users, most groups of a user) group indices, filled up with -1.
        validation: rows that decide when to stop; without them all epochs are run.
    """

    remedy: ClassVar[str] = "lower learning_rate or profile_weight"

    def __init__(
        self,
        network: DMTLNetwork,
        made: Hyperparameters,
        rows: RatingRows,
        memberships: IntArray,
        validation: RatingRows | None = None,
    ) -> None:
        self.network, self.made, self.rows, self.validation = network, made, rows, validation
        device = rows.values.device
        self.groups = torch.tensor(memberships).to(device)
        self.learn_weights = made.loss_weights == "uncertainty"
        # Log variances of the two losses for each member of the ensemble (Kendall et al., CVPR 2018).
        self.log_variances = torch.zeros(
            2, network.made.ensemble, device=device, requires_grad=self.learn_weights
        )

    def batches(self) -> Iterable[RatingRows]:
        """All rows in random order."""
        n = len(self.rows.values)
        size = max(1, min(self.made.batch_size, math.ceil(n / self.made.min_batches)))
        for index in torch.split(torch.randperm(n).to(self.rows.values.device), size):
            yield self.rows.take(index)

    def loss(self, batch: RatingRows, group: ProcessGroup = SINGLE) -> StepLoss:
        """Both losses of this process's rows of `batch`, weighed and summed over the ensemble."""
        mse, entropy = self.losses(batch, group.slice_of(len(batch.values)))
        reported = torch.stack([mse, entropy]).detach().mean(dim=1)
        return StepLoss(self._total(mse, entropy, group.size), reported, len(batch.values))

    def losses(self, batch: RatingRows, rows: BatchSlice) -> tuple[Tensor, Tensor]:
        """Squared error and cross-entropy of each member of the ensemble, (ensemble,): addends of `rows`."""
        mine = batch.take(rows.rows)
        users, items = self.network.encode_pairs(mine.pairs, hidden=batch.pairs)
        profiled = self.learn_weights or self.made.profile_weight > 0
        with noise_of(self.network, rows):
            ratings, logits = self.network.pair(users, items, profile=profiled)
        share = len(mine.values) / rows.of * rows.weight
        mse = ((ratings - mine.values[:, None]) ** 2).mean(dim=0) * share
        if logits is None:
            return mse, torch.zeros_like(mse)
        counted = n_with_group(self.groups[batch.pairs[0]])
        return mse, profile_loss(logits, self.groups[mine.pairs[0]], counted) * rows.weight

    def validate(self) -> float:
        """The error of `validation`; NaN without it."""
        return math.nan if self.validation is None else rmse(self.network, self.validation)

    def report(self, means: list[float]) -> dict[str, float]:
        """Both losses, means over the ensemble, and the weight of the second beside the first."""
        return {"mse": means[0], "cross_entropy": means[1], "profile_weight": self._profile_weight()}

    def extra_weights(self) -> dict[str, Tensor]:
        """The learned uncertainties."""
        return {"log_variances": self.log_variances}

    def inputs(self) -> Iterable[object]:
        """Hyperparameters, rows, groups and what the network is told of users and items."""
        yield self.made
        yield from (*self.rows, self.groups, *(self.validation or ()), *self.network.buffers())

    def optimizer(self) -> torch.optim.Optimizer:
        """Adam with the L2 penalty of each kind of weights."""
        network, made = self.network, self.made
        ids = {network.users.ids, network.items.ids}
        tables = {m for m in network.modules() if isinstance(m, EnsembleEmbedding)}
        inside = [p for table in tables for p in table.parameters()]
        others = [p for p in network.parameters() if all(p is not t for t in inside)]
        groups: list[tuple[Sequence[Tensor], float]] = [
            ([t.weight for t in network.modules() if t in ids], made.embedding_decay),
            ([t.weight for t in network.modules() if t in tables - ids], made.interaction_decay),
            (others, made.weight_decay),
            ([self.log_variances], 0.0),
        ]
        return torch.optim.Adam(
            [{"params": params, "weight_decay": decay} for params, decay in groups],
            lr=made.learning_rate,
            fused=True if network.large else None,
        )

    def _total(self, mse: Tensor, entropy: Tensor, n_processes: int) -> Tensor:
        if not self.learn_weights:
            return (mse + self.made.profile_weight * entropy).sum()
        of_mse, of_entropy = self.log_variances
        weighed = mse / (2 * of_mse.exp()) + entropy / of_entropy.exp()
        total: Tensor = (weighed + (of_mse + of_entropy) / 2 / n_processes).sum()
        return total

    def _profile_weight(self) -> float:
        if not self.learn_weights:
            return self.made.profile_weight
        of_mse, of_entropy = self.log_variances.detach()
        return float((2 * (of_mse - of_entropy).exp()).mean())


@torch.no_grad()
def rmse(network: DMTLNetwork, rows: RatingRows) -> float:
    """Root mean squared error of the mean prediction for `rows` by a network in evaluation mode."""
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
    inside = groups >= 0
    targets = groups.clamp(min=0)[:, None].expand(-1, logits.shape[1], -1)
    log_p = logits.log_softmax(dim=-1).gather(2, targets)
    shares = inside / inside.sum(dim=1, keepdim=True).clamp(min=1)
    counted = n_with_group(groups) if counted is None else counted
    return -(log_p * shares[:, None]).sum(dim=(0, 2)) / counted.clamp(min=1)


def n_with_group(groups: Tensor) -> Tensor:
    """How many rows of `groups`, (n, most groups) and filled up with -1, have a group: ()."""
    return (groups >= 0).any(dim=1).sum()
