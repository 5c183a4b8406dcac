"""Which candidates can be chosen at all: the ones that some member puts near the top of its list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from groupbench.aggregation._base import MemberScores
from groupbench.core.arrays import BoolArray, FloatArray, IntArray, Segments, chunks, columns_set, ranges


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
        some = members.segments.reduce("any", liked)
        return cls._of_groups(members, liked, some, np.arange(len(some)))

    @classmethod
    def _of_groups(
        cls, members: MemberScores, liked: BoolArray, some: BoolArray, groups: IntArray
    ) -> Shortlist:
        """Those of the `groups`, (n,), alone; `some` says which are liked at all, (n, width)."""
        columns, valid = columns_set(some)
        segments = Segments.from_sizes(members.segments.sizes[groups])
        rows = ranges(members.segments.offsets[groups], segments.sizes)
        cells = columns[segments.of_row]
        cells += rows[:, None] * members.width
        scores = members.scores.reshape(-1).take(cells)
        chosen = MemberScores(scores, valid, segments, members.activity[rows], members.scale)
        return cls(columns, chosen, liked.reshape(-1).take(cells) & valid[segments.of_row])

    def spread(self, values: FloatArray, width: int) -> FloatArray:
        """The `values`, (n_groups, n), in the columns of the original scores, else 0: (n_groups, width)."""
        out = np.zeros((len(values), width))
        valid = self.members.valid
        out[np.nonzero(valid)[0], self.columns[valid]] = values[valid]
        return out

    def by_rank(self, worth: FloatArray) -> FloatArray:
        """Each member's `worth`, (n,), of the rank at which it has a candidate it likes, else 0.

        Equally good candidates share the mean over their orders. The result is (n_rows, n).
        """
        return np.where(self.liked, self.members.ranks.expected(worth), 0.0)


def shortlists(members: MemberScores, liked: BoolArray, budget: int) -> Iterator[tuple[IntArray, Shortlist]]:
    """The shortlists of `liked`, (n_rows, width), in parts of at most `budget` scores or of one group.

    Yields:
        Groups of equal size, (n,), with shortlists of about the same length, and these.
    """
    some = members.segments.reduce("any", liked)
    sizes, lengths = members.segments.sizes, np.maximum(np.count_nonzero(some, axis=1), 1)
    kinds = np.stack([sizes, np.frexp(lengths)[1]])
    for kind in np.unique(kinds, axis=1).T:
        same = np.flatnonzero((kinds == kind[:, None]).all(axis=0))
        for part in chunks(len(same), int(sizes[same[0]] * lengths[same].max()), budget):
            groups = same[part]
            yield groups, Shortlist._of_groups(members, liked, some[groups], groups)


def full_shortlists(members: MemberScores, budget: int) -> Iterator[tuple[IntArray, Shortlist]]:
    """What `shortlists` gives where every candidate is liked, for less."""
    for groups, rows in members.segments.by_size(budget // max(1, members.width)):
        valid, flat = members.valid[groups], rows.ravel()
        segments = Segments.from_sizes(np.full(len(groups), rows.shape[1]))
        part = MemberScores(members.scores[flat], valid, segments, members.activity[flat], members.scale)
        columns = np.broadcast_to(np.arange(members.width), valid.shape)
        yield groups, Shortlist(columns, part, part.row_valid)


def top_lists(members: MemberScores, lengths: ArrayLike) -> BoolArray:
    """Whether fewer than `lengths` (one, or (n_groups,)) candidates beat it: (n_rows, width).

    So all that are equally good as the last one are in.
    """
    least = members.last_of_best(np.broadcast_to(lengths, len(members.valid)))
    return np.asarray((members.scores >= least) & members.row_valid)
