"""From scores to figures: every view and aggregator of one fitted method, in blocks.

Users are scored once; each block of lists is gathered once and serves every aggregator and every
view that shares its candidates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from groupbench.arrays import BoolArray, FloatArray, IntArray, Segments
from groupbench.bundles import Bundle, bundles
from groupbench.metrics import Metric, Ties, families, parse, rank, top_k
from groupbench.recommender import GroupRecommender, Recommender, ReferenceRow
from groupbench.scoring import ScoreSource
from groupbench.views import Judgement

if TYPE_CHECKING:
    from groupbench.aggregation import Aggregator
    from groupbench.measure import Stopwatch
    from groupbench.protocol import Task

VERSION = 1
"""Goes up whenever figures change for the same scores, so that jobs are run again."""

TOP = 20
"""Length of the recommendation lists that are kept."""

TIES: tuple[Ties, ...] = ("expected", "best", "worst")

CUTOFFS = (3, 5, 10, 20)
"""The K at which every job computes every metric."""

BLOCK = 4_000_000
"""Member scores gathered at once: the largest temporary arrays have about this many elements."""


@dataclass(frozen=True)
class Judged:
    """The outcome of one view and aggregator.

    Attributes:
        judgement: the view and its lists.
        aggregator: name of the aggregator, `none` or `own`.
        values: per tie rule and metric name the value of every list, (n_lists,); NaN if undefined.
        top: (n_lists, TOP) item indices, best first, -1 beyond the end of a list.
    """

    judgement: Judgement
    aggregator: str
    values: Mapping[Ties, Mapping[str, FloatArray]]
    top: IntArray

    def means(self, ties: Ties) -> dict[str, float]:
        """Mean of each metric over the judged lists where it is defined; NaN if it is nowhere.

        RMSE and MAE are pooled over the rows of all lists instead.
        """
        sizes = self.judgement.lists.segments.sizes
        return {
            name: _pooled(name, values, sizes) if name in _ERRORS else _mean(values[self.judgement.judged])
            for name, values in self.values[ties].items()
        }


_ERRORS = ("rmse", "mae")


def _pooled(name: str, values: FloatArray, sizes: IntArray) -> float:
    """An error over the rows of all lists, whether they hold something relevant or not."""
    power = 2 if name == "rmse" else 1
    return float(np.average(values**power, weights=sizes) ** (1 / power))


def _mean(values: FloatArray) -> float:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else float("nan")


def evaluate(
    method: Recommender | GroupRecommender | ReferenceRow,
    task: Task,
    judgements: Sequence[Judgement],
    aggregators: Mapping[str, Aggregator],
    watch: Stopwatch,
) -> list[Judged]:
    """Judge a fitted method under every view and aggregator, by every metric at every cutoff.

    Args:
        method: fitted on `task.train`, or a reference row.
        task: the split and its groups.
        judgements: the views to judge.
        aggregators: by name; they serve group views of user recommenders.
        watch: charged with `score`, `aggregate` and `metrics`.

    Returns:
        One entry per view and aggregator; views that need predicted ratings are left out if the
        method predicts none.

    Raises:
        MethodError: if scores are not finite or not of the promised shape.
    """
    find: Callable[[Bundle, IntArray], Iterator[tuple[Judgement, str, FloatArray]]]
    if isinstance(method, ReferenceRow):
        find = partial(_by_truth, method)
    else:
        find = partial(_by_scores, ScoreSource(method, task.train, aggregators, watch))
    metrics = [parse(f"{name}@{k}") for name in families() for k in CUTOFFS]
    collectors: dict[tuple[str, str], _Collector] = {}
    for bundle in bundles([j for j in judgements if serves(method, j)]):
        for lists in _blocks(bundle, task):
            for judgement, name, scores in find(bundle, lists):
                place = (judgement.view.name, name)
                if place not in collectors:
                    collectors[place] = _Collector(judgement, name, method, task.train.scale, metrics)
                with watch.phase("metrics"):
                    collectors[place].add(lists, scores)
    return [c.finish() for c in collectors.values()]


def serves(method: object, judgement: Judgement) -> bool:
    """Whether the view can judge the method at all."""
    if not judgement.view.estimates_only or isinstance(method, ReferenceRow):
        return True
    return bool(getattr(method, "predicts_ratings", False))


def _by_truth(
    method: ReferenceRow, bundle: Bundle, lists: IntArray
) -> Iterator[tuple[Judgement, str, FloatArray]]:
    """Yield (view, `none`, scores) for a block of lists."""
    for judgement, _ in bundle.judgements:
        rows, _ = judgement.lists.segments.window(lists)
        yield judgement, "none", method.score_truth(judgement.lists.truth[rows])


def _by_scores(
    source: ScoreSource, bundle: Bundle, lists: IntArray
) -> Iterator[tuple[Judgement, str, FloatArray]]:
    """Yield (view, aggregator, scores) for a block of lists."""
    rows, valid = bundle.segments.window(lists)
    places = [
        (judgement, None if columns is None else columns[judgement.lists.segments.window(lists)[0]])
        for judgement, columns in bundle.judgements
    ]
    for name, scores in source.score(bundle.entity, bundle.entities[lists], bundle.items[rows], valid):
        for judgement, columns in places:
            yield judgement, name, scores if columns is None else np.take_along_axis(scores, columns, 1)


def _blocks(bundle: Bundle, task: Task) -> Iterator[IntArray]:
    """Runs of lists, similar lengths together, whose member scores fit a block."""
    members = np.ones(len(bundle.entities), dtype=np.int64)
    if bundle.entity == "group":
        members = task.train.groups.sizes[bundle.entities]
    longest = np.max([j.lists.segments.sizes for j, _ in bundle.judgements], axis=0)
    order = np.argsort(longest, kind="stable")
    weights = members[order] * np.maximum(longest[order], task.train.ratings.n_items)
    for start, stop in Segments.from_sizes(np.ones(len(order))).blocks(weights, BLOCK):
        yield order[start:stop]


class _Collector:
    """Fills the per-list values of one view and aggregator, block after block."""

    def __init__(
        self,
        judgement: Judgement,
        aggregator: str,
        method: object,
        scale: tuple[float, float],
        metrics: Sequence[Metric],
    ) -> None:
        n_lists = len(judgement.lists.entities)
        self._judgement = judgement
        self._aggregator = aggregator
        self._method = method
        self._scale = scale
        self._metrics = metrics
        self._values: dict[Ties, dict[str, FloatArray]] = {ties: {} for ties in TIES}
        self._top = np.full((n_lists, TOP), -1, dtype=np.int64)

    def add(self, lists: IntArray, scores: FloatArray) -> None:
        """Judge `scores`, (len(lists), width), of the given lists."""
        rows, valid = self._judgement.lists.segments.window(lists)
        relevant = self._judgement.relevant[rows] & valid
        recommended = scores >= self._judgement.tau if self._judgement.view.estimates_only else None
        errors = {}
        if self._judgement.view.errors and getattr(self._method, "predicts_ratings", False):
            errors = _errors(np.clip(scores, *self._scale) - self._judgement.lists.truth[rows], valid)
        ranking = rank(scores, relevant, valid, max(CUTOFFS), recommended=recommended)
        for ties in TIES:
            resolved = ranking if isinstance(self._method, ReferenceRow) else ranking.resolved(ties)
            values = {metric.name: metric.compute(resolved) for metric in self._metrics}
            self._put(ties, lists, self._judgement.view.renamed(values) | errors)
        columns = top_k(scores, valid if recommended is None else valid & recommended, TOP)
        items = np.take_along_axis(self._judgement.lists.items[rows], np.maximum(columns, 0), 1)
        self._top[lists, : columns.shape[1]] = np.where(columns >= 0, items, -1)

    def finish(self) -> Judged:
        """All that was collected; undefined values are zero where the view says so."""
        if self._judgement.view.without_relevant == "zero":
            self._values = {
                t: {n: np.nan_to_num(v) for n, v in held.items()} for t, held in self._values.items()
            }
        return Judged(self._judgement, self._aggregator, self._values, self._top)

    def _put(self, ties: Ties, lists: IntArray, values: Mapping[str, FloatArray]) -> None:
        for name, block in values.items():
            held = self._values[ties].setdefault(name, np.full(len(self._top), np.nan))
            held[lists] = block


def _errors(errors: FloatArray, valid: BoolArray) -> dict[str, FloatArray]:
    sizes = valid.sum(axis=1)
    squares = np.where(valid, errors**2, 0.0).sum(axis=1)
    return {"rmse": np.sqrt(squares / sizes), "mae": np.where(valid, abs(errors), 0.0).sum(axis=1) / sizes}
