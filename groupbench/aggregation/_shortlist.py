"""Which candidates can be chosen at all: the ones that some member puts near the top of its list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from groupbench.aggregation._base import MemberScores
from groupbench.aggregation._order import by_size, reduced
from groupbench.arrays import BoolArray, FloatArray, IntArray, Segments


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
        some = reduced(np.logical_or, members.segments, liked)
        sizes = np.count_nonzero(some, axis=1)
        if sizes.max(initial=0) == members.width:
            columns = np.broadcast_to(np.arange(members.width), some.shape)
            return cls(columns, replace(members, valid=some), liked)
        groups, found = np.nonzero(some)
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

    def blocks(self, budget: int) -> Iterator[tuple[IntArray, Shortlist]]:
        """Groups of equal size, with at most `budget` scores together unless a single one has more.

        Yields:
            Which groups, (n,), and their shortlist, as wide as the longest list among them.
        """
        for groups, rows in by_size(self.members.segments, budget // max(1, self.members.width)):
            used = np.flatnonzero(self.members.valid[groups].any(axis=0))
            width = int(used.max(initial=0)) + 1
            held = rows.ravel()
            part = MemberScores(
                self.members.scores[held, :width],
                self.members.valid[groups, :width],
                Segments.from_sizes(np.full(len(groups), rows.shape[1])),
                self.members.activity[held],
                self.members.scale,
            )
            yield groups, Shortlist(self.columns[groups, :width], part, self.liked[held, :width])

    def spread(self, values: FloatArray, width: int) -> FloatArray:
        """The `values`, (n_groups, n), in the columns of the original scores, else 0: (n_groups, width)."""
        out = np.zeros((len(values), width))
        groups, places = np.nonzero(self.members.valid)
        out[groups, self.columns[groups, places]] = values[groups, places]
        return out

    def by_place(self, worth: FloatArray) -> FloatArray:
        """Each member's `worth` of the place, (n,), at which it has a candidate it likes, else 0.

        Equally good candidates share the mean over their orders. The result is (n_rows, n).
        """
        return np.where(self.liked, self.members.places.shared(worth), 0.0)


def top_lists(members: MemberScores, lengths: Any) -> BoolArray:
    """Whether fewer than `lengths` (one, or (n_groups,)) candidates beat it: (n_rows, width).

    So all that are equally good as the last one are in.
    """
    least = members.last_of_best(np.broadcast_to(lengths, len(members.valid)))
    return np.asarray((members.scores >= least) & members.valid[members.segments.of_row])
