"""Several rounds for the same groups: what a member got in one round decides how much it counts in the next.

Satisfaction and disagreement are those of Stratigi, Pitoura, Nummenmaa, Stefanidis, "Sequential group
recommendations based on satisfaction and disagreement scores", Journal of Intelligent Information
Systems, 2022 (first in SAC 2020). Candidates may change from round to round, the members may not.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from groupbench.aggregation import MemberScores
from groupbench.aggregation._base import require_depth, require_fraction
from groupbench.aggregation._exact import UNIT, exact_mean, exact_sum, whole
from groupbench.aggregation._normalise import non_negative, normalised
from groupbench.aggregation._order import expected, fraction
from groupbench.aggregation._shortlist import Shortlist
from groupbench.aggregation.proportional import EPFuzzDA, Proportion
from groupbench.arrays import FloatArray, Segments
from groupbench.errors import ConfigError
from groupbench.metrics import top_k


@dataclass(frozen=True)
class State:
    """What the rounds so far left behind.

    Attributes:
        rounds: how many there were.
        total: (n_rows,) what each member got in all of them.
        last: (n_rows,) what each member got in the last one.
    """

    rounds: int
    total: FloatArray
    last: FloatArray

    @property
    def mean(self) -> FloatArray:
        """What each member got per round, (n_rows,); satO in the paper if that is satisfaction."""
        return self.total / max(self.rounds, 1)

    def after(self, got: FloatArray) -> State:
        """The state one round later, in which the members got `got`, (n_rows,)."""
        return State(self.rounds + 1, self.total + got, got)


class SequentialAggregator(ABC):
    """Turns member scores into group scores, round after round, for all groups of a block at once."""

    def start(self, members: MemberScores) -> State:
        """The state before the first round."""
        nothing = np.zeros(len(members.scores))
        return State(0, nothing, nothing)

    @abstractmethod
    def step(self, members: MemberScores, state: State) -> tuple[FloatArray, State]:
        """Group scores of one round, (n_groups, width), higher is better, and the state after it.

        Args:
            members: scores of this round's candidates, the members being those of `start`.
            state: the state after the round before.

        Raises:
            ConfigError: if the state is of other members.
        """


@dataclass(frozen=True)
class _Satisfying(SequentialAggregator):
    """Weighs the members by how satisfied they are with the lists so far."""

    depth: int = 10
    """Candidates recommended in each round; satisfaction is measured on these."""

    normalise: Literal["none", "minmax", "zscore", "rank"] = "none"
    """What is done to each member's scores first; `none` is for predicted ratings."""

    def __post_init__(self) -> None:
        require_depth(type(self).__name__, self.depth)

    def step(self, members: MemberScores, state: State) -> tuple[FloatArray, State]:
        """Group scores, (n_groups, width), and the state with the members' satisfaction."""
        _same_members(members, state)
        usable = normalised(members, self.normalise)
        scores = self._scores(usable, state) if state.rounds else _mean(usable)
        return scores, state.after(satisfaction(usable, scores, self.depth))

    @abstractmethod
    def _scores(self, members: MemberScores, state: State) -> FloatArray: ...


@dataclass(frozen=True)
class SDAA(_Satisfying):
    """SDAA: the more the members disagreed in the last round, the more its least satisfied member counts.

    score(c) = (1 - a) * mean of s(m, c) + a * s(least, c), where a is the highest minus the lowest
    satisfaction in the last round, 0 in the first, and least is the member who was least satisfied with
    it; several are averaged. See the module for the source, equations 8 and 9.
    """

    def _scores(self, members: MemberScores, state: State) -> FloatArray:
        segments = members.segments
        share = disagreement(state.last, segments)[:, None]
        lowest = segments.reduce("min", state.last)[segments.of_row]
        least = state.last == lowest
        leaders = Segments.from_sizes(segments.reduce("sum", least.astype(np.int64)))
        return (1 - share) * _mean(members) + share * exact_mean(leaders, members.scores[least])


@dataclass(frozen=True)
class SIAA(_Satisfying):
    """SIAA: every member counts the more, the less satisfied it was.

    score(c) = sum of w(m) * s(m, c) with w(m) = (1 - b) * (1 - satO(m)) + b * (max sat - sat(m)): satO is
    the mean satisfaction over all rounds so far, sat that of the last. The first round, and one before
    which no weight is above 0, is the mean. See the module for the source, equations 10 to 12.

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
        return np.where(total > 0, weighted / np.where(total > 0, total, 1.0), _mean(members))


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

    normalise: Literal["none", "minmax", "zscore", "rank"] = "minmax"
    """As of `ep-fuzzda`."""

    def __post_init__(self) -> None:
        self._strategy()

    def _strategy(self) -> EPFuzzDA:
        return EPFuzzDA(depth=self.depth, weights=self.weights, excess=self.excess, normalise=self.normalise)

    def step(self, members: MemberScores, state: State) -> tuple[FloatArray, State]:
        """Positions left when placed, else less than 1, (n_groups, width); and what members got."""
        _same_members(members, state)
        strategy, rounds = self._strategy(), max(state.rounds, 1)
        mean = _mean(members)
        out = fraction(mean, members.valid)
        shortlist = Shortlist.of(members, strategy.liked(members))
        race = Proportion(strategy, shortlist.members, rounds)
        unit = race.unit[:, 0]
        race.held += whole(state.total / rounds / unit)
        before = race.held.copy()
        strategy.fill(shortlist, race, mean, out)
        return out, state.after((race.held - before) / UNIT * unit * rounds)


def play(
    aggregator: SequentialAggregator, members: MemberScores, rounds: int, depth: int
) -> Iterator[tuple[MemberScores, FloatArray, State]]:
    """Play rounds in which what was recommended is no candidate again.

    Args:
        aggregator: what to play.
        members: the scores of all candidates.
        rounds: how many to play.
        depth: candidates that each round recommends: the best, those of equal score by column.

    Yields:
        For each round its member scores, the group scores, (n_groups, width), and the state after it.
    """
    state = aggregator.start(members)
    for _ in range(rounds):
        scores, state = aggregator.step(members, state)
        yield members, scores, state
        taken = top_k(scores, members.valid, depth)
        groups, places = np.nonzero(taken >= 0)
        valid = members.valid.copy()
        valid[groups, taken[groups, places]] = False
        members = replace(members, valid=valid)


def satisfaction(members: MemberScores, scores: FloatArray, depth: int) -> FloatArray:
    """How much of the best possible list each member got, (n_rows,): sat, equation 1.

    It is the sum of the member's scores over the group's best `depth` candidates, divided by the sum over
    its own best ones; candidates of equal group score share the last places. Scores need to be positive
    to be shared out: a member with one below 0 has them counted from its lowest. A member to whom
    nothing is worth anything is satisfied.
    """
    got = _list_value(members, scores, (np.arange(members.width) < depth).astype(np.float64))
    own = np.sort(non_negative(members), axis=1)[:, ::-1][:, :depth]
    best = whole(own).sum(axis=1) / UNIT
    return np.where(best > 0, got / np.where(best > 0, best, 1.0), 1.0)


def discounted_utility(members: MemberScores, scores: FloatArray, depth: int) -> FloatArray:
    """Each member's sum of score / log2(place + 1) over the group's best `depth` candidates, (n_rows,)."""
    places = np.arange(members.width)
    return _list_value(members, scores, np.where(places < depth, 1 / np.log2(places + 2), 0.0))


def disagreement(values: FloatArray, groups: Segments) -> FloatArray:
    """Highest minus lowest of the members' `values`, (n_rows,), in each group, (n_groups,).

    Of one round's satisfaction it is groupDis, of the mean over rounds groupDisO (equations 5 and 6).
    """
    return np.asarray(groups.reduce("max", values) - groups.reduce("min", values))


def dmae(utilities: FloatArray, groups: Segments) -> FloatArray:
    """How far the members' parts of the group's utility are from equal parts, (n_groups,); 0 is even.

    The mean over members of |U(m) / sum of U - 1 / M|, with U(m) a member's `discounted_utility` over all
    rounds: the discounted mean absolute error of Dokoupil & Peska, 2026 (see `LTP`). Nothing is even, too.
    """
    total = exact_sum(groups, utilities[:, None])[groups.of_row, 0]
    equal = 1 / groups.sizes[groups.of_row]
    parts = np.where(total > 0, utilities / np.where(total > 0, total, 1.0), equal)
    return exact_mean(groups, np.abs(parts - equal)[:, None])[:, 0]


def _list_value(members: MemberScores, scores: FloatArray, worth: FloatArray) -> FloatArray:
    """Each member's scores summed over the group's list, each times the `worth` of its place, (n_rows,)."""
    shares = expected(np.where(members.valid, scores, -np.inf), worth)
    value = whole(non_negative(members) * shares[members.segments.of_row])
    return np.asarray(value.sum(axis=1) / UNIT)


def _mean(members: MemberScores) -> FloatArray:
    return exact_mean(members.segments, members.scores)


def _same_members(members: MemberScores, state: State) -> None:
    if len(state.total) != len(members.scores):
        raise ConfigError(
            f"sequential: the state is of {len(state.total)} members, the scores of {len(members.scores)}; "
            "start anew, or keep the members"
        )
