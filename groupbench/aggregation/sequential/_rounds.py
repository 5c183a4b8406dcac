"""Rounds of recommendations for the same groups, and what is passed from one to the next."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from groupbench.aggregation import MemberScores
from groupbench.core.arrays import FloatArray
from groupbench.core.errors import ConfigError
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
        valid = members.valid.copy()
        valid[np.nonzero(taken >= 0)[0], taken[taken >= 0]] = False
        members = replace(members, valid=valid)


def require_same_members(members: MemberScores, state: State) -> None:
    """Raise a `ConfigError` if the state is of other members."""
    if len(state.total) != len(members.scores):
        raise ConfigError(
            f"sequential: the state is of {len(state.total)} members, the scores of {len(members.scores)}; "
            "start anew, or keep the members"
        )
