"""Tie-aware ranking metrics: one kernel evaluates all lists by all metrics at once."""

from groupbench.metrics._definitions import EXPOSURES, Definition
from groupbench.metrics._exposure import Exposure
from groupbench.metrics._families import Family, families, foreign, register
from groupbench.metrics._inputs import exact_scores
from groupbench.metrics._kernel import evaluate_rankings, evaluate_scores
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
from groupbench.metrics._ranking import Ranking, Ties, ideal_gain, rank, rank_sorted
from groupbench.metrics._request import EVERYTHING, TIES, MetricRequest
from groupbench.metrics._select import counts, gather, sort_keys, top_candidates, top_k
from groupbench.metrics._spreads import SPREADS

__all__ = [
    "EVERYTHING",
    "EXPOSURES",
    "SPREADS",
    "TIES",
    "Definition",
    "Exposure",
    "Family",
    "MemberLists",
    "Metric",
    "MetricRequest",
    "Predictions",
    "Ranking",
    "Ties",
    "counts",
    "definition",
    "definitions",
    "evaluate_members",
    "evaluate_predictions",
    "evaluate_rankings",
    "evaluate_scores",
    "exact_scores",
    "explain",
    "families",
    "foreign",
    "gather",
    "ideal_gain",
    "make_request",
    "parse",
    "rank",
    "rank_sorted",
    "register",
    "sort_keys",
    "standard_name",
    "top_candidates",
    "top_k",
]
