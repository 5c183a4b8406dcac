"""Which candidates can be chosen at all: the ones that some member puts near the top of its list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from groupbench.aggregation._base import MemberScores
from groupbench.aggregation._order import by_size, reduced
from groupbench.core.arrays import BoolArray, FloatArray, IntArray, Segments, runs


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
        return cls._of_groups(members, liked, some, np.arange(len(some)))

    @classmethod
    def _of_groups(
        cls, members: MemberScores, liked: BoolArray, some: BoolArray, groups: IntArray
    ) -> Shortlist:
        """Those of the `groups`, (n,), alone; `some` says which are liked at all, (n, width)."""
        lengths = np.count_nonzero(some, axis=1)
        owner, found = np.nonzero(some)
        columns = np.zeros((len(groups), max(1, int(lengths.max(initial=0)))), dtype=np.int64)
        columns[owner, np.arange(len(found)) - np.repeat(np.cumsum(lengths) - lengths, lengths)] = found
        valid = np.arange(columns.shape[1]) < lengths[:, None]
        segments = Segments.from_sizes(members.segments.sizes[groups])
        rows = runs(members.segments.offsets[groups], segments.sizes)
        cells = columns[segments.of_row]
        cells += rows[:, None] * members.width
        scores = members.scores.reshape(-1).take(cells)
        kept = MemberScores(scores, valid, segments, members.activity[rows], members.scale)
        return cls(columns, kept, liked.reshape(-1).take(cells) & valid[segments.of_row])

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


def shortlists(members: MemberScores, liked: BoolArray, budget: int) -> Iterator[tuple[IntArray, Shortlist]]:
    """The shortlists of `liked`, (n_rows, width), in parts of at most `budget` scores or of one group.

    Yields:
        Groups of equal size, (n,), with shortlists of about the same length, and these.
    """
    some = reduced(np.logical_or, members.segments, liked)
    sizes, lengths = members.segments.sizes, np.maximum(np.count_nonzero(some, axis=1), 1)
    kinds = np.stack([sizes, np.frexp(lengths)[1]])
    for kind in np.unique(kinds, axis=1).T:
        same = np.flatnonzero((kinds == kind[:, None]).all(axis=0))
        step = max(1, budget // int(sizes[same[0]] * lengths[same].max()))
        for start in range(0, len(same), step):
            groups = same[start : start + step]
            yield groups, Shortlist._of_groups(members, liked, some[groups], groups)


def everything(members: MemberScores, budget: int) -> Iterator[tuple[IntArray, Shortlist]]:
    """What `shortlists` gives where every candidate is liked, for less."""
    for groups, rows in by_size(members.segments, budget // max(1, members.width)):
        valid, flat = members.valid[groups], rows.ravel()
        segments = Segments.from_sizes(np.full(len(groups), rows.shape[1]))
        kept = MemberScores(members.scores[flat], valid, segments, members.activity[flat], members.scale)
        columns = np.broadcast_to(np.arange(members.width), valid.shape)
        yield groups, Shortlist(columns, kept, valid[segments.of_row])


def top_lists(members: MemberScores, lengths: Any) -> BoolArray:
    """Whether fewer than `lengths` (one, or (n_groups,)) candidates beat it: (n_rows, width).

    So all that are equally good as the last one are in.
    """
    least = members.last_of_best(np.broadcast_to(lengths, len(members.valid)))
    return np.asarray((members.scores >= least) & members.valid[members.segments.of_row])
