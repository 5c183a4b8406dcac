"""What every aggregator is given and owes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groupbench.arrays import BoolArray, FloatArray, Segments


@dataclass(frozen=True)
class MemberScores:
    """The members' scores of a block of groups, each group on its own list of candidates.

    Attributes:
        scores: (n_rows, width); row r is a member of group `segments.of_row[r]`, column c is
            that group's c-th candidate.
        valid: (n_groups, width); False where a group has fewer candidates than `width`, there
            `scores` are arbitrary but finite.
        segments: which rows belong to which group.
        activity: (n_rows,) number of training ratings of each member.
        scale: lowest and highest rating if the scores are predicted ratings, else None.
    """

    scores: FloatArray
    valid: BoolArray
    segments: Segments
    activity: FloatArray
    scale: tuple[float, float] | None


class Aggregator(ABC):
    """Turns member scores into group scores, for all groups of a block at once."""

    @abstractmethod
    def aggregate(self, members: MemberScores) -> FloatArray:
        """Group scores, (n_groups, width), finite where valid, higher is better."""
