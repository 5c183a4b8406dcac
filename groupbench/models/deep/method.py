"""What all deep group methods share: how they are fitted, and how they score."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from annotated_types import Ge, Gt, Le, Lt, MinLen

from groupbench.core.errors import MethodError
from groupbench.core.hyperparameters import tunable
from groupbench.core.seeding import integer
from groupbench.models.recommender import GroupRecommender, Recommender

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from torch import Tensor

    from groupbench.core.arrays import FloatArray, IntArray
    from groupbench.data.dataset import Ratings
    from groupbench.data.groups import Groups
    from groupbench.models.deep._interactions import Interactions
    from groupbench.models.deep._network import GroupNetwork
    from groupbench.models.deep._training import Epoch
    from groupbench.models.deep._validation import HeldOut
    from groupbench.models.recommender import Deterministic, TrainingData, TrainingWorkers

Count = Annotated[int, Ge(1)]
Whole = Annotated[int, Ge(0)]
Above0 = Annotated[float, Gt(0)]
AtLeast0 = Annotated[float, Ge(0)]
Share = Annotated[float, Ge(0), Le(1)]
Dropout = Annotated[float, Ge(0), Le(0.95)]
Decay = Annotated[float, Ge(0), Lt(1)]
Widths = Annotated[tuple[Count, ...], MinLen(1)]


@dataclass
class DeepRecommender(Recommender, GroupRecommender):
    """Base of deep models that learn from the rows of groups and of users.

    A subclass makes its network in `_network` and gives the losses of an epoch in `_losses`. Training stops
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
    """Passes without a better validation figure before training stops."""
    averaging: Decay = 0.0
    """Share of the weights' running average that each step keeps; 0 takes the weights as they are."""
    refit: bool = True
    """Train anew on all rows for the number of passes that validated best."""
    positive: Share | None = None
    """Lowest rating that counts as a choice, as a share of the scale; None: every rating counts."""

    def skip(self, train: TrainingData) -> str:
        """Needs joint ratings."""
        if train.group_ratings is None or len(train.group_ratings) == 0:
            return "learns from joint ratings, and there are none"
        return ""

    def fit(self, train: TrainingData, *, rng: np.random.Generator) -> Self:
        """Train with early stopping; torch's global generator is left as it was.

        Raises:
            MethodError: if there are no joint ratings that count, or the loss diverges.
        """
        import torch

        from groupbench.models.deep._training import best_epoch, repeatable_sums
        from groupbench.models.deep._validation import hold_out, spared

        rows, users = self._choices(train), self._counted(train.ratings, train)
        self._places = {name: place for place, name in enumerate(train.groups.ids)}
        with torch.random.fork_rng(devices=[]), repeatable_sums():
            torch.default_generator.manual_seed(integer(rng))
            left, held = hold_out(rows)
            first = users if held is None else spared(users, train.groups, held)
            self._net, self.history = self._trained(self._data(train, first, left, users), self.epochs, held)
            if self.refit and held is not None:
                epochs = best_epoch(self.history) + 1
                self._net, _ = self._trained(self._data(train, users, rows), epochs, None)
            with torch.no_grad():
                self._encoded = self._net.encode()
        return self

    def score_groups(self, groups: Groups) -> FloatArray:
        """Logits of all items for `groups`, which must be groups of the training data: (n, n_items).

        Raises:
            MethodError: if a group was not among the training data's.
        """
        places = [self._places.get(name, -1) for name in groups.ids]
        if -1 in places:
            unknown = groups.ids[places.index(-1)]
            raise MethodError(
                f"{type(self).__name__}: group {unknown!r} is not in the training data; "
                "fit again with all groups that are to be scored"
            )
        return self._scores("groups", places)

    def score(self, users: IntArray) -> FloatArray:
        """Logits of all items for `users`: (len(users), n_items)."""
        return self._scores("users", users)

    @abstractmethod
    def _network(self, data: Interactions) -> GroupNetwork:
        """A new network with random weights from torch's default generator."""

    @abstractmethod
    def _losses(self, network: Any, data: Interactions) -> Iterator[Tensor]:
        """The loss of each step of one epoch, computed when it is asked for."""

    def _trained(
        self, data: Interactions, epochs: int, held: HeldOut | None
    ) -> tuple[GroupNetwork, list[Epoch]]:
        from groupbench.models.deep._training import Schedule, train

        network = self._network(data)
        history = train(
            network,
            lambda: self._losses(network, data),
            Schedule(self.learning_rate, self.weight_decay, epochs, self.patience, self.averaging),
            None if held is None else lambda: held.ndcg(network),
        )
        return network, history

    def _choices(self, train: TrainingData) -> Ratings:
        """The distinct rows of groups that count."""
        if reason := self.skip(train):
            raise MethodError(f"{type(self).__name__} {reason}; choose a data set with natural groups")
        assert train.group_ratings is not None
        rows = self._counted(train.group_ratings, train).unique()
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
        train: TrainingData, users: Ratings, groups: Ratings, known: Ratings | None = None
    ) -> Interactions:
        from groupbench.models.deep._interactions import Interactions, Members, Rows

        of_users = Rows.of(users, None if known is None else Rows.of(known))
        return Interactions(of_users, Rows.of(groups), Members.of(train.groups))

    def _scores(self, side: Literal["groups", "users"], raters: IntArray | list[int]) -> FloatArray:
        import numpy as np
        import torch

        from groupbench.models.deep._network import Batch, blockwise

        index = torch.tensor(np.asarray(raters, dtype=np.int64))
        batch = Batch(side, index, torch.arange(self._net.data.n_items)[None])
        return blockwise(self._net, self._encoded, batch).numpy().astype(np.float64)


@dataclass
class SampledRecommender(DeepRecommender):
    """Base of deep models whose loss compares the item of each row with sampled others."""

    loss: Literal["bpr", "regression", "pointwise", "softmax"] = "softmax"
    """What is minimised on a chosen item and its negatives."""
    negatives: Count = 4
    """Sampled negatives for each row."""
    user_weight: AtLeast0 = tunable(1.0, low=0.05, high=5.0, log=True)
    """Weight of the loss on users' rows beside the groups'; 0 leaves their rows out."""

    def _losses(self, network: GroupNetwork, data: Interactions) -> Iterator[Tensor]:
        from groupbench.models.deep._losses import Sampling, sampled_losses

        sampling = Sampling(self.loss, self.negatives, self.batch_size, self.user_weight)
        return sampled_losses(network, data, sampling)
