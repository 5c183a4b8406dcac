"""Groups of users, and how they are formed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from groupbench.arrays import IntArray, Segments, frozen

if TYPE_CHECKING:
    from groupbench.data import Features, Ratings


@dataclass(frozen=True)
class Groups:
    """Groups as sets of user indices, in compressed form.

    Attributes:
        ids: (n_groups,) the group ids, as text.
        segments: which rows of `members` belong to which group; no group is empty.
        members: (n_rows,) user indices, the groups one after the other.
    """

    ids: tuple[str, ...]
    segments: Segments
    members: IntArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "members", frozen(self.members, np.int64))

    @classmethod
    def from_lists(cls, lists: Sequence[Any], ids: Sequence[str] | None = None) -> Groups:
        """Groups from one list of user indices each; `ids` default to 0, 1, 2 ..."""
        names = tuple(str(i) for i in range(len(lists))) if ids is None else tuple(ids)
        members = np.concatenate([np.asarray(m, dtype=np.int64) for m in lists]) if lists else np.empty(0)
        return cls(names, Segments.from_sizes([len(m) for m in lists]), members.astype(np.int64))

    @classmethod
    def from_labels(cls, labels: Any) -> Groups:
        """Groups from one group label per user, (n_users,); negative labels belong to no group."""
        labels = np.asarray(labels)
        order = np.argsort(labels, kind="stable")
        order = order[labels[order] >= 0]
        values, sizes = np.unique(labels[order], return_counts=True)
        return cls(tuple(map(str, values)), Segments.from_sizes(sizes), order)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def sizes(self) -> IntArray:
        """Members of each group, (n_groups,)."""
        return self.segments.sizes

    def __getitem__(self, group: int) -> IntArray:
        """The members of one group."""
        return self.members[self.segments.rows(group, group + 1)]

    def take(self, start: int, stop: int) -> Groups:
        """Groups `start` to `stop`."""
        rows = self.segments.rows(start, stop)
        return Groups(self.ids[start:stop], self.segments.part(start, stop), self.members[rows])
