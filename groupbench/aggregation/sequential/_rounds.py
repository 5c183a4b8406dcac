"""Rounds of recommendations for the same groups, and what is passed from one to the next."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from groupbench.aggregation import MemberScores
from groupbench.aggregation._exact import exact_sum
from groupbench.core.arrays import BoolArray, FloatArray, IntArray, Segments, ratio
from groupbench.core.errors import ConfigError
from groupbench.metrics import gather, sort_keys, top_candidates


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

    @classmethod
    def start(cls, members: MemberScores) -> State:
        """The state before the first round."""
        nothing = np.zeros(len(members.scores))
        return cls(0, nothing, nothing)

    @property
    def mean(self) -> FloatArray:
        """What each member got per round, (n_rows,); satO in the paper if that is satisfaction."""
        return self.total / max(self.rounds, 1)

    def after(self, got: FloatArray) -> State:
        """The state one round later, in which the members got `got`, (n_rows,)."""
        return State(self.rounds + 1, self.total + got, got)

    def with_new(self, new: BoolArray, segments: Segments) -> State:
        """The state after the `new` members, (n_rows,), took the places of others.

        They start level with those who stayed, at the mean of what these got: nobody owes them the rounds
        that they missed. Where nobody stayed all start from nothing.
        """
        if not new.any():
            return self
        stayed = np.where(new, 0.0, 1.0)[:, None]
        both = np.stack([self.total, self.last], axis=1) * stayed
        means = ratio(exact_sum(segments, both), exact_sum(segments, stayed), 0.0)[segments.of_row]
        total, last = np.where(new[:, None], means, both).T
        return State(self.rounds, total, last)


class SequentialAggregator(ABC):
    """Turns member scores into group scores, round after round, for all groups of a block at once."""

    @abstractmethod
    def score(self, members: MemberScores, state: State, depth: int) -> FloatArray:
        """Group scores of one round, (n_groups, width), finite where valid, higher is better.

        Args:
            members: scores of this round's candidates.
            state: what these members got in earlier rounds, as of `receive`.
            depth: candidates that each round recommends.
        """

    @abstractmethod
    def receive(self, members: MemberScores, shown: IntArray) -> FloatArray:
        """What members get from the candidates `shown`, (n_groups, depth) columns or -1: (n_rows,)."""


def play(
    aggregator: SequentialAggregator,
    rounds: Sequence[MemberScores],
    depth: int,
    *,
    new: BoolArray | None = None,
    order: IntArray | None = None,
) -> IntArray:
    """Play rounds in which what was recommended is no candidate again.

    Args:
        aggregator: what to play.
        rounds: the scores of each round's members, all of the same candidates and sizes of groups.
        depth: candidates that each round recommends: the best.
        new: (n_rounds, n_rows) which members were not there in the round before; nobody by default.
        order: (n_groups, width) which of equal scores comes first, ascending; by column by default.

    Returns:
        (n_rounds, n_groups, depth) columns that were shown, best first, -1 behind the end of a list.

    Raises:
        ConfigError: if rounds differ in their members' number.
    """
    state, valid = State.start(rounds[0]), rounds[0].valid
    out = np.empty((len(rounds), len(valid), depth), dtype=np.int64)
    for number, held in enumerate(rounds):
        if len(held.scores) != len(state.total):
            raise ConfigError(
                f"round {number + 1} has scores of {len(held.scores)} members, the one before of "
                f"{len(state.total)}; whoever joins takes the place of one who leaves"
            )
        members = held if valid is held.valid else replace(held, valid=valid)
        if new is not None and number:
            state = state.with_new(new[number], members.segments)
        scores = aggregator.score(members, state, depth)
        out[number] = first(*top_candidates(sort_keys(scores, valid), depth, stable=True), depth, order)
        state = state.after(aggregator.receive(members, out[number]))
        valid = without(valid, out[number])
    return out


def first(keys: FloatArray, columns: IntArray, depth: int, order: IntArray | None = None) -> IntArray:
    """The first `depth` of top candidates, (n_groups, depth) columns, -1 behind the end of a list.

    Args:
        keys: (n_groups, any) as `top_candidates` gives them.
        columns: (n_groups, any) likewise.
        depth: how many are wanted.
        order: (n_groups, width) which of equal keys comes first, ascending; by default they keep their order.
    """
    found = np.where(keys < np.inf, columns, -1)
    if order is not None:
        found = gather(found, np.lexsort((gather(order, columns), keys), axis=1))
    out = np.full((len(keys), depth), -1, dtype=np.int64)
    out[:, : found.shape[1]] = found[:, :depth]
    return out


def without(valid: BoolArray, shown: IntArray) -> BoolArray:
    """What is left of the candidates, (n_groups, width), after some were `shown`, (n_groups, depth)."""
    left = valid.copy()
    groups, positions = np.nonzero(shown >= 0)
    left[groups, shown[groups, positions]] = False
    return left
