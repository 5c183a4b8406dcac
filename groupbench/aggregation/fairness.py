"""Greedy lists that weigh the welfare of the group against how evenly its members share it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from groupbench.aggregation._base import require_fraction
from groupbench.aggregation._exact import UNIT, whole
from groupbench.aggregation._greedy import GreedyState, TopLists
from groupbench.aggregation._shortlist import Shortlist
from groupbench.core.arrays import FloatArray, IntArray, Segments, ratio
from groupbench.core.registry import aggregator


@dataclass(frozen=True)
class ListUtility(TopLists):
    """A greedy list over the utilities U(m, L) that members have of a list L.

    With K for `top` and rel(m, c) the relevance of candidate c, 0 outside m's own best K:

    - `proportional`: sum of rel over L, divided by the sum over m's own best K;
    - `average`: sum of rel over L, divided by K times the highest possible relevance.
    """

    relevance: Literal["borda", "binary"] = "borda"
    """`borda`: K minus the rank in the member's own list, from 1; `binary`: 1 for each of its best K."""

    utility: Literal["proportional", "average"] = "proportional"
    """What the relevance of the list is measured against."""

    def utilities(self, shortlist: Shortlist) -> IntArray:
        """What each candidate adds to each member's utility, in `whole` numbers, (n_rows, n)."""
        if self.relevance == "borda":
            relevance, highest = self.borda(shortlist), self.top - 1
        else:
            own = np.arange(shortlist.members.width) < self.top
            relevance, highest = shortlist.by_rank(own.astype(np.float64)), 1
        if self.utility == "average":
            return whole(relevance / (self.top * highest))
        total = whole(relevance).sum(axis=1, keepdims=True) / UNIT
        return whole(ratio(relevance, total, 0.0))


@aggregator("greedy-lm", fairness="least-misery")
@aggregator("greedy-variance", fairness="variance")
@aggregator("greedy-jain", fairness="jain")
@dataclass(frozen=True)
class GreedyFairness(ListUtility):
    """Greedy list for welfare and fairness: each position maximizes w * SW(L) + (1 - w) * F(L).

    SW is the mean of the members' utilities U(m, L) of the list L, and F one of

    - `least-misery`: the lowest utility;
    - `variance`: 1 minus the variance of the utilities;
    - `jain`: (sum of U)**2 / (M * sum of U**2), 0 while all are 0;
    - `min-max`: lowest by highest utility, 0 while all are 0.

    Xiao, Min, Yongfeng, Zhaoquan, Yiqun, Shaoping, "Fairness-Aware Group Recommendation with
    Pareto-Efficiency", RecSys 2017, with the relevances that Kaya, Bridge and Tintarev (RecSys 2020)
    use for it. Candidates that are relevant to nobody are not considered: the empty list has no
    variance, so `variance` would start with the least relevant ones.

    Raises:
        ConfigError: if `welfare` is outside 0 to 1, `depth` is below 1 or `top` below 2.
    """

    fairness: Literal["least-misery", "variance", "jain", "min-max"] = "least-misery"
    """What is fair."""

    welfare: float = 0.5
    """Share w of the welfare in what is maximized, called lambda in the paper; the rest is fairness."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_fraction(f"{self.label}.welfare", self.welfare)

    def start(self, shortlist: Shortlist) -> GreedyState:
        """All utilities are 0."""
        return _Balance(self, shortlist.members.segments, self.utilities(shortlist))


class _Balance(GreedyState):
    def __init__(self, strategy: GreedyFairness, segments: Segments, worth: IntArray) -> None:
        super().__init__(segments, worth)
        self._strategy = strategy

    def gains(self) -> IntArray:
        utility = self.received[:, None] + self.worth
        mean = self._mean(utility)
        share = self._strategy.welfare
        return whole(share * mean + (1 - share) * self._fairness(utility, mean))

    def _fairness(self, utility: IntArray, mean: FloatArray) -> FloatArray:
        kind = self._strategy.fairness
        if kind == "variance":
            apart = utility / UNIT - mean[self.segments.of_row]
            return 1 - self._mean(whole(apart * apart))
        if kind == "jain":
            squares = self._mean(whole((utility / UNIT) ** 2))
            return ratio(mean * mean, squares, 0.0)
        low = self.segments.reduce("min", utility) / UNIT
        if kind == "least-misery":
            return np.asarray(low)
        high = self.segments.reduce("max", utility) / UNIT
        return ratio(low, high, 0.0)

    def _mean(self, values: IntArray) -> FloatArray:
        return np.asarray(self.segments.reduce("sum", values) / (self.segments.sizes[:, None] * UNIT))


@aggregator("nash")
@dataclass(frozen=True)
class Nash(ListUtility):
    """Nash social welfare: each position maximizes the product of the members' utilities of the list.

    It is the sum over m of log(`floor` + U(m, L)) that is compared. The product rewards what serves
    members who have little so far. Nash, "The bargaining problem", 1950; greedily over several choices
    in Freeman, Zahedi, Conitzer, "Fair and Efficient Social Choice in Dynamic Settings", IJCAI 2017.
    Utilities are those of `greedy-lm`, which is our choice. `multiplicative` takes the product item by item.

    Raises:
        ConfigError: if `floor` is not above 0 and at most 1, `depth` is below 1 or `top` below 2.
    """

    label: ClassVar[str] = "nash"

    floor: float = 0.01
    """Utility of the empty list; without it a member with nothing would make every product 0."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_fraction(f"{self.label}.floor", self.floor or -1)

    def start(self, shortlist: Shortlist) -> GreedyState:
        """All utilities are `floor`."""
        state = _Product(shortlist.members.segments, self.utilities(shortlist))
        state.received += whole(self.floor)
        return state


class _Product(GreedyState):
    def gains(self) -> IntArray:
        utility = (self.received[:, None] + self.worth) / UNIT
        return np.asarray(self.segments.reduce("sum", whole(np.log(utility))))
