"""Which candidates can be chosen at all: the ones that some member puts near the top of its list."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groupbench.aggregation._base import MemberScores
from groupbench.aggregation._order import expected
from groupbench.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class Shortlist:
    """The candidates of each group that at least one of its members likes.

    Attributes:
        columns: (n_groups, n) columns of the original scores; arbitrary where not `members.valid`.
        members: the scores of those candidates, (n_rows, n).
        liked: (n_rows, n) which of them each member likes.
    """

    columns: IntArray
    members: MemberScores
    liked: BoolArray

    @classmethod
    def of(cls, members: MemberScores, liked: BoolArray) -> Shortlist:
        """Those of the candidates that a member has in `liked`, (n_rows, width)."""
        some = members.segments.reduce("max", liked)
        if some.all():
            return cls(np.broadcast_to(np.arange(members.width), some.shape), members, liked)
        groups, found = np.nonzero(some)
        sizes = np.count_nonzero(some, axis=1)
        position = np.arange(len(groups)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        columns = np.zeros((len(sizes), max(1, int(sizes.max(initial=0)))), dtype=np.int64)
        columns[groups, position] = found
        valid = np.arange(columns.shape[1]) < sizes[:, None]
        wide = columns[members.segments.of_row]
        kept = replace(members, scores=np.take_along_axis(members.scores, wide, axis=1), valid=valid)
        return cls(
            columns,
            kept,
            np.take_along_axis(liked, wide, axis=1) & valid[members.segments.of_row],
        )

    def spread(self, values: NDArray[Any], out: FloatArray) -> None:
        """Write `values`, (n_groups, n), to their columns of `out`, (n_groups, width)."""
        groups, places = np.nonzero(self.members.valid)
        out[groups, self.columns[groups, places]] = values[groups, places]

    def by_place(self, worth: FloatArray) -> FloatArray:
        """Each member's `worth` of the place, (n,), at which it has a candidate it likes, else 0.

        Equally good candidates share the mean over their orders. The result is (n_rows, n).
        """
        return np.where(self.liked, expected(self.members.masked(-np.inf), worth), 0.0)


def top_lists(members: MemberScores, lengths: Any) -> BoolArray:
    """Whether fewer than `lengths` (one, or (n_groups,)) candidates beat it: (n_rows, width).

    So all that are equally good as the last one are in.
    """
    scores = members.masked(-np.inf)
    last = members.width - np.clip(np.broadcast_to(lengths, len(members.valid)), 1, members.width)
    ordered = np.partition(scores, np.unique(last), axis=1) if members.scores.size else scores
    least = np.take_along_axis(ordered, last[members.segments.of_row, None], axis=1)
    return np.asarray((scores >= least) & members.valid[members.segments.of_row])
