"""What DMTL for choices learns beside rankings: what makes a group, clusters of users, ratings."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from groupbench.core.errors import ConfigError, MethodError
from groupbench.data.dataset import Features
from groupbench.data.formation import kmeans
from groupbench.data.leakage import pairs
from groupbench.models.deep import ChoiceRows, Interactions, Side
from groupbench.models.dmtl.features import chosen_features, shrunken_means
from groupbench.models.dmtl.ranking.lookups import ItemVectors
from groupbench.models.dmtl.ranking.network import RankingNetwork, Team
from groupbench.models.group_adapter import stack_groups

if TYPE_CHECKING:
    from groupbench.core.arrays import BoolArray
    from groupbench.data.dataset import Ratings
    from groupbench.models.dmtl.ranking.hyperparameters import RankingHyperparameters
    from groupbench.models.recommender import TrainingData

_MOST_OTHERS = 1024

_FACTORS = 16
"""Factors of choices that users without ratings and categories are clustered by."""

BothVectors = tuple[ItemVectors, ItemVectors]
"""The vectors that histories sum, and those that are ranked."""

Losses = dict[str, Tensor]
"""Losses, () each, by name of their task."""


@dataclass(frozen=True)
class RatingResiduals:
    """Ratings of users and, behind them, of groups.

    Attributes:
        rows: who rated what.
        residuals: (n_rows,) rating less mean and shrunken biases of the item and the rater, as a share of the
            scale.
        first_group: the rater that is the first group.
    """

    rows: ChoiceRows
    residuals: Tensor
    first_group: int

    @classmethod
    def of(cls, train: TrainingData) -> RatingResiduals | None:
        """Those of the training data; None where all are equal, which leaves nothing to predict."""
        joint = train.group_ratings is not None and len(train.group_ratings) > 0
        rows = (stack_groups(train, "both") if joint else train).ratings.unique()
        if not len(rows) or rows.values.min() == rows.values.max():
            return None
        residuals = rows.values - rows.mean
        residuals = residuals - shrunken_means(rows.items, residuals, rows.n_items)[rows.items]
        residuals = residuals - shrunken_means(rows.users, residuals, rows.n_users)[rows.users]
        residuals = residuals / (train.scale[1] - train.scale[0])
        first = train.ratings.n_users
        return cls(ChoiceRows.of(rows), torch.tensor(residuals, dtype=torch.float32), first)

    def loss(self, side: Side, raters: Tensor, z: Tensor, items: ItemVectors) -> Tensor | None:
        """The mean squared error of inner products over the rows of `raters`, (n,): (), or None without rows.

        Args:
            side: whose rows.
            raters: users or groups.
            z: (n, width) what rates.
            items: what is rated.
        """
        index = raters + self.first_group * (side == "groups")
        if side == "groups" and self.first_group == self.rows.n_raters:
            return None
        chosen, offsets = self.rows.rows_of(index)
        if not len(chosen):
            return None
        owner = torch.arange(len(raters)).repeat_interleave(offsets.diff())
        predicted = (z[owner] * items.take(self.rows.items[chosen])).sum(dim=1)
        return (predicted - self.residuals[chosen]).square().mean()


class Targets(NamedTuple):
    """What users and groups are told beside choices; None where that is no task.

    Attributes:
        clusters: (n_users,) the cluster of each user; -1 without training rows.
        ratings: ratings.
    """

    clusters: Tensor | None = None
    ratings: RatingResiduals | None = None

    @classmethod
    def of(cls, train: TrainingData, made: RankingHyperparameters) -> Targets:
        """Those that the hyperparameters ask for, from the rows in `train` alone.

        Raises:
            MethodError: if users differ too little for so many clusters.
        """
        rated = made.objective == "both" and made.rating_weight > 0
        return cls(
            _clusters(train, made.clusters) if made.cluster_weight else None,
            RatingResiduals.of(train) if rated else None,
        )


class AuxiliaryTasks:
    """The losses beside that of the ranking, each by its name and times its weight.

    `profile`: from a random part of its members a group is to be told, by a softmax over the groups of the
    step, a sample of all. `companions`: from one member another one, likewise. `clusters`: the KMeans cluster
    of a user, by cross-entropy. `ratings`: squared errors of ratings.

    Args:
        network: the network that is trained.
        made: the hyperparameters.
        targets: what is told beside choices.
    """

    def __init__(self, network: RankingNetwork, made: RankingHyperparameters, targets: Targets) -> None:
        self.network, self.made, self.targets = network, made, targets

    def names(self, side: Side) -> tuple[str, ...]:
        """The tasks that a step of a side can have."""
        made = self.made
        weights = {"profile": made.profile_weight, "companions": made.companion_weight}
        if side == "users":
            weights = {"clusters": made.cluster_weight}
        ratings = ("ratings",) if self.targets.ratings is not None else ()
        return (*(name for name, weight in weights.items() if weight), *ratings)

    def of_groups(
        self, groups: Tensor, team: Team, hidden: Tensor, items: tuple[ItemVectors, ItemVectors]
    ) -> Losses:
        """The losses of a step of groups.

        Args:
            groups: (n,) indices.
            team: their members.
            hidden: (n, width) their h_g.
            items: the vectors that histories sum, and those that are ranked.
        """
        made, network, chosen = self.made, self.network, items[0]
        losses: Losses = {}
        if made.profile_weight:
            part = self._head(network.encode_members(some(team), chosen))
            told = told_apart(network.profile(part), self._head(hidden))
            losses["profile"] = made.profile_weight * told
        several = team.inside.sum(dim=1) > 1
        if made.companion_weight and several.sum() > 1:
            first, second = two(Team(*(part[several] for part in team)))
            left, right = (self._head(network.encode_users(one, chosen)) for one in (first, second))
            losses["companions"] = made.companion_weight * told_apart(network.companion(left), right)
        return losses | self._ratings("groups", groups, hidden, items[1])

    def of_users(self, users: Tensor, hidden: Tensor, items: BothVectors) -> Losses:
        """The losses of a step of users with h_u; arguments as of `of_groups`."""
        losses: Losses = {}
        if self.targets.clusters is not None:
            logits = self.network.cluster(self._head(hidden))
            told = functional.cross_entropy(logits, self.targets.clusters[users])
            losses["clusters"] = self.made.cluster_weight * told
        return losses | self._ratings("users", users, hidden, items[1])

    def inputs(self) -> Iterator[Tensor]:
        """The tensors that training depends on."""
        if self.targets.clusters is not None:
            yield self.targets.clusters
        if self.targets.ratings is not None:
            rated = self.targets.ratings
            yield from (rated.rows.raters, rated.rows.items, rated.residuals)

    def _ratings(self, side: Side, raters: Tensor, hidden: Tensor, ranked: ItemVectors) -> Losses:
        if self.targets.ratings is None:
            return {}
        loss = self.targets.ratings.loss(side, raters, self.network.rating(self._head(hidden)), ranked)
        return {} if loss is None else {"ratings": self.made.rating_weight * loss}

    def _head(self, hidden: Tensor) -> Tensor:
        return self.network.shared(hidden) if self.made.shared else hidden


def remaining(
    train: TrainingData, data: Interactions, counted: tuple[Ratings, Ratings], groups: Ratings
) -> TrainingData:
    """`train` without the ratings of what is held out: pairs that count as choices and that `data` lacks.

    Args:
        train: all rows.
        data: the choices of users and groups that are trained on.
        counted: all choices of users and of groups.
        groups: joint ratings of `train`, maybe none.
    """
    users, joint = (
        rows.take(_held(rows, side) | ~np.isin(pairs(rows), pairs(choices)))
        for rows, choices, side in zip(
            (train.ratings, groups), counted, (data.users, data.groups), strict=True
        )
    )
    return replace(train, ratings=users, group_ratings=joint)


def told_apart(left: Tensor, right: Tensor) -> Tensor:
    """-ln softmax of each row's own among up to 1,024 rows of `right`, by scaled inner products: ()."""
    own = [
        (rows @ others.T / math.sqrt(left.shape[1])).log_softmax(dim=1).diagonal()
        for rows, others in zip(*(torch.split(side, _MOST_OTHERS) for side in (left, right)), strict=True)
    ]
    return -torch.cat(own).mean()


def some(team: Team) -> Team:
    """A random half of the members, one at least."""
    lots = torch.rand(team.inside.shape).masked_fill(~team.inside, 2.0)
    kept = (lots < 0.5) | (lots == lots.amin(dim=1, keepdim=True))
    return Team(team.users, kept & team.inside)


def two(team: Team) -> tuple[Tensor, Tensor]:
    """Two different random members of each group, (n,) each; all have two at least."""
    lots = torch.rand(team.inside.shape).masked_fill(~team.inside, 2.0)
    first, second = lots.argsort(dim=1)[:, :2].unbind(dim=1)
    rows = torch.arange(len(lots))
    return team.users[rows, first], team.users[rows, second]


def _clusters(train: TrainingData, clusters: int) -> Tensor:
    """The KMeans cluster of each user: (n_users,), -1 without training rows.

    Where ratings differ, users are clustered as the paper forms groups. Equal ratings say only what was
    chosen: there by their shares of categories or, where items have none, of factors of the choices.
    """
    rows, columns = train.ratings, chosen_features(train.item_features, text=False)
    labels = np.full(rows.n_users, -1, dtype=np.int64)
    if not len(rows):
        return torch.tensor(labels)
    graded, seed = np.ptp(rows.values) > 0, int(torch.randint(2**31 - 1, (1,)))
    try:
        groups = kmeans(
            rows,
            columns if columns is not None or graded else _factors(rows, seed),
            None,
            n_groups=clusters,
            features="means" if graded else "shares",
            scaling="standard" if graded else "none",
            random_state=seed,
        )
    except ConfigError as error:
        raise MethodError(
            f"RankingDMTL: clusters={clusters} is too many ({error}); lower clusters, or set cluster_weight=0"
        ) from error
    labels[groups.members] = groups.segments.of_row
    return torch.tensor(labels)


def _factors(rows: Ratings, seed: int) -> Features:
    """Right singular vectors of the matrix of choices, times singular values: one row for each item."""
    from sklearn.decomposition import TruncatedSVD

    model = TruncatedSVD(min(_FACTORS, rows.n_items), random_state=seed).fit(rows.matrix())
    values = model.components_.T * model.singular_values_
    return Features(tuple(f"factor {k}" for k in range(values.shape[1])), values)


def _held(rows: Ratings, choices: ChoiceRows) -> BoolArray:
    held: BoolArray = choices.hold(torch.tensor(rows.users), torch.tensor(rows.items)).cpu().numpy()
    return held
