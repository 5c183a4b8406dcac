"""Scores of members who use their scales differently, made comparable: one place for all aggregators."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from groupbench.aggregation._base import Aggregator, MemberScores
from groupbench.aggregation._exact import exact_mean
from groupbench.core.arrays import BoolArray, FloatArray, Segments


@dataclass(frozen=True)
class ScoreAggregator(Aggregator):
    """An aggregator that computes with scores across members, which it may normalise first."""

    normalise: Literal["none", "minmax", "zscore", "rank"] = field(default="none", kw_only=True)
    """What is done to each member's scores first, see `normalised`; only `none` keeps predicted ratings."""

    def aggregate(self, members: MemberScores) -> FloatArray:
        """`combine` of the normalised scores, (n_groups, width)."""
        return self.combine(normalised(members, self.normalise))

    def rates(self, members: MemberScores) -> bool:
        """As of every aggregator, and only of scores that are not normalised."""
        return self.normalise == "none" and super().rates(members)

    @abstractmethod
    def combine(self, members: MemberScores) -> FloatArray:
        """Group scores, (n_groups, width), of scores that may be compared across members."""


def normalised(members: MemberScores, how: Literal["none", "minmax", "zscore", "rank"]) -> MemberScores:
    """The scores with each member's own candidates mapped to a common range.

    `none` changes nothing; `minmax` maps the lowest to 0 and the highest to 1; `zscore` gives mean 0
    and standard deviation 1; `rank` is the share of the other candidates that are beaten, ties
    counting half. A member to whom all are equal gets 0.5 for all of them, and 0 as z-scores.
    The outcome is on no rating scale, except for `none`.
    """
    if how == "none":
        return members
    held = members.valid[members.segments.of_row]
    scores = {"minmax": _minmax, "zscore": _zscore, "rank": _rank}[how](members, held)
    return replace(members, scores=scores, scale=None)


def own_means(values: FloatArray, held: BoolArray) -> FloatArray:
    """Mean of each row over the columns it holds, (n, 1); 0 for a row that holds none."""
    counts = np.count_nonzero(held, axis=1)
    out = np.zeros((len(held), 1))
    out[counts > 0] = exact_mean(Segments.from_sizes(counts[counts > 0]), values[held][:, None])
    return out


def positive(members: MemberScores, floor: float) -> FloatArray:
    """Scores as factors above 0, (n_rows, width).

    Predicted ratings are used as they are, raised to at least `floor` times the scale's length, and
    counted from the low end of a scale that reaches below 0. Other scores are mapped linearly, member
    by member, from their range over the candidates to [`floor`, 1].
    """
    if members.scale is not None:
        low, high = members.scale
        return np.maximum(members.scores - min(low, 0.0), floor * (high - low))
    worst, best = members.bounds()
    share = (members.masked(0.0) - worst) / np.where(best > worst, best - worst, 1.0)
    return np.maximum(floor + (1 - floor) * share, floor)


def non_negative(members: MemberScores) -> FloatArray:
    """The scores, of members with one below 0 counted from their lowest; 0 where no candidate is."""
    held = members.valid[members.segments.of_row]
    below = np.min(members.scores, axis=1, keepdims=True, where=held, initial=0.0)
    return np.where(held, members.scores - below, 0.0)


def _minmax(members: MemberScores, held: BoolArray) -> FloatArray:
    low, high = members.bounds()
    differ = held & (high > low)
    return np.where(differ, (members.scores - low) / np.where(high > low, high - low, 1.0), 0.5)


def _zscore(members: MemberScores, held: BoolArray) -> FloatArray:
    apart = np.where(held, members.scores - own_means(members.scores, held), 0.0)
    deviation = np.sqrt(own_means(apart * apart, held))
    return apart / np.where(deviation > 0, deviation, 1.0)


def _rank(members: MemberScores, held: BoolArray) -> FloatArray:
    others = np.count_nonzero(held, axis=1, keepdims=True) - 1
    beaten = members.places.points / 2 - members.n_invalid[members.segments.of_row]
    return np.where(held & (others > 0), beaten / np.maximum(others, 1), 0.5)
