"""Score-based strategies between the average and least misery."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from groupbench.aggregation._base import MemberScores, require_fraction
from groupbench.aggregation._exact import exact_mean
from groupbench.aggregation._normalise import ScoreAggregator, positive
from groupbench.aggregation._order import by_size, points
from groupbench.arrays import BoolArray, FloatArray
from groupbench.errors import ConfigError
from groupbench.registry import aggregator


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
        for groups, rows in by_size(members.segments):
            out[groups] = _beaten(members.scores[rows], members.valid[groups])
        return out - members.n_invalid


def _beaten(scores: FloatArray, valid: BoolArray) -> FloatArray:
    """Columns beaten, ties counting half, (n, width), of groups of equal size, (n, size, width)."""
    ordered = np.sort(scores, axis=1)
    out = points(np.where(valid, ordered[:, 0], -np.inf))
    for level in range(1, scores.shape[1]):
        tied = np.flatnonzero(_repeats(np.where(valid, out, -1 - np.arange(valid.shape[1]))))
        if len(tied) == 0:
            break
        refined = points(np.where(valid[tied], ordered[tied, level], -np.inf))
        out[tied] = points(out[tied].astype(np.int64) * (2 * valid.shape[1]) + refined)
    return out / 2


def _repeats(values: FloatArray) -> BoolArray:
    """Whether a row, (n, width), holds a value twice, (n,)."""
    ordered = np.sort(values, axis=1)
    return np.asarray((ordered[:, 1:] == ordered[:, :-1]).any(axis=1))


@aggregator("p-mean")
@dataclass(frozen=True)
class PMean(ScoreAggregator):
    """Generalised mean of the members' scores: the mean of s(m, c)**p, to the power 1 / p.

    The lower p, the more the low scores count: 1 is the average, 0 the geometric mean, -1 the harmonic,
    and least misery and most pleasure are the limits. Hardy, Littlewood & Pólya, "Inequalities", 1934,
    chapter 2. Scores are made positive as for `multiplicative`.

    Raises:
        ConfigError: if `p` is not finite, or `floor` is not above 0 and at most 1.
    """

    p: float = -1.0
    """The power."""

    floor: float = 0.01
    """Smallest factor, see `multiplicative`."""

    def __post_init__(self) -> None:
        require_fraction("p-mean.floor", self.floor or -1)
        if not math.isfinite(self.p):
            raise ConfigError(f"p-mean.p: {self.p} is no power; give a finite one, or use most-pleasure")

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
