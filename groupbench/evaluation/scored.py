"""What a method says of a block of candidate lists."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from groupbench.aggregation import TopCandidates
from groupbench.core.arrays import FloatArray, IntArray
from groupbench.metrics import MemberRounds, Predictions


@dataclass(frozen=True)
class Scored:
    """The scores of a block of lists.

    Attributes:
        scores: (n_lists, width); nothing where `top` says what leads the lists.
        predictions: the member scores that were aggregated, or None.
        ratings: whether the scores are predicted ratings.
        top: keys and columns, as `top_candidates` gives them.
        rounds: what members got in each round, or None.
    """

    scores: FloatArray
    predictions: Predictions | None = None
    ratings: bool = False
    top: TopCandidates | None = None
    rounds: MemberRounds | None = None

    def at(self, columns: IntArray) -> Scored:
        """The scores at the `columns`, (n_lists, any), of each list."""
        return Scored(np.take_along_axis(self.scores, columns, 1), ratings=self.ratings)
