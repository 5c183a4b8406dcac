"""Candidates by the chance that some weighting of the members would recommend them.

Sacharidis, "Top-N Group Recommendations with Fairness", ACM SAC 2019.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from groupbench.aggregation._base import Aggregator, MemberScores, require_depth
from groupbench.aggregation._ranks import double_midranks
from groupbench.aggregation._shortlist import Shortlist, shortlists, top_lists
from groupbench.core.arrays import CACHED, BoolArray, FloatArray, IntArray, chunks
from groupbench.core.errors import ConfigError
from groupbench.core.registry import aggregator

_WEIGHTINGS = 256
"""Weightings tried for a small group."""

Float32Array = NDArray[np.float32]


@dataclass(frozen=True)
class ParetoLevels(Aggregator):
    """Candidates by how many weightings of the members have them among the best N, N being `depth`.

    A weighting adds up the ranks that the members give a candidate, weighted; ranks beyond a
    member's best N count as N + 1, and only candidates that some member has among its best N are
    considered, as in the program of Kaya, Bridge and Tintarev (RecSys 2020). What the same number of
    weightings recommends, and everything else, follows by mean score. The paper draws weightings at
    random; here they are a grid, so that no member is favored by the draw: each weight is one of 0, 1
    ... `levels` - 1, with fewer levels in groups with more than 256 such weightings; groups of more
    than eight are weighed as a whole, without one of the members, and by one member alone.
    """

    label: ClassVar[str] = "pareto"

    depth: int = 20
    """Length N of the lists, the group's and the members' own."""

    levels: int = 5
    """Different weights a member can have."""

    def __post_init__(self) -> None:
        require_depth(self.label, self.depth)
        if self.levels < 2:
            raise ConfigError(f"{self.label}.levels: {self.levels} weights cannot differ; give at least 2")

    def aggregate(self, members: MemberScores) -> FloatArray:
        """What is recommended less often, ties counting half, and a fraction by mean, (n_groups, width)."""
        out = members.by_mean.copy()
        for groups, part in shortlists(members, top_lists(members, self.depth), 2 * CACHED):
            out[groups] += part.spread(self._beaten(part), members.width)
        return out

    def _beaten(self, shortlist: Shortlist) -> FloatArray:
        """0 for what no weighting recommends; above, more for what more weightings do.

        All groups are of equal size.
        """
        members = shortlist.members
        valid, size = members.valid, int(members.segments.sizes[0])
        # Twice the mean rank, counted from 0: whole numbers, as float32 holds them exactly.
        ranks = 2.0 * (members.width - 1) - members.ranks.double_midranks
        ranks = np.where(shortlist.liked, np.minimum(ranks, 2 * self.depth), 2 * self.depth)
        ranks = ranks.astype(np.float32).reshape(len(valid), size, members.width)
        weights = _weightings(size, self.levels)
        chances = np.zeros(valid.shape, dtype=np.int64)
        for part in chunks(len(valid), max(len(weights), members.width) * members.width, 2 * CACHED):
            optimal = valid[part] & self.optimal(_dominators(ranks[part], valid[part]))
            chances[part] = _chances(ranks[part], optimal, weights, self.depth)
        never = np.count_nonzero(chances == 0, axis=1, keepdims=True)
        return np.where(chances > 0, double_midranks(chances) / 2 - never + 1, 0.0)

    @abstractmethod
    def optimal(self, dominators: IntArray) -> BoolArray:
        """What may be recommended, given how many candidates dominate each one, (n, width)."""


@aggregator("npo")
@dataclass(frozen=True)
class NPO(ParetoLevels):
    """N-level Pareto optimal candidates by the share of weightings that have them among the best N.

    A candidate is N-level Pareto optimal if fewer than N others dominate it: are ranked no lower by
    every member and higher by one. See `pareto` for the source and `ParetoLevels` for the weightings:
    a fixed grid over the members' own top lists instead of random draws over all candidates.

    Raises:
        ConfigError: if `depth` is below 1 or `levels` below 2.
    """

    label: ClassVar[str] = "npo"

    def optimal(self, dominators: IntArray) -> BoolArray:
        """Those with fewer than N dominators, (n, width)."""
        return dominators < self.depth


@aggregator("xpo")
@dataclass(frozen=True)
class XPO(ParetoLevels):
    """X-level Pareto optimal candidates by the share of weightings that have them among the best N.

    As `npo`, with the fewest levels that hold N candidates instead of N levels.

    Raises:
        ConfigError: if `depth` is below 1 or `levels` below 2.
    """

    label: ClassVar[str] = "xpo"

    def optimal(self, dominators: IntArray) -> BoolArray:
        """Those with no more dominators than the N-th least dominated, (n, width)."""
        rank = min(self.depth, dominators.shape[1]) - 1
        return dominators <= np.partition(dominators, rank, axis=1)[:, rank, None]


def _weightings(size: int, levels: int) -> Float32Array:
    """Weights of the members, (n_weightings, size), the same whatever the order of the members."""
    while levels > 2 and levels**size > _WEIGHTINGS:
        levels -= 1
    if levels**size <= _WEIGHTINGS:
        return np.indices((levels,) * size).reshape(size, -1).T[1:].astype(np.float32)
    alone = np.eye(size, dtype=np.float32)
    return np.concatenate([np.ones((1, size), np.float32), 1 - alone, alone])


def _dominators(ranks: Float32Array, valid: BoolArray) -> IntArray:
    """How many valid columns dominate each one, (n, width); most for what is not valid.

    `ranks`, (n, size, width), are of groups of equal size, lower being better.
    """
    n, size, width = ranks.shape
    out = np.full(valid.shape, width, dtype=np.int64)
    for ours in chunks(width, n * width, 16 * CACHED):
        as_good = np.repeat(valid[:, :, None], ours.stop - ours.start, axis=2)
        better = np.zeros_like(as_good)
        for member in range(size):
            theirs, own = ranks[:, member, :, None], ranks[:, member, None, ours]
            as_good &= theirs <= own
            better |= theirs < own
        out[:, ours] = np.where(valid[:, ours], np.count_nonzero(as_good & better, axis=1), width)
    return out


def _chances(ranks: Float32Array, optimal: BoolArray, weights: Float32Array, depth: int) -> IntArray:
    """What orders columns by the weightings that have them among the best `depth`, (n, width); 0 for none.

    Columns that are tied for the last positions share them. Shares are added as whole multiples of the
    largest step that each list allows, so that equal sums, as of three thirds and one, are equal.
    """
    sums = np.where(optimal[:, None, :], weights @ ranks, np.inf)
    rank = min(depth, ranks.shape[2]) - 1
    last = np.partition(sums, rank, axis=2)[:, :, rank, None]
    better, tied = sums < last, (sums == last) & optimal[:, None, :]
    left = rank + 1 - np.count_nonzero(better, axis=2)
    n_tied = np.maximum(np.count_nonzero(tied, axis=2), 1)
    common = np.gcd(left, n_tied)
    steps = [math.lcm(*row) for row in (n_tied // common).tolist()]
    out = np.empty(optimal.shape, dtype=np.int64)
    small = np.array([step * len(weights) < 2**63 for step in steps])
    for row in np.flatnonzero(~small):
        out[row] = _places(better[row], tied[row], left[row], n_tied[row])
    one = np.array([step for step, fits in zip(steps, small, strict=True) if fits], dtype=np.int64)[:, None]
    shares = one // (n_tied[small] // common[small]) * (left[small] // common[small])
    certain = np.count_nonzero(better[small], axis=1) * one
    out[small] = certain + np.where(tied[small], shares[:, :, None], 0).sum(axis=1)
    return out


def _places(better: BoolArray, tied: BoolArray, left: IntArray, n_tied: IntArray) -> IntArray:
    """The same for one list whose sums are too long for 64 bits: places from 0, (width,)."""
    shares = [Fraction(*pair) for pair in zip(left.tolist(), n_tied.tolist(), strict=True)]
    sums = [
        sum((share for share, its in zip(shares, column, strict=True) if its), Fraction(certain))
        for certain, column in zip(np.count_nonzero(better, axis=0).tolist(), tied.T.tolist(), strict=True)
    ]
    place = {value: number for number, value in enumerate(sorted({Fraction(0), *sums}))}
    return np.array([place[value] for value in sums], dtype=np.int64)
