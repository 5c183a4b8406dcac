"""DMTL as a method: fitting, and scores for users and for groups."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from groupbench.core.errors import MethodError
from groupbench.core.seeding import integer
from groupbench.models.dmtl.hyperparameters import Hyperparameters
from groupbench.models.recommender import GroupRecommender, Recommender

if TYPE_CHECKING:
    import numpy as np

    from groupbench.core.arrays import FloatArray, IntArray
    from groupbench.data.groups import Groups
    from groupbench.models.dmtl.pairs import PairScorer
    from groupbench.models.recommender import Deterministic, TrainingData, TrainingWorkers


@dataclass
class DMTL(Hyperparameters, Recommender, GroupRecommender):
    """DMTL: group profiling and rating prediction over one attentive representation (Le & Abel, 2025).

    h_u = ReLU(W_u x_u), h_i = ReLU(W_i x_i), alpha = softmax(W_a [h_u; h_i]), h_i' = alpha * h_i and
    z = ReLU(W_s [h_u; h_i']) give a rating and the probabilities of the user's group; the loss is the
    squared error plus `profile_weight` times the cross-entropy ("Joint Group Profiling and
    Recommendation via Deep Neural Network-based Multi-Task Learning", arXiv 2504.06274). What the
    paper leaves open is a hyperparameter; the defaults predicted validation rows, cut from training
    rows, best.

    A user of several groups has a target spread evenly over them, a user of none counts in the rating
    loss only. Joint ratings of groups are not used.

    Attributes:
        history: losses of each epoch while the number of epochs was sought, set by `fit`.
        notices: what a reader of the metric values should know of the fit, in sentences, set by `fit`.
    """

    predicts_ratings: ClassVar[bool] = True
    libraries: ClassVar[tuple[str, ...]] = ("torch",)
    deterministic: ClassVar[Deterministic] = "one-machine"
    relative_cost: ClassVar[float] = 30.0
    training_workers: ClassVar[TrainingWorkers] = "many"

    def __post_init__(self) -> None:
        self._pairs: PairScorer | None = None

    def skip(self, train: TrainingData) -> str:
        """Why there is nothing to learn: equal ratings, which say only what was chosen."""
        values = train.ratings.values
        equal = len(values) > 0 and values.min() == values.max()
        return "learns from different ratings, and all are equal" if equal else ""

    def fit(self, train: TrainingData, *, rng: np.random.Generator, checkpoints: Path | None = None) -> Self:
        """Train with early stopping on rows drawn by `rng`; torch's global generators are left as they were.

        Several processes may share the training (`groupbench.models.distributed`); losses and weights are
        the same then but for rounding.

        Args:
            train: what to learn from.
            rng: all randomness.
            checkpoints: folder that keeps the state after each epoch. A fit that was cut off and is
                started again with an equal `rng` goes on from there and ends in the same weights; it may have
                another number of processes.

        Raises:
            MethodError: if there are no training rows, the loss diverges, hyperparameters contradict each
                other, the checkpoints are of another fit, or a process that shares the training ends.
        """
        from groupbench.models.devices import choose, seeded
        from groupbench.models.distributed import process_group
        from groupbench.models.dmtl import notices
        from groupbench.models.dmtl.fit import Fit

        if len(train.ratings) == 0:
            raise MethodError("DMTL: no training ratings; it learns from individual ratings, so give it some")
        if self.group_inference == "attention" and self.attention != "members":
            raise MethodError("DMTL: group_inference=attention needs attention=members; set that as well")
        with process_group(self, train, rng, checkpoints=checkpoints) as group:
            self._pairs = None
            order = rng.permutation(len(train.ratings))
            device, fallback = choose(self.device, group)
            with seeded(integer(rng), device):
                run = Fit(Hyperparameters.of(self), train, device, checkpoints, group)
                self._network, self.history = run.run(order)
            warnings = notices.of(self._network, self.history, train.ratings)
            self.notices = tuple(filter(None, (fallback, *warnings)))
            if group.rank == 0:
                notices.log(self.notices)
        return self

    def score(self, users: IntArray) -> FloatArray:
        """Predicted ratings of all items for `users`, not cut to the scale: (len(users), n_items)."""
        from groupbench.models.dmtl import scoring

        return scoring.of_users(self._network, users)

    def score_groups(self, groups: Groups) -> FloatArray:
        """Scores of all items for `groups` as `group_inference` says, (len(groups), n_items)."""
        from groupbench.models.dmtl import scoring

        return scoring.of_groups(self._network, groups, self.group_inference)

    def score_pairs(self, users: IntArray, items: IntArray) -> FloatArray:
        """Predicted ratings of some items for each of `users`: `items` and result are (len(users), k)."""
        return self._scorer().of_users(users, items)

    def score_group_pairs(self, groups: Groups, items: IntArray) -> FloatArray:
        """Scores of some items for each of `groups`: `items` and result are (len(groups), k)."""
        return self._scorer().of_groups(groups, items, self.group_inference)

    def _scorer(self) -> PairScorer:
        from groupbench.models.dmtl.pairs import PairScorer

        if self._pairs is None:
            self._pairs = PairScorer(self._network)
        return self._pairs

    def profiles(self, users: IntArray, items: IntArray) -> FloatArray:
        """Probabilities of the groups for the pairs `users`, `items`, (n,) each: (n, n_groups)."""
        from groupbench.models.dmtl import inspection

        return inspection.profiles(self._network, users, items)

    def representations(self, users: IntArray, items: IntArray) -> FloatArray:
        """What the profile of each pair is read from: (n, features), all networks side by side."""
        from groupbench.models.dmtl import inspection

        return inspection.representations(self._network, users, items)

    def attention_weights(self, users: IntArray, items: IntArray) -> FloatArray:
        """Learned attention weights of each pair, the mean over the ensemble: (n, width), rows sum to 1.

        Raises:
            MethodError: if attention is not learned.
        """
        from groupbench.models.dmtl import inspection

        if self.attention != "learned":
            raise MethodError(
                f"DMTL: attention={self.attention} has no learned weights; use attention=learned"
            )
        return inspection.attention(self._network, users, items)

    def save(self, path: Path | str) -> None:
        """Write the fitted model to a safetensors file, hyperparameters and losses included."""
        from groupbench.models.dmtl.saving import FittedModel, write_model

        fitted = FittedModel(Hyperparameters.of(self), self._network, self.history, self.notices)
        write_model(Path(path), fitted)

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a model that `save` wrote; it gives the same scores.

        Raises:
            ResultError: if the file is missing, is no such model or is of another version.
        """
        from groupbench.models.devices import choose
        from groupbench.models.dmtl.saving import read_model

        made, network, history, notices = read_model(Path(path))
        model = cls(**vars(made))
        model._network = network.to(choose(model.device)[0])
        model.history, model.notices = history, notices
        return model
