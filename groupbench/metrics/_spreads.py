"""How a value spreads over the members of a group, and between what it lies where only bounds are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import ratio

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray, Segments

    Interval = tuple[FloatArray, FloatArray]


@dataclass(frozen=True, eq=False)
class MemberValues:
    """One value for each member of every group, and what spreads are made of, (n_groups,) each.

    Attributes:
        values: (n_members,) 0 or more; NaN for members who have no value.
        groups: which members belong to which group.
    """

    values: FloatArray
    groups: Segments

    @cached_property
    def count(self) -> FloatArray:
        """Members with a value."""
        return np.asarray(self.groups.reduce("sum", (~np.isnan(self.values)).astype(np.float64)))

    @cached_property
    def total(self) -> FloatArray:
        """Sum of the values."""
        return self._sum(self.values)

    @cached_property
    def mean(self) -> FloatArray:
        """Mean of the values; NaN if no member has one."""
        return ratio(self.total, self.count)

    @cached_property
    def low(self) -> FloatArray:
        """Lowest value; NaN if no member has one."""
        return self._lowest(self.values)

    @cached_property
    def high(self) -> FloatArray:
        """Highest value; NaN if no member has one."""
        return -self._lowest(-self.values)

    @cached_property
    def squares(self) -> FloatArray:
        """Sum of the squared values."""
        return self._sum(self.values**2)

    @cached_property
    def variance(self) -> FloatArray:
        """Mean squared distance from the mean; NaN if no member has a value."""
        return ratio(self._sum((self.values - self.mean[self.groups.of_row]) ** 2), self.count)

    @cached_property
    def gaps(self) -> FloatArray:
        """Sum of the distances between the values, each pair of members counted once."""
        rows, inside = self.groups.window(np.arange(len(self.groups)))
        ordered = np.sort(np.where(inside, self.values[rows], np.nan), axis=1)[inside]  # NaN goes last
        weighted = self._sum(ordered * (self.groups.position + 1))
        return np.maximum(2 * weighted - (self.count + 1) * self.total, 0.0)

    @cached_property
    def equal(self) -> FloatArray:
        """An equal share, 1 / n; NaN if no member has a value."""
        return ratio(np.ones(len(self.count)), self.count)

    @cached_property
    def unequal(self) -> FloatArray:
        """What all shares but one are together, (n - 1) / n: nothing is further from equality."""
        return 1 - self.equal

    def served(self, values: FloatArray, otherwise: FloatArray | float) -> FloatArray:
        """The `values` of groups, (n_groups,), with `otherwise` where all members that count have 0."""
        return np.where((self.total > 0) | (self.count == 0), values, otherwise)

    def shares(self) -> FloatArray:
        """Each member's part of the total, (n_members,); NaN where that is 0."""
        return ratio(self.values, self.total[self.groups.of_row])

    def _sum(self, values: FloatArray) -> FloatArray:
        return np.asarray(self.groups.reduce("sum", np.nan_to_num(values)))

    def _lowest(self, values: FloatArray) -> FloatArray:
        low = self.groups.reduce("min", np.where(np.isnan(values), np.inf, values))
        return np.where(np.isinf(low), np.nan, low)


@dataclass(frozen=True, eq=False)
class MemberBounds:
    """Members' values that are known only to lie between two others.

    Attributes:
        low: the lowest that each can be.
        high: the highest; NaN where `low` is.
    """

    low: MemberValues
    high: MemberValues

    @cached_property
    def std(self) -> Interval:
        """Standard deviations: distances from equality, which move by no more than the values do."""
        moved = np.sqrt(ratio(self._radius.squares, self.low.count))
        middle = np.sqrt(self._middle.variance)
        return np.maximum(middle - moved, 0.0), np.minimum(
            middle + moved, (self.high.high - self.low.low) / 2
        )

    @cached_property
    def gaps(self) -> Interval:
        """Sums of distances between members: a member's value counts in n - 1 of them."""
        moved = (self.low.count - 1) * self._radius.total
        return np.maximum(self._middle.gaps - moved, 0.0), self._middle.gaps + moved

    @cached_property
    def _middle(self) -> MemberValues:
        return MemberValues((self.low.values + self.high.values) / 2, self.low.groups)

    @cached_property
    def _radius(self) -> MemberValues:
        return MemberValues((self.high.values - self.low.values) / 2, self.low.groups)


@dataclass(frozen=True, kw_only=True)
class MemberFunction:
    """One number for each group, made of the values of its members.

    Attributes:
        compute: the number of each group, (n_groups,).
        bounds: the least and the greatest that it can be, (n_groups,) each.
        lower_is_better: whether smaller numbers are the better ones.
    """

    compute: Callable[[MemberValues], FloatArray]
    bounds: Callable[[MemberBounds], Interval]
    lower_is_better: bool = False


@dataclass(frozen=True, kw_only=True)
class MemberSpread(MemberFunction):
    """How a value spreads over the members of a group.

    Attributes:
        name: put before the family: `min-ndcg@10`.
        formula: in terms of the members' values x_1 ... x_n.
        source: whose definition it is.
    """

    name: str
    formula: str
    source: str


def _minmax(members: MemberValues) -> FloatArray:
    return members.served(ratio(members.low, members.high), 0.0)


def _minmax_bounds(members: MemberBounds) -> Interval:
    least = members.high.served(ratio(members.low.low, members.high.high), 0.0)
    greatest = np.minimum(ratio(members.high.low, members.low.high), 1.0)
    unlimited = (members.low.high == 0) & (members.high.high > 0)
    return least, members.high.served(np.where(unlimited, 1.0 * (members.high.low > 0), greatest), 0.0)


def _jain(members: MemberValues) -> FloatArray:
    return members.served(
        ratio(members.total**2, members.count * members.squares),
        members.equal,
    )


def _jain_bounds(members: MemberBounds) -> Interval:
    least_std, most_std = members.std
    equal = members.high.equal
    with np.errstate(divide="ignore", invalid="ignore"):
        least = np.fmax(1 / (1 + (most_std / members.low.mean) ** 2), equal)
        greatest = np.fmax(1 / (1 + (least_std / members.high.mean) ** 2), equal)
    return least, greatest


def _gini(members: MemberValues) -> FloatArray:
    return members.served(ratio(members.gaps, members.count * members.total), members.unequal)


def _gini_bounds(members: MemberBounds) -> Interval:
    (least, most), high, low = members.gaps, members.high, members.low
    greatest = np.fmin(ratio(most, low.count * low.total), high.unequal)
    return high.served(ratio(least, high.count * high.total), high.unequal), greatest


def _envy(members: MemberValues, gaps: FloatArray) -> FloatArray:
    return ratio(gaps, members.count * (members.count - 1))


def _envy_bounds(members: MemberBounds) -> Interval:
    least, most = members.gaps
    return _envy(members.low, least), _envy(members.low, most)


def _proportionality(members: MemberValues) -> FloatArray:
    equal = members.equal[members.groups.of_row]
    apart = MemberValues(np.abs(members.shares() - equal), members.groups)
    return members.served(np.where(members.count > 0, apart.total / 2, np.nan), members.unequal)


def _proportionality_bounds(members: MemberBounds) -> Interval:
    low, high = members.low, members.high
    of = low.groups.of_row
    equal = low.equal[of]
    least = ratio(low.values, low.values + high.total[of] - high.values)
    most = ratio(high.values, high.values + low.total[of] - low.values)
    near = MemberValues(np.fmax(np.fmax(least - equal, equal - most), 0.0), low.groups)
    far = MemberValues(np.fmax(np.abs(least - equal), np.abs(most - equal)), low.groups)
    known = np.where(low.count > 0, 0.0, np.nan)
    greatest = np.fmin(far.total / 2 + known, high.unequal)
    return high.served(near.total / 2 + known, high.unequal), low.served(greatest, high.unequal)


_UNSERVED = "the worst value, {}, if all are 0"

SPREADS = (
    MemberSpread(
        name="min",
        formula="min x_i",
        source="least satisfied member (Kaya, Bridge & Tintarev, RecSys 2020)",
        compute=lambda members: members.low,
        bounds=lambda members: (members.low.low, members.high.low),
    ),
    MemberSpread(
        name="max",
        formula="max x_i",
        source="most satisfied member",
        compute=lambda members: members.high,
        bounds=lambda members: (members.low.high, members.high.high),
    ),
    MemberSpread(
        name="minmax",
        formula="min x_i / max x_i; " + _UNSERVED.format("0"),
        source="Kaya, Bridge & Tintarev, RecSys 2020",
        compute=_minmax,
        bounds=_minmax_bounds,
    ),
    MemberSpread(
        name="std",
        formula="sqrt(sum (x_i - mean)^2 / n)",
        source="population standard deviation",
        compute=lambda members: np.sqrt(members.variance),
        bounds=lambda members: members.std,
        lower_is_better=True,
    ),
    MemberSpread(
        name="jain",
        formula="(sum x_i)^2 / (n sum x_i^2); " + _UNSERVED.format("1/n"),
        source="Jain, Chiu & Hawe 1984",
        compute=_jain,
        bounds=_jain_bounds,
    ),
    MemberSpread(
        name="gini",
        formula="sum over i, j of |x_i - x_j| / (2 n sum x_i); " + _UNSERVED.format("(n - 1)/n"),
        source="Gini 1912",
        compute=_gini,
        bounds=_gini_bounds,
        lower_is_better=True,
    ),
    MemberSpread(
        name="envy",
        formula="mean over ordered pairs i != j of max(x_j - x_i, 0), by how much i envies j; undefined for "
        "a single member",
        source="groupbench, after the degree of envy of Chevaleyre et al., IJCAI 2007, who compare bundles "
        "by the envious one's own utility: here all members get one list, so their utilities are compared",
        compute=lambda members: _envy(members, members.gaps),
        bounds=_envy_bounds,
        lower_is_better=True,
    ),
)

PROPORTIONALITY = MemberFunction(
    compute=_proportionality, bounds=_proportionality_bounds, lower_is_better=True
)
"""How far the members' shares of all their hits are from equal ones: `proportionality_error`."""

SPREAD_OF = ("precision", "recall", "ndcg")
"""The families whose spread over members is reported where members find what is relevant."""

DERIVED = frozenset(f"{spread.name}-{base}" for spread in SPREADS for base in (*SPREAD_OF, "relevance"))
"""The names of all spreads over members."""
