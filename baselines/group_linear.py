"""Models without training of groups with rows of their own: counts and graph filters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Self

import numpy as np
from annotated_types import Ge, Le

from groupbench.core.errors import MethodError
from groupbench.core.hyperparameters import Above0, Count, Share, tunable
from groupbench.core.registry import method
from groupbench.models.joint import JointRatingsMethod
from groupbench.models.recommender import GroupRecommender

from ._group_graphs import filtered, joint_graphs, memberships, ones

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray
    from groupbench.data.groups import Groups
    from groupbench.models.recommender import TrainingData

Degree = Annotated[int, Ge(1), Le(3)]


@method("member-count")
@dataclass
class MemberCount(GroupRecommender):
    """How many members have a training row with an item."""

    def fit(self, train: TrainingData, *, rng: np.random.Generator) -> Self:
        """Note who has which item."""
        self._users = ones(train.ratings)
        return self

    def score_groups(self, groups: Groups) -> FloatArray:
        """The counts, (len(groups), n_items)."""
        counts = memberships(groups, self._users.shape[0]) @ self._users
        return np.asarray(counts.toarray(), dtype=np.float64)


@method("group-gf")
@dataclass
class GroupGf(JointRatingsMethod):
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
        if self.alpha + self.beta > 1:
            raise MethodError(
                f"group-gf: alpha + beta is {self.alpha + self.beta:g}; lower them to 1 or less"
            )
        self._rows = ones(self._joint_ratings(train))
        users, members = ones(train.ratings), memberships(train.groups, train.ratings.n_users)
        self._graphs = joint_graphs(users, self._rows, members, self.topk, self.power)
        return self

    def score_groups(self, groups: Groups) -> FloatArray:
        """The weighted sum of the filters, (len(groups), n_items)."""
        rows = self._rows[self._groups.of(groups)]
        weights = (1.0 - self.alpha - self.beta, self.alpha, self.beta)
        degrees = (self.degree_users, self.degree_groups, self.degree_both)
        scores = np.zeros(rows.shape)
        for graph, weight, degree in zip(self._graphs, weights, degrees, strict=True):
            scores += weight * filtered(rows, graph, degree)
        if self.mask:
            reach = np.abs(scores).max(axis=1, keepdims=True) + 1.0
            scores -= 2.0 * reach * rows.toarray()
        return scores
