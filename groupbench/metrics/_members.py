"""Metrics of a group whose list is evaluated by the truth of each member.

A member without a relevant candidate does not count. Every member's value is its expectation over the
orders of equal scores; minimum, ratio and the like are taken over these expectations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import ratio
from groupbench.metrics._definitions import OF_MEMBERS
from groupbench.metrics._families import families
from groupbench.metrics._ranking import discounts
from groupbench.metrics._request import EVERYTHING, MetricRequest

if TYPE_CHECKING:
    from groupbench.core.arrays import BoolArray, FloatArray, Segments
    from groupbench.metrics._ranking import Ranking

SPREAD_OF = ("precision", "recall", "ndcg")
"""The families whose spread over members is reported."""


@dataclass(frozen=True, eq=False)
class MemberValues:
    """One value for each member of every group, and what spreads are made of, (n_groups,) each.

    Attributes:
        values: (n_members,) NaN for members who do not count.
        groups: which members belong to which group.
    """

    values: FloatArray
    groups: Segments

    @cached_property
    def count(self) -> FloatArray:
        """Members who count."""
        return np.asarray(self.groups.reduce("sum", (~np.isnan(self.values)).astype(np.float64)))

    @cached_property
    def total(self) -> FloatArray:
        """Sum of the values."""
        return self.sum(self.values)

    @cached_property
    def mean(self) -> FloatArray:
        """Mean of the values; NaN if no member counts."""
        return ratio(self.total, self.count)

    @property
    def distances(self) -> FloatArray:
        """Each value less the mean of its group, (n_members,)."""
        return self.values - self.mean[self.groups.of_row]

    @cached_property
    def low(self) -> FloatArray:
        """Lowest value; NaN if no member counts."""
        return self._lowest(self.values)

    @cached_property
    def high(self) -> FloatArray:
        """Highest value; NaN if no member counts."""
        return -self._lowest(-self.values)

    @cached_property
    def gaps(self) -> FloatArray:
        """Sum of the distances between the values, each pair of members counted once."""
        order = np.lexsort((self.values, self.groups.of_row))  # NaN goes last within its group
        ranked = np.nan_to_num(self.values[order]) * (self.groups.position + 1)
        weighted = np.asarray(self.groups.reduce("sum", ranked))
        return np.maximum(2 * weighted - (self.count + 1) * self.total, 0.0)

    def sum(self, values: FloatArray) -> FloatArray:
        """Sum of the `values`, (n_members,), that are not NaN."""
        return np.asarray(self.groups.reduce("sum", np.nan_to_num(values)))

    def _lowest(self, values: FloatArray) -> FloatArray:
        low = self.groups.reduce("min", np.where(np.isnan(values), np.inf, values))
        return np.where(np.isinf(low), np.nan, low)


@dataclass(frozen=True)
class MemberSpread:
    """How a value spreads over the members of a group.

    Attributes:
        name: put before the family: `min-ndcg@10`.
        formula: in terms of the members' values x_1 ... x_n.
        source: whose definition it is.
        compute: the spread of each group, (n_groups,).
        lower_is_better: whether smaller values are the better ones.
    """

    name: str
    formula: str
    source: str
    compute: Callable[[MemberValues], FloatArray]
    lower_is_better: bool = False


SPREADS = (
    MemberSpread(
        "min",
        "min x_i",
        "least satisfied member (Kaya, Bridge & Tintarev, RecSys 2020)",
        lambda members: members.low,
    ),
    MemberSpread("max", "max x_i", "most satisfied member", lambda members: members.high),
    MemberSpread(
        "minmax",
        "min x_i / max x_i; undefined if all are 0",
        "Kaya, Bridge & Tintarev, RecSys 2020",
        lambda members: ratio(members.low, members.high),
    ),
    MemberSpread(
        "std",
        "sqrt(sum (x_i - mean)^2 / n)",
        "population standard deviation",
        lambda members: np.sqrt(ratio(members.sum(members.distances**2), members.count)),
        True,
    ),
    MemberSpread(
        "jain",
        "(sum x_i)^2 / (n sum x_i^2); undefined if all are 0",
        "Jain, Chiu & Hawe 1984",
        lambda members: ratio(members.total**2, members.count * members.sum(members.values**2)),
    ),
    MemberSpread(
        "gini",
        "sum over i, j of |x_i - x_j| / (2 n sum x_i); undefined if all are 0",
        "Gini 1912",
        lambda members: ratio(members.gaps, members.count * members.total),
        True,
    ),
    MemberSpread(
        "envy",
        "mean over ordered pairs i != j of max(x_j - x_i, 0), by how much i envies j; undefined for a single "
        "member",
        "groupbench, after the degree of envy of Chevaleyre et al., IJCAI 2007, who compare bundles by the "
        "envious one's own utility: here all members get one list, so their utilities are compared",
        lambda members: ratio(members.gaps, members.count * (members.count - 1)),
        True,
    ),
)


def member_metrics(name: str, *, spread: bool) -> dict[str, Callable[[MemberValues], FloatArray]]:
    """What is made of one value for each member: the mean as `name`, and spreads as `min-name` and so on."""
    spreads = {f"{one.name}-{name}": one.compute for one in SPREADS} if spread else {}
    return {name: lambda members: members.mean, **spreads}


def evaluate_members(
    ranking: Ranking,
    counted: BoolArray,
    groups: Segments,
    cutoffs: tuple[int, ...],
    request: MetricRequest = EVERYTHING,
) -> dict[str, FloatArray]:
    """All metrics of the groups, from the rankings of their members.

    Args:
        ranking: one list per member: the group's list with the member's own relevant candidates.
        counted: (n_members,) whether the member has a relevant candidate at all.
        groups: which members belong to which group.
        cutoffs: the K.
        request: what is wanted.

    Returns:
        Values (n_groups,) by name, NaN where no member counts.
    """
    out: dict[str, FloatArray] = {}
    for k in cutoffs:
        for name, family in families().items():
            wanted = request.restrict(member_metrics(f"{name}@{k}", spread=name in SPREAD_OF))
            if wanted:
                members = MemberValues(np.where(counted, family.compute(ranking, k), np.nan), groups)
                out |= {metric: compute(members) for metric, compute in wanted.items()}
        if any(f"{one.name}@{k}" in request for one in OF_MEMBERS):
            hits = _first_hits(ranking, counted, groups, k)
            out |= request.restrict({f"{name}@{k}": values for name, values in hits.items()})
    return out


def _first_hits(ranking: Ranking, counted: BoolArray, groups: Segments, k: int) -> dict[str, FloatArray]:
    first = ((ranking.miss[:k] - ranking.miss[1 : k + 1]) * discounts(k)[:, None]).cumsum(axis=0)[-1]
    nothing, found, utility = (
        MemberValues(np.where(counted, values, np.nan), groups)
        for values in (ranking.miss[k], first, ranking.hits[k])
    )
    share = ratio(utility.values, utility.total[groups.of_row])
    apart = np.abs(share - ratio(np.ones(len(share)), utility.count[groups.of_row]))
    return {
        "zrecall": nothing.mean,
        "zrecall_all": ratio(nothing.total, groups.sizes),
        "dfh": found.mean,
        "proportionality_error": np.where(utility.total > 0, MemberValues(apart, groups).total / 2, np.nan),
    }
