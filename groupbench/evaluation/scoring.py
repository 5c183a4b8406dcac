"""Scores of candidate lists, from whatever a method offers: users, members with aggregation, or groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np

from groupbench.aggregation import Aggregator, LearnedAggregator, MemberScores
from groupbench.core.arrays import BoolArray, FloatArray, IntArray, pick, stable_order
from groupbench.core.errors import MethodError
from groupbench.core.memory import allowed
from groupbench.evaluation.training_pairs import training_pairs
from groupbench.metrics import Predictions
from groupbench.models.recommender import GroupRecommender, Recommender, ScoresGroupPairs, ScoresPairs

if TYPE_CHECKING:
    from groupbench.core.stopwatch import Stopwatch
    from groupbench.data.groups import Groups
    from groupbench.models.recommender import TrainingData

T = TypeVar("T")

KEPT = 64_000_000
"""Scores are kept where all would be up to this many elements (512 MB); else they are made block by block."""

_SHARE_KEPT = 0.25
"""Share of a memory budget that they may take instead."""

CHUNK = 500_000
"""Elements that a method is asked to score at once: few enough for the processor's cache."""


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
        again: whether scores are kept for further blocks.
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
            self._users = _Rows(name, method.score, _of_user_pairs(method), shape, again, watch).at
        if isinstance(method, GroupRecommender):
            shape = len(train.groups), n_items
            few = _of_group_pairs(method, train)
            score = partial(_score_groups, method, train.groups)
            self._groups = _Rows(name, score, few, shape, again, watch).at

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
        scores = self._users(block.members, items, block.segments.of_row)
        return MemberScores(scores, valid, block.segments, self._activity[block.members], self._scale)

    @cached_property
    def _ready(self) -> Mapping[str, Aggregator]:
        """The aggregators, after those that learn have learned."""
        learners = {n: a for n, a in self._aggregators.items() if isinstance(a, LearnedAggregator)}
        if not learners:
            return self._aggregators
        given = training_pairs(self._train)
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


class _Rows:
    """Scores at given items of the rows, of users or of groups, that a method scores.

    Where all scores are too many to be kept, `few` gives those alone, if the method has it.
    """

    def __init__(
        self,
        name: str,
        score: Callable[[IntArray], object],
        few: Callable[[IntArray, IntArray], object] | None,
        shape: tuple[int, int],
        again: bool,
        watch: Stopwatch,
    ) -> None:
        self._name, self._score, self._watch = name, score, watch
        self._n_items = shape[1]
        self._known = np.zeros(shape[0], dtype=np.bool_)
        small = 8 * shape[0] * shape[1] <= allowed(8 * KEPT, share=_SHARE_KEPT)
        self._few = None if small else few
        # Takes up memory only as it is filled.
        self._kept = np.empty(shape) if again and small else None

    def at(self, rows: IntArray, items: IntArray, lists: IntArray | None = None) -> FloatArray:
        """The scores of `rows`, (n,), at the `lists`, (n,), of `items`, (n_lists, width): (n, width).

        By default every row has the list of the same number.
        """
        which = np.arange(len(rows)) if lists is None else lists
        with self._watch.phase("score"):
            if self._few is not None:
                wanted = items if lists is None else items[lists]
                return _checked(self._name, self._few(rows, wanted), wanted.shape)
            there = np.zeros_like(self._known)
            there[rows] = True
            if self._kept is None:
                return self._picked(rows, items, which, there)
            missing = np.flatnonzero(there & ~self._known)
            for part, scores in self._made(missing):
                self._kept[missing[part]] = scores
            self._known[missing] = True
            return pick(self._kept, rows, items, which)

    def _picked(self, rows: IntArray, items: IntArray, lists: IntArray, there: BoolArray) -> FloatArray:
        """The same without keeping more than some rows at a time; `there` are the rows that are asked for."""
        once, place = np.flatnonzero(there), (np.cumsum(there) - 1)[rows]
        order = stable_order(place, len(once))
        ends = np.searchsorted(place[order], np.arange(len(once) + 1))
        whole = _all_in_order(items, self._n_items)
        out = np.empty((len(rows), items.shape[1]))
        for part, scores in self._made(once):
            here = order[ends[part.start] : ends[part.stop]]
            held = place[here] - part.start
            out[here] = scores[held] if whole else pick(scores, held, items, lists[here])
            del scores  # so that the next part can take its place in memory
        return out

    def _made(self, rows: IntArray) -> Iterator[tuple[slice, FloatArray]]:
        """Parts of `rows`, and what the method scores them for all items."""
        step = max(1, CHUNK // self._n_items)
        for start in range(0, len(rows), step):
            part = slice(start, min(start + step, len(rows)))
            yield part, _checked(self._name, self._score(rows[part]), (part.stop - start, self._n_items))


def _all_in_order(items: IntArray, n_items: int) -> bool:
    """Whether each line of `items` is the whole catalogue."""
    return items.shape[1] == n_items and bool((items == np.arange(n_items)).all())


def _score_groups(method: GroupRecommender, groups: Groups, which: IntArray) -> object:
    return method.score_groups(groups.take(which))


def _of_user_pairs(method: Recommender) -> Callable[[IntArray, IntArray], object] | None:
    if not isinstance(method, ScoresPairs) or not _as_recent(method, "score_pairs", "score"):
        return None
    return method.score_pairs


def _of_group_pairs(
    method: GroupRecommender, train: TrainingData
) -> Callable[[IntArray, IntArray], object] | None:
    if not isinstance(method, ScoresGroupPairs) or not _as_recent(
        method, "score_group_pairs", "score_groups"
    ):
        return None
    return lambda g, items: method.score_group_pairs(train.groups.take(g), items)


def _as_recent(method: object, name: str, other: str) -> bool:
    """Whether `name` is no older than `other`, which a subclass may have defined in another way."""
    classes = type(method).__mro__
    places = [next(i for i, kind in enumerate(classes) if known in vars(kind)) for known in (name, other)]
    return places[0] <= places[1]


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
