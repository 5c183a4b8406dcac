"""Shallow models of groups with rows of their own: counts, graph filters and a stack of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
from annotated_types import Ge, Le

from groupbench.errors import MethodError
from groupbench.hyperparameters import tunable
from groupbench.recommender import GroupRecommender
from groupbench.registry import method

from ._choice import candidates, choice_weights
from ._feedback import Above0, Count, Share
from ._group_cases import all_of_some, some_of_each, without_derived
from ._group_features import CELLS, GroupFeatures
from ._group_graphs import filtered, memberships, similarity

if TYPE_CHECKING:
    from groupbench.arrays import FloatArray, IntArray
    from groupbench.data import Ratings
    from groupbench.groups import Groups
    from groupbench.recommender import TrainingData

Degree = Annotated[int, Ge(1), Le(3)]


def _needs_rows(train: TrainingData) -> str:
    joint = train.group_ratings
    return "" if joint is not None and len(joint) else "learns from joint ratings, and there are none"


@dataclass
class OfTrainedGroups(GroupRecommender):
    """Base of methods that know the groups of their training data by their ids."""

    def skip(self, train: TrainingData) -> str:
        """Needs joint ratings."""
        return _needs_rows(train)

    def _begin(self, train: TrainingData) -> Ratings:
        """Note which groups there are; return their rows.

        Raises:
            MethodError: if there are none.
        """
        if reason := _needs_rows(train):
            raise MethodError(f"{type(self).__name__} {reason}; choose data in which groups rated")
        assert train.group_ratings is not None
        self._places = {name: place for place, name in enumerate(train.groups.ids)}
        return train.group_ratings

    def _indices(self, groups: Groups) -> IntArray:
        """Where the `groups` stand in the training data.

        Raises:
            MethodError: if one does not.
        """
        unknown = next((name for name in groups.ids if name not in self._places), None)
        if unknown is not None:
            raise MethodError(
                f"{type(self).__name__}: group {unknown!r} is not in the training data; fit again with it"
            )
        return np.array([self._places[name] for name in groups.ids], dtype=np.int64)


def _counts(rows: Ratings) -> Any:
    from scipy.sparse import csr_array

    return csr_array((np.ones(len(rows)), (rows.users, rows.items)), shape=(rows.n_users, rows.n_items))


def _ones(rows: Ratings) -> Any:
    matrix = rows.matrix()
    matrix.data[:] = 1.0
    return matrix


@method("member-count")
@dataclass
class MemberCount(GroupRecommender):
    """How many members have a training row with an item."""

    def fit(self, train: TrainingData, *, rng: np.random.Generator) -> Self:
        """Note who has which item."""
        self._users = _ones(train.ratings)
        return self

    def score_groups(self, groups: Groups) -> FloatArray:
        """The counts, (len(groups), n_items)."""
        counts = memberships(groups, self._users.shape[0]) @ self._users
        return np.asarray(counts.toarray(), dtype=np.float64)


@method("group-gf")
@dataclass
class GroupGf(OfTrainedGroups):
    """Group-GF: three item graphs, filtered without training (Kim et al., WWW 2025).

    With the 0/1 matrices R_u and R_g of users' and groups' rows and M of members, the graphs are P = N'N for
    N = D_r^-1/2 R D_c^-1/2 and R = R_u, R_g, and R_u above R_g. Row degrees D_r count a user's groups and a
    group's members along with its items. Edges are raised to `power`, each graph has a polynomial filter
    f_k (`degree`), and a group scores R_g ((1 - alpha - beta) f(P_u) + alpha f(P_g) + beta f(P_both)).

    Deviations from the paper: graphs have no loops, so that an item does not vouch for itself. As in the
    authors' code the group's own training items come last, here only if `mask`; every row counts as 1.
    """

    alpha: Share = tunable(0.3, low=0, high=0.5)
    """Weight of the groups' graph."""
    beta: Share = tunable(0.3, low=0, high=0.5)
    """Weight of the graph of users and groups; the users' graph has what is left."""
    power: Above0 = tunable(0.7, low=0.3, high=1.5)
    """Exponent of the edges."""
    degree_users: Degree = tunable(1, low=1, high=3)
    """Degree of the filter over the users' graph."""
    degree_groups: Degree = tunable(1, low=1, high=3)
    """Degree of the filter over the groups' graph."""
    degree_both: Degree = tunable(3, low=1, high=3)
    """Degree of the filter over the graph of both."""
    mask: bool = tunable(True, choices=(True, False))
    """Whether a group's own training items come last; not where groups choose items again."""
    topk: Count | None = 1000
    """Strongest edges kept for each item; None keeps all."""

    libraries = ("implicit.nearest_neighbours",)

    def fit(self, train: TrainingData, *, rng: np.random.Generator) -> Self:
        """Make the graphs.

        Raises:
            MethodError: if there are no joint ratings, or alpha and beta are above 1 together.
        """
        from scipy.sparse import vstack

        if self.alpha + self.beta > 1:
            raise MethodError(
                f"group-gf: alpha + beta is {self.alpha + self.beta:g}; lower them to 1 or less"
            )
        self._rows = _ones(self._begin(train))
        users, members = _ones(train.ratings), memberships(train.groups, train.ratings.n_users)
        joined = [(users, members.sum(axis=0)), (self._rows, members.sum(axis=1))]
        joined.append((vstack([users, self._rows], format="csr"), 0.0))
        self._graphs = [similarity(r, self.topk, power=self.power, extra=extra) for r, extra in joined]
        return self

    def score_groups(self, groups: Groups) -> FloatArray:
        """The weighted sum of the filters, (len(groups), n_items)."""
        rows = self._rows[self._indices(groups)]
        weights = (1.0 - self.alpha - self.beta, self.alpha, self.beta)
        degrees = (self.degree_users, self.degree_groups, self.degree_both)
        scores = np.zeros(rows.shape)
        for graph, weight, degree in zip(self._graphs, weights, degrees, strict=True):
            scores += weight * filtered(rows, graph, degree)
        if self.mask:
            reach = np.abs(scores).max(axis=1, keepdims=True) + 1.0
            scores -= 2.0 * reach * rows.toarray()
        return scores


@method("group-stack")
@dataclass
class GroupStack(OfTrainedGroups):
    """Logit over scores from groups' own rows, members' rows and kindred groups; weights from left-out rows.

    Scores of (group, item) come from the mean row of the members through a graph of items and through one of
    users; from the members' rows through EASE (Steck, WWW 2019), their mean, highest and lowest; from the
    rows of groups with the same members, as they are and through the graph of items; and from the group's
    own row, one and two steps along that graph and through EASE. Features are each score as a share of the
    group's highest one and the logarithm of that, the number of members that have the item, its popularity
    among groups and among users, and whether the group has it at all and as often as it has members. The
    graph of items and EASE learn from users and groups alike.

    The features are weighted by a multinomial logit (McFadden, 1974). Its cases are training rows that are
    left out before the features are made: a tenth of each group's, and for groups without rows all rows of
    a tenth of the others. In the end the features are made from all rows.
    """

    topk: Count = tunable(200, low=20, high=1000, log=True)
    """Edges that the graphs keep for each node."""
    ease_l2: Above0 = tunable(500.0, low=20, high=5000, log=True)
    """Penalty of EASE."""
    l2: Above0 = tunable(0.01, low=1e-4, high=0.1, log=True)
    """Penalty of the logit."""
    candidates: Count = 100
    """Items, drawn uniformly, that the chosen one of a case is compared with."""
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
    libraries = ("implicit.nearest_neighbours",)

    def fit(self, train: TrainingData, *, rng: np.random.Generator) -> Self:
        """Learn the weights from left-out rows, then make the features of all rows.

        Raises:
            MethodError: if there are no joint ratings.
        """
        joint = self._begin(train)
        self._users = _ones(train.ratings)
        self._members = memberships(train.groups, train.ratings.n_users)
        self._alike = similarity(self._users.T.tocsr(), self.topk)
        rows = _ones(joint)
        shared = (self._members @ self._users).astype(bool).multiply(rows)
        self._derived = bool(shared.sum() >= self.derived * rows.nnz)
        self._warm = np.bincount(joint.users, minlength=len(train.groups)) > 0
        self._weights = {own: self._learned(train, rng, own=own) for own in np.unique(self._warm).tolist()}
        if not self._weights.get(True, np.ones(1)).any():
            self._weights[False] = self._learned(train, rng, own=False)
            self._warm[:] = False
        self._features = self._made(joint, self._users)
        return self

    def score_groups(self, groups: Groups) -> FloatArray:
        """Utilities of all items, (len(groups), n_items)."""
        which = self._indices(groups)
        scores = np.zeros((len(which), self._users.shape[1]))
        for own, weights in self._weights.items():
            here = np.flatnonzero(self._warm[which] == own)
            for part in self._parts(here):
                scores[part] = self._features.utility(which[part], weights, own=own)
        return scores

    def _learned(self, train: TrainingData, rng: np.random.Generator, *, own: bool) -> FloatArray:
        """Weights for groups with (`own`) or without rows."""
        found: list[FloatArray] = []
        for _ in range(self.folds):
            found.append(self._fold(train, rng, own=own))
            if sum(map(len, found)) >= self.cases:
                break
        features = np.concatenate(found)
        free = np.zeros(features.shape[2], dtype=bool)
        free[-2:] = own
        return choice_weights(features, self.l2, free)

    def _fold(self, train: TrainingData, rng: np.random.Generator, *, own: bool) -> FloatArray:
        """The features of left-out rows and of random items instead, made from the other rows."""
        joint, users = train.group_ratings, self._users
        assert joint is not None
        left_out = (some_of_each if own else all_of_some)(joint, rng)
        if own and self._derived:
            users = _ones(without_derived(train.ratings, joint, train.groups, left_out.out, rng))
        made = self._made(joint.take(~left_out.out), users)
        cases = left_out.cases[np.argsort(joint.users[left_out.cases], kind="stable")]
        items = candidates(joint.items[cases], joint.n_items, self.candidates, rng)
        found = []
        for part in self._parts(np.arange(len(cases))):
            groups, place = np.unique(joint.users[cases[part]], return_inverse=True)
            found.append(made.at(groups, place[:, None], items[part], own=own))
        return np.concatenate(found)

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
