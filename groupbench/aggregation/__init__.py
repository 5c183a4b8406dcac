"""Aggregators: how member scores become group scores."""

from groupbench.aggregation._base import Aggregator, MemberScores

__all__ = ["Aggregator", "MemberScores"]
