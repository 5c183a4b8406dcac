"""Scores of candidate lists, from whatever a method offers: users, members with aggregation, or groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np

from groupbench.aggregation import Aggregator, LearnedAggregator, MemberScores
from groupbench.core.arrays import BoolArray, FloatArray, IntArray
from groupbench.core.errors import MethodError
from groupbench.evaluation.score_cache import ScoreCache, checked
from groupbench.evaluation.training_pairs import training_pairs
from groupbench.metrics import Predictions
from groupbench.models.recommender import GroupRecommender, Recommender, ScoresGroupPairs, ScoresPairs

if TYPE_CHECKING:
    from groupbench.core.stopwatch import Stopwatch
    from groupbench.data.groups import Groups
    from groupbench.models.recommender import TrainingData

T = TypeVar("T")

ScorePairs = Callable[[IntArray, IntArray], object]
"""Scores of rows, (n,), for items of their own, (n, width)."""


@dataclass(frozen=True)
class Scored:
    """The scores of a block of lists.

    Attributes:
        scores: (n_lists, width).
        predictions: the member scores that were aggregated, or None.
        ratings: whether the scores are predicted ratings.
    """

    scores: FloatArray
    predictions: Predictions | None = None
    ratings: bool = False

    def at(self, columns: IntArray) -> Scored:
        """The scores at the `columns`, (n_lists, any), of each list."""
        return Scored(np.take_along_axis(self.scores, columns, 1), ratings=self.ratings)


class ScoreSource:
    """Scores of blocks of candidate lists by one fitted method; nobody is scored twice if memory allows.

    Args:
        method: fitted on `train`.
        train: what it was fitted on.
        aggregators: by name, for the group lists of a user recommender; those that learn do so from `train`.
        watch: charged with `score` and `aggregate`.
        again: whether scores are cached for further blocks.
    """

    def __init__(
        self,
        method: Recommender | GroupRecommender,
        train: TrainingData,
        aggregators: Mapping[str, Aggregator],
        watch: Stopwatch,
        *,
        again: bool = True,
    ) -> None:
        self._train = train
        self._aggregators = aggregators
        self._watch = watch
        self._activity = np.bincount(train.ratings.users, minlength=train.ratings.n_users).astype(np.float64)
        self._scale = train.scale if method.predicts_ratings else None
        self._users = self._groups = None
        name, n_items = type(method).__name__, train.ratings.n_items
        if isinstance(method, Recommender):
            shape = train.ratings.n_users, n_items
            self._users = ScoreCache(name, method.score, _user_pairs(method), shape, again, watch).at
        if isinstance(method, GroupRecommender):
            shape, groups = (len(train.groups), n_items), train.groups
            score = partial(_score_groups, method, groups)
            self._groups = ScoreCache(name, score, _group_pairs(method, groups), shape, again, watch).at

    def score(
        self, entity: Literal["user", "group"], entities: IntArray, items: IntArray, valid: BoolArray
    ) -> Iterator[tuple[str, Scored]]:
        """Yield (aggregator name, scores) of one block of lists, scores shaped like `items`.

        Args:
            entity: whether the lists are of users or of groups.
            entities: (n_lists,) users or groups.
            items: (n_lists, width) candidates.
            valid: (n_lists, width) False beyond the end of a list.
        """
        if entity == "group":
            yield from self._of_groups(entities, items, valid)
        elif self._users is not None:
            yield "none", Scored(self._users(entities, items), ratings=self._scale is not None)
        elif self._groups is not None:
            yield "own", Scored(self._of_users_by_group(entities, items), ratings=self._scale is not None)

    def _of_groups(self, groups: IntArray, items: IntArray, valid: BoolArray) -> Iterator[tuple[str, Scored]]:
        if self._groups is not None:
            yield "own", Scored(self._groups(groups, items), ratings=self._scale is not None)
        if self._users is None:
            return
        ready, members = self._ready, self._members(groups, items, valid)
        predictions = Predictions(members.scores, valid, members.segments)
        for name, aggregator in ready.items():
            with self._watch.phase("aggregate"):
                group_scores = _attempted(name, partial(aggregator.aggregate, members))
            group_scores = checked(f"aggregator {name}", group_scores, items.shape, valid)
            yield name, Scored(np.where(valid, group_scores, 0.0), predictions, aggregator.rates(members))

    def _members(self, groups: IntArray, items: IntArray, valid: BoolArray) -> MemberScores:
        """What the members of `groups` score the candidates of their groups."""
        assert self._users is not None
        block = self._train.groups.take(groups)
        scores = self._users(block.members, items, block.segments.of_row)
        return MemberScores(scores, valid, block.segments, self._activity[block.members], self._scale)

    @cached_property
    def _ready(self) -> Mapping[str, Aggregator]:
        """The aggregators, after those that learn have learned."""
        learners = {n: a for n, a in self._aggregators.items() if isinstance(a, LearnedAggregator)}
        if not learners:
            return self._aggregators
        pairs = training_pairs(self._train)
        members = self._members(pairs.groups, pairs.items, pairs.valid)
        with self._watch.phase("aggregate"):
            learned = {n: _learned(n, learner, members, pairs.target) for n, learner in learners.items()}
        return {**self._aggregators, **learned}

    def _of_users_by_group(self, users: IntArray, items: IntArray) -> FloatArray:
        """A group method's score for a user is that of the user's first group.

        All items of a user without a group score the mean training rating.
        """
        assert self._groups is not None
        groups = self._train.groups
        group_of = np.full(self._train.ratings.n_users, -1)
        group_of[groups.members[::-1]] = groups.segments.of_row[::-1]
        served = group_of[users] >= 0
        scores = np.full(items.shape, self._train.ratings.mean)
        scores[served] = self._groups(group_of[users[served]], items[served])
        return scores


def _score_groups(method: GroupRecommender, groups: Groups, which: IntArray) -> object:
    return method.score_groups(groups.take(which))


def _user_pairs(method: Recommender) -> ScorePairs | None:
    if isinstance(method, ScoresPairs) and _as_recent(method, "score_pairs", "score"):
        return method.score_pairs
    return None


def _group_pairs(method: GroupRecommender, groups: Groups) -> ScorePairs | None:
    if isinstance(method, ScoresGroupPairs) and _as_recent(method, "score_group_pairs", "score_groups"):
        return lambda which, items: method.score_group_pairs(groups.take(which), items)
    return None


def _as_recent(method: object, name: str, other: str) -> bool:
    """Whether `name` is no older than `other`, which a subclass may have defined in another way."""
    classes = type(method).__mro__
    ages = [
        next(i for i, kind in enumerate(classes) if attribute in vars(kind)) for attribute in (name, other)
    ]
    return ages[0] <= ages[1]


def _learned(name: str, learner: LearnedAggregator, members: MemberScores, target: FloatArray) -> Aggregator:
    learned: object = _attempted(name, partial(learner.fit, members, target))
    if not isinstance(learned, Aggregator):
        raise MethodError(
            f"aggregator {name}: fit returned {type(learned).__name__}; return an aggregator that has learned"
        )
    return learned


def _attempted(name: str, work: Callable[[], T]) -> T:
    try:
        return work()
    except Exception as error:
        raise MethodError(
            f"aggregator {name} raised {type(error).__name__}: {error}; fix it, or run without its plugin"
        ) from error
