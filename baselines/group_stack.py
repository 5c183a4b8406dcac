"""A model of groups with rows of their own that learns how much to trust which simple score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from groupbench.core.hyperparameters import Above0, Count, Share, tunable
from groupbench.core.registry import method
from groupbench.models.joint import JointRatingsMethod

from ._choice import candidates, choice_weights
from ._group_cases import all_of_some, popular_ones, some_of_each, without_derived
from ._group_features import CELLS, GroupFeatures, plain
from ._group_graphs import memberships, ones, similarity
from ._group_trees import boosted, utilities

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray, IntArray
    from groupbench.data.dataset import Ratings
    from groupbench.data.groups import Groups
    from groupbench.models.recommender import TrainingData

FEWEST = 500
"""Cases below which trees would learn them by heart."""


@dataclass(frozen=True)
class FeatureWeights:
    """What was learned about the groups with rows of their own, or about those without.

    Attributes:
        weights: (n_features,) of the logit.
        trees: boosted trees, if there were cases enough.
    """

    weights: FloatArray
    trees: Any | None


@method("group-stack")
@dataclass
class GroupStack(JointRatingsMethod):
    """Logit and boosted trees over simple scores of groups, learned from left-out rows of groups.

    Scores of (group, item) come from the mean row of the members through a graph of items and through one of
    users; from the members' rows through EASE (Steck, WWW 2019), their mean, highest and lowest; from the
    rows of groups with the same members, as they are and through the graph of items; and from the group's
    own row, one and two steps along that graph, through EASE, and through the filters of Group-GF over the
    graphs of users, of groups and of both (Kim et al., WWW 2025). Features are each score as a share of the
    group's highest one and the logarithm of that, the number of members that have the item, its popularity
    among groups and among users, and whether the group has it at all and as often as it has members. The
    graph of items and EASE learn from users and groups alike.

    The features are weighted by a multinomial logit (McFadden, 1974). A group's best items by that are scored
    again by boosted trees (Friedman, Annals of Statistics 2001), whose log-odds are added; as such items
    are often popular, the trees also learn to tell the chosen one from popular ones. The cases of both are
    training rows that are left out before the features are made: a tenth of each group's, and for groups
    without rows all rows of a tenth of the others. In the end the features are made from all rows. Items
    without any training row come last: all that is known of them is that they are in the catalogue, and
    that might give away that held-out rows have them.
    """

    serves_cold_groups: ClassVar[bool] = True

    topk: Count = tunable(200, low=20, high=1000, log=True)
    """Edges that the graphs keep for each node."""
    ease_l2: Above0 = tunable(500.0, low=20, high=5000, log=True)
    """Penalty of EASE."""
    l2: Above0 = tunable(0.01, low=1e-4, high=0.1, log=True)
    """Penalty of the logit."""
    leaves: Count = tunable(16, low=2, high=32)
    """Leaves of a tree; with 1 there are no trees."""
    shortlist: Count = 500
    """Items of each group that the trees score."""
    candidates: Count = 100
    """Items, drawn uniformly, that the chosen one of a case is compared with."""
    popular: Count = 15
    """Items, drawn by their popularity among groups, that the trees compare it with, too."""
    derived: Share = 0.5
    """Groups' rows count as derived from members' rows if a member shares at least this part of them; then
    a member's row is left out with each, or it would give it away. Groups without rows of their own are
    unlike that: all that is known of them is what their members have."""
    cases: Count = 4000
    """Left-out rows that suffice to learn the weights of one kind of group."""
    folds: Count = 20
    """How often rows are left out at most."""
    largest_ease: Count = 8000
    """EASE is left out where both rows and items are more than this."""

    relative_cost = 20.0
    libraries = ("implicit.nearest_neighbours", "sklearn.ensemble")

    def fit(self, train: TrainingData, *, rng: np.random.Generator) -> Self:
        """Learn from left-out rows how to weigh features, then make the features of all rows.

        Raises:
            MethodError: if there are no joint ratings.
        """
        joint = self._joint_ratings(train)
        self._users = ones(train.ratings)
        self._members = memberships(train.groups, train.ratings.n_users)
        self._alike = similarity(self._users.T.tocsr(), self.topk)
        rows = ones(joint)
        shared = (self._members @ self._users).astype(bool).multiply(rows)
        self._derived = bool(shared.sum() >= self.derived * rows.nnz)
        self._warm = np.bincount(joint.users, minlength=len(train.groups)) > 0
        self._learned = {own: self._learn(train, rng, own=own) for own in np.unique(self._warm).tolist()}
        if True in self._learned and not self._learned[True].weights.any():
            self._learned[False] = self._learn(train, rng, own=False)
            self._warm[:] = False
        self._features = self._made(joint, self._users)
        return self

    def score_groups(self, groups: Groups) -> FloatArray:
        """Utilities of all items, (len(groups), n_items)."""
        which = self._groups.of(groups)
        scores = np.zeros((len(which), self._users.shape[1]))
        for own, learned in self._learned.items():
            here = np.flatnonzero(self._warm[which] == own)
            for part in self._parts(here):
                scores[part] = self._scored(which[part], learned, own=own)
        return scores

    def _scored(self, groups: IntArray, learned: FeatureWeights, *, own: bool) -> FloatArray:
        scores = self._features.utility(groups, learned.weights, own=own)
        n = min(self.shortlist, scores.shape[1])
        if learned.trees is not None and len(groups):
            best = np.argpartition(-scores, n - 1, axis=1)[:, :n]
            features = plain(
                self._features.at(groups, np.arange(len(groups))[:, None], best, own=own), own=own
            )
            before = np.take_along_axis(scores, best, axis=1)
            new = before + utilities(learned.trees, features)
            # The rest stays below.
            new += before.min(axis=1, keepdims=True) - new.min(axis=1, keepdims=True)
            np.put_along_axis(scores, best, new, axis=1)
        scores[:, ~self._features.seen] = scores.min(axis=1, keepdims=True, initial=0.0) - 1.0
        return scores

    def _learn(self, train: TrainingData, rng: np.random.Generator, *, own: bool) -> FeatureWeights:
        """How to weigh features of groups with (`own`) or without rows."""
        folds: list[FloatArray] = []
        for _ in range(self.folds):
            folds.append(self._fold(train, rng, own=own))
            if sum(map(len, folds)) >= self.cases:
                break
        features = np.concatenate(folds)
        free = np.zeros(features.shape[2], dtype=bool)
        free[-2:] = own
        weights = choice_weights(features[:, : -self.popular], self.l2, free)
        enough = self.leaves > 1 and len(features) >= FEWEST
        return FeatureWeights(
            weights, boosted(plain(features, own=own), self.leaves, rng) if enough else None
        )

    def _fold(self, train: TrainingData, rng: np.random.Generator, *, own: bool) -> FloatArray:
        """The features of left-out rows and of random items instead, made from the other rows."""
        joint, users = train.group_ratings, self._users
        assert joint is not None
        left_out = (some_of_each if own else all_of_some)(joint, rng)
        if own and self._derived:
            users = ones(without_derived(train.ratings, joint, train.groups, left_out.out, rng))
        made = self._made(joint.take(~left_out.out), users)
        cases = left_out.cases[np.argsort(joint.users[left_out.cases], kind="stable")]
        cases = cases[made.seen[joint.items[cases]]]
        items = candidates(joint.items[cases], joint.n_items, self.candidates, rng)
        items = np.concatenate([items, popular_ones(items, joint, self.popular, rng)], axis=1)
        blocks = []
        for part in self._parts(np.arange(len(cases))):
            groups, position = np.unique(joint.users[cases[part]], return_inverse=True)
            blocks.append(made.at(groups, position[:, None], items[part], own=own))
        return np.concatenate(blocks)

    def _made(self, joint: Ratings, users: Any) -> GroupFeatures:
        return GroupFeatures(
            users,
            _counts(joint),
            self._members,
            self._alike,
            topk=self.topk,
            l2=self.ease_l2,
            largest=self.largest_ease,
        )

    def _parts(self, rows: IntArray) -> list[IntArray]:
        step = max(1, CELLS // self._users.shape[1])
        return [rows[start : start + step] for start in range(0, max(len(rows), 1), step)]


def _counts(rows: Ratings) -> Any:
    from scipy.sparse import csr_array

    return csr_array((np.ones(len(rows)), (rows.users, rows.items)), shape=(rows.n_users, rows.n_items))
