"""Who was at one place at one time: windows over check-ins, not chains of them.

Every check-in opens a window of fixed length at its venue. Linking each check-in to the next one within that
length instead would chain a whole evening at a busy bar into one group.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from groupbench.core.arrays import BoolArray, IntArray, Segments, blocks, in_sorted, ranges
from groupbench.data.recipes._log import Log
from groupbench.data.recipes._sets import Meetings, component_sets
from groupbench.data.recipes._ties import Ties

CELLS = 2**21
"""Pairs of rows handled at a time."""


@dataclass(frozen=True, repr=False)
class Windows:
    """Check-ins by venue and time, and the window that each opens.

    Attributes:
        users: (n,) codes.
        items: (n,) codes of venues, ascending.
        times: (n,) seconds, ascending within a venue.
        ends: (n,) the row behind the last one within the window that a row opens.
    """

    users: IntArray
    items: IntArray
    times: IntArray
    ends: IntArray

    @classmethod
    def over(cls, log: Log, rows: BoolArray | slice, seconds: int) -> Windows:
        """The windows of `seconds` over some rows of a log with times."""
        users, items, times = log.users[rows], log.items[rows], log.require_times()[rows]
        start = int(times.min()) if len(times) else 0
        span = (int(times.max()) - start if len(times) else 0) + seconds + 1
        keys = items.astype(np.int64) * span + (times - start)
        order = np.argsort(keys)
        keys = keys[order]
        ends = np.searchsorted(keys, keys + seconds, side="right")
        return cls(users[order], items[order], times[order], ends)

    def pairs(self) -> Iterator[tuple[IntArray, IntArray]]:
        """Pairs of rows of two users, the second in the window of the first, in parts of about `CELLS`."""
        sizes = self.ends - np.arange(len(self.ends)) - 1
        for start, stop in blocks(sizes, CELLS):
            rows = np.arange(start, stop)
            first = np.repeat(rows, sizes[start:stop])
            second = ranges(rows + 1, sizes[start:stop])
            differ = self.users[first] != self.users[second]
            yield first[differ], second[differ]

    @property
    def maximal(self) -> IntArray:
        """The rows whose window is no part of that of the row before."""
        return np.flatnonzero(np.diff(self.ends, prepend=0) > 0)


def meetings(windows: Windows, ties: Ties) -> Meetings:
    """Components of the ties within each window, of two users at least, with venue and start of the window.

    A component whose members are some of those of another one, in a window that shares a check-in with its
    own, is left out: somebody only came earlier or stayed longer.
    """
    starts = windows.maximal
    ends = windows.ends[starts]
    window, first, second = _tied_pairs(windows, ties, starts, ends)
    segments, members, window = component_sets(window, first, second, ties.n_users)
    alone = ~_parts_of_others(segments, members, window, starts, ends)
    rows = starts[window]
    return Meetings(segments, members, windows.items[rows].astype(np.int64), windows.times[rows]).take(alone)


def _tied_pairs(
    windows: Windows, ties: Ties, starts: IntArray, ends: IntArray
) -> tuple[IntArray, IntArray, IntArray]:
    """Window and users of every tied pair in a window; pairs may repeat."""
    found = [np.empty((2, 0), dtype=np.int64)]
    for first, second in windows.pairs():
        tied = ties.hold(windows.users[first], windows.users[second])
        found.append(np.stack([first[tied], second[tied]]))
    first, second = np.concatenate(found, axis=1)
    lowest = np.searchsorted(ends, second, side="right")
    counts = np.searchsorted(starts, first, side="right") - lowest
    one, other = (windows.users[rows].astype(np.int64).repeat(counts) for rows in (first, second))
    return ranges(lowest, counts), one, other


def _parts_of_others(
    segments: Segments, members: IntArray, window: IntArray, starts: IntArray, ends: IntArray
) -> BoolArray:
    """Which sets are proper subsets of a set in an overlapping window, (n_sets,)."""
    part = np.zeros(len(segments), dtype=np.bool_)
    sets = np.arange(len(segments))
    n_users = int(members.max(initial=0)) + 1
    keys = np.repeat(sets, segments.sizes) * n_users + members
    reach = np.searchsorted(window, np.searchsorted(starts, ends[window]), side="left")
    later = reach - sets - 1
    for start, stop in blocks(later, CELLS):
        own = sets[start:stop]
        one = np.repeat(own, later[own])
        other = ranges(own + 1, later[own])
        smaller = segments.sizes[one] < segments.sizes[other]
        small, large = np.where(smaller, one, other), np.where(smaller, other, one)
        likely = segments.sizes[small] < segments.sizes[large]
        likely[likely] = in_sorted(large[likely] * n_users + members[segments.offsets[small[likely]]], keys)
        small, large = small[likely], large[likely]
        sizes = segments.sizes[small]
        users = members[ranges(segments.offsets[small], sizes)]
        inside = in_sorted(np.repeat(large, sizes) * n_users + users, keys)
        missing = np.bincount(np.repeat(np.arange(len(small)), sizes)[~inside], minlength=len(small))
        part[small[missing == 0]] = True
    return part
