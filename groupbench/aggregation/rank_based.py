"""Strategies that look only at the order in which each member puts the candidates.

Scores of different members need not be comparable for these. Equal scores are ties, and stay ties.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from groupbench.aggregation._base import Aggregator, MemberScores
from groupbench.aggregation._exact import exact_sum
from groupbench.core.arrays import CACHED, Array, FloatArray
from groupbench.core.errors import ConfigError
from groupbench.core.registry import aggregator


@aggregator("borda")
@dataclass(frozen=True)
class Borda(Aggregator):
    """Borda count: each member gives 1 for every candidate beaten and 1/2 for every tie.

    Borda, "Mémoire sur les élections au scrutin", 1781; ties as in Masthoff 2015 (see `score_based`).
    """

    def aggregate(self, members: MemberScores) -> FloatArray:
        """Sums of the members' points, (n_groups, width)."""
        total = members.segments.reduce("sum", members.ranks.double_midranks)
        return total / 2 - members.segments.sizes[:, None] * members.n_invalid


@aggregator("rrf")
@dataclass(frozen=True)
class ReciprocalRankFusion(Aggregator):
    """Reciprocal rank fusion: the sum over members of 1 / (`k` + rank), ranks counting from 1.

    Equal scores share the mean over their orders. Cormack, Clarke, Büttcher, "Reciprocal rank fusion
    outperforms Condorcet and individual rank learning methods", SIGIR 2009.

    Raises:
        ConfigError: if `k` is below 0.
    """

    k: float = 60.0
    """The lower, the more the first ranks count."""

    def __post_init__(self) -> None:
        if not self.k >= 0:
            raise ConfigError(f"rrf.k: {self.k} makes some ranks count negatively; give at least 0")

    def aggregate(self, members: MemberScores) -> FloatArray:
        """Sums of reciprocal ranks, (n_groups, width)."""
        worth = 1 / (self.k + np.arange(1, members.width + 1))
        return exact_sum(members.segments, members.ranks.expected(worth))


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
        ranks = members.ranks.double_midranks.astype(np.min_scalar_type(-largest - 1))
        out = np.zeros(members.valid.shape)
        for groups, rows in members.segments.by_size(2 * CACHED // max(1, members.width)):
            valid = members.valid[groups]
            columns = np.flatnonzero(valid.any(axis=0))
            others = len(columns) - np.count_nonzero(valid, axis=1, keepdims=True)
            out[groups[:, None], columns] = _duels(ranks[rows].take(columns, axis=2)) - others
        return out


def _duels(ranks: Array) -> Array:
    """Wins minus losses by majority, (n, width), of the `ranks` in groups of equal size, (n, size, width).

    In each turn column c meets column c + turn, counted on from the start behind the last one: after
    width / 2 turns every pair has met. The last turn of an even width takes half of the columns.
    """
    n, size, width = ranks.shape
    here = ranks.transpose(1, 2, 0).reshape(size, width * n)
    around = np.concatenate([here, here], axis=1)
    out, gap = np.zeros(2 * width * n, ranks.dtype), np.empty_like(here)
    for turn in range(1, width // 2 + 1):
        cells = (width if 2 * turn < width else turn) * n
        ahead = slice(turn * n, turn * n + cells)
        apart = np.subtract(here[:, :cells], around[:, ahead], out=gap[:, :cells])
        majority = np.sign(np.sign(apart, out=apart).sum(axis=0, dtype=ranks.dtype))
        out[:cells] += majority
        out[ahead] -= majority
    return (out[: width * n] + out[width * n :]).reshape(width, n).T
