"""The fits that a DMTL is made of: one that finds out when to stop, and one on all rows."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from groupbench.core.errors import MethodError
from groupbench.models.distributed import SINGLE, ProcessGroup
from groupbench.models.dmtl.features import make_inputs, memberships
from groupbench.models.dmtl.losses import Rows
from groupbench.models.dmtl.network import Architecture, Network
from groupbench.models.dmtl.saving import fingerprint, restore_trainer, write_trainer
from groupbench.models.dmtl.training import Schedule, Trainer

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from groupbench.data.dataset import Ratings
    from groupbench.models.dmtl.features import Inputs
    from groupbench.models.dmtl.recommender import DMTL
    from groupbench.models.recommender import TrainingData


class Fitting:
    """Trains networks for one model on one set of training data.

    Args:
        model: gives the hyperparameters.
        train: gives features and groups.
        device: where to train.
        checkpoints: folder for the states of unfinished fits, or None to keep none.
        team: the processes that train together; each calls the same methods in the same order.
    """

    def __init__(
        self,
        model: DMTL,
        train: TrainingData,
        device: torch.device,
        checkpoints: Path | None,
        team: ProcessGroup = SINGLE,
    ) -> None:
        self.model, self.train, self.device, self.checkpoints = model, train, device, checkpoints
        self.team = team

    def run(self, name: str, rows: Ratings, epochs: int, validation: Ratings | None = None) -> Trainer:
        """Train a network on `rows` for at most `epochs`, or go on with the checkpoint of that `name`.

        With `validation`, and if all rows are learned from later, the ensemble may be a smaller one: it
        takes few networks to find out when to stop.

        Raises:
            MethodError: if the loss diverges or the checkpoint is of another fit.
        """
        trainer = self.prepare(rows, epochs, validation)
        file = None if self.checkpoints is None else self.checkpoints / f"{name}.safetensors"
        mark = "" if file is None else fingerprint(trainer)
        if file is not None and file.exists():
            restore_trainer(file, trainer, mark)
        if self.team.agreed(trainer.steps, self.device) != trainer.steps:
            raise MethodError(
                f"DMTL: not all training workers find the same checkpoints in {self.checkpoints}; "
                "give a folder that they share"
            )
        while not trainer.finished:
            trainer.run_epoch()
            if file is not None and self.team.rank == 0:
                write_trainer(file, trainer, mark)
        trainer.finish()
        return trainer

    def prepare(self, rows: Ratings, epochs: int, validation: Ratings | None) -> Trainer:
        """A new network and what trains it, before the first epoch."""
        model, made = self.model, architecture(self.model)
        if validation is not None and model.refit:
            made = replace(made, ensemble=min(model.ensemble, model.validation_ensemble))
        return Trainer(
            Network(self._inputs(rows), made).to(self.device),
            Rows.of(rows, self.device),
            memberships(self.train.groups, rows.n_users),
            self._schedule(epochs),
            None if validation is None else Rows.of(validation, self.device),
            self.team,
        )

    def _inputs(self, rows: Ratings) -> Inputs:
        model = self.model
        return make_inputs(
            self.train,
            rows,
            biases=model.residual == "biases",
            statistics=model.statistics,
            demographics=model.demographics,
            genres=model.genres,
            text=model.text,
        )

    def _schedule(self, epochs: int) -> Schedule:
        return Schedule(
            learn_weights=self.model.loss_weights == "uncertainty",
            history_decay=self.model.interaction_decay,
            epochs=epochs,
            **_same(Schedule, self.model, "learn_weights", "history_decay", "epochs"),
        )


def architecture(model: DMTL) -> Architecture:
    """The network that `model` asks for."""
    return Architecture(
        history=model.interactions,
        history_width=model.interaction_width,
        **_same(Architecture, model, "history", "history_width"),
    )


def _same(make: type[Any], model: DMTL, *others: str) -> dict[str, Any]:
    """What `model` says for the fields of a dataclass, but for the `others`."""
    return {f.name: getattr(model, f.name) for f in fields(make) if f.name not in others}
