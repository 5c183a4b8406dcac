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
from groupbench.aggregation._exact import exact_mean
from groupbench.aggregation._normalise import own_means
from groupbench.aggregation._order import fraction, member_points, points
from groupbench.arrays import BoolArray, FloatArray, IntArray, Segments
from groupbench.registry import aggregator


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
        votes = members.segments.reduce("sum", approved)
        if not self.break_ties:
            return votes
        return votes + fraction(exact_mean(members.segments, members.scores), members.valid)

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
        gained = member_points(members)
        out = fraction(members.segments.reduce("sum", gained), members.valid)
        turns = _Turns(members.segments, _above_zero(gained, members))
        for left in range(self.depth, 0, -1):
            votes = turns.votes()
            placed = (votes > 0) & (votes == votes.max(axis=1, initial=0, keepdims=True))
            out[placed] = left
            turns.remove(placed)
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
        segments = members.segments
        mean = exact_mean(segments, members.scores)
        out = fraction(mean, members.valid) - 1
        ranked = points(np.where(members.valid, mean, -np.inf))[segments.of_row]
        wishes = member_points(members).astype(np.int64) * (2 * members.width) + ranked
        turns = _Turns(segments, _above_zero(wishes, members))
        for left in range(self.depth - 1, -1, -1):
            votes = turns.votes()
            picked = votes > 0
            out[picked] = (left + votes / (segments.sizes[:, None] + 1))[picked]
            turns.remove(picked)
        return out


class _Turns:
    """What every member would still choose from, and what it chooses now.

    `wishes`, (n_rows, width), are whole numbers: higher is preferred, 0 is not to be had.
    """

    def __init__(self, segments: Segments, wishes: NDArray[Any]) -> None:
        self._segments = segments
        self._wishes = wishes.astype(np.min_scalar_type(wishes.max(initial=0)))

    def votes(self) -> IntArray:
        """Members that hold a candidate (among) their best ones left, (n_groups, width)."""
        n_groups, width = len(self._segments), self._wishes.shape[1]
        best = np.maximum(self._wishes.max(axis=1, initial=0), 1)
        rows, columns = np.divmod(np.flatnonzero(self._wishes == best[:, None]), max(width, 1))
        cells = self._segments.of_row[rows] * width + columns
        return np.bincount(cells, minlength=n_groups * width).reshape(n_groups, width)

    def remove(self, placed: BoolArray) -> None:
        """Take candidates, (n_groups, width), from what all members of the group choose from."""
        groups, columns = np.nonzero(placed)
        losers = Segments.from_sizes(self._segments.sizes[groups])
        rows = self._segments.offsets[groups][losers.of_row] + losers.position
        self._wishes[rows, columns[losers.of_row]] = 0


def _above_zero(wishes: NDArray[Any], members: MemberScores) -> NDArray[Any]:
    return np.where(members.valid[members.segments.of_row], wishes + 1, 0)
