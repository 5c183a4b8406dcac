"""Aggregators that look back: SDAA, SIAA and LTP."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Literal

import numpy as np

from groupbench.aggregation import MemberScores
from groupbench.aggregation._base import require_depth, require_fraction
from groupbench.aggregation._exact import UNIT, exact_mean_of, exact_sum, whole
from groupbench.aggregation._normalization import normalized
from groupbench.aggregation._ranks import below_one
from groupbench.aggregation._shortlist import Shortlist
from groupbench.aggregation.proportional import EPFuzzDA, Proportion
from groupbench.aggregation.sequential._measures import disagreement, satisfaction
from groupbench.aggregation.sequential._rounds import SequentialAggregator, State, require_same_members
from groupbench.core.arrays import FloatArray, ratio


@dataclass(frozen=True)
class _Satisfying(SequentialAggregator):
    """Weighs the members by how satisfied they are with the lists so far."""

    depth: int = 10
    """Candidates recommended in each round; satisfaction is measured on these."""

    normalize: Literal["none", "minmax", "zscore", "rank"] = "none"
    """What is done to each member's scores first; `none` is for predicted ratings."""

    def __post_init__(self) -> None:
        require_depth(type(self).__name__, self.depth)

    def step(self, members: MemberScores, state: State) -> tuple[FloatArray, State]:
        """Group scores, (n_groups, width), and the state with the members' satisfaction."""
        require_same_members(members, state)
        usable = normalized(members, self.normalize)
        scores = self._scores(usable, state) if state.rounds else usable.mean.copy()
        return scores, state.after(satisfaction(usable, scores, self.depth))

    @abstractmethod
    def _scores(self, members: MemberScores, state: State) -> FloatArray: ...


@dataclass(frozen=True)
class SDAA(_Satisfying):
    """SDAA: the more the members disagreed in the last round, the more its least satisfied member counts.

    score(c) = (1 - a) * mean of s(m, c) + a * s(least, c), where a is the highest minus the lowest
    satisfaction in the last round, 0 in the first, and least is the member who was least satisfied with
    it; several are averaged. See the package for the source, equations 8 and 9.
    """

    def _scores(self, members: MemberScores, state: State) -> FloatArray:
        segments = members.segments
        share = disagreement(state.last, segments)[:, None]
        lowest = segments.reduce("min", state.last)[segments.of_row]
        least = state.last == lowest
        return (1 - share) * members.mean + share * exact_mean_of(segments, least, members.scores)


@dataclass(frozen=True)
class SIAA(_Satisfying):
    """SIAA: every member counts the more, the less satisfied it was.

    score(c) = sum of w(m) * s(m, c) with w(m) = (1 - b) * (1 - satO(m)) + b * (max sat - sat(m)): satO is
    the mean satisfaction over all rounds so far, sat that of the last. The first round, and one before
    which no weight is above 0, is the mean. See the package for the source, equations 10 to 12.

    Raises:
        ConfigError: if `b` is outside 0 to 1 or `depth` below 1.
    """

    b: float = 0.5
    """How much the last round matters against all of them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_fraction("SIAA.b", self.b)

    def _scores(self, members: MemberScores, state: State) -> FloatArray:
        segments = members.segments
        behind = segments.reduce("max", state.last)[segments.of_row] - state.last
        weights = np.maximum((1 - self.b) * (1 - state.mean) + self.b * behind, 0.0)
        total = exact_sum(segments, weights[:, None])
        weighted = exact_sum(segments, weights[:, None] * members.scores)
        # Divided by the weights, which changes no order and keeps the scale.
        return ratio(weighted, total, members.mean)


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

    depth: int = 10
    """Candidates recommended in each round."""

    weights: Literal["equal", "activity"] = "equal"
    """As of `ep-fuzzda`."""

    excess: float = 0.0
    """As of `ep-fuzzda`; beta in the paper."""

    normalize: Literal["auto", "none", "minmax", "zscore", "rank"] = "auto"
    """As of `ep-fuzzda`."""

    def __post_init__(self) -> None:
        self._strategy()

    def _strategy(self) -> EPFuzzDA:
        return EPFuzzDA(depth=self.depth, weights=self.weights, excess=self.excess, normalize=self.normalize)

    def step(self, members: MemberScores, state: State) -> tuple[FloatArray, State]:
        """Positions left when placed, else less than 1, (n_groups, width); and what members got."""
        require_same_members(members, state)
        strategy, rounds = self._strategy(), max(state.rounds, 1)
        out = below_one(members.mean, members.valid)
        shortlist = Shortlist.of(members, strategy.liked(members))
        greedy = Proportion(strategy, shortlist.members, rounds)
        unit = greedy.unit[:, 0]
        greedy.received += whole(state.total / rounds / unit)
        before = greedy.received.copy()
        strategy.fill(shortlist, greedy, members.mean, out)
        return out, state.after((greedy.received - before) / UNIT * unit * rounds)
