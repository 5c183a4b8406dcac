"""Tie-aware ranking metrics: one kernel judges all lists by all metrics at once."""

from groupbench.metrics._definitions import EXPOSURES, Definition
from groupbench.metrics._exposure import Exposure
from groupbench.metrics._families import METRICS, Family, families, ratio
from groupbench.metrics._judge import judge, judge_ranked
from groupbench.metrics._members import SPREADS, judge_members
from groupbench.metrics._metric import Metric, ask, definition, definitions, explain, parse, standard_name
from groupbench.metrics._predictions import Predictions, judge_predicted, judge_predictions
from groupbench.metrics._ranking import Ranking, Ties, rank, rank_leaders
from groupbench.metrics._request import EVERYTHING, TIES, MetricRequest
from groupbench.metrics._select import counts, gather, leaders, sort_keys, top_k

__all__ = [
    "EVERYTHING",
    "EXPOSURES",
    "METRICS",
    "SPREADS",
    "TIES",
    "Definition",
    "Exposure",
    "Family",
    "Metric",
    "MetricRequest",
    "Predictions",
    "Ranking",
    "Ties",
    "ask",
    "counts",
    "definition",
    "definitions",
    "explain",
    "families",
    "gather",
    "judge",
    "judge_members",
    "judge_predicted",
    "judge_predictions",
    "judge_ranked",
    "leaders",
    "parse",
    "rank",
    "rank_leaders",
    "ratio",
    "sort_keys",
    "standard_name",
    "top_k",
]
