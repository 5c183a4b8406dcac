"""Scores of members who use their scales differently, made comparable for all aggregators."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

import numpy as np

from groupbench.aggregation._base import Aggregator, MemberScores
from groupbench.aggregation._exact import exact_mean
from groupbench.core.arrays import BoolArray, FloatArray, Segments, min_max, ratio


@dataclass(frozen=True)
class ScoreAggregator(Aggregator):
    """An aggregator that computes with scores across members, which it may normalize first."""

    normalize: Literal["none", "minmax", "zscore", "rank"] = field(default="none", kw_only=True)
    """What is done to each member's scores first, see `normalized`; only `none` keeps predicted ratings."""

    separable: ClassVar[bool] = False
    """Whether `combine` looks at each candidate alone."""

    @property
    def by_candidate(self) -> bool:
        """Whether `combine` looks at each candidate alone, and scores are not normalized over all of them."""
        return self.separable and self.normalize == "none"

    def aggregate(self, members: MemberScores) -> FloatArray:
        """`combine` of the normalized scores, (n_groups, width)."""
        return self.combine(normalized(members, self.normalize))

    def rates(self, members: MemberScores) -> bool:
        """As of every aggregator, and only of scores that are not normalized."""
        return self.normalize == "none" and super().rates(members)

    @abstractmethod
    def combine(self, members: MemberScores) -> FloatArray:
        """Group scores, (n_groups, width), of scores that may be compared across members."""


def normalized(members: MemberScores, how: Literal["none", "minmax", "zscore", "rank"]) -> MemberScores:
    """The scores with each member's own candidates mapped to a common range.

    `none` changes nothing; `minmax` maps the lowest to 0 and the highest to 1; `zscore` gives mean 0
    and standard deviation 1; `rank` is the share of the other candidates that are beaten, ties
    counting half. A member to whom all are equal gets 0.5 for all of them, and 0 as z-scores.
    The outcome is on no rating scale, except for `none`.
    """
    if how == "none":
        return members
    if how == "minmax":
        scores = min_max(members.scores, members.row_valid, 0.5)
    else:
        scores = (_z_scores if how == "zscore" else _beaten_share)(members)
    return replace(members, scores=scores, scale=None)


def valid_means(values: FloatArray, valid: BoolArray) -> FloatArray:
    """Mean of each row over its valid columns, (n, 1); 0 for a row without any."""
    counts = np.count_nonzero(valid, axis=1)
    out = np.zeros((len(valid), 1))
    out[counts > 0] = exact_mean(Segments.from_sizes(counts[counts > 0]), values[valid][:, None])
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
    share = min_max(members.scores, members.row_valid, 0.0)
    return np.maximum(floor + (1 - floor) * share, floor)


def non_negative(members: MemberScores) -> FloatArray:
    """The scores, of members with one below 0 counted from their lowest; 0 where no candidate is."""
    valid = members.row_valid
    below = np.min(members.scores, axis=1, keepdims=True, where=valid, initial=0.0)
    return np.where(valid, members.scores - below, 0.0)


def _z_scores(members: MemberScores) -> FloatArray:
    valid = members.row_valid
    apart = np.where(valid, members.scores - valid_means(members.scores, valid), 0.0)
    return ratio(apart, np.sqrt(valid_means(apart * apart, valid)), apart)


def _beaten_share(members: MemberScores) -> FloatArray:
    valid = members.row_valid
    others = np.count_nonzero(valid, axis=1, keepdims=True) - 1
    beaten = members.ranks.double_midranks / 2 - members.n_invalid[members.segments.of_row]
    return ratio(beaten, np.where(valid, others, 0), 0.5)
