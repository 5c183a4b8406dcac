"""DMTL as a method: hyperparameters, fitting, and scores for users and for groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from groupbench.errors import MethodError
from groupbench.hyperparameters import tunable
from groupbench.recommender import GroupRecommender, Recommender
from groupbench.seeding import integer

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from groupbench.arrays import FloatArray, IntArray
    from groupbench.data import Ratings
    from groupbench.dmtl.network import Network
    from groupbench.dmtl.training import Epoch
    from groupbench.groups import Groups
    from groupbench.recommender import Deterministic, TrainingData

_BLOCK_VALUES = 2**21
"""Numbers in the widest array while pairs are scored; a handful of such arrays live at once."""


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
        history: losses of each epoch, set by `fit`.
    """

    predicts_ratings: ClassVar[bool] = True
    libraries: ClassVar[tuple[str, ...]] = ("torch",)
    deterministic: ClassVar[Deterministic] = "one-machine"
    relative_cost: ClassVar[float] = 10.0

    embedding: int = tunable(32, low=8, high=128, log=True)
    """Width of the id embeddings."""
    width: int = tunable(64, low=16, high=256, log=True)
    """Width of h_u, h_i and the attention."""
    shared_width: int = 64
    """Width of the shared representation z."""
    attention: Literal["learned", "mean", "none"] = "learned"
    """How h_i is weighed: learned weights, 1/width everywhere, or not at all."""
    rescale_attention: bool = True
    """Multiply the weights by `width`, so that they are 1 on average and h_i' keeps the size of h_i;
    mean attention is then the same as none."""
    shared: bool = True
    """Whether both tasks share z; else each has its own layer on [h_u; h_i']."""
    profile_weight: float = tunable(0.01, low=0.001, high=1, log=True)
    """Weight of the group-profiling loss."""
    residual: Literal["biases", "mean"] = "biases"
    """What the rating head adds to: mean and shrunken user and item biases, or the mean alone."""
    statistics: bool = tunable(False, choices=(False, True))
    """Whether biases, log counts and users' mean residuals by item feature are inputs too."""
    group_inference: Literal["mean-representation", "mean-score"] = tunable(
        "mean-representation", choices=("mean-representation", "mean-score")
    )
    """A group's score: that of its members' mean h_u, or the mean of its members' scores."""
    dropout: float = tunable(0.1, low=0, high=0.5)
    """Dropout on z."""
    learning_rate: float = tunable(2e-3, low=3e-4, high=2e-2, log=True)
    """Adam's step size."""
    embedding_decay: float = tunable(1e-3, low=1e-5, high=0.1, log=True)
    """L2 penalty of id embeddings."""
    weight_decay: float = 0.0
    """L2 penalty of all other weights."""
    batch_size: int = 1024
    """Rating rows in a mini-batch."""
    epochs: int = 40
    """Most passes over the training rows."""
    patience: int = 4
    """Passes without a better validation error before training stops."""
    validation_fraction: float = 0.1
    """Share of the training rows that decide when to stop."""
    refit: bool = True
    """Train anew on all rows for the number of passes that validated best."""

    def fit(self, train: TrainingData, *, rng: np.random.Generator) -> Self:
        """Train with early stopping on rows drawn by `rng`; torch's global generator is left as it was.

        Raises:
            MethodError: if there are no training rows, or the loss diverges.
        """
        import torch

        from groupbench.dmtl.training import best_epoch

        rows = train.ratings
        if len(rows) == 0:
            raise MethodError("DMTL: no training ratings; it learns from individual ratings, so give it some")
        order = rng.permutation(len(rows))
        held = max(1, int(self.validation_fraction * len(rows)))
        fitted = order[held:] if held < len(rows) else order
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(integer(rng))
            self._network, self.history = self._trained(
                train, rows.take(fitted), self.epochs, rows.take(order[:held])
            )
            if self.refit:
                self._network, _ = self._trained(train, rows, best_epoch(self.history) + 1, None)
        return self

    def score(self, users: IntArray) -> FloatArray:
        """Predicted ratings of all items for `users`, not cut to the scale: (len(users), n_items)."""
        import torch

        index = torch.tensor(users)
        with torch.no_grad():
            return self._score(self._network.users(index), self._network.users.biases[index])

    def score_groups(self, groups: Groups) -> FloatArray:
        """Scores of all items for `groups` as `group_inference` says, (len(groups), n_items)."""
        import numpy as np
        import torch

        if self.group_inference == "mean-score":
            return self._mean_scores(groups)
        with torch.no_grad():
            members, of_member = np.unique(groups.members, return_inverse=True)
            index = torch.tensor(members)
            hidden = self._network.users(index).numpy()[of_member]
            biases = self._network.users.biases[index].numpy()[of_member]
            means = torch.tensor(groups.segments.mean(hidden), dtype=torch.float32)
            return self._score(means, torch.tensor(groups.segments.mean(biases)))

    def _trained(
        self, train: TrainingData, rows: Ratings, epochs: int, validation: Ratings | None
    ) -> tuple[Network, list[Epoch]]:
        from groupbench.dmtl import training
        from groupbench.dmtl.features import make_inputs, memberships
        from groupbench.dmtl.network import Network

        network = Network(
            make_inputs(train, rows, biases=self.residual == "biases", statistics=self.statistics),
            len(train.groups),
            embedding=self.embedding,
            width=self.width,
            shared_width=self.shared_width,
            attention=self.attention,
            rescale_attention=self.rescale_attention,
            shared=self.shared,
            dropout=self.dropout,
        )
        schedule = training.Schedule(
            profile_weight=self.profile_weight,
            learning_rate=self.learning_rate,
            embedding_decay=self.embedding_decay,
            weight_decay=self.weight_decay,
            batch_size=self.batch_size,
            epochs=epochs,
            patience=self.patience,
        )
        history = training.train(
            network,
            training.Rows.of(rows),
            memberships(train.groups, rows.n_users),
            schedule,
            None if validation is None else training.Rows.of(validation),
        )
        return network, history

    def _score(self, hidden: Tensor, biases: Tensor) -> FloatArray:
        """Scores of all items for encoded users or groups, (n, width), with their biases, (n,)."""
        import numpy as np
        import torch

        network = self._network
        items = network.items(torch.arange(len(network.items.biases)))
        base = network.mean + network.items.biases
        out = np.empty((len(hidden), len(items)))
        step = max(1, _BLOCK_VALUES // max(1, len(items) * max(self.width, self.shared_width)))
        for start in range(0, len(hidden), step):
            block = slice(start, start + step)
            residual = network.residual(hidden[block, None], items[None])
            out[block] = base + biases[block, None] + residual
        return out

    def _mean_scores(self, groups: Groups) -> FloatArray:
        import numpy as np
        from scipy.sparse import csr_array

        members, columns = np.unique(groups.members, return_inverse=True)
        shares = 1 / groups.sizes[groups.segments.of_row]
        shape = (len(groups), len(members))
        averaging = csr_array((shares, columns, groups.segments.offsets), shape=shape)
        return np.asarray(averaging @ self.score(members))
