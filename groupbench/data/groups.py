"""Groups of users."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from groupbench.core.arrays import IntArray, Segments, frozen
from groupbench.core.errors import DatasetError


@dataclass(frozen=True, repr=False)
class Groups:
    """Groups as sets of user indices, in compressed form.

    Attributes:
        ids: (n_groups,) the group ids, as text.
        segments: which rows of `members` belong to which group; no group is empty.
        members: (n_rows,) user indices, the groups one after the other.

    Raises:
        DatasetError: if the parts do not match, or a group is empty.
    """

    ids: tuple[str, ...]
    segments: Segments
    members: IntArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "members", frozen(self.members, np.int64))
        if len(self.ids) != len(self.segments) or len(self.members) != self.segments.offsets[-1]:
            raise DatasetError(
                f"{len(self.ids)} group ids for {len(self.segments)} groups with {self.segments.offsets[-1]} "
                f"members, of which {len(self.members)} are given; give one id per group and all members"
            )
        if self.sizes.min(initial=1) < 1:
            raise DatasetError(f"group {self.ids[int(self.sizes.argmin())]!r} has no member; leave it out")

    def __repr__(self) -> str:
        return f"Groups({len(self)} groups with {len(self.members)} members)"

    @classmethod
    def from_lists(
        cls, lists: Sequence[Sequence[int] | IntArray], ids: Sequence[str] | None = None
    ) -> Groups:
        """Groups from one list of user indices each; `ids` default to 0, 1, 2 ..."""
        names = tuple(str(i) for i in range(len(lists))) if ids is None else tuple(ids)
        members = np.concatenate([np.asarray(m, dtype=np.int64) for m in lists]) if lists else np.empty(0)
        return cls(names, Segments.from_sizes([len(m) for m in lists]), members.astype(np.int64))

    @classmethod
    def from_labels(cls, labels: ArrayLike) -> Groups:
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
        return self.members[self.segments.offsets[:-1][group] :][: self.sizes[group]]

    def take(self, which: IntArray) -> Groups:
        """The given groups, in that order."""
        rows, inside = self.segments.window(which)
        ids = tuple(map(self.ids.__getitem__, which.tolist()))
        return Groups(ids, Segments.from_sizes(self.sizes[which]), self.members[rows[inside]])
