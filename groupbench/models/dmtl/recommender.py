"""DMTL as a method: hyperparameters, fitting, and scores for users and for groups."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from groupbench.core.errors import MethodError
from groupbench.core.hyperparameters import tunable
from groupbench.core.seeding import integer
from groupbench.models.recommender import GroupRecommender, Recommender

if TYPE_CHECKING:
    import numpy as np

    from groupbench.core.arrays import FloatArray, IntArray
    from groupbench.data.groups import Groups
    from groupbench.models.distributed import ProcessGroup
    from groupbench.models.dmtl.pairs import Pairs
    from groupbench.models.recommender import Deterministic, TrainingData, TrainingWorkers


@dataclass
class DMTL(Recommender, GroupRecommender):
    """DMTL: group profiling and rating prediction over one attentive representation (Le & Abel, 2025).

    h_u = ReLU(W_u x_u), h_i = ReLU(W_i x_i), alpha = softmax(W_a [h_u; h_i]), h_i' = alpha * h_i and
    z = ReLU(W_s [h_u; h_i']) give a rating and the probabilities of the user's group; the loss is the
    squared error plus `profile_weight` times the cross-entropy ("Joint Group Profiling and
    Recommendation via Deep Neural Network-based Multi-Task Learning", arXiv 2504.06274). What the
    paper leaves open is a field below; the defaults predicted validation rows, cut from training
    rows, best.

    A user of several groups has a target spread evenly over them, a user of none counts in the rating
    loss only. Joint ratings of groups are not used.

    Attributes:
        history: losses of each epoch while the number of epochs was sought, set by `fit`.
        notices: what a reader of the figures should know of the fit, in sentences, set by `fit`.
    """

    predicts_ratings: ClassVar[bool] = True
    libraries: ClassVar[tuple[str, ...]] = ("torch",)
    deterministic: ClassVar[Deterministic] = "one-machine"
    relative_cost: ClassVar[float] = 30.0
    training_workers: ClassVar[TrainingWorkers] = "many"

    ids: bool = True
    """Whether users and items have id embeddings."""
    demographics: bool = True
    """Whether the features of users are inputs."""
    genres: bool = True
    """Whether the features of items, but for words, are inputs."""
    text: bool = True
    """Whether the words of titles and descriptions (TF-IDF) are inputs, where the data has them."""
    statistics: bool = tunable(False, choices=(False, True))
    """Whether biases, log counts and users' mean residuals by item feature are inputs too."""
    interactions: bool = True
    """Whether x_u holds the learned vectors of the items that u rated in training, summed as in SVD++, and
    x_i those of the users who rated i. The rows of a mini-batch are not in the sums they are learned with."""
    embedding: int = tunable(32, low=8, high=128, log=True)
    """Width of the id embeddings."""
    interaction_width: int = 32
    """Width of the vectors of rated items and of raters."""
    width: int = tunable(32, low=16, high=256, log=True)
    """Width of h_u, h_i and the attention."""
    shared_width: int = 32
    """Width of the shared representation z."""
    attention: Literal["learned", "mean", "members", "none"] = "learned"
    """What is weighed: the dimensions of h_i by learned weights or by 1/width everywhere (`mean`); or the
    members of the user's groups (`members`), whose weighted mean of h_u is added to h_u; or nothing."""
    attended: Literal["item", "shared"] = "item"
    """Whether learned attention weighs h_i, or z above the shared layer."""
    rescale_attention: bool = True
    """Multiply the weights by `width`, so that they are 1 on average and h_i' keeps the size of h_i;
    mean attention is then the same as none."""
    shared: bool = True
    """Whether both tasks share z; else each has its own layer on [h_u; h_i']."""
    product: bool = True
    """Whether h_u * h_i' stands beside z below both heads."""
    profile_weight: float = tunable(0.01, low=0.001, high=1, log=True)
    """Weight of the group-profiling loss."""
    loss_weights: Literal["fixed", "uncertainty"] = "fixed"
    """Whether `profile_weight` weighs the losses or learned uncertainties do (Kendall et al., CVPR 2018)."""
    freeze_profile: bool = False
    """Whether the profile head keeps its first, random weights."""
    residual: Literal["biases", "mean"] = "biases"
    """What the rating head adds to: mean and shrunken user and item biases, or the mean alone."""
    group_inference: Literal["mean-representation", "mean-score", "centroid", "attention"] = tunable(
        "mean-representation", choices=("mean-representation", "mean-score", "centroid")
    )
    """A group's score: that of its members' mean h_u, the mean of its members' scores, that of the mean of
    its members' inputs x_u, or that of the mean h_u weighed by the attention over members."""
    ensemble: int = 6
    """Networks that differ in their first weights; a score is the mean of theirs."""
    dropout: float = tunable(0.3, low=0, high=0.6)
    """Dropout on z."""
    gain: float = 1.5
    """Standard deviation of a layer's first weights, times the square root of its number of inputs; the
    networks of an ensemble differ more where it is large."""
    learning_rate: float = tunable(6e-3, low=5e-4, high=3e-2, log=True)
    """Adam's step size."""
    embedding_decay: float = tunable(3e-3, low=1e-5, high=0.1, log=True)
    """L2 penalty of id embeddings."""
    interaction_decay: float = tunable(1e-3, low=1e-4, high=0.1, log=True)
    """L2 penalty of the vectors of rated items and of raters."""
    weight_decay: float = 0.0
    """L2 penalty of all other weights."""
    averaging: float = 0.99
    """Weight of the past in the moving average of the weights that predicts; 0 takes the last weights."""
    batch_size: int = 4096
    """Most rating rows in a mini-batch."""
    min_batches: int = 20
    """Fewest mini-batches in an epoch; they are smaller than `batch_size` where data is small."""
    epochs: int = 60
    """Most passes over the training rows."""
    patience: int = 4
    """Passes without a better validation error before training stops."""
    validation_fraction: float = 0.1
    """Share of the training rows that decide when to stop."""
    validation_ensemble: int = 2
    """Most networks that are trained to find out when to stop."""
    refit: bool = True
    """Train anew on all rows for the number of passes that validated best."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to train and score; `auto` takes a GPU where torch finds one."""

    def __post_init__(self) -> None:
        self._pairs: Pairs | None = None

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
        from groupbench.models.distributed import gathered

        if len(train.ratings) == 0:
            raise MethodError("DMTL: no training ratings; it learns from individual ratings, so give it some")
        if self.group_inference == "attention" and self.attention != "members":
            raise MethodError("DMTL: group_inference=attention needs attention=members; set that as well")
        with gathered(self, train, rng, checkpoints=checkpoints) as team:
            self._fit(train, rng, checkpoints, team)
        return self

    def _fit(
        self, train: TrainingData, rng: np.random.Generator, checkpoints: Path | None, team: ProcessGroup
    ) -> None:
        from groupbench.models.dmtl import notices
        from groupbench.models.dmtl.devices import choose, seeded
        from groupbench.models.dmtl.fit import Fitting
        from groupbench.models.dmtl.losses import best_epoch

        rows, self._pairs = train.ratings, None
        order = rng.permutation(len(rows))
        held = max(1, int(self.validation_fraction * len(rows)))
        fitted = order[held:] if held < len(rows) else order
        device, fallback = choose(self.device, team)
        with seeded(integer(rng), device):
            fitting = Fitting(self, train, device, checkpoints, team)
            search = fitting.run("search", rows.take(fitted), self.epochs, validation=rows.take(order[:held]))
            self.history, self._network = search.history, search.network
            if self.refit:
                self._network = fitting.run("refit", rows, best_epoch(search.history) + 1).network
        self.notices = tuple(filter(None, (fallback, *notices.of(self._network, self.history, rows))))
        if team.rank == 0:
            notices.log(self.notices)

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

    def _scorer(self) -> Pairs:
        from groupbench.models.dmtl.pairs import Pairs

        if self._pairs is None:
            self._pairs = Pairs(self._network)
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
        from groupbench.models.dmtl.saving import write_model

        write_model(Path(path), self)

    @classmethod
    def load(cls, path: Path | str) -> DMTL:
        """Read a model that `save` wrote; it gives the same scores.

        Raises:
            ResultError: if the file is missing, is no such model or is of another version.
        """
        from groupbench.models.dmtl.saving import read_model

        return read_model(Path(path), cls)
