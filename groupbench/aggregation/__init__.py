"""Aggregators: how member scores become group scores."""

from groupbench.aggregation._base import Aggregator, LearnedAggregator, MemberScores

__all__ = ["Aggregator", "LearnedAggregator", "MemberScores"]
