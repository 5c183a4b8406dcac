"""What DMTL's network is trained for: squared error and cross-entropy at once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import torch

from groupbench.models.distributed import SINGLE, BatchSlice, ProcessGroup
from groupbench.models.dmtl.gradients import PairRows, pair_losses
from groupbench.models.dmtl.layers import EnsembleEmbedding
from groupbench.models.dmtl.noise import Noise
from groupbench.models.dmtl.workspace import Workspace
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
        if isinstance(index, slice):
            return RatingRows(self.pairs[:, index], self.values[index])
        return RatingRows(self.pairs.index_select(1, index), self.values.index_select(0, index))


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
        self._workspace = Workspace()
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
        total, losses = self.losses(batch, group.slice_of(len(batch.values)), self._weights())
        if self.learn_weights:
            total = total + self.log_variances.sum() / 2 / group.size
        return StepLoss(total, losses.mean(dim=1), len(batch.values))

    def losses(self, batch: RatingRows, rows: BatchSlice, weights: Tensor) -> tuple[Tensor, Tensor]:
        """The squared error and the cross-entropy of each member of the ensemble: addends of `rows`.

        Args:
            batch: a mini-batch.
            rows: which of its rows the losses are of.
            weights: (2, ensemble).

        Returns:
            The weighed sum, (), and the losses without gradients, (2, ensemble).
        """
        mine, network = batch.take(rows.rows), self.network
        users, items, pairs = network.encode_for(mine.pairs, hidden=batch.pairs)
        noise = None
        if network.training and self.made.dropout > 0:
            shape = network.made.ensemble, rows.of, self.made.shared_width
            noise = Noise.draw(shape, self.made.dropout, mine.values.device).take(rows.rows)
        profiled = self.learn_weights or self.made.profile_weight > 0
        counted = n_with_group(self.groups[batch.pairs[0]]).clamp(min=1)
        shares = torch.stack([torch.full_like(counted, rows.of), counted]).float().reciprocal() * rows.weight
        own = PairRows(
            pairs=pairs,
            values=mine.values
            - network.mean
            - network.users.biases[mine.pairs[0]]
            - network.items.biases[mine.pairs[1]],
            groups=self.groups[mine.pairs[0]] if profiled else None,
            noise=noise,
            shares=shares,
        )
        return pair_losses(network, (users, items), own, weights, self._workspace)

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
            fused=True,
        )

    def _weights(self) -> Tensor:
        if not self.learn_weights:
            fixed = torch.tensor([1.0, self.made.profile_weight], device=self.log_variances.device)
            return fixed[:, None].expand_as(self.log_variances)
        of_mse, of_entropy = self.log_variances
        return torch.stack([1 / (2 * of_mse.exp()), 1 / of_entropy.exp()])

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


def n_with_group(groups: Tensor) -> Tensor:
    """How many rows of `groups`, (n, most groups) and filled up with -1, have a group: ()."""
    return (groups >= 0).any(dim=1).sum()
