"""What all deep group methods share: how they are fitted, and how they score.

A model is a network, a `GroupNetwork`, and a dataclass of its hyperparameters whose `make_network` makes it.
Validation, the refit and the scores of all items are shared, and training is `groupbench.models.training`.
What is minimized is an objective: the one of `_sampled_recommender.py`, or a model's own.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from annotated_types import Ge, Le, Lt, MinLen

from groupbench.core.errors import MethodError
from groupbench.core.hyperparameters import Above0, AtLeast0, Count, Share, tunable
from groupbench.core.seeding import integer
from groupbench.models.joint import JointRatingsMethod
from groupbench.models.recommender import Recommender

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from groupbench.core.arrays import FloatArray, IntArray
    from groupbench.data.dataset import Ratings
    from groupbench.data.groups import Groups
    from groupbench.models.deep._interactions import Interactions, Side
    from groupbench.models.deep._network import GroupNetwork
    from groupbench.models.deep._objective import DeepObjective
    from groupbench.models.deep._validation import HeldOut
    from groupbench.models.distributed import ProcessGroup
    from groupbench.models.recommender import Deterministic, TrainingData, TrainingWorkers
    from groupbench.models.training import Trainer

DropoutRate = Annotated[float, Ge(0), Le(0.95)]
"""A share that is left out in training, 0 to 0.95."""
Decay = Annotated[float, Ge(0), Lt(1)]
"""A share that each step keeps, 0 to below 1."""
Widths = Annotated[tuple[Count, ...], MinLen(1)]
"""Widths of layers, one at least."""


@dataclass
class TrainedGroupRecommender(JointRatingsMethod):
    """Base of deep methods of groups that bring their network and what it is trained for.

    Training stops early on validation rows that are taken from the groups' training rows; members' own rows
    of these items, which would give them away, are left out meanwhile and are no negatives either. By
    default it then starts anew on all rows for the number of epochs that validated best. Groups are those
    of the training data, and of those without joint ratings of their own too.

    Attributes:
        history: loss and validation NDCG@10 of each epoch, set by `fit`.
    """

    libraries: ClassVar[tuple[str, ...]] = ("torch",)
    deterministic: ClassVar[Deterministic] = "one-machine"
    relative_cost: ClassVar[float] = 50.0
    training_workers: ClassVar[TrainingWorkers] = "one"
    """`many` lets processes divide the rows of each step: right where a loss is a mean over rows, without
    randomness by row but that of `groupbench.models.deep.Dropout`."""

    learning_rate: Above0 = tunable(1e-2, low=1e-3, high=3e-2, log=True)
    """Adam's step size."""
    weight_decay: AtLeast0 = 0.0
    """Decoupled decay of all weights, per unit of step size."""
    batch_size: Count = 256
    """Rows of a step."""
    epochs: Count = 100
    """Most passes over the rows."""
    patience: Count = 8
    """Passes without a better validation score before training stops."""
    averaging: Decay = 0.0
    """Share of the weights' running average that each step keeps; 0 takes the weights as they are."""
    refit: bool = True
    """Train anew on all rows for the number of passes that validated best."""
    positive: Share | None = None
    """Lowest rating that counts as a choice, as a share of the scale; None: every rating counts."""
    device: Literal["auto", "cpu", "cuda"] = "cpu"
    """Where to train and score; `auto` takes a GPU where torch finds one."""

    @abstractmethod
    def make_network(self, data: Interactions) -> GroupNetwork:
        """A new network with random weights, which torch's default generators give: they are seeded for it.

        Args:
            data: what it learns from, on the device.
        """

    @abstractmethod
    def make_objective(
        self, network: Any, data: Interactions, held_out: HeldOut | None
    ) -> DeepObjective[Any]:
        """What the network is trained for.

        Args:
            network: what `make_network` made.
            data: the rows to learn from.
            held_out: lists that groups rank in validation; None for none.
        """

    def make_pretraining(self, network: Any, data: Interactions) -> tuple[DeepObjective[Any], int] | None:
        """What the network is trained for before that, and for how many epochs; None for nothing."""

    def fit(self, train: TrainingData, *, rng: np.random.Generator, checkpoints: Path | None = None) -> Self:
        """Train with early stopping; torch's global generators are left as they were.

        Where `training_workers` says so, several processes may share the training
        (`groupbench.models.distributed`); losses and weights are the same then but for rounding.

        Args:
            train: what to learn from.
            rng: all randomness.
            checkpoints: folder that keeps the state after each epoch. A fit that was cut off and is started
                again with an equal `rng` goes on from there and ends in the same weights.

        Raises:
            MethodError: if there are no joint ratings that count, the network does not score as
                `GroupNetwork` says, the loss diverges, the checkpoints are of another fit, or a process that
                shares the training ends.
        """
        import torch

        from groupbench.models.deep._validation import split_off
        from groupbench.models.devices import choose, default_device, repeatable_sums, seeded
        from groupbench.models.distributed import SINGLE, process_group

        rows, users = self._choices(train), self._counted(train.ratings, train)
        shared = process_group(self, train, rng, checkpoints=checkpoints)
        with ExitStack() as stack:
            group = stack.enter_context(shared) if self.training_workers == "many" else SINGLE
            self._device, fallback = choose(self.device, group, type(self).__name__)
            if fallback and group.rank == 0:
                logging.getLogger(__name__).warning("%s: %s", type(self).__name__, fallback)
            stack.enter_context(repeatable_sums(self._device))
            stack.enter_context(seeded(integer(rng), self._device))
            stack.enter_context(default_device(self._device))
            run = partial(self._trained, checkpoints=checkpoints, group=group)
            first, left, held_out = split_off(users, rows, train.groups)
            search = run("search", self._data(train, first, left, users), self.epochs, held_out)
            self._net, self.history = search.network, search.history
            if self.refit and held_out is not None:
                refit = run("refit", self._data(train, users, rows), search.best_epoch + 1, None)
                self._net = refit.network
            with torch.no_grad():
                self._encoded = self._net.encode()
        return self

    def score_groups(self, groups: Groups) -> FloatArray:
        """Logits of all items for `groups`, which must be groups of the training data: (n, n_items).

        Raises:
            MethodError: if a group was not among the training data's.
        """
        return self._scores("groups", self._groups.of(groups))

    def _trained(
        self,
        name: str,
        data: Interactions,
        epochs: int,
        held_out: HeldOut | None,
        *,
        checkpoints: Path | None,
        group: ProcessGroup,
    ) -> Trainer[GroupNetwork]:
        from groupbench.models.deep._requirements import new_network
        from groupbench.models.row_tables import RowwiseAdamW
        from groupbench.models.training import Schedule, Trainer

        network = new_network(self, data)
        stages = {
            name: (
                self.make_objective(network, data, held_out),
                Schedule(epochs, self.patience, self.averaging),
            )
        }
        if before := self.make_pretraining(network, data):
            stages = {f"{name}-pretraining": (before[0], Schedule(before[1])), **stages}
        for stage, (objective, schedule) in stages.items():
            optimizer = RowwiseAdamW(
                network.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay, fused=True
            )
            trainer = Trainer(network, objective, optimizer, schedule, group)
            trainer.run(None if checkpoints is None else checkpoints / f"{stage}.safetensors")
        return trainer

    def _choices(self, train: TrainingData) -> Ratings:
        """The distinct rows of groups that count."""
        rows = self._counted(self._joint_ratings(train), train).unique()
        if len(rows) == 0:
            raise MethodError(
                f"{type(self).__name__}: no joint rating is high enough to count as a choice; lower "
                f"positive (now {self.positive})"
            )
        return rows

    def _counted(self, rows: Ratings, train: TrainingData) -> Ratings:
        if self.positive is None:
            return rows
        low, high = train.scale
        return rows.take(rows.values >= low + self.positive * (high - low))

    @staticmethod
    def _data(
        train: TrainingData, users: Ratings, groups: Ratings, excluded: Ratings | None = None
    ) -> Interactions:
        from groupbench.models.deep._interactions import ChoiceRows, Interactions, Members

        of_users = ChoiceRows.of(users, None if excluded is None else ChoiceRows.of(excluded))
        return Interactions(of_users, ChoiceRows.of(groups), Members.of(train.groups))

    def _scores(self, side: Side, raters: IntArray, items: IntArray | None = None) -> FloatArray:
        """Logits of `items`, (n, k), by default of all, for `raters`, (n,)."""
        import numpy as np
        import torch

        from groupbench.models.deep._network import Batch, blockwise
        from groupbench.models.devices import default_device

        with default_device(self._device):
            index = torch.tensor(np.asarray(raters, dtype=np.int64))
            shown = torch.arange(self._net.data.n_items)[None] if items is None else torch.tensor(items)
            return (
                blockwise(self._net, self._encoded, Batch(side, index, shown))
                .cpu()
                .numpy()
                .astype(np.float64)
            )


@dataclass
class TrainedRecommender(TrainedGroupRecommender, Recommender):
    """The same for methods that score users, too: the network has `user_logits`."""

    def score(self, users: IntArray) -> FloatArray:
        """Logits of all items for `users`: (len(users), n_items)."""
        return self._scores("users", users)
