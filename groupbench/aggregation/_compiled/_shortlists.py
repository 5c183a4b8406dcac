"""The candidates that some member puts near the top of its list, by kernels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from groupbench.aggregation._base import MemberScores
from groupbench.aggregation._compiled._table import MemberTable
from groupbench.aggregation._shortlist import Shortlist
from groupbench.core.arrays import (
    CACHED,
    BoolArray,
    IntArray,
    Segments,
    chunks,
    columns_set,
    pick,
    ranges,
)
from groupbench.metrics import gather


def best_of(members: MemberTable, most: IntArray) -> BoolArray:
    """Each member's best `most`, (n_groups,), candidates and their equals, (n_rows, width)."""
    from groupbench.aggregation._compiled import _greedy_kernels as kernels

    liked = np.zeros((len(members.rows), members.width), dtype=np.bool_)
    kernels.best_of(members.order, *members.arguments[1:], most, liked)
    return liked


def shortlisted(members: MemberTable, liked: BoolArray) -> Iterator[tuple[IntArray, Shortlist]]:
    """What `shortlists` gives of scores that are not laid out."""
    segments = members.segments
    some = segments.reduce("any", liked)
    sizes, counts = segments.sizes, np.maximum(np.count_nonzero(some, axis=1), 1)
    kinds = np.stack([sizes, np.frexp(counts)[1]])
    for kind in np.unique(kinds, axis=1).T:
        same = np.flatnonzero((kinds == kind[:, None]).all(axis=0))
        for part in chunks(len(same), int(sizes[same[0]] * counts[same].max()), 2 * CACHED):
            groups = same[part]
            columns, valid = columns_set(some[groups])
            theirs = Segments.from_sizes(sizes[groups])
            rows, owner = ranges(segments.offsets[groups], theirs.sizes), theirs.of_row
            items = gather(members.items[groups], columns)
            scores = pick(members.table, members.rows[rows], items, owner)
            chosen = MemberScores(scores, valid, theirs, members.activity[rows], members.scale)
            is_liked = gather(liked[rows], columns[owner]) & valid[owner]
            yield groups, Shortlist(columns, chosen, is_liked)
