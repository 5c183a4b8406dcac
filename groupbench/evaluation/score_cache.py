"""What a method scores its rows, users or groups: checked, and cached while memory allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from groupbench.core.arrays import BoolArray, FloatArray, IntArray, chunks, pick, stable_order
from groupbench.core.errors import MethodError
from groupbench.core.memory import allowed
from groupbench.metrics import exact_scores
from groupbench.models.recommender import GroupRecommender, Recommender, ScoresGroupPairs, ScoresPairs

if TYPE_CHECKING:
    from groupbench.core.stopwatch import Stopwatch
    from groupbench.data.groups import Groups

MAX_CACHED = 64_000_000
"""Scores are cached where all would be up to this many elements (512 MB), else made block by block."""

_MEMORY_SHARE = 0.25
"""Share of a memory budget that they may take instead."""

CHUNK = 500_000
"""Elements that a method is asked to score at once: few enough for the processor's cache."""

_FEW = 0.25
"""Share of the items that few items are, at most."""


@dataclass(frozen=True)
class ScorePairs:
    """What scores rows, (n,), for items of their own, (n, width).

    Attributes:
        score: does it.
        same: whether the scores are those for all items, to the last bit.
    """

    score: Callable[[IntArray, IntArray], object]
    same: bool = False

    def __call__(self, rows: IntArray, items: IntArray) -> object:
        """The scores."""
        return self.score(rows, items)


class ScoreCache:
    """Scores at given items of the rows, of users or of groups, that a method scores.

    Args:
        name: of the method, for error messages.
        score: scores of rows, (n,), for all items, (n, n_items).
        score_pairs: scores of rows, (n,), for items of their own, (n, width), if the method has them: they
            are used where all scores are too many to be cached, and if they are the same, where few are
            needed and nothing is cached.
        shape: (all rows, n_items).
        again: whether scores are cached for further calls.
        watch: charged with `score`.
    """

    def __init__(
        self,
        name: str,
        score: Callable[[IntArray], object],
        score_pairs: ScorePairs | None,
        shape: tuple[int, int],
        again: bool,
        watch: Stopwatch,
    ) -> None:
        self._name, self._score, self._watch = name, score, watch
        self._n_items = shape[1]
        self._scored = np.zeros(shape[0], dtype=np.bool_)
        small = 8 * shape[0] * shape[1] <= allowed(8 * MAX_CACHED, share=_MEMORY_SHARE)
        self._score_pairs = None if small else score_pairs
        # Takes up memory only as it is filled.
        self._cache = np.empty(shape) if again and small else None
        self._same_pairs = score_pairs if score_pairs is not None and score_pairs.same else None

    @property
    def by_items(self) -> bool:
        """Whether scores at some items take less than those at all."""
        return self._score_pairs is not None or self._cache is not None

    def at(self, rows: IntArray, items: IntArray, lists: IntArray | None = None) -> FloatArray:
        """The scores of `rows`, (n,), at the `lists`, (n,), of `items`, (n_lists, width): (n, width).

        By default every row has the list of the same number.
        """
        which = np.arange(len(rows)) if lists is None else lists
        with self._watch.phase("score"):
            few = self._cache is None and items.shape[1] <= _FEW * self._n_items
            pairs = self._same_pairs if few and self._same_pairs else self._score_pairs
            if pairs is not None:
                theirs = items if lists is None else items[lists]
                scores = self._asked(pairs, users=rows, items=theirs)
                return checked(self._name, scores, theirs.shape)
            if self._cache is None:
                return self._uncached(rows, items, which)
            return pick(self._fill(rows), rows, items, which)

    def table(self, rows: IntArray) -> FloatArray | None:
        """The scores of all rows for all items, made at least for `rows`, (n,); None if none are cached."""
        if self._cache is None or self._score_pairs is not None:
            return None
        with self._watch.phase("score"):
            self._fill(rows)
        return self._cache

    def some(self, rows: IntArray) -> tuple[FloatArray, IntArray] | None:
        """The scores of the different `rows`, (n,), for all items, and which of them each row has, (n,).

        None if the method is asked for scores at some items instead.
        """
        if self._score_pairs is not None:
            return None
        with self._watch.phase("score"):
            once, number = self._different(rows)
            out = np.empty((len(once), self._n_items))
            for part, scores in self._made(once):
                out[part] = scores
        return out, number

    def _different(self, rows: IntArray) -> tuple[IntArray, IntArray]:
        """The different `rows`, ascending, and the number of each row among them."""
        requested = np.zeros_like(self._scored)
        requested[rows] = True
        return np.flatnonzero(requested), (np.cumsum(requested) - 1)[rows]

    def _fill(self, rows: IntArray) -> FloatArray:
        """The cache with the scores of the `rows`, (n,)."""
        assert self._cache is not None
        requested = np.zeros_like(self._scored)
        requested[rows] = True
        missing = np.flatnonzero(requested & ~self._scored)
        for part, scores in self._made(missing):
            self._cache[missing[part]] = scores
        self._scored[missing] = True
        return self._cache

    def _uncached(self, rows: IntArray, items: IntArray, lists: IntArray) -> FloatArray:
        """The same with no more than some rows in memory at a time."""
        once, number = self._different(rows)
        order = stable_order(number, len(once))
        ends = np.searchsorted(number[order], np.arange(len(once) + 1))
        whole = _all_in_order(items, self._n_items)
        out = np.empty((len(rows), items.shape[1]))
        for part, scores in self._made(once):
            here = order[ends[part.start] : ends[part.stop]]
            table_rows = number[here] - part.start
            out[here] = scores[table_rows] if whole else pick(scores, table_rows, items, lists[here])
            del scores  # so that the next part can take its place in memory
        return out

    def _made(self, rows: IntArray) -> Iterator[tuple[slice, FloatArray]]:
        """Parts of `rows`, and what the method scores them for all items."""
        for part in chunks(len(rows), self._n_items, CHUNK):
            scores = self._asked(self._score, users=rows[part])
            yield part, checked(self._name, scores, (part.stop - part.start, self._n_items))

    def _asked(self, score: Callable[..., object], **asked: IntArray) -> object:
        """What `score` says to copies of arrays, by name; a `MethodError` if it writes into one of them."""
        given = {name: array.copy() for name, array in asked.items()}
        scores = score(*given.values())
        for name, array in asked.items():
            if not np.array_equal(given[name], array):
                raise MethodError(f"{self._name} changes the {name} that it is asked for; work on a copy")
        return scores


def _all_in_order(items: IntArray, n_items: int) -> bool:
    """Whether each line of `items` is the whole catalogue."""
    return items.shape[1] == n_items and bool((items == np.arange(n_items)).all())


def checked(
    name: str, scores: object, shape: tuple[int, ...], where: BoolArray | Literal[True] = True
) -> FloatArray:
    """`scores` as floats; those outside `where` may be anything.

    Raises:
        MethodError: if they are not what the contract promises.
    """
    found = np.asarray(scores).shape
    if found != shape:
        raise MethodError(
            f"{name} returned scores of shape {found} instead of {shape}; one row per user or group, "
            "one column per item"
        )
    array = exact_scores(scores, name)
    finite = np.isfinite(array)
    if not finite.all() and (bad := np.count_nonzero(~finite & where)):
        raise MethodError(
            f"{name} returned {bad} scores that are NaN or infinite; return finite scores for every item, "
            "also for users without training rows"
        )
    return array


def user_pairs(method: Recommender) -> ScorePairs | None:
    """What scores users for items of their own, if the method has that."""
    if isinstance(method, ScoresPairs) and _as_recent(method, "score_pairs", "score"):
        return ScorePairs(method.score_pairs, getattr(method, "same_pairs", False))
    return None


def group_pairs(method: GroupRecommender, groups: Groups) -> ScorePairs | None:
    """What scores some of the `groups` for items of their own, if the method has that."""
    if isinstance(method, ScoresGroupPairs) and _as_recent(method, "score_group_pairs", "score_groups"):
        return ScorePairs(lambda which, items: method.score_group_pairs(groups.take(which), items))
    return None


def _as_recent(method: object, name: str, other: str) -> bool:
    """Whether `name` is no older than `other`, which a subclass may have defined in another way."""
    classes = type(method).__mro__
    ages = [
        next(i for i, kind in enumerate(classes) if attribute in vars(kind)) for attribute in (name, other)
    ]
    return ages[0] <= ages[1]
