"""Sets of members: the same members are the same group, in whatever order and however often they come."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from groupbench.core.arrays import BoolArray, IntArray, Segments, distinct
from groupbench.data.groups import Groups


@dataclass(frozen=True, repr=False)
class Meetings:
    """Sets of users who chose something together, in any order.

    Attributes:
        segments: which of `members` belong to which meeting.
        members: codes of users, ascending in each meeting.
        items: (n_meetings,) codes of what each chose.
        times: (n_meetings,) seconds, or None.
    """

    segments: Segments
    members: IntArray
    items: IntArray
    times: IntArray | None = None

    def __len__(self) -> int:
        return len(self.segments)

    def take(self, chosen: BoolArray) -> Meetings:
        """The meetings of a mask, (n_meetings,)."""
        members = self.members[np.repeat(chosen, self.segments.sizes)]
        times = None if self.times is None else self.times[chosen]
        return Meetings(Segments.from_sizes(self.segments.sizes[chosen]), members, self.items[chosen], times)


def distinct_sets(segments: Segments, members: IntArray) -> tuple[Groups, IntArray]:
    """The different sets by size, then by their members' codes, and which of them each set is, (n_sets,)."""
    labels = np.zeros(len(segments), dtype=np.int64)
    sizes: list[IntArray] = []
    found: list[IntArray] = []
    total = 0
    for size in np.unique(segments.sizes):
        own = np.flatnonzero(segments.sizes == size)
        rows = members[segments.offsets[own][:, None] + np.arange(size)]
        order = np.lexsort(rows.T[::-1])
        rows = rows[order]
        new = np.ones(len(rows), dtype=np.bool_)
        new[1:] = (rows[1:] != rows[:-1]).any(axis=1)
        labels[own[order]] = total + np.cumsum(new) - 1
        found.append(rows[new].ravel())
        sizes.append(np.full(int(new.sum()), size))
        total += len(sizes[-1])
    return (
        Groups(
            tuple(map(str, range(total))),
            Segments.from_sizes(np.concatenate([np.empty(0, np.int64), *sizes])),
            np.concatenate([np.empty(0, np.int64), *found]),
        ),
        labels,
    )


def component_sets(
    owners: IntArray, first: IntArray, second: IntArray, n_users: int
) -> tuple[Segments, IntArray, IntArray]:
    """The connected components of ties within each owner, such as an event.

    Args:
        owners: (n,) the owner of each tie; ties may repeat.
        first: (n,) a code of a user.
        second: (n,) that of the other one.
        n_users: number of users.

    Returns:
        The components as segments, their members, ascending in each, and (n_components,) ascending owners.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not len(owners):
        return Segments.from_sizes([]), owners, owners
    keys = [owners * n_users + user for user in (first, second)]
    nodes = distinct(np.concatenate(keys))
    ends = [np.searchsorted(nodes, key).astype(np.int32) for key in keys]
    links = (np.ones(len(owners), dtype=np.bool_), (ends[0], ends[1]))
    graph = coo_array(links, shape=(len(nodes), len(nodes))).tocsr()
    _, labels = connected_components(graph, directed=False)
    order = np.lexsort((labels, nodes // n_users))
    nodes, labels = nodes[order], labels[order]
    starts = np.flatnonzero(np.diff(labels, prepend=-1))
    segments = Segments(np.append(starts, len(nodes)))
    return segments, nodes % n_users, nodes[starts] // n_users
