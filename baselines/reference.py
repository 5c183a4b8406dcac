"""Reference rows: what any method has to beat, and the bounds that no method can pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from groupbench.core.errors import ConfigError
from groupbench.core.hyperparameters import AtLeast0, tunable
from groupbench.core.registry import method, methods
from groupbench.models.contract import prepare
from groupbench.models.recommender import GroupRecommender, Recommender, ReferenceRow

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from groupbench.core.arrays import FloatArray, IntArray
    from groupbench.data.groups import Groups
    from groupbench.models.recommender import TrainingData


_LIKED = 0.625
"""3.5 of 1 to 5, as a share of the scale."""


@method("random")
@dataclass
class Random(ReferenceRow):
    """Every candidate scores the same: tie-aware metrics then are the expectation of a random order."""

    def score_truth(self, truth: FloatArray) -> FloatArray:
        """The highest truth everywhere, so that views with a threshold recommend every candidate."""
        return np.full(truth.shape, truth.max(), dtype=np.float64)


@method("oracle")
@dataclass
class Oracle(ReferenceRow):
    """The truth itself: the best that any ranking can reach in a view.

    Where the group's list is evaluated for each member (`coupled`) no list is best in every metric: there the
    oracle ranks by the sum over members of 1 / IDCG(10), which gives the highest ndcg@10 that any list can
    have. Other metrics there, ndcg at another K included, can be a little higher than the oracle's.
    """

    def score_truth(self, truth: FloatArray) -> FloatArray:
        """A copy of `truth`."""
        return np.array(truth, dtype=np.float64)


@method("popularity")
@dataclass
class Popularity(Recommender):
    """How many training rows an item has, the same for every user."""

    def fit(self, train: TrainingData, *, rng: np.random.Generator) -> Self:
        """Count the rows of each item."""
        self._count(train.ratings.items, train.ratings.n_items)
        return self

    def _count(self, items: IntArray, n_items: int) -> None:
        self._scores: FloatArray = np.bincount(items, minlength=n_items).astype(np.float64)

    def score(self, users: IntArray) -> FloatArray:
        """The counts once for each user, (len(users), n_items)."""
        return np.tile(self._scores, (len(users), 1))

    def score_pairs(self, users: IntArray, items: IntArray) -> FloatArray:
        """The counts of `items`, of the same shape."""
        return self._scores[items]


@method("popularity-liked")
@dataclass
class PopularityLiked(Popularity):
    """How many training rows with a rating of at least the protocol's tau an item has, for every user.

    Popularity counts whoever rated an item, also those who disliked it. tau is the protocol's option, else
    the default of its first view, on the scale of the data; without a protocol it is 3.5 of 1 to 5. Where all
    rows or none reach it, as where all ratings are equal, all count, and this is `popularity`.
    """

    def fit(self, train: TrainingData, *, rng: np.random.Generator) -> Self:
        """Count the liked rows of each item."""
        rows, (low, high) = train.ratings, train.scale
        tau = low + _LIKED * (high - low) if train.tau is None else train.tau
        liked = rows.values >= tau
        self._count(rows.items[liked] if liked.any() else rows.items, rows.n_items)
        return self


@method("popularity-groups")
@dataclass
class PopularityGroups(GroupRecommender):
    """How many joint training rows an item has, the same for every group."""

    def skip(self, train: TrainingData) -> str:
        """Needs joint ratings."""
        return "" if train.group_ratings is not None else "learns from joint ratings, and there are none"

    def fit(self, train: TrainingData, *, rng: np.random.Generator) -> Self:
        """Count the joint rows of each item; all are 0 without any."""
        items = np.empty(0, np.int64) if train.group_ratings is None else train.group_ratings.items
        self._scores: FloatArray = np.bincount(items, minlength=train.ratings.n_items).astype(np.float64)
        return self

    def score_groups(self, groups: Groups) -> FloatArray:
        """The counts once for each group, (len(groups), n_items)."""
        return np.tile(self._scores, (len(groups), 1))


@method("item-mean")
@dataclass
class ItemMean(Recommender):
    """An item's mean training rating, the same for every user; the global mean for items without rows."""

    shrinkage: AtLeast0 = tunable(0.0, low=0, high=100)
    """Ratings of the global mean that are added to each item's own; 0 is the plain mean."""

    predicts_ratings = True

    def fit(self, train: TrainingData, *, rng: np.random.Generator) -> Self:
        """Average the rows of each item."""
        rows = train.ratings
        counts = np.bincount(rows.items, minlength=rows.n_items) + self.shrinkage
        sums = np.bincount(rows.items, weights=rows.values, minlength=rows.n_items)
        known = counts > 0
        self._scores: FloatArray = np.full(rows.n_items, rows.mean)
        self._scores[known] = (sums[known] + self.shrinkage * rows.mean) / counts[known]
        return self

    def score(self, users: IntArray) -> FloatArray:
        """The means once for each user, (len(users), n_items)."""
        return np.tile(self._scores, (len(users), 1))


@method("known-ratings")
@dataclass
class KnownRatings(Recommender):
    """A user's own training rating of an item where there is one, else what a base method predicts.

    Where members rated what their group answers about, this is what aggregation gets from their own words:
    under the protocol `aggregate` aggregators then see complete tables as they are, under `natural` a group
    that rated before it chose is served by what its members said. Repeated ratings of an item are averaged.

    Raises:
        ConfigError: if the base predicts no ratings of users, or not the same with every run.
    """

    base: str = "svd"
    """Name of the method that predicts what was not rated, at its defaults."""

    predicts_ratings = True
    built_on: ClassVar[tuple[str, ...]] = ("base",)
    """Hyperparameters that name methods whose code decides about the results, too."""

    def __post_init__(self) -> None:
        made = self._made()
        unusable = isinstance(made, GroupRecommender | KnownRatings) or not isinstance(made, Recommender)
        if unusable or not made.predicts_ratings or made.deterministic != "always":
            raise ConfigError(
                f"known-ratings.base: {self.base} does not predict users' ratings, the same in every run; "
                "take svd or item-mean"
            )

    def skip(self, train: TrainingData) -> str:
        """As the base method does."""
        return self._made().skip(train)

    def fit(self, train: TrainingData, *, rng: np.random.Generator) -> Self:
        """Fit the base method and keep the ratings."""
        self._base = self._made()
        prepare(self._base)
        self._base.fit(train, rng=rng)
        self._known: csr_array = train.ratings.matrix()
        return self

    def score(self, users: IntArray) -> FloatArray:
        """The base's predictions with the users' own ratings in their places, (len(users), n_items)."""
        out = np.array(self._base.score(users), dtype=np.float64)
        own = self._known[users]
        out[np.repeat(np.arange(len(users)), np.diff(own.indptr)), own.indices] = own.data
        return out

    def _made(self) -> Recommender:
        made: Recommender = methods[self.base].create()
        return made
