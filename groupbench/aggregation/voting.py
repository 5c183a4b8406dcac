"""Strategies in which members vote, or take turns.

Masthoff, "Group Recommender Systems: Aggregation, Satisfaction and Group Attributes", Recommender
Systems Handbook, 2nd ed., 2015, chapter 22, describes them by example; each class says how it
makes them exact without favouring any member or candidate by its place in the input.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groupbench.aggregation._base import Aggregator, MemberScores, require_depth, require_fraction
from groupbench.aggregation._normalise import own_means
from groupbench.aggregation._order import fraction, points, reduced, side_by_side
from groupbench.core.arrays import BoolArray, FloatArray, IntArray
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
        approved = (members.scores >= self._least(members)).astype(np.float64)
        votes = reduced(np.add, members.segments, approved)
        return votes + members.by_mean if self.break_ties else votes

    def _least(self, members: MemberScores) -> FloatArray | float:
        if members.scale is not None:
            low, high = members.scale
            return low + self.threshold * (high - low)
        return own_means(members.scores, members.valid[members.segments.of_row])


@aggregator("plurality")
@dataclass(frozen=True)
class Plurality(Aggregator):
    """Plurality voting, repeated: the candidate with the most votes is placed, and all vote again.

    In each round a member votes for its best candidate that is not placed yet, for all of them if
    several are equally good, as in Masthoff's example; candidates with equally many votes are placed
    together, tied. What is left after `depth` rounds follows by Borda count.

    Raises:
        ConfigError: if `depth` is below 1.
    """

    depth: int = 20
    """Rounds; each fills at least one place, so choose the length of the longest list judged."""

    def __post_init__(self) -> None:
        require_depth("plurality", self.depth)

    def aggregate(self, members: MemberScores) -> FloatArray:
        """Rounds left when placed, from `depth` to 1, else less than 1, (n_groups, width)."""
        gained = members.places.points
        out = fraction(reduced(np.add, members.segments, gained), members.valid)
        for groups, wishes in side_by_side(members.segments, _wishes(gained, members)):
            filled = out[groups]
            for left in range(self.depth, 0, -1):
                votes = _votes(wishes)
                placed = (votes > 0) & (votes == votes.max(axis=1, initial=0, keepdims=True))
                filled[placed] = left
                _remove(placed, wishes)
            out[groups] = filled
        return out


@aggregator("round-robin")
@dataclass(frozen=True)
class RoundRobin(Aggregator):
    """Fairness: in each round every member picks its best candidate that no earlier round picked.

    A member with several equally good candidates picks the one with the highest mean over the group
    (Masthoff's fairness strategy asks the others too), and all of them if that is equal as well. A
    round's picks are in the order of the turn expected for them if turns were drawn by lot: of M
    members, the first of v who pick the same has turn (M + 1) / (v + 1) on average, so more pickers
    come first, and equally many are tied. What is left after `depth` rounds follows by mean score.

    Raises:
        ConfigError: if `depth` is below 1.
    """

    depth: int = 20
    """Rounds; each fills at least one place, so choose the length of the longest list judged."""

    def __post_init__(self) -> None:
        require_depth("round-robin", self.depth)

    def aggregate(self, members: MemberScores) -> FloatArray:
        """Rounds left when picked plus the share of pickers, else below 0, (n_groups, width)."""
        out = members.by_mean - 1
        by_mean = points(members.by_mean)[members.segments.of_row]
        preferred = members.places.points.astype(np.int64) * (2 * members.width) + by_mean
        for groups, wishes in side_by_side(members.segments, _wishes(preferred, members)):
            filled = out[groups]
            for left in range(self.depth - 1, -1, -1):
                votes = _votes(wishes)
                picked = votes > 0
                filled[picked] = left + votes[picked] / (wishes.shape[1] + 1)
                _remove(picked, wishes)
            out[groups] = filled
        return out


def _wishes(preferred: NDArray[Any], members: MemberScores) -> NDArray[Any]:
    """How much members wish for what, (n_rows, width): whole numbers, 0 for what is not to be had."""
    wishes = np.where(members.valid[members.segments.of_row], preferred + 1, 0)
    return wishes.astype(np.min_scalar_type(wishes.max(initial=0)))


def _votes(wishes: NDArray[Any]) -> IntArray:
    """Members who have nothing they wish for more, (n, width), of groups of equal size, (n, size, width)."""
    n, size, width = wishes.shape
    best = np.maximum(wishes.max(axis=2, initial=0, keepdims=True), 1)
    cells = np.flatnonzero(wishes == best)
    votes = np.bincount(cells // (size * width) * width + cells % width, minlength=n * width)
    return votes.reshape(n, width)


def _remove(placed: BoolArray, wishes: NDArray[Any]) -> None:
    """Take candidates, (n, width), from what the members of the group, (n, size, width), wish for."""
    groups, columns = np.divmod(np.flatnonzero(placed), placed.shape[1])
    wishes[groups, :, columns] = 0
