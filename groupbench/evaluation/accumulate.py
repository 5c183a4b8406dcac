"""Accumulators: they evaluate scores block after block and keep the value of every list."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from groupbench.core.arrays import BoolArray, FloatArray, IntArray, Segments
from groupbench.evaluation.views import EvaluationCase, ListBlock
from groupbench.metrics import (
    EVERYTHING,
    EXPOSURES,
    Exposure,
    MemberLists,
    Metric,
    MetricRequest,
    OrderedLists,
    Ties,
    counts,
    evaluate_members,
    families,
    first_choice,
    first_is_tied,
    gather,
    kendall,
    sort_keys,
    top_candidates,
)
from groupbench.models.recommender import ReferenceRow

if TYPE_CHECKING:
    from groupbench.evaluation.scored import Scored
    from groupbench.models.recommender import TrainingData

ERRORS = ("rmse", "mae")
"""What needs the scores of all candidates."""

TopCandidates = tuple[FloatArray, IntArray, IntArray]
"""Keys, columns and items of the top candidates of each list."""


@dataclass(frozen=True)
class CaseResult:
    """The outcome of one view and aggregator.

    Attributes:
        case: the view and its lists.
        aggregator: name of the aggregator, `none` or `own`.
        values: per tie rule and metric name the value of every list, (n_lists,); NaN if undefined. Only
            what was requested is there.
        top: (n_lists, largest K) item indices, best first, -1 beyond the end of a list.
        overall: metrics that exist for all evaluated lists together only, by name.
    """

    case: EvaluationCase
    aggregator: str
    values: Mapping[Ties, Mapping[str, FloatArray]]
    top: NDArray[np.int32]
    overall: Mapping[str, float] = field(default_factory=dict)

    def means(self, ties: Ties) -> dict[str, float]:
        """Mean of each metric over the evaluated lists where it is defined; NaN if it is nowhere.

        RMSE and MAE are pooled over the rows of all lists instead; `overall` stands at the end.
        """
        means = {
            name: _pooled(name, values, self._rated) if name in ERRORS else _mean(values[self.case.evaluated])
            for name, values in self.values[ties].items()
        }
        return {**means, **self.overall}

    @cached_property
    def _rated(self) -> IntArray:
        """Candidates with a truth in each list, (n_lists,)."""
        lists = self.case.lists
        return np.bincount(lists.truths.lists, minlength=len(lists.entities))


class MetricAccumulator(ABC):
    """Fills the per-list values of one view and aggregator, block after block, as requested.

    Args:
        case: the view's lists, with the entities that are evaluated.
        aggregator: the name that its values go by.
        method: the fitted method; of reference rows no exposure is measured.
        train: its training data, for the scale and what exposure counts.
        request: the metrics and tie rules to fill.
    """

    def __init__(
        self,
        case: EvaluationCase,
        aggregator: str,
        method: object,
        train: TrainingData,
        request: MetricRequest = EVERYTHING,
    ) -> None:
        self._case = case
        self._request = request
        self._cutoffs = request.cutoffs(case.view.cutoffs)
        self._depth = max(self._cutoffs, default=1)
        self._aggregator = aggregator
        self._is_reference = isinstance(method, ReferenceRow)
        self._scale = train.scale
        # All rules share one dict of values until the first tie that matters.
        same: dict[str, FloatArray] = {}
        self._values: dict[Ties, dict[str, FloatArray]] = dict.fromkeys(request.ties, same)
        self._rules_agree = True
        self._top = np.full((len(case.evaluated), self._depth), -1, dtype=np.int32)
        # A reference row scores truths, not items: its ties say nothing about what it would show.
        shown = any(f"{one.name}@{k}" in request for one in EXPOSURES for k in self._cutoffs)
        shown = shown and not self._is_reference
        self._exposure = Exposure(train.ratings, train.item_features) if shown else None
        self._exposed: dict[str, FloatArray] = {}

    @abstractmethod
    def add(self, lists: IntArray, block: ListBlock, scored: Scored) -> None:
        """Evaluate the scores, shaped like the `block`, of the given lists."""

    def finish(self) -> CaseResult:
        """All that was accumulated; undefined values are zero where the view says so."""
        if self._case.view.without_relevant == "zero":
            for values in self._distinct():
                for of_lists in values.values():
                    np.nan_to_num(of_lists, copy=False)
        overall = {}
        if self._exposure is not None:
            overall = self._exposure.of_all(self._top, self._cutoffs, self._case.evaluated)
            overall = self._request.restrict(overall)
        # Added last, because a list that shows nothing has no novelty, not a novelty of 0.
        complete = {ties: values | self._exposed for ties, values in self._values.items()}
        return CaseResult(self._case, self._aggregator, complete, self._top, overall)

    def _put_all(
        self,
        lists: IntArray,
        tied: np.bool_ | bool,
        compute: Callable[[Ties], Mapping[str, FloatArray]],
    ) -> None:
        """Keep what `compute` gives under every tie rule.

        Where no tie matters all rules agree, and a reference row is its expectation under each.
        """
        if self._is_reference or not tied:
            self._put_same(lists, compute("expected"))
            return
        if self._rules_agree:
            self._rules_agree = False
            self._values = {t: {n: v.copy() for n, v in values.items()} for t, values in self._values.items()}
        for ties, values in self._values.items():
            self._put(values, lists, compute(ties))

    def _put_same(self, lists: IntArray, computed: Mapping[str, FloatArray]) -> None:
        """Keep values that are the same under every tie rule."""
        for values in self._distinct():
            self._put(values, lists, computed)

    def _distinct(self) -> list[dict[str, FloatArray]]:
        """The dicts of values, each once."""
        return list(self._values.values())[: 1 if self._rules_agree else None]

    def _put(
        self, values: dict[str, FloatArray], lists: IntArray, computed: Mapping[str, FloatArray]
    ) -> None:
        for name, of_lists in computed.items():
            if name not in values:
                values[name] = np.full(len(self._top), np.nan)
            values[name][lists] = of_lists

    def _rank(
        self, lists: IntArray, block: ListBlock, scored: Scored, ranked: BoolArray | None = None
    ) -> TopCandidates:
        """The top candidates of each list, the first of which are stored; all are `ranked` by default."""
        if scored.top is not None:
            keys, columns = scored.top
        else:
            valid = block.valid if ranked is None else ranked
            keys, columns = top_candidates(sort_keys(scored.scores, valid), self._depth, stable=True)
        items = gather(block.items, columns)
        top = np.where(keys < np.inf, items, -1)[:, : self._depth]
        self._top[lists, : top.shape[1]] = top
        if self._exposure is not None:
            shown = self._exposure.of_lists(self._top[lists], self._cutoffs)
            self._put(self._exposed, lists, self._request.restrict(shown))
        return keys, columns, items


class ListAccumulator(MetricAccumulator):
    """Every list is evaluated by its own truth."""

    def add(self, lists: IntArray, block: ListBlock, scored: Scored) -> None:
        """Evaluate the scores, shaped like the `block`, of the given lists."""
        view, tau = self._case.view, self._case.tau
        ranked = block.valid & (scored.scores >= tau) if view.estimates_only else block.valid
        relevant = block.valid & (block.truth >= tau)
        keys, columns, _ = self._rank(lists, block, scored, ranked)
        hits, sizes = gather(relevant, columns), (counts(ranked), counts(relevant))
        found = OrderedLists(keys, hits, *sizes, self._wanted, self._depth)
        self._put_all(lists, found.undecided, found.values)
        if view.agreement:
            self._compare(lists, block, scored)
        if view.errors and scored.ratings and any(name in self._request for name in ERRORS):
            errors = _errors(np.clip(scored.scores, *self._scale) - block.truth, block.valid)
            self._put_same(lists, self._request.restrict(errors))

    def _compare(self, lists: IntArray, block: ListBlock, scored: Scored) -> None:
        """Keep how well the lists agree with their truth."""
        both = scored.scores, block.truth, block.valid
        tied = first_is_tied(*both).any()
        first = self._request.restrict({"first_choice": partial(first_choice, *both)})
        self._put_all(lists, tied, lambda ties: {name: found(ties) for name, found in first.items()})
        if "kendall" in self._request:
            self._put_same(lists, {"kendall": kendall(*both)})

    @cached_property
    def _wanted(self) -> dict[str, Metric]:
        """The metrics that are requested, under the names of this view."""
        kinds, synonyms = families(), self._case.view.synonyms
        every = ((name, k) for name in kinds for k in self._cutoffs)
        return self._request.restrict(
            {f"{name}@{k}": Metric(kinds[synonyms.get(name, name)], k) for name, k in every}
        )


class MemberAccumulator(MetricAccumulator):
    """The list of a group is evaluated by the truth of each member."""

    def add(self, lists: IntArray, block: ListBlock, scored: Scored) -> None:
        """Evaluate the scores, shaped like the `block`, of the given lists."""
        truth = self._case.lists.members
        assert truth is not None
        keys, _, items = self._rank(lists, block, scored)
        members, inside = truth.segments.window(lists)
        owner, members = np.nonzero(inside)[0], members[inside]
        found = MemberLists(
            keys,
            truth.likes(members, items[owner]),
            counts(block.valid),
            truth.n_relevant[members],
            Segments.from_sizes(inside.sum(axis=1)),
            self._depth,
            lists,
        )
        self._put_all(
            lists,
            found.undecided,
            lambda ties: evaluate_members(found, self._cutoffs, self._request, ties=ties),
        )


def _errors(errors: FloatArray, valid: BoolArray) -> dict[str, FloatArray]:
    """RMSE and MAE of each list over its candidates with a truth; NaN without one."""
    rated = valid & ~np.isnan(errors)
    sizes = np.where(rated.any(axis=1), rated.sum(axis=1), np.nan)
    errors = np.where(rated, errors, 0.0)
    return {"rmse": np.sqrt((errors**2).sum(axis=1) / sizes), "mae": np.abs(errors).sum(axis=1) / sizes}


def _pooled(name: str, values: FloatArray, sizes: IntArray) -> float:
    """An error over the rows of all lists, whether they hold something relevant or not."""
    power = 2 if name == "rmse" else 1
    defined = ~np.isnan(values)
    return float(np.average(values[defined] ** power, weights=sizes[defined]) ** (1 / power))


def _mean(values: FloatArray) -> float:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else float("nan")
