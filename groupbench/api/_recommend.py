"""A fitted method that is asked what a group should get, and who of the group that is for."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from groupbench.aggregation import Aggregator, LearnedAggregator, MemberScores
from groupbench.api._evaluate import AnyMethod, loaded, maker
from groupbench.api._keywords import checked
from groupbench.core import registry
from groupbench.core.arrays import FloatArray, IntArray, Segments
from groupbench.core.errors import ArgumentError, ConfigError, unknown
from groupbench.data.dataset import Dataset
from groupbench.data.groups import Groups
from groupbench.data.texts import known_texts
from groupbench.models.recommender import GroupRecommender, Recommender, ReferenceRow, TrainingData
from groupbench.runner.fitting import fit_here

if TYPE_CHECKING:
    import pandas as pd

MOST_MEMBERS = 12
"""Shares take time that doubles with every member; above this there are none."""


@dataclass(frozen=True, repr=False)
class FittedMethod:
    """A method that has learned from all ratings of a data set.

    Attributes:
        name: of the method.
        method: the fitted method itself.
        dataset: what it learned from.
    """

    name: str
    method: Recommender | GroupRecommender
    dataset: Dataset

    def __repr__(self) -> str:
        return f"FittedMethod({self.name!r}, fitted on {self.dataset!r})"

    @checked
    def recommend(
        self,
        members: str | Iterable[object],
        k: int = 10,
        *,
        aggregator: str | None = None,
        rated: bool = False,
    ) -> pd.DataFrame:
        """The best items for a group, whoever its members are.

        Where the members' scores are aggregated, there is each member's share in every item: how much of the
        group's score it accounts for, against a group whose members find all candidates equally good (each
        as good as this member finds them on average). A share is the Shapley value of the member, so that
        the shares of an item add up to its score less the score of such a group, which is `base`.

        Args:
            members: ids of users, as the files of the data set have them.
            k: the number of items.
            aggregator: a name; by default the method's own group scores, or `average` where it has none.
            rated: whether items that a member has rated may be recommended.

        Returns:
            One row per item, best first, with the columns item and score; where scores are aggregated also
            base, and `share of ID` for each member (for at most `MOST_MEMBERS` of them).

        Raises:
            ConfigError: if a member or the aggregator is unknown, `k` is below 1, or nothing is left to
                recommend.
        """
        import pandas as pd

        if not isinstance(k, int) or k < 1:
            raise ConfigError(f"k={k!r}: ask for 1 item or more")
        users = self._users(members)
        items = self._candidates(users, rated)
        if not isinstance(self.method, Recommender) or (aggregator is None and self._scores_groups):
            columns = {"score": self._group_scores(users, aggregator)[items]}
        else:
            columns = self._aggregated(users, items, aggregator or "average")
        best = np.argsort(-columns["score"], kind="stable")[:k]
        ids = [self.dataset.item_ids[i] for i in items[best]]
        return pd.DataFrame({"item": ids, **{name: values[best] for name, values in columns.items()}})

    @property
    def _scores_groups(self) -> bool:
        return isinstance(self.method, GroupRecommender)

    def _users(self, members: str | Iterable[object]) -> IntArray:
        index = {name: i for i, name in enumerate(self.dataset.user_ids)}
        asked = list(map(str, [members] if isinstance(members, str) else members))
        for name in asked:
            if name not in index:
                raise ConfigError(unknown(f"user of {self.dataset.name}", name, index))
        if not asked or len(set(asked)) < len(asked):
            raise ConfigError(f"members={asked}: name at least one, and nobody twice")
        return np.array([index[name] for name in asked])

    def _candidates(self, users: IntArray, rated: bool) -> IntArray:
        rows = self.dataset.ratings
        seen = rows.items[np.isin(rows.users, users)] if not rated else rows.items[:0]
        left = np.setdiff1d(np.arange(rows.n_items), seen)
        if not len(left):
            raise ConfigError("the members have rated every item; give rated=True to recommend among these")
        return left

    def _group_scores(self, users: IntArray, aggregator: str | None) -> FloatArray:
        if aggregator not in (None, "own"):
            raise ConfigError(f"aggregator={aggregator}: {self.name} scores groups by itself; leave it out")
        assert isinstance(self.method, GroupRecommender)
        return np.asarray(self.method.score_groups(Groups.from_lists([users]))[0])

    def _aggregated(self, users: IntArray, items: IntArray, name: str) -> dict[str, FloatArray]:
        assert isinstance(self.method, Recommender)
        made: Aggregator = registry.aggregators[name].create()
        if isinstance(made, LearnedAggregator):
            raise ConfigError(
                f"aggregator={name}: it learns from ratings of groups; choose another, as average"
            )
        activity = np.bincount(self.dataset.ratings.users, minlength=self.dataset.ratings.n_users)
        members = MemberScores(
            np.asarray(self.method.score(users))[:, items],
            np.ones((1, len(items)), dtype=bool),
            Segments.from_sizes([len(users)]),
            activity[users].astype(np.float64),
            self.dataset.scale if self.method.predicts_ratings else None,
        )
        if len(users) > MOST_MEMBERS:
            return {"score": made.aggregate(members)[0]}
        score, base, parts = shares(made, members)
        named = {f"share of {self.dataset.user_ids[u]}": part for u, part in zip(users, parts, strict=True)}
        return {"score": score, "base": base, **named}


@checked
def fit(
    method: AnyMethod,
    dataset: str | Path | Dataset = "itmrec-sim",
    *,
    groups: Groups | None = None,
    seed: int = 0,
    data_dir: str | Path | None = None,
    **hyperparameters: object,
) -> FittedMethod:
    """Fit a method on all ratings of a data set, held out nothing, to ask it for recommendations.

    Args:
        method: a registered name, a class, or an instance, which is copied.
        dataset: a registered name, a folder, or what `load` returned.
        groups: groups that it may learn from; by default the natural ones, if there are any.
        seed: a whole number that its random numbers depend on.
        data_dir: a folder with a sub-folder of original files for each data set.
        **hyperparameters: those that differ from what the name stands for.

    Raises:
        ConfigError: if a name or a hyperparameter is unknown.
        MethodError: if the method cannot learn from the data.
        ArgumentError: if it is a reference row, which learns nothing, or no method.
    """
    data = loaded(dataset, data_dir)
    name, make = maker(method, **hyperparameters)
    made = make()
    if isinstance(made, ReferenceRow):
        raise ArgumentError(f"method={name}: a reference row learns nothing; choose a method, such as ease")
    known = data.groups if groups is None else groups
    item_texts, user_texts = known_texts(data, data.ratings)
    train = TrainingData(
        ratings=data.ratings,
        scale=data.scale,
        groups=Groups.from_lists([]) if known is None else known,
        group_ratings=data.group_ratings if groups is None else None,
        user_features=data.user_features,
        item_features=data.item_features,
        social=data.social,
        question="find-chosen",
        item_texts=item_texts,
        user_texts=user_texts,
    )
    return FittedMethod(name, fit_here(made, train, name, (data.seed_label, "method", name, seed)), data)


def shares(aggregator: Aggregator, members: MemberScores) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The scores of one group, and what each member accounts for: Shapley values of the members.

    In a coalition, whoever is not in it finds every candidate as good as the member's mean.

    Args:
        aggregator: any that needs not to learn.
        members: of one group, (n, width).

    Returns:
        Scores, (width,); those of the group in which everybody is indifferent, (width,); and each member's
        part, (n, width), which add up to the difference.
    """
    n, width = members.scores.shape
    coalitions = np.arange(2**n)[:, None] >> np.arange(n) & 1 == 1
    indifferent = np.broadcast_to(members.scores.mean(axis=1, keepdims=True), (n, width))
    every = replace(
        members,
        scores=np.where(coalitions[:, :, None], members.scores, indifferent).reshape(-1, width),
        valid=np.ones((2**n, width), dtype=bool),
        segments=Segments.from_sizes(np.full(2**n, n)),
        activity=np.tile(members.activity, 2**n),
    )
    worth = aggregator.aggregate(every)
    weights = [1 / (n * math.comb(n - 1, size)) for size in range(n)]
    parts = np.empty((n, width))
    for member in range(n):
        without = np.flatnonzero(~coalitions[:, member])
        weight = np.take(weights, coalitions[without].sum(axis=1))
        parts[member] = weight @ (worth[without + 2**member] - worth[without])
    return worth[-1], worth[0], parts
