"""Tie-aware ranking metrics: one kernel judges all lists by all metrics at once."""

from groupbench.metrics._definitions import Definition
from groupbench.metrics._exposure import Exposure
from groupbench.metrics._families import Family, families, foreign, ratio, register
from groupbench.metrics._judge import judge
from groupbench.metrics._members import SPREADS, judge_members
from groupbench.metrics._metric import Metric, definition, definitions, explain, parse, standard_name
from groupbench.metrics._predictions import Predictions, judge_predictions
from groupbench.metrics._ranking import Ranking, Ties, rank
from groupbench.metrics._select import leaders, sort_keys, top_k

__all__ = [
    "SPREADS",
    "Definition",
    "Exposure",
    "Family",
    "Metric",
    "Predictions",
    "Ranking",
    "Ties",
    "definition",
    "definitions",
    "explain",
    "families",
    "foreign",
    "judge",
    "judge_members",
    "judge_predictions",
    "leaders",
    "parse",
    "rank",
    "ratio",
    "register",
    "sort_keys",
    "standard_name",
    "top_k",
]
