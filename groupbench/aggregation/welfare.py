"""Score-based strategies between the average and least misery."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from groupbench.aggregation._base import MemberScores, require_fraction
from groupbench.aggregation._exact import exact_mean
from groupbench.aggregation._normalization import ScoreAggregator, positive
from groupbench.aggregation._ranks import double_midranks, ranks
from groupbench.core.arrays import BoolArray, FloatArray
from groupbench.core.errors import ConfigError
from groupbench.core.registry import aggregator


@aggregator("leximin")
@dataclass(frozen=True)
class Leximin(ScoreAggregator):
    """Least misery that does not stop at the least happy member: ties go to the next lowest score, and so on.

    Candidates are tied if the members' scores, in ascending order, are all the same. Sen, "Collective
    Choice and Social Welfare", 1970.
    """

    def combine(self, members: MemberScores) -> FloatArray:
        """Candidates beaten, ties counting half, (n_groups, width)."""
        out = np.empty(members.valid.shape)
        for groups, scores in members.segments.stacked(members.scores):
            out[groups] = _beaten(scores, members.valid[groups])
        return out - members.n_invalid


def _beaten(scores: FloatArray, valid: BoolArray) -> FloatArray:
    """Columns beaten, ties counting half, (n, width), of groups of equal size, (n, size, width)."""
    by_lowest = ranks(np.where(valid, scores.min(axis=1), -np.inf))
    groups, columns = np.nonzero(valid & (by_lowest.equal > 1))
    ascending = np.sort(scores[groups, :, columns], axis=1)
    order = np.lexsort(ascending.T[::-1])
    ascending, groups, columns = ascending[order], groups[order], columns[order]
    higher = np.cumsum((ascending[1:] != ascending[:-1]).any(axis=1))
    keys = by_lowest.double_midranks.astype(np.int64) * (len(groups) + 1)
    keys[groups[1:], columns[1:]] += higher
    return double_midranks(keys) / 2


@aggregator("p-mean")
@dataclass(frozen=True)
class PMean(ScoreAggregator):
    """Generalized mean of the members' scores: the mean of s(m, c)**p, to the power 1 / p.

    The lower p, the more the low scores count: 1 is the average, 0 the geometric mean, -1 the harmonic,
    and least misery and most pleasure are the limits. Hardy, Littlewood & Pólya, "Inequalities", 1934,
    chapter 2. Scores are made positive as for `multiplicative`.

    Raises:
        ConfigError: if `p` is not finite, or `floor` is not above 0 and at most 1.
    """

    keeps_scale = True

    p: float = -1.0
    """The power."""

    floor: float = 0.01
    """Smallest factor, see `multiplicative`."""

    def __post_init__(self) -> None:
        require_fraction("p-mean.floor", self.floor or -1)
        if not math.isfinite(self.p):
            raise ConfigError(f"p-mean.p: {self.p} is no power; give a finite one, or use most-pleasure")

    def rates(self, members: MemberScores) -> bool:
        """Not of a scale that reaches below 0, because its scores are counted from its low end."""
        return super().rates(members) and members.scale is not None and members.scale[0] >= 0

    def combine(self, members: MemberScores) -> FloatArray:
        """Group scores on the scale of the positive scores, (n_groups, width)."""
        segments = members.segments
        factors = positive(members, self.floor)
        # Relative to the one that counts most no power overflows, and equal scores keep their value.
        leading = segments.reduce("max" if self.p > 0 else "min", factors)
        ratio = factors / leading[segments.of_row]
        if self.p == 0:
            return leading * np.exp2(exact_mean(segments, np.log2(ratio)))
        return leading * exact_mean(segments, ratio**self.p) ** (1 / self.p)
