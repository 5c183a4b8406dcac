"""Strategies that compute with the members' scores.

Unless a class says otherwise they are those of Masthoff, "Group Recommender Systems: Aggregation,
Satisfaction and Group Attributes", Recommender Systems Handbook, 2nd ed., 2015, chapter 22. In the
formulas s(m, c) is member m's score of candidate c, after `normalize`, and M the number of members.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from groupbench.aggregation._base import MemberScores, require_fraction
from groupbench.aggregation._exact import exact_mean, exact_mean_of, exact_sum
from groupbench.aggregation._normalization import ScoreAggregator, positive
from groupbench.core.arrays import FloatArray, bounds
from groupbench.core.registry import aggregator


@aggregator("average")
@dataclass(frozen=True)
class Average(ScoreAggregator):
    """Mean of the members' scores: sum over m of s(m, c), divided by M."""

    keeps_scale = True
    separable = True

    def combine(self, members: MemberScores) -> FloatArray:
        """Group scores on the scale of the members' scores, (n_groups, width)."""
        return members.mean.copy()


@aggregator("additive")
@dataclass(frozen=True)
class Additive(ScoreAggregator):
    """Sum of the members' scores; ranks like the average, but larger groups get larger scores."""

    separable = True

    def combine(self, members: MemberScores) -> FloatArray:
        """Sums of scores, (n_groups, width)."""
        return exact_sum(members.segments, members.scores)


@aggregator("multiplicative")
@dataclass(frozen=True)
class Multiplicative(ScoreAggregator):
    """Product of the members' scores, given as its M-th root, which ranks alike and cannot overflow.

    A product needs positive factors. Predicted ratings are used as they are, raised to at least
    `floor` times the scale's length, and counted from the low end of a scale that reaches below 0.
    Other scores are mapped linearly, member by member, from their range over the candidates
    to [`floor`, 1].

    Raises:
        ConfigError: if `floor` is not above 0 and at most 1.
    """

    floor: float = 0.01
    """Smallest factor: the lower it is, the nearer one member's worst score comes to a veto."""

    def __post_init__(self) -> None:
        require_fraction("multiplicative.floor", self.floor or -1)

    def combine(self, members: MemberScores) -> FloatArray:
        """Geometric means of the positive factors, (n_groups, width)."""
        return np.exp2(exact_mean(members.segments, np.log2(positive(members, self.floor))))


@aggregator("least-misery")
@dataclass(frozen=True)
class LeastMisery(ScoreAggregator):
    """Lowest score of any member: a group is as happy as its least happy member."""

    keeps_scale = True
    separable = True

    def combine(self, members: MemberScores) -> FloatArray:
        """Group scores on the scale of the members' scores, (n_groups, width)."""
        return members.segments.reduce("min", members.scores)


@aggregator("most-pleasure")
@dataclass(frozen=True)
class MostPleasure(ScoreAggregator):
    """Highest score of any member."""

    keeps_scale = True
    separable = True

    def combine(self, members: MemberScores) -> FloatArray:
        """Group scores on the scale of the members' scores, (n_groups, width)."""
        return members.segments.reduce("max", members.scores)


@aggregator("average-without-misery")
@dataclass(frozen=True)
class AverageWithoutMisery(ScoreAggregator):
    """Mean of the members' scores, with candidates that make a member miserable after all others.

    Misery is a score below low + `threshold` * (high - low): of the rating scale for predicted
    ratings, else of the member's own range over the candidates. Miserable candidates keep their
    order by the mean, and so do all candidates of a group for which every one is miserable.

    Raises:
        ConfigError: if `threshold` is outside 0 to 1.
    """

    threshold: float = 0.3
    """Fraction of the scale; 0.3 sets apart what Masthoff's "below 4" does among whole ratings 1 to 10."""

    def __post_init__(self) -> None:
        require_fraction("average-without-misery.threshold", self.threshold)

    def combine(self, members: MemberScores) -> FloatArray:
        """Means of scores, lowered where miserable, (n_groups, width)."""
        low, high = members.bounds() if members.scale is None else members.scale
        below = members.scores < low + self.threshold * (high - low)
        miserable = members.segments.reduce("any", below)
        mean = members.mean
        worst, best = bounds(mean, members.valid)
        drop = np.where(best > worst, 2 * (best - worst), np.maximum(np.abs(best), 1.0))
        spared = (members.valid & ~miserable).any(axis=1, keepdims=True)
        return np.where(miserable & spared, mean - drop, mean)


@aggregator("median")
@dataclass(frozen=True)
class Median(ScoreAggregator):
    """Median of the members' scores; of an even number, the mean of the two in the middle."""

    keeps_scale = True
    separable = True

    def combine(self, members: MemberScores) -> FloatArray:
        """Group scores on the scale of the members' scores, (n_groups, width)."""
        out = np.empty(members.valid.shape)
        for groups, scores in members.segments.stacked(members.scores):
            size = scores.shape[1]
            ordered = np.sort(scores, axis=1)
            lower, upper = ordered[:, (size - 1) // 2], ordered[:, size // 2]
            out[groups] = lower / 2 + upper / 2
        return out


@aggregator("most-respected")
@dataclass(frozen=True)
class MostRespected(ScoreAggregator):
    """Scores of the most respected member alone: the one with the most training ratings.

    Members who are equally active are averaged. Also known as dictatorship. That experience stands
    for respect is our choice: Masthoff leaves open who is respected.
    """

    keeps_scale = True
    separable = True

    def combine(self, members: MemberScores) -> FloatArray:
        """Group scores on the scale of the members' scores, (n_groups, width)."""
        segments = members.segments
        leads = members.activity == segments.reduce("max", members.activity)[segments.of_row]
        return exact_mean_of(segments, leads, members.scores)
