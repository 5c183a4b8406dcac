"""Aggregators: how member scores become group scores."""

from groupbench.aggregation._base import Aggregator, LearnedAggregator, MemberScores
from groupbench.aggregation._compiled import MemberTable, RowOrders, TopCandidates, find_top, joined, serves

__all__ = [
    "Aggregator",
    "LearnedAggregator",
    "MemberScores",
    "MemberTable",
    "RowOrders",
    "TopCandidates",
    "find_top",
    "joined",
    "serves",
]
