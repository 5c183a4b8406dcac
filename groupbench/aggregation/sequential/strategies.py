"""Strategies over several rounds: each looks back on what members got in earlier ones."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Literal

import numpy as np

from groupbench.aggregation import MemberScores
from groupbench.aggregation._base import require_fraction
from groupbench.aggregation._exact import UNIT, exact_mean_of, exact_sum, row_sums, whole
from groupbench.aggregation._normalization import normalized
from groupbench.aggregation._ranks import below_one
from groupbench.aggregation._shortlist import Shortlist
from groupbench.aggregation.proportional import EPFuzzDA, Proportion
from groupbench.aggregation.sequential._rounds import SequentialAggregator, State
from groupbench.aggregation.sequential._satisfaction import Relevance, at_shown
from groupbench.core.arrays import FloatArray, IntArray, ratio
from groupbench.core.registry import sequential_aggregator


@dataclass(frozen=True)
class _Satisfying(SequentialAggregator):
    """Weighs the members by how satisfied they are with the lists so far."""

    normalize: Literal["none", "minmax", "zscore", "rank"] = "none"
    """What is done to each member's scores first; `none` is for predicted ratings."""

    def score(self, members: MemberScores, state: State, depth: int) -> FloatArray:
        """Group scores, (n_groups, width); those of the first round are means."""
        usable = normalized(members, self.normalize)
        return self._weighed(usable, state) if state.rounds else usable.mean.copy()

    def receive(self, members: MemberScores, shown: IntArray) -> FloatArray:
        """The members' satisfaction with what was shown, (n_rows,)."""
        usable = normalized(members, self.normalize)
        return Relevance.of(usable, shown.shape[1]).satisfaction(shown, usable.valid)

    @abstractmethod
    def _weighed(self, members: MemberScores, state: State) -> FloatArray: ...


@sequential_aggregator("sdaa")
@dataclass(frozen=True)
class SDAA(_Satisfying):
    """SDAA: the more the members disagreed in the last round, the more its least satisfied member counts.

    score(c) = (1 - a) * mean of s(m, c) + a * s(least, c), where a is the highest minus the lowest
    satisfaction in the last round, 0 in the first, and least is the member who was least satisfied with
    it; several are averaged. Stratigi, Pitoura, Nummenmaa, Stefanidis, "Sequential group recommendations
    based on satisfaction and disagreement scores", JIIS 2022, equations 8 and 9.
    """

    def _weighed(self, members: MemberScores, state: State) -> FloatArray:
        segments = members.segments
        lowest, highest = (segments.reduce(how, state.last) for how in ("min", "max"))
        share = (highest - lowest)[:, None]
        least = state.last == lowest[segments.of_row]
        return (1 - share) * members.mean + share * exact_mean_of(segments, least, members.scores)


@sequential_aggregator("siaa")
@dataclass(frozen=True)
class SIAA(_Satisfying):
    """SIAA: every member counts the more, the less satisfied it was.

    score(c) = sum of w(m) * s(m, c) with w(m) = (1 - b) * (1 - satO(m)) + b * (max sat - sat(m)): satO is
    the mean satisfaction over all rounds so far, sat that of the last. The first round, and one before
    which no weight is above 0, is the mean. Source as of `sdaa`, equations 10 to 12.

    Raises:
        ConfigError: if `b` is outside 0 to 1.
    """

    b: float = 0.5
    """How much the last round matters against all of them."""

    def __post_init__(self) -> None:
        require_fraction("siaa.b", self.b)

    def _weighed(self, members: MemberScores, state: State) -> FloatArray:
        segments = members.segments
        behind = segments.reduce("max", state.last)[segments.of_row] - state.last
        weights = np.maximum((1 - self.b) * (1 - state.mean) + self.b * behind, 0.0)
        total = exact_sum(segments, weights[:, None])
        weighted = exact_sum(segments, weights[:, None] * members.scores)
        # Divided by the weights, which changes no order and keeps the scale.
        return ratio(weighted, total, members.mean)


@sequential_aggregator("ltp")
@dataclass(frozen=True)
class LTP(SequentialAggregator):
    """LTP, long-term proportionality: EP-FuzzDA that starts from what the members got in earlier rounds.

    With R rounds before this one, a member starts with what it got in total, divided by max(R, 1), and
    gets r(m, c) / max(R, 1) from a candidate. Dokoupil & Peska, "Long-term fairness in sequential group
    recommendations", Knowledge and Information Systems, 2026, algorithm 1 with full carry-over and
    without decay within a list; relevance is not negative here.

    Raises:
        ConfigError: as `ep-fuzzda` does.
    """

    weights: Literal["equal", "activity"] = "equal"
    """As of `ep-fuzzda`."""

    excess: float = 0.0
    """As of `ep-fuzzda`; beta in the paper."""

    normalize: Literal["auto", "none", "minmax", "zscore", "rank"] = "auto"
    """As of `ep-fuzzda`."""

    def __post_init__(self) -> None:
        self._strategy(1)

    def _strategy(self, depth: int) -> EPFuzzDA:
        return EPFuzzDA(depth=depth, weights=self.weights, excess=self.excess, normalize=self.normalize)

    def score(self, members: MemberScores, state: State, depth: int) -> FloatArray:
        """Positions left when placed, else less than 1, (n_groups, width)."""
        strategy, rounds = self._strategy(depth), max(state.rounds, 1)
        out = below_one(members.mean, members.valid)
        shortlist = Shortlist.of(members, strategy.liked(members))
        greedy = Proportion(strategy, shortlist.members, rounds)
        greedy.received += whole(state.total / rounds / greedy.unit[:, 0])
        strategy.fill(shortlist, greedy, members.mean, out)
        return out

    def receive(self, members: MemberScores, shown: IntArray) -> FloatArray:
        """The relevance of what was shown, (n_rows,)."""
        counted = Proportion(self._strategy(1), members)
        assert counted.order is not None
        relevance = np.empty_like(counted.worth)
        order = counted.order[members.segments.of_row]
        np.put_along_axis(relevance, order, counted.worth * (counted.unit / UNIT), axis=1)
        return row_sums(at_shown(relevance, shown, members.segments))
