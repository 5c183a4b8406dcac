"""Scores of candidate lists, from whatever a method offers: users, members with aggregation, or groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np

from groupbench.aggregation import Aggregator, LearnedAggregator, MemberScores
from groupbench.arrays import BoolArray, FloatArray, IntArray
from groupbench.errors import MethodError
from groupbench.lessons import lessons
from groupbench.metrics import Predictions
from groupbench.recommender import GroupRecommender, Recommender

if TYPE_CHECKING:
    from groupbench.measure import Stopwatch
    from groupbench.recommender import TrainingData

T = TypeVar("T")

KEPT = 64_000_000
"""Score matrices of up to this many elements (512 MB) are kept; larger ones are made block by block."""

CHUNK = 4_000_000
"""Elements that a method is asked to score at once."""


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
    """Scores of blocks of candidate lists by one fitted method; each user is scored once if memory allows.

    Args:
        method: fitted on `train`.
        train: what it was fitted on.
        aggregators: by name, for the group lists of a user recommender; those that learn do so from `train`.
        watch: charged with `score` and `aggregate`.
    """

    def __init__(
        self,
        method: Recommender | GroupRecommender,
        train: TrainingData,
        aggregators: Mapping[str, Aggregator],
        watch: Stopwatch,
    ) -> None:
        self._train = train
        self._aggregators = aggregators
        self._watch = watch
        self._activity = np.bincount(train.ratings.users, minlength=train.ratings.n_users).astype(np.float64)
        self._scale = train.scale if method.predicts_ratings else None
        self._users = self._groups = None
        if isinstance(method, Recommender):
            self._users = self._rows(type(method).__name__, method.score, train.ratings.n_users)
        if isinstance(method, GroupRecommender):
            self._groups = self._rows(
                type(method).__name__, lambda g: method.score_groups(train.groups.take(g)), len(train.groups)
            )

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
            checked = _checked(f"aggregator {name}", group_scores, items.shape, valid)
            yield name, Scored(np.where(valid, checked, 0.0), predictions, aggregator.rates(members))

    def _members(self, groups: IntArray, items: IntArray, valid: BoolArray) -> MemberScores:
        """What the members of `groups` score the candidates of their groups."""
        assert self._users is not None
        block = self._train.groups.take(groups)
        scores = self._users(block.members, items[block.segments.of_row])
        return MemberScores(scores, valid, block.segments, self._activity[block.members], self._scale)

    @cached_property
    def _ready(self) -> Mapping[str, Aggregator]:
        """The aggregators, after those that learn have learned."""
        learners = {n: a for n, a in self._aggregators.items() if isinstance(a, LearnedAggregator)}
        if not learners:
            return self._aggregators
        given = lessons(self._train)
        members = self._members(given.groups, given.items, given.valid)
        with self._watch.phase("aggregate"):
            learned = {n: _learned(n, learner, members, given.target) for n, learner in learners.items()}
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

    def _rows(
        self, name: str, score: Callable[[IntArray], object], n_rows: int
    ) -> Callable[[IntArray, IntArray], FloatArray]:
        """A function (rows (n,), items (n, width)) -> scores (n, width) over a method's score rows."""
        n_items = self._train.ratings.n_items
        step = max(1, CHUNK // n_items)
        kept: list[FloatArray] = []

        def make(rows: IntArray) -> Iterator[tuple[slice, FloatArray]]:
            for start in range(0, len(rows), step):
                part = rows[start : start + step]
                yield slice(start, start + step), _checked(name, score(part), (len(part), n_items))

        def keep() -> None:
            kept.append(np.empty((n_rows, n_items)))
            for part, scores in make(np.arange(n_rows)):
                kept[0][part] = scores

        def gather(rows: IntArray, items: IntArray) -> FloatArray:
            with self._watch.phase("score"):
                if n_rows * n_items <= KEPT:
                    if not kept:
                        keep()
                    return _pick(kept[0], rows, items)
                once, place = np.unique(rows, return_inverse=True)
                out = np.empty(items.shape)
                for part, scores in make(once):
                    if len(scores) == len(once):
                        return _pick(scores, place, items)
                    here = np.flatnonzero((place >= part.start) & (place < part.stop))
                    out[here] = _pick(scores, place[here] - part.start, items[here])
                return out

        return gather


def _pick(scores: FloatArray, rows: IntArray, items: IntArray) -> FloatArray:
    """`scores[rows[:, None], items]`, faster."""
    picked: FloatArray = scores.reshape(-1).take(rows[:, None] * scores.shape[1] + items)
    return picked


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
            f"aggregator {name} raised {type(error).__name__}: {error}; mend it, or run without its plugin"
        ) from error


def _checked(
    name: str, scores: object, shape: tuple[int, ...], where: BoolArray | Literal[True] = True
) -> FloatArray:
    """The scores as floats; those outside `where` may be anything.

    Raises:
        MethodError: if they are not what the contract promises.
    """
    array = np.asarray(scores)
    if array.shape != shape:
        raise MethodError(
            f"{name} returned scores of shape {array.shape} instead of {shape}; one row per user or group, "
            "one column per item"
        )
    if array.dtype.kind not in "fiu":
        raise MethodError(f"{name} returned {array.dtype} scores; return floats")
    finite = np.isfinite(array)
    if not finite.all() and (bad := np.count_nonzero(~finite & where)):
        raise MethodError(
            f"{name} returned {bad} scores that are NaN or infinite; return finite scores for every item, "
            "also for users without training rows"
        )
    return array.astype(np.float64, copy=False)
