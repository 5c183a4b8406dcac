"""Strategies in which members vote, or take turns.

Masthoff, "Group Recommender Systems: Aggregation, Satisfaction and Group Attributes", Recommender
Systems Handbook, 2nd ed., 2015, chapter 22, describes them by example; each class says how it
makes them exact without favouring any member or candidate by its position in the input.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from groupbench.aggregation._base import Aggregator, MemberScores, require_depth, require_fraction
from groupbench.aggregation._normalization import valid_means
from groupbench.aggregation._ranks import double_midranks, rank_fraction
from groupbench.core.arrays import Array, BoolArray, FloatArray, IntArray
from groupbench.core.registry import aggregator


@aggregator("approval")
@dataclass(frozen=True)
class Approval(Aggregator):
    """Approval voting: the number of members who find a candidate good enough.

    A member approves of scores of at least low + `threshold` * (high - low) of the rating scale, or
    of at least its own mean over the candidates if scores are no ratings. Brams & Fishburn,
    "Approval voting", 1978.

    Raises:
        ConfigError: if `threshold` is outside 0 to 1.
    """

    threshold: float = 0.625
    """Fraction of the rating scale: 0.625 is 3.5 on a scale from 1 to 5."""

    break_ties: bool = True
    """Order equally approved candidates by the members' mean score; else they stay tied."""

    def __post_init__(self) -> None:
        require_fraction("approval.threshold", self.threshold)

    def aggregate(self, members: MemberScores) -> FloatArray:
        """Approving members, plus less than 1 if ties are broken, (n_groups, width)."""
        approved = members.scores >= self._least(members)
        votes = members.segments.reduce("sum", approved).astype(np.float64)
        return votes + members.by_mean if self.break_ties else votes

    def _least(self, members: MemberScores) -> FloatArray | float:
        if members.scale is not None:
            low, high = members.scale
            return low + self.threshold * (high - low)
        return valid_means(members.scores, members.row_valid)


@dataclass(frozen=True)
class VotingRounds(Aggregator):
    """An aggregator in which members vote in rounds, of which each places some candidates."""

    label: ClassVar[str]
    """What the strategy is called in error messages."""

    depth: int = 20
    """Rounds; each fills at least one position, so choose the length of the longest list evaluated."""

    def __post_init__(self) -> None:
        require_depth(self.label, self.depth)

    def vote(self, members: MemberScores, preferred: Array, out: FloatArray) -> FloatArray:
        """`out`, (n_groups, width), with what is placed on top, by what members prefer, (n_rows, width)."""
        wishes = np.where(members.row_valid, preferred + 1, 0)
        wishes = wishes.astype(np.min_scalar_type(wishes.max(initial=0)))
        for groups, block in members.segments.stacked(wishes):
            scores = out[groups]
            for left in range(self.depth, 0, -1):
                votes = _votes(block)
                placed = self.placed(votes)
                scores[placed] = self.score(left, votes[placed], block.shape[1])
                _remove(placed, block)
            out[groups] = scores
        return out

    @abstractmethod
    def placed(self, votes: IntArray) -> BoolArray:
        """What is placed by so many votes, (n, width)."""

    @abstractmethod
    def score(self, left: int, votes: IntArray, size: int) -> FloatArray | float:
        """Group scores of what gets `votes` of `size` members with so many rounds left, this one included."""


@aggregator("plurality")
@dataclass(frozen=True)
class Plurality(VotingRounds):
    """Plurality voting, repeated: the candidate with the most votes is placed, and all vote again.

    In each round a member votes for its best candidate that is not placed yet, for all of them if
    several are equally good, as in Masthoff's example; candidates with equally many votes are placed
    together, tied. What is left after `depth` rounds follows by Borda count.

    Raises:
        ConfigError: if `depth` is below 1.
    """

    label: ClassVar[str] = "plurality"

    def aggregate(self, members: MemberScores) -> FloatArray:
        """Rounds left when placed, from `depth` to 1, else less than 1, (n_groups, width)."""
        ranks = members.ranks.double_midranks
        borda = rank_fraction(members.segments.reduce("sum", ranks), members.valid)
        return self.vote(members, ranks, borda)

    def placed(self, votes: IntArray) -> BoolArray:
        """The candidates with the most votes, (n, width)."""
        return np.asarray((votes > 0) & (votes == votes.max(axis=1, initial=0, keepdims=True)))

    def score(self, left: int, votes: IntArray, size: int) -> float:
        """Rounds left."""
        return left


@aggregator("round-robin")
@dataclass(frozen=True)
class RoundRobin(VotingRounds):
    """Fairness: in each round every member picks its best candidate that no earlier round picked.

    A member with several equally good candidates picks the one with the highest mean over the group
    (Masthoff's fairness strategy asks the others too), and all of them if that is equal as well. A
    round's picks are in the order of the turn expected for them if turns were drawn by lot: of M
    members, the first of v who pick the same has turn (M + 1) / (v + 1) on average, so more pickers
    come first, and equally many are tied. What is left after `depth` rounds follows by mean score.

    Raises:
        ConfigError: if `depth` is below 1.
    """

    label: ClassVar[str] = "round-robin"

    def aggregate(self, members: MemberScores) -> FloatArray:
        """Rounds left when picked plus the share of pickers, else below 0, (n_groups, width)."""
        by_mean = double_midranks(members.by_mean)[members.segments.of_row]
        preferred = members.ranks.double_midranks.astype(np.int64) * (2 * members.width) + by_mean
        return self.vote(members, preferred, members.by_mean - 1)

    def placed(self, votes: IntArray) -> BoolArray:
        """All that somebody picks, (n, width)."""
        return votes > 0

    def score(self, left: int, votes: IntArray, size: int) -> FloatArray:
        """Rounds left after this one plus the share of pickers."""
        return left - 1 + votes / (size + 1)


def _votes(wishes: Array) -> IntArray:
    """Members who have nothing they wish for more, (n, width), of groups of equal size, (n, size, width)."""
    n, size, width = wishes.shape
    best = np.maximum(wishes.max(axis=2, initial=0, keepdims=True), 1)
    cells = np.flatnonzero(wishes == best)
    votes = np.bincount(cells // (size * width) * width + cells % width, minlength=n * width)
    return votes.reshape(n, width)


def _remove(placed: BoolArray, wishes: Array) -> None:
    """Take candidates, (n, width), from what the members of the group, (n, size, width), wish for."""
    groups, columns = np.divmod(np.flatnonzero(placed), placed.shape[1])
    wishes[groups, :, columns] = 0
