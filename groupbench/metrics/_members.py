"""Metrics of a group whose members judge the same list each by their own truth.

A member without a relevant candidate judges nothing. Every member's value is its expectation over the
orders of equal scores; minimum, ratio and the like are taken over these expectations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from groupbench.metrics._families import families, ratio
from groupbench.metrics._ranking import discounts

if TYPE_CHECKING:
    from groupbench.arrays import BoolArray, FloatArray, Segments
    from groupbench.metrics._ranking import Ranking

SPREAD_OF = ("precision", "recall", "ndcg")
"""The families whose spread over members is reported."""


@dataclass(frozen=True)
class Spread:
    """How a value spreads over the members of a group.

    Attributes:
        name: put before the family: `min-ndcg@10`.
        formula: in terms of the members' values x_1 ... x_n.
        source: whose definition it is.
        compute: from values (n_members,), NaN for members who judge nothing, and segments, to (n_groups,).
        lower_is_better: whether smaller values are the better ones.
    """

    name: str
    formula: str
    source: str
    compute: Callable[[FloatArray, Segments], FloatArray]
    lower_is_better: bool = False


def _sum(values: FloatArray, groups: Segments) -> FloatArray:
    return np.asarray(groups.reduce("sum", np.nan_to_num(values)))


def _count(values: FloatArray, groups: Segments) -> FloatArray:
    return np.asarray(groups.reduce("sum", (~np.isnan(values)).astype(np.float64)))


def mean(values: FloatArray, groups: Segments) -> FloatArray:
    """Mean over the members who judge, (n_groups,); NaN if none does."""
    return ratio(_sum(values, groups), _count(values, groups))


def _min(values: FloatArray, groups: Segments) -> FloatArray:
    low = groups.reduce("min", np.where(np.isnan(values), np.inf, values))
    return np.where(np.isinf(low), np.nan, low)


def _max(values: FloatArray, groups: Segments) -> FloatArray:
    return -_min(-values, groups)


def _minmax(values: FloatArray, groups: Segments) -> FloatArray:
    return ratio(_min(values, groups), _max(values, groups))


def _std(values: FloatArray, groups: Segments) -> FloatArray:
    centred = values - mean(values, groups)[groups.of_row]
    return np.asarray(np.sqrt(mean(centred**2, groups)))


def _jain(values: FloatArray, groups: Segments) -> FloatArray:
    return ratio(_sum(values, groups) ** 2, _count(values, groups) * _sum(values**2, groups))


def _gini(values: FloatArray, groups: Segments) -> FloatArray:
    order = np.lexsort((values, groups.of_row))  # NaN goes last within its group
    weighted = np.asarray(groups.reduce("sum", np.nan_to_num(values[order]) * (groups.position + 1)))
    n = _count(values, groups)
    return ratio(2 * weighted - (n + 1) * _sum(values, groups), n * _sum(values, groups))


SPREADS = (
    Spread("min", "min x_i", "least satisfied member (Kaya, Bridge & Tintarev, RecSys 2020)", _min),
    Spread("max", "max x_i", "most satisfied member", _max),
    Spread(
        "minmax", "min x_i / max x_i; undefined if all are 0", "Kaya, Bridge & Tintarev, RecSys 2020", _minmax
    ),
    Spread("std", "sqrt(sum (x_i - mean)^2 / n)", "population standard deviation", _std, True),
    Spread("jain", "(sum x_i)^2 / (n sum x_i^2); undefined if all are 0", "Jain, Chiu & Hawe 1984", _jain),
    Spread(
        "gini",
        "sum over i, j of |x_i - x_j| / (2 n sum x_i); undefined if all are 0",
        "Gini 1912",
        _gini,
        True,
    ),
)


def judge_members(
    ranking: Ranking, judging: BoolArray, groups: Segments, cutoffs: tuple[int, ...]
) -> dict[str, FloatArray]:
    """All metrics of the groups, from the rankings of their members.

    Args:
        ranking: one list per member: the group's list with the member's own relevant candidates.
        judging: (n_members,) whether the member has a relevant candidate at all.
        groups: which members belong to which group.
        cutoffs: the K.

    Returns:
        Values (n_groups,) by name, NaN where no member judges.
    """
    out = {}
    for k in cutoffs:
        for name, family in families().items():
            values = np.where(judging, family.compute(ranking, k), np.nan)
            out[f"{name}@{k}"] = mean(values, groups)
            if name in SPREAD_OF:
                out |= {f"{s.name}-{name}@{k}": s.compute(values, groups) for s in SPREADS}
        out |= {f"{name}@{k}": v for name, v in _first_hits(ranking, judging, groups, k).items()}
    return out


def _first_hits(ranking: Ranking, judging: BoolArray, groups: Segments, k: int) -> dict[str, FloatArray]:
    nothing = np.where(judging, ranking.miss[k], np.nan)
    first = (ranking.miss[:k] - ranking.miss[1 : k + 1]) * discounts(k)[:, None]
    utility = np.where(judging, ranking.hits[k], np.nan)
    share = ratio(utility, _sum(utility, groups)[groups.of_row])
    fair = ratio(np.ones(len(share)), _count(utility, groups)[groups.of_row])
    return {
        "zrecall": mean(nothing, groups),
        "zrecall_all": ratio(_sum(nothing, groups), groups.sizes.astype(np.float64)),
        "dfh": mean(np.where(judging, first.cumsum(axis=0)[-1], np.nan), groups),
        "proportionality_error": np.where(
            _sum(utility, groups) > 0, _sum(np.abs(share - fair), groups) / 2, np.nan
        ),
    }
