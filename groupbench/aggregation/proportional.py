"""Greedy lists that give every member its part of the relevance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from groupbench.aggregation._base import MemberScores, require_fraction
from groupbench.aggregation._exact import UNIT, whole
from groupbench.aggregation._greedy import ROUNDING_BITS, Greedy, GreedyState, TopLists
from groupbench.aggregation._normalization import non_negative, normalized
from groupbench.aggregation._shortlist import Shortlist, full_shortlists
from groupbench.core.arrays import BoolArray, FloatArray, IntArray, Segments, pick, ratio
from groupbench.core.registry import aggregator
from groupbench.metrics import gather

_AHEAD = 64
"""Candidates of most relevance that are looked at first."""


@aggregator("gfar")
@dataclass(frozen=True)
class GFAR(TopLists):
    """GFAR: each position maximizes the probability that members find their first relevant candidate there.

    p(m, c) is the Borda relevance of c, `top` minus its rank in m's own list, divided by the sum over
    that list, and 0 outside it. A candidate c after the list L adds the sum over m of p(m, c) times
    the product over d in L of 1 - p(m, d). Kaya, Bridge, Tintarev, "Ensuring Fairness in Group
    Recommendations by Rank-Sensitive Balancing of Relevance", RecSys 2020, equations 1 and 5.

    Raises:
        ConfigError: if `depth` is below 1 or `top` below 2.
    """

    label: ClassVar[str] = "gfar"

    def start(self, shortlist: Shortlist) -> GreedyState:
        """No member has found anything."""
        return _FirstFind(shortlist.members.segments, *self.chances(shortlist))

    def chances(self, shortlist: Shortlist) -> tuple[FloatArray, IntArray]:
        """p(m, c), and the logarithm of 1 - p(m, c) in `whole` numbers, (n_rows, n) both."""
        relevance = self.borda(shortlist)
        total = whole(relevance).sum(axis=1, keepdims=True) / UNIT
        chance = ratio(relevance, total, 0.0)
        return chance, whole(np.log1p(-np.minimum(chance, 1 - 1 / UNIT)))


class _FirstFind(GreedyState):
    """`worth` and `received` are logarithms of the probability that nothing relevant was found."""

    diminishing = True

    def __init__(self, segments: Segments, chance: FloatArray, worth: IntArray) -> None:
        super().__init__(segments, worth)
        self._chance = chance

    def gains(self) -> IntArray:
        missing = np.exp(self.received / UNIT)[:, None]
        return np.asarray(self.segments.reduce("sum", whole(self._chance * missing)))


@aggregator("ep-fuzzda")
@dataclass(frozen=True)
class EPFuzzDA(Greedy):
    """EP-FuzzDA: each position adds most relevance within what every member may have in proportion.

    With r(m, c) the relevance, A(m) the sum of it over the list so far, A the sum of A(m), and w(m) the
    members' weights, member m may still get x(m, c) = max(0, w(m) * (A + sum over n of r(n, c)) - A(m)).
    A candidate adds the sum over m of min(r, x) + `excess` * max(0, r - x). Malecek & Peska,
    "Fairness-preserving Group Recommendations With User Weighting", UMAP 2021 (adjunct). Relevance needs
    to be comparable and not negative: a member whose normalized scores reach below 0 has them counted
    from its lowest. All candidates are considered; the authors' program keeps to the members' best ones.

    Raises:
        ConfigError: if `excess` is outside 0 to 1 or `depth` is below 1.
    """

    label: ClassVar[str] = "ep-fuzzda"

    weights: Literal["equal", "activity"] = "equal"
    """What is proportional: an equal part for all, or one that grows with the training ratings."""

    excess: float = 0.0
    """How much relevance beyond a member's part counts; 1 makes it the sum of the relevance."""

    normalize: Literal["auto", "none", "minmax", "zscore", "rank"] = "auto"
    """What is done to each member's scores first; `auto` takes predicted ratings as they are (`none`), as the
    authors' program does, and maps other scores by `minmax`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_fraction("ep-fuzzda.excess", self.excess)

    def liked(self, members: MemberScores) -> BoolArray:
        """Everything, (n_rows, width)."""
        return members.row_valid

    def parts(self, members: MemberScores, budget: int) -> Iterator[tuple[IntArray, Shortlist]]:
        """Groups, (n,), with all their candidates."""
        return full_shortlists(members, budget)

    def start(self, shortlist: Shortlist) -> Proportion:
        """No member has got anything."""
        return Proportion(self, shortlist.members)


class Proportion(GreedyState):
    """What members got of their parts; whole numbers count in steps of each group's `unit`.

    Args:
        strategy: whose normalization of the members' scores counts.
        members: their scores.
        rounds: what one candidate brings is divided by it before it counts as got.

    Attributes:
        unit: (n_rows, 1) relevance that is counted as 1.
    """

    def __init__(self, strategy: EPFuzzDA, members: MemberScores, rounds: int = 1) -> None:
        segments = members.segments
        how = strategy.normalize
        if how == "auto":
            how = "minmax" if members.scale is None else "none"
        relevance = non_negative(normalized(members, how))
        highest = segments.reduce("max", relevance.max(axis=1, keepdims=True, initial=0.0))
        self.unit = np.exp2(np.ceil(np.log2(np.where(highest > 0, highest, 1.0))))[segments.of_row]
        counted = np.rint(relevance / self.unit * UNIT)
        total = segments.reduce("sum", counted.astype(np.int64))
        order = np.argsort(-total, axis=1)
        # Whole numbers, though floats.
        super().__init__(segments, pick(counted, np.arange(len(counted)), order, segments.of_row))
        self.order = order
        self._rounds = rounds
        self._total = gather(total, order)
        self._ahead = _AHEAD
        self._part = _parts(strategy.weights, members)
        self._excess = strategy.excess

    def gains(self) -> IntArray:
        """Relevance within the members' parts, and some of the rest, (n_groups, n).

        No candidate adds more than its total relevance, so those of which that is too low are left out.
        """
        while True:
            found = self._gains(self._ahead)
            if self._ahead >= self._total.shape[1]:
                return found
            if (self._total[:, self._ahead] + (1 << ROUNDING_BITS) < found.max(axis=1)).all():
                return found
            self._ahead *= 2

    def receive(self, rows: IntArray, columns: IntArray) -> None:
        """What was chosen counts as got, and is worth nothing any more."""
        got = np.rint(self.worth[rows, columns] / self._rounds)
        np.add.at(self.received, rows, got.astype(np.int64))
        self.worth[rows, columns] = 0.0

    def _gains(self, n: int) -> IntArray:
        """Gains of the `n` candidates with most relevance, (n_groups, n)."""
        relevance = self.worth[:, :n]
        of_group = self.segments.reduce("sum", self.received)[:, None]
        free = (of_group + self._total[:, :n]).astype(np.float64)[self.segments.of_row]
        free *= self._part
        free -= self.received[:, None].astype(np.float64)
        added = np.minimum(np.maximum(free, 0.0, out=free), relevance, out=free)
        if self._excess:
            added += self._excess * (relevance - added)
        return np.asarray(self.segments.reduce("sum", np.rint(added, out=added).astype(np.int64)))


def _parts(weights: Literal["equal", "activity"], members: MemberScores) -> FloatArray:
    """Each member's weight, (n_rows, 1); they sum to 1 in each group."""
    own = members.activity if weights == "activity" else np.ones(len(members.activity))
    total = members.segments.reduce("sum", own)[members.segments.of_row]
    equal = 1 / members.segments.sizes[members.segments.of_row]
    return ratio(own, total, equal)[:, None]
