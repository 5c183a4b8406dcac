"""What members get from the lists of their group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from groupbench.aggregation import MemberScores
from groupbench.aggregation._exact import row_sums
from groupbench.aggregation._normalization import non_negative
from groupbench.core.arrays import BoolArray, FloatArray, IntArray, Segments, ratio
from groupbench.metrics import discounts, gather, sort_keys, top_candidates


@dataclass(frozen=True, eq=False)
class Relevance:
    """What candidates are worth to members, and each member's own best ones.

    Attributes:
        worth: (n_rows, width) scores, of a member with one below 0 counted from its lowest; 0 where there is
            no candidate.
        columns: (n_rows, n) the member's best candidates, best first.
        values: (n_rows, n) their worth, 0 behind the last one.
        segments: which rows are the members of which group.
    """

    worth: FloatArray
    columns: IntArray
    values: FloatArray
    segments: Segments

    @classmethod
    def of(cls, members: MemberScores, depth: int) -> Relevance:
        """That of the members' scores, with the best `depth` candidates of each, or some more."""
        worth = non_negative(members)
        keys, columns = top_candidates(sort_keys(worth, members.row_valid), depth)
        return cls(worth, columns, np.where(keys < np.inf, -keys, 0.0), members.segments)

    def satisfaction(self, shown: IntArray, valid: BoolArray) -> FloatArray:
        """How much of the best possible list each member got, (n_rows,): sat, equation 1 of the paper.

        It is the sum over what was shown, divided by the sum over as many of the member's best candidates. A
        member to whom nothing is worth anything is satisfied.

        Args:
            shown: (n_groups, depth) columns of what was shown, -1 behind the end of a list.
            valid: (n_groups, width) what could have been shown; of all candidates no more are left out than
                each member has best ones beyond `depth`.
        """
        owner = self.segments.of_row
        lengths = np.count_nonzero(shown >= 0, axis=1)[owner, None]
        free = np.take_along_axis(valid[owner], self.columns, axis=1)
        best = free & (np.cumsum(free, axis=1) <= lengths)
        return ratio(row_sums(self._shown(shown)), row_sums(np.where(best, self.values, 0.0)), 1.0)

    def discounted(self, shown: IntArray) -> FloatArray:
        """Each member's sum of worth / log2(rank + 1) over what was shown, (n_rows,)."""
        return row_sums(self._shown(shown) * discounts(shown.shape[1]))

    def _shown(self, shown: IntArray) -> FloatArray:
        return at_shown(self.worth, shown, self.segments)


def at_shown(values: FloatArray, shown: IntArray, segments: Segments) -> FloatArray:
    """The members' `values`, (n_rows, width), of what was `shown`, (n_groups, depth) columns or -1.

    It is (n_rows, depth), 0 behind the end of a list.
    """
    columns = shown[segments.of_row]
    return np.where(columns >= 0, gather(values, np.maximum(columns, 0)), 0.0)
