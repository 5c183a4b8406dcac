"""Strategies that compute with the members' scores, by kernels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from groupbench.aggregation import score_based, welfare
from groupbench.aggregation._base import Aggregator
from groupbench.aggregation._compiled._strategies import strategy
from groupbench.aggregation._compiled._table import MemberTable, combined
from groupbench.aggregation._normalization import ScoreAggregator
from groupbench.aggregation.learned import _QUANTILES, LearnedLinear, _Weighted
from groupbench.core.arrays import FloatArray, Segments, bounds

_SORTED = 32
"""Members of a group whose scores are sorted by a loop; NumPy is faster for more."""


def statistics(members: MemberTable) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Each member's lowest, highest and mean score over its candidates, (n_rows,) each; 0 without any."""
    from groupbench.aggregation._compiled import _score_kernels as kernels

    low, high, mean = np.empty((3, len(members.rows)))
    kernels.row_statistics(*members.arguments, low, high, mean)
    return low, high, mean


def laid_out(members: MemberTable) -> MemberTable:
    """The same with its scores copied next to each other, so that they can be changed."""
    from groupbench.aggregation._compiled import _score_kernels as kernels

    scores = np.empty((len(members.rows), members.width))
    kernels.lay_out(*members.arguments, scores)
    return _with_scores(members, scores)


def factors(members: MemberTable, floor: float) -> MemberTable:
    """Scores as factors above 0, as of `positive`."""
    if members.scale is not None:
        low, high = members.scale
        found = laid_out(members).table
        found -= min(low, 0.0)
        np.maximum(found, floor * (high - low), out=found)
        return _with_scores(members, found)
    from groupbench.aggregation._compiled import _score_kernels as kernels

    found = np.empty((len(members.rows), members.width))
    kernels.factors(*members.arguments, floor, found)
    return _with_scores(members, found)


def _with_scores(members: MemberTable, scores: FloatArray) -> MemberTable:
    items = np.broadcast_to(np.arange(members.width), members.items.shape)
    return replace(members, table=scores, rows=np.arange(len(scores)), items=items, orders=None)


def plain(one: Aggregator) -> bool:
    """Whether scores are aggregated as they are."""
    return not isinstance(one, ScoreAggregator) or one.normalize == "none"


def of_small_groups(members: MemberTable) -> bool:
    """Whether loops sort the scores of a candidate as fast as NumPy."""
    return int(members.segments.sizes.max(initial=0)) <= _SORTED


@strategy(score_based.Average, LearnedLinear, when=plain)
def average(one: Aggregator, members: MemberTable, k: int) -> FloatArray:
    return members.mean if "mean" in vars(members) else combined(members, "mean")[0]


@strategy(_Weighted, suits=of_small_groups)
def weighted(one: _Weighted, members: MemberTable, k: int) -> FloatArray:
    from groupbench.aggregation._compiled import _statistic_kernels as kernels

    out = np.empty(members.items.shape)
    kernels.weighted(*members.arguments, one.weights, _QUANTILES, out)
    return out


@strategy(score_based.Additive, when=plain)
def additive(one: Aggregator, members: MemberTable, k: int) -> FloatArray:
    return combined(members, "sum")[0]


@strategy(score_based.LeastMisery, when=plain)
def least_misery(one: Aggregator, members: MemberTable, k: int) -> FloatArray:
    return combined(members, "lowest")[0]


@strategy(score_based.MostPleasure, when=plain)
def most_pleasure(one: Aggregator, members: MemberTable, k: int) -> FloatArray:
    return combined(members, "highest")[0]


@strategy(score_based.Median, when=plain, suits=of_small_groups)
def median(one: Aggregator, members: MemberTable, k: int) -> FloatArray:
    return combined(members, "median")[0]


@strategy(score_based.MostRespected, when=plain)
def most_respected(one: Aggregator, members: MemberTable, k: int) -> FloatArray:
    segments = members.segments
    leads = members.activity == segments.reduce("max", members.activity)[segments.of_row]
    leading = Segments.from_sizes(segments.reduce("sum", leads))
    return combined(replace(members, rows=members.rows[leads], segments=leading), "mean")[0]


@strategy(score_based.AverageWithoutMisery, when=plain)
def average_without_misery(one: score_based.AverageWithoutMisery, members: MemberTable, k: int) -> FloatArray:
    if members.scale is None:
        low, high, _ = statistics(members)
    else:
        low, high = (np.full(len(members.rows), end) for end in members.scale)
    mean, below = combined(members, "misery", low + one.threshold * (high - low))
    miserable, valid = below > 0, members.valid
    worst, best = bounds(mean, valid)
    drop = np.where(best > worst, 2 * (best - worst), np.maximum(np.abs(best), 1.0))
    spared = (valid & ~miserable).any(axis=1, keepdims=True)
    return np.where(miserable & spared, mean - drop, mean)


@strategy(score_based.Multiplicative, when=plain)
def multiplicative(one: score_based.Multiplicative, members: MemberTable, k: int) -> FloatArray:
    found = factors(members, one.floor)
    np.log2(found.table, out=found.table)
    out, _ = combined(found, "mean")
    return np.exp2(out, out=out)


@strategy(welfare.PMean, when=plain)
def p_mean(one: welfare.PMean, members: MemberTable, k: int) -> FloatArray:
    found = factors(members, one.floor)
    leading, _ = combined(found, "highest" if one.p > 0 else "lowest")
    leading[~members.valid] = 1.0
    found.table[...] /= leading[members.segments.of_row]
    if one.p == 0:
        return leading * np.exp2(combined(_with_scores(members, np.log2(found.table)), "mean")[0])
    mean, _ = combined(_with_scores(members, found.table**one.p), "mean")
    mean[~members.valid] = 1.0
    return leading * mean ** (1 / one.p)
