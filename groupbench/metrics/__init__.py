"""Tie-aware ranking metrics: one kernel judges all lists by all metrics at once."""

from groupbench.metrics._families import Family, families, ratio, register
from groupbench.metrics._judge import judge
from groupbench.metrics._metric import Metric, explain, parse
from groupbench.metrics._ranking import Ranking, Ties, rank
from groupbench.metrics._select import top_k

__all__ = [
    "Family",
    "Metric",
    "Ranking",
    "Ties",
    "explain",
    "families",
    "judge",
    "parse",
    "rank",
    "ratio",
    "register",
    "top_k",
]
