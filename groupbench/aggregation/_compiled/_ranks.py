"""Strategies that rank, or let members vote, by kernels."""

from __future__ import annotations

import numpy as np

from groupbench.aggregation import rank_based, voting, welfare
from groupbench.aggregation._base import Aggregator
from groupbench.aggregation._compiled._scores import of_small_groups, plain, statistics
from groupbench.aggregation._compiled._strategies import strategy
from groupbench.aggregation._compiled._table import MemberTable, combined
from groupbench.aggregation._exact import exact_sum
from groupbench.aggregation._ranks import TiedRanks
from groupbench.core.arrays import Array, FloatArray


def ranked(members: MemberTable, *, sums: bool = False) -> tuple[Array, Array, FloatArray]:
    """Twice the mean ranks, from 0 for the worst, and equal candidates, of each member; sums of the former.

    Returns:
        (n_rows, width) twice, of no rows if `sums` alone are wanted, and (n_groups, width); 0 and 1 where
        there is no candidate.
    """
    from groupbench.aggregation._compiled import _rank_kernels as kernels

    shape = 0 if sums else len(members.rows), members.width
    doubled, equal = np.zeros(shape, np.int32), np.ones(shape, np.int32)
    total = np.zeros(members.items.shape)
    kernels.rank(members.order, *members.arguments[1:], doubled, equal, total)
    return doubled, equal, total


def with_mean(first: FloatArray, members: MemberTable, mean: FloatArray, k: int) -> FloatArray:
    """`first` and a fraction by mean score, (n_groups, width), of what leads the lists."""
    from groupbench.aggregation._compiled import _rank_kernels as kernels

    out = np.empty(first.shape)
    kernels.by_mean(first, mean, members.lengths, k, out)
    return out


@strategy(rank_based.Borda)
def borda(one: Aggregator, members: MemberTable, k: int) -> FloatArray:
    total = ranked(members, sums=True)[2]
    total /= 2
    return total


@strategy(rank_based.ReciprocalRankFusion)
def reciprocal_rank_fusion(one: rank_based.ReciprocalRankFusion, members: MemberTable, k: int) -> FloatArray:
    doubled, equal, _ = ranked(members)
    length = members.lengths[members.segments.of_row, None]
    better = (2 * length - 1 - equal - doubled) // 2
    worth = 1 / (one.k + np.arange(1, members.width + 1))
    better[~members.valid[members.segments.of_row]] = 0
    ranks = TiedRanks((members.width - better - equal).astype(np.int32), equal)
    return exact_sum(members.segments, ranks.expected(worth))


@strategy(rank_based.Copeland)
def copeland(one: Aggregator, members: MemberTable, k: int) -> FloatArray:
    from groupbench.aggregation._compiled import _rank_kernels as kernels

    doubled, _, total = ranked(members)
    kernels.copeland(doubled, total.copy(), members.lengths, members.segments.offsets, k, total)
    return total


@strategy(voting.Approval)
def approval(one: voting.Approval, members: MemberTable, k: int) -> FloatArray:
    if members.scale is None:
        least = statistics(members)[2]
    else:
        low, high = members.scale
        least = np.full(len(members.rows), low + one.threshold * (high - low))
    mean, below = combined(members, "misery", least)
    votes = (members.segments.sizes[:, None] - below).astype(np.float64)
    return with_mean(votes, members, mean, k) if one.break_ties else votes


@strategy(voting.Plurality, voting.RoundRobin, depth=True)
def voting_rounds(one: voting.VotingRounds, members: MemberTable, k: int) -> FloatArray:
    from groupbench.aggregation._compiled import _voting_kernels as kernels

    turns = isinstance(one, voting.RoundRobin)
    mean = members.mean if turns else np.empty((0, 0))
    out = np.empty(members.items.shape)
    kernels.rounds(members.order, *members.arguments[1:], mean, one.depth, k, turns, out)
    return out


@strategy(welfare.Leximin, when=plain, suits=of_small_groups)
def leximin(one: Aggregator, members: MemberTable, k: int) -> FloatArray:
    from groupbench.aggregation._compiled import _score_kernels as kernels

    out = np.empty(members.items.shape)
    kernels.leximin(*members.arguments, k, out)
    return out
