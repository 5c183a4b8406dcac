"""The training runs that a DMTL is made of: one that finds out when to stop, and one on all rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from groupbench.data.leakage import pairs
from groupbench.models.distributed import SINGLE, ProcessGroup
from groupbench.models.dmtl.features import make_inputs, memberships
from groupbench.models.dmtl.hyperparameters import Hyperparameters
from groupbench.models.dmtl.network import DMTLNetwork
from groupbench.models.dmtl.objective import DMTLObjective, RatingRows
from groupbench.models.training import Schedule, Trainer

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from groupbench.core.arrays import IntArray
    from groupbench.data.dataset import Ratings
    from groupbench.models.recommender import TrainingData


class LossRecord(NamedTuple):
    """What one pass over the training rows left behind; losses are means over the ensemble."""

    mse: float
    """Mean squared rating error over the training rows."""
    cross_entropy: float
    """Mean cross-entropy of the group profile, in nats; 0 where no user has a group."""
    profile_weight: float
    """Weight of the cross-entropy beside the squared error in this pass."""
    validation_rmse: float
    """Root mean squared error of the mean prediction over the validation rows; NaN without them."""


@dataclass(frozen=True)
class Fit:
    """Trains networks on one set of training data.

    Attributes:
        made: the hyperparameters.
        train: gives rows, features and groups.
        device: where to train.
        checkpoints: folder for the states of unfinished runs, or None to keep none.
        group: the processes that train together; each calls the same methods in the same order.
    """

    made: Hyperparameters
    train: TrainingData
    device: torch.device
    checkpoints: Path | None = None
    group: ProcessGroup = SINGLE

    def run(self, order: IntArray) -> tuple[DMTLNetwork, list[LossRecord]]:
        """The fitted network, and the losses of each epoch while the number of epochs was sought.

        With `refit` the search may have a smaller ensemble: it takes few networks to find out when to stop.

        Args:
            order: (n_rows,) random order of the training rows; the first ones validate, with all rows of
                their (user, item) pairs.

        Raises:
            MethodError: if the loss diverges or a checkpoint is of another fit.
        """
        made, rows = self.made, self.train.ratings
        pair = pairs(rows)[order]
        validates = np.isin(pair, pair[: max(1, int(made.validation_fraction * len(rows)))])
        fitted = order if validates.all() else order[~validates]
        ensemble = min(made.ensemble, made.validation_ensemble) if made.refit else made.ensemble
        validation = rows.take(order[validates])
        search = self.trainer(replace(made, ensemble=ensemble), rows.take(fitted), validation)
        search.run(self._checkpoint("search"))
        history = [LossRecord(**epoch.losses, validation_rmse=epoch.validation) for epoch in search.history]
        if not made.refit:
            return search.network, history
        refit = self.trainer(replace(made, epochs=search.best_epoch + 1), rows)
        refit.run(self._checkpoint("refit"))
        return refit.network, history

    def trainer(
        self, made: Hyperparameters, rows: Ratings, validation: Ratings | None = None
    ) -> Trainer[DMTLNetwork]:
        """A new network and what trains it on `rows`, before the first epoch."""
        inputs = make_inputs(
            self.train,
            rows,
            biases=made.residual == "biases",
            statistics=made.statistics,
            demographics=made.demographics,
            genres=made.genres,
            text=made.text,
        )
        network = DMTLNetwork(inputs, made).to(self.device)
        objective = DMTLObjective(
            network,
            made,
            RatingRows.of(rows, self.device),
            memberships(self.train.groups, rows.n_users),
            None if validation is None else RatingRows.of(validation, self.device),
        )
        schedule = Schedule(made.epochs, made.patience, made.averaging)
        return Trainer(network, objective, objective.optimizer(), schedule, self.group)

    def _checkpoint(self, name: str) -> Path | None:
        return None if self.checkpoints is None else self.checkpoints / f"{name}.safetensors"
