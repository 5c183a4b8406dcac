"""The trainer of all networks: epochs, early stopping, weight averaging, checkpoints, several processes.

A model brings an `Objective`: its mini-batches, the loss of one of them and, if training may stop early, a
validation score. All randomness comes from torch's default generators.
"""

from __future__ import annotations

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, TypeVar

import torch

from groupbench.core.errors import MethodError
from groupbench.models.averaging import WeightAverage
from groupbench.models.devices import generator_states, restore_generators
from groupbench.models.distributed import SINGLE, ProcessGroup
from groupbench.models.tensor_files import read_tensors, reading, write_tensors

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor, nn

B = TypeVar("B")
N = TypeVar("N", bound="nn.Module")

FORMAT = "groupbench-checkpoint-1"
"""Changes whenever a checkpoint of an earlier version cannot be read any more."""


class Epoch(NamedTuple):
    """What one pass over the training rows left behind."""

    losses: dict[str, float]
    """The mean of each reported loss, by name."""
    validation: float
    """The validation score; NaN without validation."""


@dataclass(frozen=True)
class Schedule:
    """How long to train.

    Attributes:
        epochs: most passes over the training rows.
        patience: passes without a better validation score before training stops.
        averaging: share of the weights' running average that each step keeps; the averages are what is
            validated and what remains. 0 takes the weights as they are.
    """

    epochs: int
    patience: int = 1
    averaging: float = 0.0


class StepLoss(NamedTuple):
    """The loss of one mini-batch, or the addends of one process."""

    total: Tensor
    """What is minimized, ()."""
    reported: Tensor
    """What the epoch reports, (n,), without gradients."""
    weight: float = 1.0
    """How much the mini-batch counts in the epoch's means."""


class Objective(ABC, Generic[B]):
    """What a network is trained for; B is a mini-batch."""

    maximize: ClassVar[bool] = False
    """Whether a higher validation score is the better one."""
    remedy: ClassVar[str] = "lower learning_rate"
    """What to do when the loss diverges."""

    @abstractmethod
    def batches(self) -> Iterable[B]:
        """The mini-batches of one epoch in random order; each is drawn when it is asked for."""

    @abstractmethod
    def loss(self, batch: B, group: ProcessGroup) -> StepLoss:
        """The loss of a mini-batch; in a process group, what this process adds to it (`group.slice_of`)."""

    def validate(self) -> float:
        """The validation score of the network, which is in evaluation mode; NaN runs all epochs."""
        return math.nan

    def report(self, means: list[float]) -> dict[str, float]:
        """The reported losses of an epoch by name, from their means over its mini-batches."""
        return {"loss": means[0]}

    def extra_weights(self) -> dict[str, Tensor]:
        """Trained tensors that are not in the network, by name; checkpoints hold them as well."""
        return {}

    def inputs(self) -> Iterable[object]:
        """The tensors and settings that training depends on: a checkpoint of others is refused."""
        return ()


class Trainer(Generic[N]):
    """A training run: `run` goes through it, or on with its checkpoint.

    Args:
        network: the network to train in place.
        objective: what it is trained for.
        optimizer: steps on its weights, and on the objective's extra ones.
        schedule: how long.
        group: the processes that train together, each with a network of its own.

    Attributes:
        history: one entry for each epoch run.
    """

    def __init__(
        self,
        network: N,
        objective: Objective[Any],
        optimizer: torch.optim.Optimizer,
        schedule: Schedule,
        group: ProcessGroup = SINGLE,
    ) -> None:
        self.network, self.objective, self.optimizer = network, objective, optimizer
        self.schedule, self.group = schedule, group
        self.device = next(network.parameters()).device
        self.average = WeightAverage(network, schedule.averaging)
        self.best: dict[str, Tensor] = {}
        self.history: list[Epoch] = []

    @property
    def best_epoch(self) -> int:
        """Index of the epoch that validated best, the first of equals; the last one without validation."""
        scores = [epoch.validation for epoch in self.history]
        valid = [e for e, score in enumerate(scores) if not math.isnan(score)]
        best = max if self.objective.maximize else min
        return best(valid, key=scores.__getitem__, default=len(scores) - 1)

    @property
    def finished(self) -> bool:
        """Whether no further epoch is due."""
        stale = len(self.history) - 1 - self.best_epoch
        return stale >= self.schedule.patience or len(self.history) >= self.schedule.epochs

    def run(self, checkpoint: Path | None = None) -> list[Epoch]:
        """Train, and leave the network in evaluation mode with the weights that validated best, or the last.

        Args:
            checkpoint: file that takes the state after each epoch; a run whose file exists goes on from
                there and ends in the same weights. It may have another number of processes.

        Returns:
            The history.

        Raises:
            MethodError: if a loss is no longer finite, or the checkpoint is of another run.
            ResultError: if the checkpoint cannot be read or written.
        """
        mark = "" if checkpoint is None else self._fingerprint()
        if checkpoint is not None and checkpoint.exists():
            self._restore(checkpoint, mark)
        if self.group.broadcast(self.average.steps, self.device) != self.average.steps:
            raise MethodError(
                f"not all processes that train together find the same checkpoint {checkpoint}; give a folder "
                "that they share"
            )
        while not self.finished:
            self.run_epoch()
            if checkpoint is not None and self.group.rank == 0:
                self._save(checkpoint, mark)
        if self.best:
            self.network.load_state_dict(self.best)
        else:
            self.average.swap()
        self.network.eval()
        return self.history

    def run_epoch(self) -> None:
        """Pass over the training rows once.

        Raises:
            MethodError: if a loss is no longer finite.
        """
        self.network.train()
        total, weight = torch.zeros((), device=self.device), 0.0
        for batch in self.objective.batches():
            step = self._step(batch)
            total = total + step.reported * step.weight
            weight += step.weight
        losses = self.objective.report((total / max(weight, 1)).reshape(-1).tolist())
        self._require_finite(losses)
        self.network.eval()
        with self.average.in_place(), torch.no_grad():
            score = self.objective.validate() if self.group.rank == 0 else math.nan
            self.history.append(Epoch(losses, self.group.broadcast(score, self.device)))
            validated = not math.isnan(self.history[-1].validation)
            if validated and self.best_epoch == len(self.history) - 1:
                self.best = {name: t.detach().clone() for name, t in self.network.state_dict().items()}

    def _step(self, batch: object) -> StepLoss:
        step = self.objective.loss(batch, self.group)
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(step.total)
        weights = [p for group in self.optimizer.param_groups for p in group["params"] if p.grad is not None]
        for table in weights:
            if table.grad.is_sparse:
                table.grad = self.group.sum_rows(table.grad)
        self.group.all_reduce([*(p.grad for p in weights if not p.grad.is_sparse), step.reported])
        self.optimizer.step()
        self.average.update()
        return step

    def _require_finite(self, losses: dict[str, float]) -> None:
        if not all(map(math.isfinite, losses.values())):
            values = ", ".join(f"{name} {value:g}" for name, value in losses.items())
            name = type(self.network).__name__.removesuffix("Network")
            raise MethodError(
                f"{name}: the loss diverged in epoch {len(self.history) + 1} ({values}); "
                f"{self.objective.remedy} (learning_rate is now {self.optimizer.defaults['lr']:g})"
            )

    def _fingerprint(self) -> str:
        """sha256 over all that the run depends on, its first weights included."""
        groups = [
            {name: value for name, value in group.items() if name != "params"}
            for group in self.optimizer.param_groups
        ]
        digest = hashlib.sha256(repr((self.schedule, groups)).encode())
        weights, states = self.network.state_dict(), generator_states(self.device)
        for part in [*weights.values(), *states.values(), *self.objective.inputs()]:
            is_tensor = isinstance(part, torch.Tensor)
            digest.update(part.detach().cpu().numpy().tobytes() if is_tensor else repr(part).encode())
        return digest.hexdigest()

    def _state(self) -> dict[str, dict[str, Tensor]]:
        """The tensors that the run goes on from, by kind and name."""
        optimizer = self.optimizer.state_dict()["state"]
        return {
            "weight": self.network.state_dict(),
            "average": {str(i): mean for i, mean in enumerate(self.average.means)},
            "best": self.best,
            "extra": self.objective.extra_weights(),
            "optimizer": {f"{i}.{name}": t for i, state in optimizer.items() for name, t in state.items()},
            "generator": generator_states(self.device),
        }

    def _save(self, file: Path, mark: str) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        tensors = {f"{kind}/{name}": t for kind, part in self._state().items() for name, t in part.items()}
        about = {"mark": mark, "steps": self.average.steps, "history": self.history}
        write_tensors(file, tensors, about, FORMAT)

    def _restore(self, file: Path, mark: str) -> None:
        tensors, about = read_tensors(file, FORMAT)
        if about.get("mark") != mark:
            raise MethodError(
                f"checkpoint {file} is of other data, hyperparameters or seed; remove it or use another "
                "folder"
            )
        with reading(file):
            self._take(tensors, about)

    def _take(self, tensors: dict[str, Tensor], about: dict[str, Any]) -> None:
        """Go on from the tensors and facts of a checkpoint."""
        parts: dict[str, dict[str, Tensor]] = {kind: {} for kind in self._state()}
        for key, tensor in tensors.items():
            kind, _, name = key.partition("/")
            parts[kind][name] = tensor
        self.average.steps = about["steps"]
        self.history = [Epoch(*epoch) for epoch in about["history"]]
        self.best = {name: t.to(self.device) for name, t in parts["best"].items()}
        with torch.no_grad():
            for kind in ("weight", "average", "extra"):
                for name, target in self._state()[kind].items():
                    target.copy_(parts[kind][name])
        state = self.optimizer.state_dict()
        for key, tensor in parts["optimizer"].items():
            index, _, name = key.partition(".")
            state["state"].setdefault(int(index), {})[name] = tensor
        self.optimizer.load_state_dict(state)
        restore_generators(parts["generator"], self.device)
