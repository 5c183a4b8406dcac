"""A data set cut to some of its users and items."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from groupbench.core.arrays import BoolArray, IntArray, Segments
from groupbench.core.errors import DatasetError
from groupbench.data.dataset import Dataset, GivenSplit, HeldOutRows, Ratings
from groupbench.data.groups import Groups
from groupbench.data.recipes._log import Tally
from groupbench.data.social import SocialTies

TABLES = {"users.csv": "user", "items.csv": "item"}
"""Tables of features, and the column of ids in each."""


@dataclass(frozen=True)
class Restriction:
    """What is left of a data set.

    Attributes:
        whole: the data set.
        users: (n_users,) who stays.
        items: (n_items,) which stay.
        in_time: which rows with times stay, (n_rows,).
        tally: counts what does not.
    """

    whole: Dataset
    users: BoolArray
    items: BoolArray
    in_time: Callable[[Ratings], BoolArray]
    tally: Tally

    def dataset(self) -> Dataset:
        """The data set that is left, with its features as tables; groups stay if all their members do.

        Raises:
            DatasetError: if no row of users is left.
        """
        whole, given = self.whole, self.whole.given
        ratings = self._rows("rows of users", whole.ratings, self.users)
        if not len(ratings):
            raise DatasetError(f"{whole.name}: no row is left; relax the options of the recipe subset")
        self.tally.drop("users", int((~self.users).sum()))
        self.tally.drop("items", int((~self.items).sum()))
        self.tally.drop("groups that lose a member", int((~self.groups).sum()))
        joint = whole.group_ratings
        return Dataset(
            name=whole.name,
            title=f"{whole.title} (subset)",
            ratings=ratings,
            user_ids=_taken(whole.user_ids, self.users),
            item_ids=_taken(whole.item_ids, self.items),
            scale=whole.scale,
            groups=self._groups(),
            group_ratings=None if joint is None else self._rows("rows of groups", joint, self.groups),
            tables={name: whole.tables[name] for name in TABLES if name in whole.tables},
            given=given and self._given(given),
            social=self._social(),
        )

    @cached_property
    def groups(self) -> BoolArray:
        """Which groups stay, (n_groups,)."""
        groups = self.whole.groups
        if groups is None:
            return np.zeros(0, dtype=np.bool_)
        lost = np.bincount(groups.segments.of_row, ~self.users[groups.members], minlength=len(groups))
        return np.asarray(lost == 0)

    def _groups(self) -> Groups | None:
        groups = self.whole.groups
        if groups is None:
            return None
        kept = groups.take(np.flatnonzero(self.groups))
        return replace(kept, members=_numbers(self.users)[kept.members])

    def _social(self) -> SocialTies | None:
        social = self.whole.social
        if social is None:
            return None
        kept = self.users[social.users] & self.users[social.friends]
        self.tally.drop("social ties", int((~kept).sum()))
        first, second = (_numbers(self.users)[end[kept]] for end in (social.users, social.friends))
        return SocialTies(first, second, social.weights[kept], social.directed)

    def _mask(self, rows: Ratings, raters: BoolArray) -> BoolArray:
        return np.asarray(raters[rows.users] & self.items[rows.items] & self.in_time(rows))

    def _rows(self, what: str, rows: Ratings, raters: BoolArray, kept: BoolArray | None = None) -> Ratings:
        kept = self._mask(rows, raters) if kept is None else kept
        self.tally.drop(what, int((~kept).sum()))
        taken = rows.take(kept)
        return Ratings(
            _numbers(raters)[taken.users],
            _numbers(self.items)[taken.items],
            taken.values,
            int(raters.sum()),
            int(self.items.sum()),
            taken.timestamps,
        )

    def _given(self, given: GivenSplit) -> GivenSplit | None:
        cut = GivenSplit(
            users=self._held("held-out rows of users", given.users, self.users),
            groups=self._held("held-out rows of groups", given.groups, self.groups),
            validation_users=self._held("validation rows of users", given.validation_users, self.users),
            validation_groups=self._held("validation rows of groups", given.validation_groups, self.groups),
        )
        return None if cut == GivenSplit() else cut

    def _held(self, what: str, held: HeldOutRows | None, raters: BoolArray) -> HeldOutRows | None:
        if held is None:
            return None
        kept = self._mask(held.ratings, raters)
        if held.segments is None or held.negatives is None:
            rows = self._rows(what, held.ratings, raters, kept)
            return HeldOutRows(rows) if len(rows) else None
        row = held.segments.of_row
        sampled = self.items[held.negatives] & kept[row]
        sizes = np.bincount(row[sampled], minlength=len(kept))
        kept &= sizes > 0
        rows = self._rows(what, held.ratings, raters, kept)
        negatives = _numbers(self.items)[held.negatives[sampled]]
        return HeldOutRows(rows, negatives, Segments.from_sizes(sizes[kept])) if len(rows) else None


def _numbers(kept: BoolArray) -> IntArray:
    """The new index of each that is kept."""
    return np.cumsum(kept) - 1


def _taken(ids: tuple[str, ...], kept: BoolArray) -> tuple[str, ...]:
    return tuple(np.array(ids, dtype=object)[kept])
