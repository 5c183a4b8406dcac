"""Which members have rows with what their groups chose: what all findings about joint rows count."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import chunks, distinct, in_sorted, ranges
from groupbench.core.errors import cut
from groupbench.data.doctor._finding import BLOCK, EXAMPLES
from groupbench.data.doctor._tables import rows_of
from groupbench.data.leakage import pairs

if TYPE_CHECKING:
    from groupbench.core.arrays import BoolArray, IntArray
    from groupbench.data.dataset import Dataset
    from groupbench.data.groups import Groups


@dataclass(frozen=True)
class MemberRows:
    """The distinct joint pairs of a data set next to the rows of members, for training and held out.

    Attributes:
        chosen: (n,) distinct joint pairs, ascending, as `pairs` gives them.
        rated: distinct pairs of users, ascending.
        n_users: the number of users.
        n_items: the number of items.
    """

    chosen: IntArray
    rated: IntArray
    n_users: int
    n_items: int

    @classmethod
    def of(cls, dataset: Dataset) -> MemberRows:
        """The rows of a data set with joint rows."""
        chosen, rated = (_distinct_pairs(dataset, of_groups) for of_groups in (True, False))
        return cls(chosen, rated, len(dataset.user_ids), len(dataset.item_ids))

    @property
    def groups(self) -> IntArray:
        """The group of each joint pair, (n,)."""
        return self.chosen // self.n_items

    @property
    def items(self) -> IntArray:
        """The item of each joint pair, (n,)."""
        return self.chosen % self.n_items

    @property
    def profiles(self) -> IntArray:
        """How many items each user has rated, (n_users,)."""
        return np.bincount(self.rated // self.n_items, minlength=self.n_users)

    def sampled(self, most: int, rng: np.random.Generator) -> MemberRows:
        """At most `most` of the joint pairs, drawn at random, next to the same rows of members."""
        if len(self.chosen) <= most:
            return self
        return replace(self, chosen=np.sort(rng.choice(self.chosen, most, replace=False)))

    def named(self, dataset: Dataset, which: BoolArray) -> tuple[str, ...]:
        """The first joint pairs that the mask `which`, (n,), marks, as examples."""
        assert dataset.groups is not None
        few = np.flatnonzero(which)[:EXAMPLES]
        chosen = zip(self.groups[few], self.items[few], strict=True)
        return tuple(
            f"group {cut(dataset.groups.ids[g])}, item {cut(dataset.item_ids[i])}" for g, i in chosen
        )

    def hits(self, groups: Groups) -> tuple[IntArray, IntArray]:
        """Count the members who rated what their group chose.

        Returns:
            For each joint pair how many members have it, (n,), and for each membership how many joint pairs
            of the group the member has, (n_members of all groups,).
        """
        of_pair = np.zeros(len(self.chosen), dtype=np.int64)
        of_member = np.zeros(len(groups.members), dtype=np.int64)
        widest = int(groups.sizes.max(initial=1))
        for part in chunks(len(self.chosen), widest, BLOCK):
            which, items = self.groups[part], self.items[part]
            sizes = groups.sizes[which]
            places = ranges(groups.segments.offsets[which], sizes)
            row = np.repeat(np.arange(len(which)), sizes)
            hit = in_sorted(groups.members[places] * self.n_items + items[row], self.rated)
            of_pair[part] = np.bincount(row[hit], minlength=len(which))
            of_member += np.bincount(places[hit], minlength=len(of_member))
        return of_pair, of_member


def _distinct_pairs(dataset: Dataset, of_groups: bool) -> IntArray:
    return distinct(np.concatenate([np.empty(0, np.int64), *map(pairs, rows_of(dataset, of_groups))]))
