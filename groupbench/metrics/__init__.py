"""Tie-aware ranking metrics: one kernel evaluates all lists by all metrics at once."""

from groupbench.metrics._agreement import first_choice, first_is_tied, kendall
from groupbench.metrics._definitions import EXPOSURES, Definition
from groupbench.metrics._exposure import Exposure
from groupbench.metrics._families import METRICS, Family, families
from groupbench.metrics._inputs import exact_scores
from groupbench.metrics._kernel import evaluate_rankings, evaluate_scores
from groupbench.metrics._list_loops import OrderedLists
from groupbench.metrics._members import MemberLists, evaluate_members
from groupbench.metrics._metric import (
    Metric,
    definition,
    definitions,
    explain,
    make_request,
    parse,
    standard_name,
)
from groupbench.metrics._predictions import Predictions, evaluate_predictions
from groupbench.metrics._range import bounds, lower_is_better, normalizable
from groupbench.metrics._ranking import Ranking, Ties, discounts, ideal_gain, rank, rank_sorted
from groupbench.metrics._request import EVERYTHING, TIES, MetricRequest
from groupbench.metrics._rounds import MemberRounds, evaluate_rounds
from groupbench.metrics._select import counts, gather, sort_keys, top_candidates, top_k
from groupbench.metrics._spreads import SPREADS
from groupbench.metrics._trec import evaluate_trec

__all__ = [
    "EVERYTHING",
    "EXPOSURES",
    "METRICS",
    "SPREADS",
    "TIES",
    "Definition",
    "Exposure",
    "Family",
    "MemberLists",
    "MemberRounds",
    "Metric",
    "MetricRequest",
    "OrderedLists",
    "Predictions",
    "Ranking",
    "Ties",
    "bounds",
    "counts",
    "definition",
    "definitions",
    "discounts",
    "evaluate_members",
    "evaluate_predictions",
    "evaluate_rankings",
    "evaluate_rounds",
    "evaluate_scores",
    "evaluate_trec",
    "exact_scores",
    "explain",
    "families",
    "first_choice",
    "first_is_tied",
    "gather",
    "ideal_gain",
    "kendall",
    "lower_is_better",
    "make_request",
    "normalizable",
    "parse",
    "rank",
    "rank_sorted",
    "sort_keys",
    "standard_name",
    "top_candidates",
    "top_k",
]
