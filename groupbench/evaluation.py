"""From scores to figures: every view and aggregator of one fitted method, in blocks.

Users are scored once; each block of lists is gathered once and serves every aggregator and every
view that shares its candidates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from groupbench.arrays import IntArray, Segments
from groupbench.bundles import Bundle, bundles
from groupbench.collect import Collector, Judged, collector
from groupbench.recommender import GroupRecommender, Recommender, ReferenceRow
from groupbench.scoring import Scored, ScoreSource
from groupbench.views import Judgement, View

if TYPE_CHECKING:
    from groupbench.aggregation import Aggregator
    from groupbench.measure import Stopwatch
    from groupbench.task import Task

VERSION = 3
"""Goes up whenever figures change for the same scores, so that jobs are run again."""

BLOCK = 4_000_000
"""Member scores gathered at once: the largest temporary arrays have about this many elements."""


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
    find: Callable[[Bundle, IntArray], Iterator[tuple[Judgement, str, Scored]]]
    if isinstance(method, ReferenceRow):
        find = partial(_by_truth, method)
    else:
        find = partial(_by_scores, ScoreSource(method, task.train, aggregators, watch))
    collectors: dict[tuple[str, str], Collector] = {}
    for bundle in bundles([j for j in judgements if not refusal(method, j.view)]):
        for lists in _blocks(bundle, task):
            for judgement, name, scored in find(bundle, lists):
                place = (judgement.view.name, name)
                if place not in collectors:
                    collectors[place] = collector(judgement, name, method, task.train)
                with watch.phase("metrics"):
                    collectors[place].add(lists, scored)
    return [c.finish() for c in collectors.values()]


def refusal(method: object, view: View) -> str:
    """Why the view cannot judge the method, or nothing."""
    if view.judges == "predictions" and not isinstance(method, Recommender):
        return "judges aggregators by the base method's own predictions, and there is none"
    estimates = isinstance(method, ReferenceRow) or getattr(method, "predicts_ratings", False)
    if view.estimates_only and not estimates:
        return "needs predicted ratings, and this method's scores are none"
    return ""


def _by_truth(
    method: ReferenceRow, bundle: Bundle, lists: IntArray
) -> Iterator[tuple[Judgement, str, Scored]]:
    """Yield (view, `none`, scores) for a block of lists."""
    for judgement, _ in bundle.judgements:
        rows, _ = judgement.lists.segments.window(lists)
        truth = judgement.lists.truth[rows]
        lowest = float(np.nan_to_num(judgement.lists.truth).min()) - 1.0
        yield judgement, "none", Scored(method.score_truth(np.nan_to_num(truth, nan=lowest)))


def _by_scores(
    source: ScoreSource, bundle: Bundle, lists: IntArray
) -> Iterator[tuple[Judgement, str, Scored]]:
    """Yield (view, aggregator, scores) for a block of lists."""
    rows, valid = bundle.segments.window(lists)
    places = [
        (judgement, None if columns is None else columns[judgement.lists.segments.window(lists)[0]])
        for judgement, columns in bundle.judgements
    ]
    for name, found in source.score(bundle.entity, bundle.entities[lists], bundle.items[rows], valid):
        for judgement, columns in places:
            if judgement.view.judges != "predictions" or found.predictions is not None:
                yield judgement, name, found if columns is None else found.at(columns)


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
