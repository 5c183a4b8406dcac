"""Lists made position by position, by kernels."""

from __future__ import annotations

import numpy as np

from groupbench.aggregation import coverage, fairness, pareto, proportional
from groupbench.aggregation._base import MemberScores
from groupbench.aggregation._compiled._ranks import with_mean
from groupbench.aggregation._compiled._scores import of_small_groups, statistics
from groupbench.aggregation._compiled._shortlists import best_of, shortlisted
from groupbench.aggregation._compiled._strategies import PARTS, strategy
from groupbench.aggregation._compiled._table import MemberTable
from groupbench.aggregation._exact import UNIT
from groupbench.aggregation._greedy import TopLists
from groupbench.aggregation._ranks import below_one, double_midranks
from groupbench.aggregation._shortlist import Shortlist
from groupbench.core.arrays import BoolArray, FloatArray
from groupbench.metrics import gather


def _covered(one: coverage.Coverage, members: MemberTable, liked: BoolArray) -> FloatArray:
    from groupbench.aggregation._compiled import _greedy_kernels as kernels

    out, mean = np.empty(members.items.shape), members.mean
    kernels.cover(liked, mean, members.lengths, members.segments.offsets, one.m, one.depth, out)
    return out


@strategy(coverage.SPGreedy)
def sp_greedy(one: coverage.SPGreedy, members: MemberTable, k: int) -> FloatArray:
    return _covered(one, members, best_of(members, coverage._portion(one.delta, members.lengths)))


@strategy(coverage.EFGreedy, suits=of_small_groups)
def ef_greedy(one: coverage.EFGreedy, members: MemberTable, k: int) -> FloatArray:
    from groupbench.aggregation._compiled import _greedy_kernels as kernels

    most = coverage._portion(one.delta, members.segments.sizes)
    liked = np.zeros((len(members.rows), members.width), dtype=np.bool_)
    kernels.unenvied(*members.arguments, most, liked)
    return _covered(one, members, liked)


@strategy(proportional.EPFuzzDA, when=lambda one: one.normalize in ("auto", "none", "minmax"), depth=True)
def ep_fuzzda(one: proportional.EPFuzzDA, members: MemberTable, k: int) -> FloatArray:
    from groupbench.aggregation._compiled import _greedy_kernels as kernels

    low, high, _ = statistics(members)
    as_they_are = one.normalize == "none" or (one.normalize == "auto" and members.scale is not None)
    start, span = (np.minimum(low, 0.0), np.ones(len(low))) if as_they_are else (low, high - low)
    worth, highest = np.empty((len(members.rows), members.width)), np.empty(len(members.lengths))
    kernels.relevance(*members.arguments, start, span, worth, highest)
    unit = np.exp2(np.ceil(np.log2(np.where(highest > 0, highest, 1.0))))
    nothing = np.empty((len(members.rows), 0))
    weighted = MemberScores(
        nothing, np.empty((len(unit), 0), bool), members.segments, members.activity, members.scale
    )
    part = proportional._parts(one.weights, weighted).ravel()
    out, mean = np.empty(members.items.shape), members.mean
    given = members.lengths, members.segments.offsets, part, one.excess, one.depth, k
    kernels.proportional(worth, unit, mean, *given, out)
    return out


@strategy(
    fairness.GreedyFairness,
    fairness.Nash,
    cells=PARTS,
    suits=lambda members: members.width > 0,
)
def top_lists(one: TopLists, members: MemberTable, k: int) -> FloatArray:
    mean = members.mean
    out = below_one(mean, members.valid)
    for groups, part in shortlisted(members, best_of(members, np.full(len(members.lengths), one.top))):
        filled = out[groups]
        one.fill(part, one.start(part), mean[groups], filled)
        out[groups] = filled
    return out


@strategy(proportional.GFAR, cells=PARTS, suits=lambda members: members.width > 0)
def gfar(one: proportional.GFAR, members: MemberTable, k: int) -> FloatArray:
    from groupbench.aggregation._compiled import _find_kernels as kernels

    out = below_one(members.mean, members.valid)
    for groups, part in shortlisted(members, best_of(members, np.full(len(members.lengths), one.top))):
        chance, log_missing = one.chances(part)
        waiting, offsets = part.members.valid.copy(), part.members.segments.offsets
        mean, going = gather(members.mean[groups], part.columns), np.ones(len(groups), dtype=np.bool_)
        received, placed = np.zeros(len(chance), np.int64), np.zeros(waiting.shape, np.int64)
        for left in range(one.depth, one.depth - min(one.depth, k), -1):
            missing = np.exp(received / UNIT)
            given = chance, missing, log_missing, received, offsets, mean
            kernels.fill_position(*given, waiting, left, placed, going)
        which, column = np.nonzero(placed)
        out[groups[which], part.columns[which, column]] = placed[which, column]
    return out


@strategy(pareto.NPO, pareto.XPO, cells=PARTS, depth=True)
def pareto_levels(one: pareto.ParetoLevels, members: MemberTable, k: int) -> FloatArray:
    first = np.zeros(members.items.shape)
    for groups, part in shortlisted(members, best_of(members, np.full(len(members.lengths), one.depth))):
        first[groups] = part.spread(_beaten(one, part), members.width)
    return with_mean(first, members, members.mean, k)


def _beaten(one: pareto.ParetoLevels, shortlist: Shortlist) -> FloatArray:
    """The same as `ParetoLevels._beaten`."""
    from groupbench.aggregation._compiled import _pareto_kernels as kernels

    members, valid = shortlist.members, shortlist.members.valid
    ranks = 2 * (members.width - 1) - members.ranks.double_midranks
    ranks = np.where(shortlist.liked, np.minimum(ranks, 2 * one.depth), 2 * one.depth)
    ranks = ranks.astype(np.int32).reshape(len(valid), -1, members.width)
    weights = pareto._weightings(ranks.shape[1], one.levels)
    found, chances, fits = np.empty(valid.shape, int), np.empty(valid.shape, int), np.empty(len(valid), bool)
    kernels.dominators(ranks, valid, found)
    optimal = valid & one.optimal(found)
    whole = np.ascontiguousarray(weights, dtype=np.int64)
    kernels.chances(ranks, optimal, whole, one.depth, chances, fits)
    for group in np.flatnonzero(~fits):
        here = slice(group, group + 1)
        floats = ranks[here].astype(np.float32)
        chances[here] = pareto._chances(floats, optimal[here], weights, one.depth)
    never = np.count_nonzero(chances == 0, axis=1, keepdims=True)
    return np.where(chances > 0, double_midranks(chances) / 2 - never + 1, 0.0)
