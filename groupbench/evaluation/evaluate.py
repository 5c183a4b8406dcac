"""From scores to metric values: every view and aggregator of one fitted method, in blocks.

Users are scored once; each block of lists is gathered once and serves every aggregator and every
view that shares its candidates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from groupbench.aggregation.sequential import SequentialAggregator
from groupbench.core.arrays import IntArray, Segments
from groupbench.evaluation.accumulate import ERRORS, CaseResult, MetricAccumulator
from groupbench.evaluation.accumulators import accumulator_of
from groupbench.evaluation.agreement import OwnRatings, compared
from groupbench.evaluation.candidates import SharedCandidates, share_candidates
from groupbench.evaluation.playing import RoundSource
from groupbench.evaluation.scored import Scored
from groupbench.evaluation.views import EvaluationCase, ListBlock, View
from groupbench.metrics import TIES, MetricRequest, Ties, make_request
from groupbench.models.group_adapter import GroupsAsUsers
from groupbench.models.recommender import GroupRecommender, Method, Recommender, ReferenceRow

if TYPE_CHECKING:
    from groupbench.aggregation import Aggregator
    from groupbench.core.stopwatch import Stopwatch
    from groupbench.evaluation.task import Task

VERSION = 5
"""Goes up whenever values change for the same scores, so that jobs are run again."""

BLOCK = 1_000_000
"""Member scores gathered at once: the largest temporary arrays have about this many elements."""

_VALUES = 8
"""Values that metrics keep for each of the first positions, of a list or of each member, about."""

CaseBlock = tuple[EvaluationCase, ListBlock]
"""A view with some of its lists laid out."""


def evaluate(
    method: Recommender | GroupRecommender | ReferenceRow,
    task: Task,
    cases: Sequence[EvaluationCase],
    aggregators: Mapping[str, Aggregator | SequentialAggregator],
    watch: Stopwatch,
    *,
    metrics: Iterable[str] | None = None,
    ties: Iterable[Ties] = TIES,
) -> list[CaseResult]:
    """Evaluate a fitted method under every view and aggregator.

    Args:
        method: fitted on `task.train`, or a reference row.
        task: the split and its groups.
        cases: the views, with their lists.
        aggregators: by name; they serve group views of user recommenders, those that look back rounds alone.
        watch: charged with `score`, `aggregate` and `metrics`.
        metrics: the metrics to compute, such as `ndcg@10` or `min-recall@7`, of which a view gives those
            that it has; by default every metric at the cutoffs of the view. The fewer, the faster.
        ties: the tie rules to compute them under.

    Returns:
        One entry per view and aggregator; views that need predicted ratings are left out if the
        method predicts none.

    Raises:
        ConfigError: if a metric or a tie rule is unknown.
        MethodError: if scores are not finite or not of the promised shape.
    """
    request = make_request(metrics, ties)
    suited = share_candidates([case for case in cases if not refusal(method, case.view)])
    depths = [_depth(candidates, method, request) for candidates in suited]
    blocks = [
        (candidates, lists, depth)
        for candidates, depth in zip(suited, depths, strict=True)
        for lists in _blocks(candidates, task, depth)
    ]
    score: Callable[[Sequence[CaseBlock], IntArray, int], Iterator[tuple[CaseBlock, str, Scored]]]
    if isinstance(method, ReferenceRow):
        score = partial(_by_truth, method)
    else:
        again = len(blocks) > 1 or any(depths)
        score = partial(_by_scores, _source(method, task, aggregators, watch, again))
    own, accumulators = OwnRatings(task, aggregators), dict[tuple[str, str], MetricAccumulator]()
    for candidates, lists, depth in blocks:
        laid_out = [(case, case.lists.block(lists)) for case in candidates.cases]
        entities = candidates.entities[lists]
        for (case, block), name, scored in score(laid_out, entities, depth):
            for answer, truth in compared(case, name, block, entities, own):
                key = (case.view.name, answer)
                if key not in accumulators:
                    kind = accumulator_of(case.view)
                    accumulators[key] = kind(case, answer, method, task.train, request)
                with watch.phase("metrics"):
                    accumulators[key].add(lists, truth, scored)
    return [accumulator.finish() for accumulator in accumulators.values()]


def unsuited(method: object, task: Task) -> str:
    """Why the method cannot learn from the task, or knows nothing of its groups; empty if it can."""
    if not isinstance(method, Method):
        return ""
    if not method.serves_cold_groups and task.only_cold_groups:
        return "knows groups by their rows alone, and the evaluated groups have none for training"
    return method.skip(task.train)


def refusal(method: object, view: View) -> str:
    """Why the view cannot evaluate the method, or nothing."""
    if view.truth_from == "predictions" and not isinstance(method, Recommender):
        return "evaluates aggregators by the base method's own predictions, and there is none"
    if isinstance(method, GroupsAsUsers) and view.entity == "user":
        return "evaluates users, and here groups are served by rows of their own"
    if view.truth_from == "strategies" and not isinstance(method, ReferenceRow | GroupRecommender):
        return "compares answers of groups with what aggregators make, and this method's are made by these"
    estimates = isinstance(method, ReferenceRow) or getattr(method, "predicts_ratings", False)
    if view.estimates_only and not estimates:
        return "needs predicted ratings, and this method's scores are none"
    return ""


def _by_truth(
    method: ReferenceRow, laid_out: Sequence[CaseBlock], entities: IntArray, depth: int
) -> Iterator[tuple[CaseBlock, str, Scored]]:
    """Yield (view, `none`, scores) for a block of lists."""
    for case, block in laid_out:
        lowest = np.nanmin(block.truth, initial=0.0) - 1.0
        scores = method.score_truth(np.nan_to_num(block.truth, nan=lowest))
        yield (case, block), "none", Scored(scores)


def _by_scores(
    source: RoundSource, laid_out: Sequence[CaseBlock], entities: IntArray, depth: int
) -> Iterator[tuple[CaseBlock, str, Scored]]:
    """Yield (view, aggregator, scores) for a block of lists, or what leads them: of rounds, to a `depth`."""
    if laid_out[0][0].view.rounds:
        block = laid_out[0][1]
        for name, scored in source.play(entities, block.items, block.valid):
            for shown in laid_out:
                if not _is_of_predictions(shown[0]) or scored.rounds is not None:
                    yield shown, name, scored
        return
    if depth:
        block = laid_out[0][1]
        for name, scored in source.score("group", entities, block.items, block.valid, depth=depth):
            yield from ((shown, name, scored) for shown in laid_out)
        return
    distinct = [block.distinct() for _, block in laid_out]
    items, valid, _ = distinct[0]
    entity, predictions = laid_out[0][0].view.entity, any(_is_of_predictions(case) for case, _ in laid_out)
    for name, scored in source.score(entity, entities, items, valid, predictions=predictions):
        for (case, block), (_, _, columns) in zip(laid_out, distinct, strict=True):
            if not _is_of_predictions(case) or scored.predictions is not None:
                yield (case, block), name, scored if columns is None else scored.at(columns)


def _source(
    method: Recommender | GroupRecommender,
    task: Task,
    aggregators: Mapping[str, Aggregator | SequentialAggregator],
    watch: Stopwatch,
    again: bool,
) -> RoundSource:
    plain = {name: one for name, one in aggregators.items() if not isinstance(one, SequentialAggregator)}
    back = {name: one for name, one in aggregators.items() if isinstance(one, SequentialAggregator)}
    return RoundSource(method, task.train, plain, watch, sequential=back, rounds=task.rounds, again=again)


def _is_of_predictions(case: EvaluationCase) -> bool:
    return case.view.truth_from == "predictions"


def _depth(candidates: SharedCandidates, method: object, request: MetricRequest) -> int:
    """For how many positions what leads the lists is all that metrics need; 0 if they need all scores."""
    errors = getattr(method, "predicts_ratings", False) and any(name in request for name in ERRORS)
    if candidates.entity != "group" or candidates.rounds or not isinstance(method, Recommender):
        return 0
    for case in candidates.cases:
        if _is_of_predictions(case) or case.view.estimates_only or case.lists.repeats:
            return 0
        if case.view.agreement or (case.view.errors and errors):
            return 0
    return max(max(request.cutoffs(case.view.cutoffs), default=1) for case in candidates.cases)


def _blocks(candidates: SharedCandidates, task: Task, depth: int) -> Iterator[IntArray]:
    """Runs of lists, similar lengths together, whose member scores and first positions fit a block.

    Where lists are known to a `depth` above 0 alone, members' scores are laid out in parts of a block.
    """
    members = np.ones(len(candidates.entities), dtype=np.int64)
    if candidates.entity == "group":
        members = task.train.groups.sizes[candidates.entities]
    order = np.argsort(candidates.sizes, kind="stable")
    longest = max(max(case.view.cutoffs, default=1) for case in candidates.cases)
    of_members = any(case.view.truth_from != "list" for case in candidates.cases)
    first = np.where(of_members, members, 1) * _VALUES * depth
    laid_out = first if depth else members * candidates.sizes
    weights = np.maximum(np.maximum(laid_out, candidates.cells), longest)[order]
    for start, stop in Segments.from_sizes(np.ones(len(order))).blocks(weights, BLOCK):
        yield order[start:stop]
