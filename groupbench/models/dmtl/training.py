"""How DMTL's network is trained: both losses at once, on mini-batches, with early stopping."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from groupbench.core.errors import MethodError
from groupbench.models.distributed import SINGLE, Part, ProcessGroup
from groupbench.models.dmtl.layers import Table
from groupbench.models.dmtl.losses import Epoch, Rows, best_epoch, profile_loss, rmse, with_group

if TYPE_CHECKING:
    from torch import Tensor

    from groupbench.core.arrays import IntArray
    from groupbench.models.dmtl.network import Network


@dataclass(frozen=True)
class Schedule:
    """How to train; the fields of `DMTL` with the same names say more.

    Attributes:
        profile_weight: weight of the cross-entropy beside the squared error.
        learn_weights: whether both losses are weighed by learned uncertainties instead.
        learning_rate: Adam's step size.
        embedding_decay: L2 penalty of id embeddings.
        history_decay: L2 penalty of the vectors that histories sum.
        weight_decay: L2 penalty of all other weights.
        averaging: weight of the past in the moving average of the weights; 0 takes the last weights.
        batch_size: most rows in a mini-batch.
        min_batches: fewest mini-batches in an epoch.
        epochs: most passes over the rows.
        patience: passes without a better validation error before training stops.
    """

    profile_weight: float
    learn_weights: bool
    learning_rate: float
    embedding_decay: float
    history_decay: float
    weight_decay: float
    averaging: float
    batch_size: int
    min_batches: int
    epochs: int
    patience: int


class Trainer:
    """The state of a training run, advanced one epoch at a time.

    Randomness comes from torch's default generators.

    Args:
        network: the network to train in place.
        rows: training rows.
        memberships: (n_users, most groups of a user) group indices, filled up with -1.
        schedule: how to train.
        validation: rows that decide when to stop; without them all epochs are run.
        team: the processes that train `network` together, each with a network of its own.

    Attributes:
        history: one entry for each epoch run.
    """

    def __init__(
        self,
        network: Network,
        rows: Rows,
        memberships: IntArray,
        schedule: Schedule,
        validation: Rows | None = None,
        team: ProcessGroup = SINGLE,
    ) -> None:
        self.network, self.rows, self.schedule, self.validation = network, rows, schedule, validation
        self.team = team
        self.groups = torch.tensor(memberships).to(rows.values.device)
        # Log variances of the two losses for each member of the ensemble (Kendall et al., CVPR 2018).
        self.log_variances = torch.zeros(
            2, network.made.ensemble, device=rows.values.device, requires_grad=schedule.learn_weights
        )
        self.optimizer = self._optimizer()
        self.averages = {name: p.detach().clone() for name, p in network.named_parameters()}
        self.best = {name: p.detach().clone() for name, p in network.named_parameters()}
        self.steps = 0
        self.history: list[Epoch] = []

    @property
    def finished(self) -> bool:
        """Whether no further epoch is due."""
        stale = len(self.history) - 1 - best_epoch(self.history) if self.history else 0
        stopped = self.validation is not None and stale >= self.schedule.patience
        return stopped or len(self.history) >= self.schedule.epochs

    def run_epoch(self) -> None:
        """Pass over the training rows once, in random order.

        Raises:
            MethodError: if a loss is no longer finite.
        """
        self.network.train()
        totals = torch.zeros(2, device=self.rows.values.device)
        n = len(self.rows.values)
        size = max(1, min(self.schedule.batch_size, math.ceil(n / self.schedule.min_batches)))
        for index in torch.split(torch.randperm(n).to(totals.device), size):
            totals += self._step(self.rows.take(index)) * len(index)
        mse, entropy = (totals / n).tolist()
        self.history.append(Epoch(mse, entropy, self._profile_weight(), self._validated()))
        self._check()
        if self.validation is None or best_epoch(self.history) == len(self.history) - 1:
            self.best = {name: p.detach().clone() for name, p in self.averages.items()}

    def finish(self) -> None:
        """Leave the network in evaluation mode, with the weights that validated best, else the last ones."""
        self.network.load_state_dict(self.best, strict=False)
        self.network.eval()

    def losses(self, batch: Rows, part: Part | None = None) -> tuple[Tensor, Tensor]:
        """Squared error and cross-entropy of each member of the ensemble, (ensemble,), over `batch`.

        With a `part` they are its addends only.
        """
        part = part or Part(slice(None), len(batch.values))
        own = batch.take(part.rows)
        rows = self.network.encode_pairs(own.pairs, hidden=batch.pairs)
        profiled = self.schedule.learn_weights or self.schedule.profile_weight > 0
        with self.network.dropout.shared(part):
            ratings, logits = self.network.pair(*rows, profile=profiled)
        share = len(own.values) / part.of * part.weight
        mse = ((ratings - own.values[:, None]) ** 2).mean(dim=0) * share
        if logits is None:
            return mse, torch.zeros_like(mse)
        counted = with_group(self.groups[batch.pairs[0]])
        return mse, profile_loss(logits, self.groups[own.pairs[0]], counted) * part.weight

    def _step(self, batch: Rows) -> Tensor:
        mse, entropy = self.losses(batch, self.team.part(len(batch.values)))
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(self._total(mse, entropy))
        found = torch.stack([mse, entropy]).detach()
        held = [p.grad for group in self.optimizer.param_groups for p in group["params"]]
        self.team.add([*(gradient for gradient in held if gradient is not None), found])
        self.optimizer.step()
        self.steps += 1
        self._average()
        return found.mean(dim=1)

    def _total(self, mse: Tensor, entropy: Tensor) -> Tensor:
        if not self.schedule.learn_weights:
            return (mse + self.schedule.profile_weight * entropy).sum()
        of_mse, of_entropy = self.log_variances
        weighed = mse / (2 * of_mse.exp()) + entropy / of_entropy.exp()
        total: Tensor = (weighed + (of_mse + of_entropy) / 2 / self.team.size).sum()
        return total

    def _profile_weight(self) -> float:
        if not self.schedule.learn_weights:
            return self.schedule.profile_weight
        of_mse, of_entropy = self.log_variances.detach()
        return float((2 * (of_mse - of_entropy).exp()).mean())

    def _average(self) -> None:
        # Young averages forget faster, or they would remember the first, random weights.
        past = min(self.schedule.averaging, self.steps / (self.steps + 10))
        weights = [p.detach() for p in self.network.parameters()]
        torch._foreach_lerp_(list(self.averages.values()), weights, 1 - past)

    @torch.no_grad()
    def _validated(self) -> float:
        """The validation error of the averaged weights, which are put in for the time being."""
        if self.validation is None:
            return math.nan
        parameters = dict(self.network.named_parameters())
        trained = {name: p.detach().clone() for name, p in parameters.items()}
        self.network.load_state_dict(self.averages, strict=False)
        error = rmse(self.network, self.validation) if self.team.rank == 0 else math.nan
        self.network.load_state_dict(trained, strict=False)
        return self.team.agreed(error, self.rows.values.device)

    def _optimizer(self) -> torch.optim.Optimizer:
        network, schedule = self.network, self.schedule
        ids = {network.users.ids, network.items.ids}
        tables = {m for m in network.modules() if isinstance(m, Table)}
        inside = [p for table in tables for p in table.parameters()]
        others = [p for p in network.parameters() if all(p is not t for t in inside)]
        groups: list[tuple[Sequence[Tensor], float]] = [
            ([t.weight for t in network.modules() if t in ids], schedule.embedding_decay),
            ([t.weight for t in network.modules() if t in tables - ids], schedule.history_decay),
            (others, schedule.weight_decay),
            ([self.log_variances], 0.0),
        ]
        return torch.optim.Adam(
            [{"params": params, "weight_decay": decay} for params, decay in groups],
            lr=schedule.learning_rate,
            fused=True if network.large else None,
        )

    def _check(self) -> None:
        last = self.history[-1]
        if not (math.isfinite(last.mse) and math.isfinite(last.cross_entropy)):
            raise MethodError(
                f"DMTL: the loss diverged in epoch {len(self.history)} (squared error {last.mse}, "
                f"cross-entropy {last.cross_entropy}); lower learning_rate (now "
                f"{self.schedule.learning_rate}) or profile_weight (now {self.schedule.profile_weight})"
            )
