"""Collectors: they judge scores block after block and keep the value of every list."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from groupbench.arrays import BoolArray, FloatArray, IntArray, Segments
from groupbench.metrics import (
    Exposure,
    Ranking,
    Ties,
    families,
    judge_members,
    judge_predictions,
    leaders,
    parse,
    rank,
    sort_keys,
    top_k,
)
from groupbench.recommender import ReferenceRow
from groupbench.views import Block, Judgement

if TYPE_CHECKING:
    from groupbench.recommender import TrainingData
    from groupbench.scoring import Scored

TIES: tuple[Ties, ...] = ("expected", "best", "worst")

_ERRORS = ("rmse", "mae")


@dataclass(frozen=True)
class Judged:
    """The outcome of one view and aggregator.

    Attributes:
        judgement: the view and its lists.
        aggregator: name of the aggregator, `none` or `own`.
        values: per tie rule and metric name the value of every list, (n_lists,); NaN if undefined.
        top: (n_lists, largest K) item indices, best first, -1 beyond the end of a list.
        overall: metrics that exist for all judged lists together only, by name.
    """

    judgement: Judgement
    aggregator: str
    values: Mapping[Ties, Mapping[str, FloatArray]]
    top: IntArray
    overall: Mapping[str, float] = field(default_factory=dict)

    def means(self, ties: Ties) -> dict[str, float]:
        """Mean of each metric over the judged lists where it is defined; NaN if it is nowhere.

        RMSE and MAE are pooled over the rows of all lists instead; `overall` stands at the end.
        """
        means = {
            name: _pooled(name, values, self._rated)
            if name in _ERRORS
            else _mean(values[self.judgement.judged])
            for name, values in self.values[ties].items()
        }
        return {**means, **self.overall}

    @cached_property
    def _rated(self) -> IntArray:
        """Candidates with a truth in each list, (n_lists,)."""
        lists = self.judgement.lists
        return np.bincount(lists.truths.lists, minlength=len(lists.entities))


def collector(judgement: Judgement, aggregator: str, method: object, train: TrainingData) -> Collector:
    """The collector that a view asks for."""
    kinds: dict[str, Callable[..., Collector]]
    kinds = {"list": ListCollector, "members": MemberCollector, "predictions": PredictionCollector}
    return kinds[judgement.view.judges](judgement, aggregator, method, train)


class Collector(ABC):
    """Fills the per-list values of one view and aggregator, block after block."""

    def __init__(self, judgement: Judgement, aggregator: str, method: object, train: TrainingData) -> None:
        self._judgement = judgement
        self._cutoffs = judgement.view.cutoffs
        self._depth = max(self._cutoffs)
        self._aggregator = aggregator
        self._is_reference = isinstance(method, ReferenceRow)
        self._scale = train.scale
        self._values: dict[Ties, dict[str, FloatArray]] = {ties: {} for ties in TIES}
        self._top = np.full((len(judgement.judged), self._depth), -1, dtype=np.int64)
        # A reference row scores truths, not items: its ties say nothing about what it would show.
        self._exposure = None if self._is_reference else Exposure(train.ratings, train.item_features)
        self._exposed: dict[str, FloatArray] = {}

    @abstractmethod
    def add(self, lists: IntArray, block: Block, scored: Scored) -> None:
        """Judge the scores, shaped like the `block`, of the given lists."""

    def finish(self) -> Judged:
        """All that was collected; undefined values are zero where the view says so."""
        if self._judgement.view.without_relevant == "zero":
            self._values = {
                t: {n: np.nan_to_num(v) for n, v in held.items()} for t, held in self._values.items()
            }
        overall = {}
        if self._exposure is not None:
            overall = self._exposure.of_all(self._top[self._judgement.judged], self._cutoffs)
        # Added last, because a list that shows nothing has no novelty, not a novelty of 0.
        values = {ties: held | self._exposed for ties, held in self._values.items()}
        return Judged(self._judgement, self._aggregator, values, self._top, overall)

    def _put_all(
        self,
        lists: IntArray,
        ranking: Ranking,
        compute: Callable[[Ranking], Mapping[str, FloatArray]],
    ) -> None:
        """Keep what `compute` makes of the ranking under every tie rule.

        Where no tie matters all rules agree, and a reference row is its expectation under each.
        """
        expected = compute(ranking)
        settled = self._is_reference or not ranking.undecided.any()
        for ties in TIES:
            same = settled or ties == "expected"
            self._put(self._values[ties], lists, expected if same else compute(ranking.resolved(ties)))

    def _put(self, held: dict[str, FloatArray], lists: IntArray, values: Mapping[str, FloatArray]) -> None:
        for name, block in values.items():
            held.setdefault(name, np.full(len(self._top), np.nan))[lists] = block

    def _keep_top(self, lists: IntArray, scores: FloatArray, items: IntArray, valid: BoolArray) -> None:
        columns = top_k(scores, valid, self._depth)
        items = np.take_along_axis(items, np.maximum(columns, 0), 1)
        self._top[lists] = np.where(columns >= 0, items, -1)
        if self._exposure is not None:
            self._put(self._exposed, lists, self._exposure.of_lists(self._top[lists], self._cutoffs))


class ListCollector(Collector):
    """Every list is judged by its own truth."""

    def add(self, lists: IntArray, block: Block, scored: Scored) -> None:
        """Judge the scores, shaped like the `block`, of the given lists."""
        scores, valid, tau = scored.scores, block.valid, self._judgement.tau
        recommended = scores >= tau if self._judgement.view.estimates_only else None
        errors = {}
        if self._judgement.view.errors and scored.ratings:
            errors = _errors(np.clip(scores, *self._scale) - block.truth, valid)
        ranking = rank(scores, block.truth >= tau, valid, self._depth, recommended=recommended)
        metrics = [parse(f"{name}@{k}") for name in families() for k in self._cutoffs]

        def compute(ranking: Ranking) -> dict[str, FloatArray]:
            values = {metric.name: metric.compute(ranking) for metric in metrics}
            return self._judgement.view.renamed(values) | errors

        self._put_all(lists, ranking, compute)
        self._keep_top(lists, scores, block.items, valid if recommended is None else valid & recommended)


class MemberCollector(Collector):
    """The list of a group is judged by the truth of each member."""

    def add(self, lists: IntArray, block: Block, scored: Scored) -> None:
        """Judge the scores, shaped like the `block`, of the given lists."""
        truth = self._judgement.lists.members
        assert truth is not None
        keys, columns = leaders(sort_keys(scored.scores, block.valid), self._depth)
        items = np.take_along_axis(block.items, columns, 1)
        members, inside = truth.segments.window(lists)
        owner, members = np.nonzero(inside)[0], members[inside]
        ranked = keys[owner] < np.inf
        ranking = rank(
            np.where(ranked, -keys[owner], 0.0),
            truth.likes(members, items[owner]) & ranked,
            ranked,
            self._depth,
            n_relevant=truth.n_relevant[members],
        )
        groups = Segments.from_sizes(inside.sum(axis=1))
        judging = truth.n_relevant[members] > 0
        self._put_all(lists, ranking, lambda found: judge_members(found, judging, groups, self._cutoffs))
        self._keep_top(lists, scored.scores, block.items, block.valid)


class PredictionCollector(Collector):
    """The list of a group is judged by what the base method predicts for each member."""

    def add(self, lists: IntArray, block: Block, scored: Scored) -> None:
        """Judge the scores, shaped like the `block`, of the given lists."""
        assert scored.predictions is not None
        values = judge_predictions(scored.scores, scored.predictions, self._cutoffs)
        for ties in TIES:
            self._put(self._values[ties], lists, values)
        self._keep_top(lists, scored.scores, block.items, block.valid)


def _errors(errors: FloatArray, valid: BoolArray) -> dict[str, FloatArray]:
    """RMSE and MAE of each list over its candidates with a truth; NaN without one."""
    rated = valid & ~np.isnan(errors)
    sizes = np.where(rated.any(axis=1), rated.sum(axis=1), np.nan)
    known = np.where(rated, errors, 0.0)
    return {"rmse": np.sqrt((known**2).sum(axis=1) / sizes), "mae": np.abs(known).sum(axis=1) / sizes}


def _pooled(name: str, values: FloatArray, sizes: IntArray) -> float:
    """An error over the rows of all lists, whether they hold something relevant or not."""
    power = 2 if name == "rmse" else 1
    known = ~np.isnan(values)
    return float(np.average(values[known] ** power, weights=sizes[known]) ** (1 / power))


def _mean(values: FloatArray) -> float:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else float("nan")
