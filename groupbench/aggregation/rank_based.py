"""Strategies that look only at the order in which each member puts the candidates.

Scores of different members need not be comparable for these. Equal scores are ties, and stay ties.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groupbench.aggregation._base import Aggregator, MemberScores
from groupbench.aggregation._exact import exact_sum
from groupbench.aggregation._order import by_size, expected, member_points
from groupbench.arrays import FloatArray
from groupbench.errors import ConfigError
from groupbench.registry import aggregator

_CACHED = 1 << 17
"""Pairs of candidates compared at a time: their bytes stay in the processor's cache."""


@aggregator("borda")
@dataclass(frozen=True)
class Borda(Aggregator):
    """Borda count: each member gives 1 for every candidate beaten and 1/2 for every tie.

    Borda, "Mémoire sur les élections au scrutin", 1781; ties as in Masthoff 2015 (see `score_based`).
    """

    def aggregate(self, members: MemberScores) -> FloatArray:
        """Sums of the members' points, (n_groups, width)."""
        total = members.segments.reduce("sum", member_points(members))
        return total / 2 - members.segments.sizes[:, None] * members.n_invalid


@aggregator("rrf")
@dataclass(frozen=True)
class ReciprocalRankFusion(Aggregator):
    """Reciprocal rank fusion: the sum over members of 1 / (`k` + place), places counting from 1.

    Equal scores share the mean over their orders. Cormack, Clarke, Büttcher, "Reciprocal rank fusion
    outperforms Condorcet and individual rank learning methods", SIGIR 2009.

    Raises:
        ConfigError: if `k` is below 0.
    """

    k: float = 60.0
    """The lower, the more the first places count."""

    def __post_init__(self) -> None:
        if not self.k >= 0:
            raise ConfigError(f"rrf.k: {self.k} makes some places count negatively; give at least 0")

    def aggregate(self, members: MemberScores) -> FloatArray:
        """Sums of reciprocal places, (n_groups, width)."""
        worth = 1 / (self.k + np.arange(1, members.width + 1))
        return exact_sum(members.segments, expected(members.masked(-np.inf), worth))


@aggregator("copeland")
@dataclass(frozen=True)
class Copeland(Aggregator):
    """Copeland's rule: duels won minus duels lost, a duel being won by what more members prefer.

    Every pair of candidates is a duel; members who rate both equally abstain. Copeland, "A
    reasonable social welfare function", 1951, in Masthoff 2015 (see `score_based`). All pairs are
    compared: M * width**2 / 2 comparisons for a group of M members.
    """

    def aggregate(self, members: MemberScores) -> FloatArray:
        """Duels won minus duels lost, (n_groups, width)."""
        largest = max(2 * members.width, int(members.segments.sizes.max(initial=0)))
        places = member_points(members).astype(np.min_scalar_type(-largest - 1))
        out = np.zeros(members.valid.shape)
        for groups, rows in by_size(members.segments):
            step = max(1, _CACHED // max(1, members.width**2))
            for start in range(0, len(groups), step):
                part = slice(start, start + step)
                out[groups[part]] = _duels(places[rows[part]])
        return out - members.n_invalid


def _duels(places: NDArray[Any]) -> NDArray[Any]:
    """Wins minus losses by majority, (n, width), of groups of equal size, (n, size, width).

    A duel of columns i < j counts for i and against j, so only half of them are held.
    """
    n, _, width = places.shape
    out = np.zeros((n, width), dtype=places.dtype)
    start = 0
    while start < width:
        stop = min(width, start + max(1, _CACHED // (n * (width - start))))
        winner = _majority(places[:, :, start:stop, None], places[:, :, None, start:])
        out[:, start:stop] += winner.sum(axis=2, dtype=out.dtype)
        out[:, stop:] -= winner[:, :, stop - start :].sum(axis=1, dtype=out.dtype)
        start = stop
    return out


def _majority(left: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    """1 where more members have `left` above `right`, -1 where fewer have; both are (n, size, ...)."""
    gap = np.empty(np.broadcast_shapes(left[:, 0].shape, right[:, 0].shape), dtype=left.dtype)
    balance = np.zeros_like(gap)
    for member in range(left.shape[1]):
        np.subtract(left[:, member], right[:, member], out=gap)
        balance += np.sign(gap, out=gap)
    return np.sign(balance, out=balance)
