"""Greedy lists that satisfy as many members as possible with enough of what each of them likes.

Serbos, Qi, Mamoulis, Pitoura, Tsaparas, "Fairness in Package-to-Group Recommendations", WWW 2017.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from groupbench.aggregation._base import MemberScores
from groupbench.aggregation._exact import UNIT
from groupbench.aggregation._greedy import Greedy, GreedyState
from groupbench.aggregation._shortlist import Shortlist, top_lists
from groupbench.core.arrays import BoolArray, IntArray, Segments
from groupbench.core.errors import ConfigError
from groupbench.core.registry import aggregator


@dataclass(frozen=True)
class Coverage(Greedy):
    """A greedy list in which members are satisfied by `m` of the candidates that count for them.

    Each position takes the candidate that counts for most members who are not satisfied yet. For `m`
    of 1 that is the number of newly satisfied members; for more, ours is one of several readings.
    """

    m: int = 1
    """Candidates in the list that a member needs to be satisfied."""

    delta: float = 0.1
    """Fraction that decides what counts."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.m < 1:
            raise ConfigError(f"{self.label}.m: {self.m} candidates satisfy nobody; give at least 1")
        if not 0 < self.delta <= 1:
            raise ConfigError(
                f"{self.label}.delta: {self.delta} is no fraction; give a number above 0 up to 1"
            )

    def start(self, shortlist: Shortlist) -> GreedyState:
        """Nobody is satisfied."""
        return _Cover(self.m, shortlist.members.segments, shortlist.liked.astype(np.int64))

    @abstractmethod
    def liked(self, members: MemberScores) -> BoolArray:
        """Which candidates count for each member, (n_rows, width)."""


class _Cover(GreedyState):
    diminishing = True

    def __init__(self, m: int, segments: Segments, worth: IntArray) -> None:
        super().__init__(segments, worth)
        self._m = m

    def gains(self) -> IntArray:
        lacking = (self.received < self._m)[:, None]
        return np.asarray(self.segments.reduce("sum", np.where(lacking, self.worth, 0)) * int(UNIT))


@aggregator("sp-greedy")
@dataclass(frozen=True)
class SPGreedy(Coverage):
    """Greedy m-proportionality: every member finds `m` of its own best candidates in the list.

    A member likes the best `delta` of its candidates (at least one), and all that are equally good.
    See `coverage` for the source; the paper leaves `delta` to the experimenter.

    Raises:
        ConfigError: if `depth` or `m` is below 1, or `delta` is not above 0 and at most 1.
    """

    label: ClassVar[str] = "sp-greedy"

    def liked(self, members: MemberScores) -> BoolArray:
        """The best `delta` of each member's candidates, (n_rows, width)."""
        return top_lists(members, _portion(self.delta, np.count_nonzero(members.valid, axis=1)))


@aggregator("ef-greedy", delta=0.25)
@dataclass(frozen=True)
class EFGreedy(Coverage):
    """Greedy m-envy-freeness: every member finds `m` candidates that few others like better than it does.

    A member does not envy the others a candidate if its score is among the best `delta` of the members'
    scores (at least one), or equal to the last of them. Scores need to be comparable across members.
    See `coverage` for the source; the paper leaves `delta` to the experimenter.

    Raises:
        ConfigError: if `depth` or `m` is below 1, or `delta` is not above 0 and at most 1.
    """

    label: ClassVar[str] = "ef-greedy"

    def liked(self, members: MemberScores) -> BoolArray:
        """Where the member's score is among the best `delta` of the group, (n_rows, width)."""
        segments = members.segments
        last = segments.largest(members.scores, lambda size: int(_portion(self.delta, np.array(size))))
        return (members.scores >= last[segments.of_row]) & members.row_valid


def _portion(share: float, of: IntArray) -> IntArray:
    """The `share` rounded up, at least one; what floating-point error adds does not count."""
    return np.asarray(np.maximum(np.ceil(share * of - 1e-9), 1), dtype=np.int64)
