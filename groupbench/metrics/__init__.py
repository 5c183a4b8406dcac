"""Tie-aware ranking metrics: one kernel judges all lists by all metrics at once."""

from groupbench.metrics._definitions import EXPOSURES, Definition
from groupbench.metrics._exposure import Exposure
from groupbench.metrics._families import Family, families, foreign, ratio, register
from groupbench.metrics._judge import judge, judge_ranked
from groupbench.metrics._members import SPREADS, judge_members
from groupbench.metrics._metric import Metric, ask, definition, definitions, explain, parse, standard_name
from groupbench.metrics._predictions import Predictions, judge_predicted, judge_predictions
from groupbench.metrics._range import bounds, lower_is_better
from groupbench.metrics._ranking import Ranking, Ties, rank, rank_leaders
from groupbench.metrics._request import EVERYTHING, TIES, MetricRequest
from groupbench.metrics._select import counts, gather, leaders, sort_keys, top_k

__all__ = [
    "EVERYTHING",
    "EXPOSURES",
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
    "bounds",
    "counts",
    "definition",
    "definitions",
    "explain",
    "families",
    "foreign",
    "gather",
    "judge",
    "judge_members",
    "judge_predicted",
    "judge_predictions",
    "judge_ranked",
    "leaders",
    "lower_is_better",
    "parse",
    "rank",
    "rank_leaders",
    "ratio",
    "register",
    "sort_keys",
    "standard_name",
    "top_k",
]
