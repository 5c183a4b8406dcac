"""What all deep group methods share: how they are fitted, and how they score.

A model is two short files. `name_network.py` holds its network, a `GroupNetwork` (see `network.py`): logits
of (group, item) and (user, item) pairs and, where it needs them, `encode` for what all pairs of a step share
(propagated embeddings, `propagation.py`) and `extra_loss` for what is added to the loss. `name.py` holds its
hyperparameters, a dataclass derived from `SampledRecommender` whose `_network` makes the network; it imports
torch in functions only, so that methods are listed at once. Sampling, losses, validation, the refit and the
scores of all items are shared, and training is `groupbench.models.training`. A model with losses of its own
derives from `DeepRecommender` and returns its objective in `_objective`. One that propagates over graphs
derives from `GraphRecommender`, whose steps are few and large.
"""

from __future__ import annotations

from abc import abstractmethod
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from annotated_types import Ge, Le, Lt, MinLen

from groupbench.core.errors import MethodError
from groupbench.core.hyperparameters import Above0, AtLeast0, Count, Share, Whole, tunable
from groupbench.core.seeding import integer
from groupbench.models.joint import JointRatingsMethod
from groupbench.models.recommender import Recommender

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from groupbench.core.arrays import FloatArray, IntArray
    from groupbench.data.dataset import Ratings
    from groupbench.data.groups import Groups
    from groupbench.models.deep.interactions import Interactions, Side
    from groupbench.models.deep.network import GroupNetwork
    from groupbench.models.deep.objective import DeepObjective, SampledObjective
    from groupbench.models.deep.validation import HeldOut
    from groupbench.models.distributed import ProcessGroup
    from groupbench.models.recommender import Deterministic, TrainingData, TrainingWorkers
    from groupbench.models.training import Trainer

Dropout = Annotated[float, Ge(0), Le(0.95)]
Decay = Annotated[float, Ge(0), Lt(1)]
Widths = Annotated[tuple[Count, ...], MinLen(1)]


@dataclass
class DeepRecommender(Recommender, JointRatingsMethod):
    """Base of deep models that learn from the rows of groups and of users.

    A subclass makes its network in `_network` and what it is trained for in `_objective`. Training stops
    early on validation rows that are taken from the groups' training rows; members' own rows of these items,
    which would give them away, are left out meanwhile and are no negatives either. By default it then starts
    anew on all rows for the number of epochs that validated best.

    Attributes:
        history: loss and validation NDCG@10 of each epoch, set by `fit`.
    """

    libraries: ClassVar[tuple[str, ...]] = ("torch",)
    deterministic: ClassVar[Deterministic] = "one-machine"
    relative_cost: ClassVar[float] = 50.0
    training_workers: ClassVar[TrainingWorkers] = "one"

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

    def fit(self, train: TrainingData, *, rng: np.random.Generator, checkpoints: Path | None = None) -> Self:
        """Train with early stopping; torch's global generator is left as it was.

        Where `training_workers` says so, several processes may share the training
        (`groupbench.models.distributed`); losses and weights are the same then but for rounding.

        Args:
            train: what to learn from.
            rng: all randomness.
            checkpoints: folder that keeps the state after each epoch. A fit that was cut off and is started
                again with an equal `rng` goes on from there and ends in the same weights.

        Raises:
            MethodError: if there are no joint ratings that count, the loss diverges, the checkpoints are of
                another fit, or a process that shares the training ends.
        """
        import torch

        from groupbench.models.deep.validation import hold_out, without_given_away
        from groupbench.models.devices import repeatable_sums, seeded
        from groupbench.models.distributed import SINGLE, process_group

        rows, users = self._choices(train), self._counted(train.ratings, train)
        shared = process_group(self, train, rng, checkpoints=checkpoints)
        with ExitStack() as stack:
            group = stack.enter_context(shared) if self.training_workers == "many" else SINGLE
            stack.enter_context(repeatable_sums())
            stack.enter_context(seeded(integer(rng), torch.device("cpu")))
            run = partial(self._trained, checkpoints=checkpoints, group=group)
            left, held_out = hold_out(rows)
            first = users if held_out is None else without_given_away(users, train.groups, held_out)
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

    def score(self, users: IntArray) -> FloatArray:
        """Logits of all items for `users`: (len(users), n_items)."""
        return self._scores("users", users)

    @abstractmethod
    def _network(self, data: Interactions) -> GroupNetwork:
        """A new network with random weights from torch's default generator."""

    @abstractmethod
    def _objective(self, network: Any, data: Interactions, held_out: HeldOut | None) -> DeepObjective[Any]:
        """What the network is trained for."""

    def _pretraining(self, network: Any, data: Interactions) -> tuple[DeepObjective[Any], int] | None:
        """What the network is trained for before that, and for how many epochs; None for nothing."""

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
        from torch.optim import AdamW

        from groupbench.models.training import Schedule, Trainer

        network = self._network(data)
        stages = {
            name: (self._objective(network, data, held_out), Schedule(epochs, self.patience, self.averaging))
        }
        if before := self._pretraining(network, data):
            stages = {f"{name}-pretraining": (before[0], Schedule(before[1])), **stages}
        for stage, (objective, schedule) in stages.items():
            optimizer = AdamW(
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
        from groupbench.models.deep.interactions import ChoiceRows, Interactions, Members

        of_users = ChoiceRows.of(users, None if excluded is None else ChoiceRows.of(excluded))
        return Interactions(of_users, ChoiceRows.of(groups), Members.of(train.groups))

    def _scores(self, side: Side, raters: IntArray) -> FloatArray:
        import numpy as np
        import torch

        from groupbench.models.deep.network import Batch, blockwise

        index = torch.tensor(np.asarray(raters, dtype=np.int64))
        batch = Batch(side, index, torch.arange(self._net.data.n_items)[None])
        return blockwise(self._net, self._encoded, batch).numpy().astype(np.float64)


@dataclass
class SampledRecommender(DeepRecommender):
    """Base of deep models whose loss compares the item of each row with sampled others."""

    loss: Literal["bpr", "regression", "pointwise", "softmax"] = "softmax"
    """What is minimized on a chosen item and its negatives."""
    negatives: Count = 4
    """Sampled negatives for each row."""
    user_weight: AtLeast0 = tunable(1.0, low=0.05, high=5.0, log=True)
    """Weight of the loss on users' rows beside the groups'; 0 leaves their rows out."""

    joint_steps: ClassVar[bool] = False
    """Whether each step learns from groups and users at once; else their steps take turns at random."""

    def _objective(
        self, network: GroupNetwork, data: Interactions, held_out: HeldOut | None
    ) -> SampledObjective:
        from groupbench.models.deep.objective import SampledObjective, Sampling

        sampling = Sampling(
            self.loss, self.negatives, self.batch_size, self.user_weight, joint=self.joint_steps
        )
        return SampledObjective(network, data, sampling, held_out)


@dataclass
class GraphRecommender(SampledRecommender):
    """Base of deep models that propagate over graphs: their steps are few and large, on groups and users."""

    joint_steps: ClassVar[bool] = True

    width: Count = tunable(32, low=8, high=128, log=True)
    """Width of the embeddings."""
    layers: Whole = tunable(2, low=0, high=4)
    """Steps over the graphs."""
    weight_decay: AtLeast0 = tunable(1.0, low=0.0, high=3.0)
    """Decoupled decay of all weights, per unit of step size."""
    batch_size: Count = 4096
    """Rows of a step, of groups and users in the proportion of all their rows."""
