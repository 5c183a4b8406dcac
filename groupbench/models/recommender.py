"""The contract that every method keeps: what it is given, and the scores it owes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, Self, runtime_checkable

if TYPE_CHECKING:
    import numpy as np

    from groupbench.core.arrays import FloatArray, IntArray
    from groupbench.data.dataset import Features, Ratings
    from groupbench.data.groups import Groups
    from groupbench.data.social import SocialTies


Deterministic = Literal["always", "one-machine", "one-thread", "never"]
"""When a method that is fitted again, with the same seed and number of threads, gives the same scores.

`always` is to the last bit on one kind of processor with the same libraries, and but for the last digits
elsewhere. `one-machine` is that without the elsewhere: training repeats there, but drifts apart where
floats are rounded in another way. `one-thread` is `always` as long as there is one thread; threads of its
own are the hyperparameter `num_threads`. `never` is a method that nobody can repeat.
"""


Question = Literal["order-rated", "find-chosen"]
"""What rankings are for: to put rated items in order, or to find among all items, or some, those chosen."""


@dataclass(frozen=True)
class TrainingData:
    """All that a method may learn from. Arrays are read-only; no held-out row is in here.

    Attributes:
        ratings: the training rows; `n_users` and `n_items` count cold ones too.
        scale: lowest and highest possible rating.
        groups: the groups that will be evaluated (formed from training rows, or natural).
        group_ratings: joint training ratings of those groups, where the data has them.
        user_features: (n_users, ...) features, or None.
        item_features: (n_items, ...) features, or None.
        social: who is a friend of whom, or follows whom, where the data says so.
        item_texts: (n_items,) titles, descriptions, what was written with training rows; '' for none.
        user_texts: (n_users,) what users say of themselves and wrote with training rows; likewise.
        tau: a rating of at least this is relevant under the protocol, by its option or by the default of its
            first view; None where there is no protocol.
        question: what the first view of the protocol asks; None where there is no protocol.
    """

    ratings: Ratings
    scale: tuple[float, float]
    groups: Groups
    group_ratings: Ratings | None = None
    user_features: Features | None = None
    item_features: Features | None = None
    social: SocialTies | None = None
    item_texts: tuple[str, ...] | None = field(default=None, repr=False)
    user_texts: tuple[str, ...] | None = field(default=None, repr=False)
    tau: float | None = None
    question: Question | None = None


TrainingWorkers = Literal["none", "one", "many"]
"""Whether `fit` can share its mini-batches among processes: `many` can, `one` trains in one process only.

`none` is for methods without mini-batches, which more training workers do not concern.
"""


class Method(ABC):
    """What user and group recommenders share. Hyperparameters are the dataclass fields of the subclass."""

    predicts_ratings: ClassVar[bool] = False
    """Whether scores are predicted ratings on the data's scale (then RMSE and MAE are reported)."""
    relative_cost: ClassVar[float] = 1.0
    """Expected time of a fit relative to other methods; a run starts expensive jobs first."""
    libraries: ClassVar[tuple[str, ...]] = ()
    """Modules that are imported before global random numbers are seeded, for those that keep some (torch).

    Time and memory need no such word: what first imports cost is measured, and charged to no method.
    """
    memory_gib: ClassVar[float] = 1.0
    """GiB that a job takes beside its data set; a cluster starts it where as much is free."""
    deterministic: ClassVar[Deterministic] = "always"
    """When the same seed gives the same scores again; `groupbench reproduce` promises no more than this."""
    serves_cold_groups: ClassVar[bool] = True
    """Whether groups without joint training rows get scores that mean something: finite, not all alike and,
    for groups with the same members, the same. Where all evaluated groups lack rows, others are skipped."""

    training_workers: ClassVar[TrainingWorkers] = "none"
    """Whether `fit` can share its mini-batches among processes, by `groupbench.models.distributed`."""

    notices: tuple[str, ...] = ()
    """What a reader of the metric values should know of the fit, in sentences; set by `fit`."""

    def skip(self, train: TrainingData) -> str:
        """Why this method cannot learn from such data, shown in the table; empty if it can."""
        return ""

    @abstractmethod
    def fit(self, train: TrainingData, *, rng: np.random.Generator) -> Self:
        """Learn from `train`, drawing all randomness from `rng`; heavy libraries are imported here."""


class Recommender(Method):
    """Scores every item for any user."""

    @abstractmethod
    def score(self, users: IntArray) -> FloatArray:
        """Scores of all items for `users`: (len(users), n_items), finite, higher is better.

        Users without training rows get finite scores too.
        """


@runtime_checkable
class ScoresPairs(Protocol):
    """A recommender that scores some items for less than all: asked where the scores of all are too many.

    One with a class attribute `same_pairs = True` promises the very numbers of `score`, to the last bit, and
    is asked wherever few items are needed once.
    """

    def score_pairs(self, users: IntArray, items: IntArray) -> FloatArray:
        """What `score` gives for some items of each user: `items` and result are (len(users), k)."""


@runtime_checkable
class ScoresGroupPairs(Protocol):
    """The same for a recommender of groups."""

    def score_group_pairs(self, groups: Groups, items: IntArray) -> FloatArray:
        """What `score_groups` gives for some items of each group: `items` and result are (len(groups), k)."""


class GroupRecommender(Method):
    """Scores every item for whole groups."""

    @abstractmethod
    def score_groups(self, groups: Groups) -> FloatArray:
        """Scores of all items for `groups`: (len(groups), n_items), finite, higher is better."""


class ReferenceRow(ABC):
    """A row that bounds the others: it is evaluated from the truth of each view, not from training data."""

    @abstractmethod
    def score_truth(self, truth: FloatArray) -> FloatArray:
        """Scores of the candidates, shaped like their `truth`."""
