"""Candidate lists with their truth: written out row by row, or made from the whole catalogue on demand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np

from groupbench.core.arrays import (
    BoolArray,
    FloatArray,
    IntArray,
    Segments,
    chunks,
    columns_set,
    in_sorted,
    pick,
    ranges,
    stable_order,
)

_WIDE = 32
"""Items in the time of one search among what members like."""


@dataclass(frozen=True)
class MemberTruth:
    """What each member of each evaluated group likes among the candidates.

    Attributes:
        segments: which rows of `users` belong to which list.
        users: (n_rows,) the members.
        keys: sorted, distinct `row * n_items + item` of everything a member likes.
        n_relevant: (n_rows,) number of candidates each member likes.
        n_items: number of items.
    """

    segments: Segments
    users: IntArray
    keys: IntArray
    n_relevant: IntArray
    n_items: int

    def likes(self, rows: IntArray, items: IntArray) -> BoolArray:
        """Whether the members `rows`, (n,), like the `items`, (n, width)."""
        if items.shape[1] * _WIDE < self.n_items:
            return in_sorted(rows[:, None] * self.n_items + items, self.keys)
        out = np.empty(items.shape, dtype=np.bool_)
        starts = np.searchsorted(self.keys, rows * self.n_items)
        sizes = np.searchsorted(self.keys, (rows + 1) * self.n_items) - starts
        for part in chunks(len(rows), self.n_items):
            lines = np.arange(len(sizes[part])) * self.n_items
            there = np.zeros(len(lines) * self.n_items, dtype=np.bool_)
            keys = self.keys[ranges(starts[part], sizes[part])]
            there[keys + np.repeat(lines - rows[part] * self.n_items, sizes[part])] = True
            there.take(items[part] + lines[:, None], out=out[part], mode="clip")
        return out


@dataclass(frozen=True)
class ListBlock:
    """Some lists, laid out one a line.

    Attributes:
        items: (n_lists, width) candidates, ascending in each line; an item can occur more than once.
        valid: (n_lists, width) False beyond the end of a list.
        find_truth: what lays `truth` out, which is done on demand.
    """

    items: IntArray
    valid: BoolArray
    find_truth: Callable[[], FloatArray]

    @cached_property
    def truth(self) -> FloatArray:
        """(n_lists, width) held-out rating of each candidate, NaN where it has none."""
        return self.find_truth()

    def distinct(self) -> tuple[IntArray, BoolArray, IntArray | None]:
        """The distinct candidates of each line, where there are any, and every candidate's column among them.

        Columns are None where no candidate occurs twice.
        """
        again = self.valid[:, 1:] & (self.items[:, 1:] == self.items[:, :-1])
        if not again.any():
            return self.items, self.valid, None
        first = self.valid.copy()
        first[:, 1:] &= ~again
        shown, inside = columns_set(first)
        columns = np.where(self.valid, np.cumsum(first, axis=1) - 1, 0)
        return np.take_along_axis(self.items, shown, axis=1), inside, columns


class Truths(NamedTuple):
    """Every candidate with a truth: its list's number, its item and the truth, all (n_truths,).

    Attributes:
        lists: the list's number.
        items: the candidate.
        values: its truth.
    """

    lists: IntArray
    items: IntArray
    values: FloatArray


class Lists(ABC):
    """Candidate lists with their truth, one list per entity.

    Attributes:
        entities: (n_lists,) the user or group whose list it is, ascending; repeated where a view
            evaluates several lists of one.
        members: the truth of each member of a group, for views that evaluate the list by it, else None.
    """

    entities: IntArray
    members: MemberTruth | None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.entities)} lists, {self.sizes.sum()} candidates)"

    @property
    @abstractmethod
    def sizes(self) -> IntArray:
        """Candidates of each list, (n_lists,)."""

    @property
    def cells(self) -> IntArray:
        """Numbers that a list becomes while it is laid out, (n_lists,)."""
        return self.sizes

    @property
    def repeats(self) -> bool:
        """Whether some list holds an item more than once."""
        return False

    @property
    @abstractmethod
    def truths(self) -> Truths:
        """Every candidate with a truth, lists ascending."""

    def reaching(self, tau: float) -> BoolArray:
        """Which lists have a candidate with a truth of at least `tau`, (n_lists,)."""
        lists, _, values = self.truths
        return np.bincount(lists[values >= tau], minlength=len(self.entities)) > 0

    @abstractmethod
    def block(self, lists: IntArray) -> ListBlock:
        """The lists of the given numbers, laid out in that order."""

    @abstractmethod
    def same_candidates(self, other: Lists) -> bool:
        """Whether `other` offers the same entities the same distinct candidates."""


@dataclass(frozen=True, repr=False)
class RowLists(Lists):
    """Lists that are written out.

    Attributes:
        segments: which rows belong to which list.
        items: (n_rows,) candidate items, ascending in each list; an item can occur more than once.
        truth: (n_rows,) held-out rating of the candidate, NaN if it has none.
    """

    entities: IntArray
    segments: Segments
    items: IntArray
    truth: FloatArray
    members: MemberTruth | None = None

    @classmethod
    def gather(cls, entities: IntArray, items: IntArray, truth: FloatArray) -> RowLists:
        """Lists from rows (entity, item, truth), sorted by entity and item."""
        width = int(items.max(initial=0)) + 1
        keys, sizes = entities * width + items, np.bincount(entities)
        if (keys[1:] < keys[:-1]).any():
            order = stable_order(keys, (int(entities.max(initial=0)) + 1) * width)
            items, truth = items[order], truth[order]
        owners = np.flatnonzero(sizes)
        return cls(owners, Segments.from_sizes(sizes[owners]), items, truth)

    @property
    def sizes(self) -> IntArray:
        """Rows of each list, (n_lists,)."""
        return self.segments.sizes

    @property
    def repeats(self) -> bool:
        """Whether some list holds an item more than once."""
        starts = self.segments.offsets
        for part in chunks(len(self.items) - 1, 1):
            same = np.flatnonzero(self.items[part] == self.items[part.start + 1 : part.stop + 1])
            if not in_sorted(same + part.start + 1, starts).all():
                return True
        return False

    @property
    def truths(self) -> Truths:
        """Every row with a truth."""
        rated = ~np.isnan(self.truth)
        return Truths(self.segments.of_row[rated], self.items[rated], self.truth[rated])

    def reaching(self, tau: float) -> BoolArray:
        """Which lists have a row with a truth of at least `tau`, (n_lists,)."""
        return np.asarray(self.segments.reduce("any", self.truth >= tau), dtype=np.bool_)

    def block(self, lists: IntArray) -> ListBlock:
        """The rows of the given lists."""
        rows, valid = self.segments.window(lists)
        return ListBlock(self.items.take(rows), valid, lambda: self.truth.take(rows))

    def same_candidates(self, other: Lists) -> bool:
        """Whether the distinct items of all lists are the same."""
        return isinstance(other, RowLists) and all(map(np.array_equal, self._distinct(), other._distinct()))

    def _distinct(self) -> tuple[IntArray, IntArray, IntArray]:
        """The entities, and list and item of every row that is no repetition."""
        first = np.ones(len(self.items), dtype=bool)
        np.not_equal(self.items[1:], self.items[:-1], out=first[1:])  # the items of a list ascend
        first[self.segments.offsets[:-1]] = True
        return self.entities, self.segments.of_row[first], self.items[first]


@dataclass(frozen=True, repr=False)
class CatalogueLists(Lists):
    """Lists of all items but some: only what sets them apart is stored; a block is laid out on demand.

    Attributes:
        n_items: number of items.
        excluded: sorted, distinct `list * n_items + item` of what is no candidate; every list keeps one.
        rated: sorted, distinct `list * n_items + item` of the candidates with a truth.
        truth: (n_rated,) their truth.
    """

    entities: IntArray
    n_items: int
    excluded: IntArray
    rated: IntArray
    truth: FloatArray
    members: MemberTruth | None = None

    @property
    def sizes(self) -> IntArray:
        """Items that are not excluded, (n_lists,)."""
        return self.n_items - np.bincount(self.excluded // self.n_items, minlength=len(self.entities))

    @property
    def cells(self) -> IntArray:
        """As many as there are items."""
        return np.full(len(self.entities), self.n_items)

    @property
    def truths(self) -> Truths:
        """Every candidate with a truth."""
        return Truths(self.rated // self.n_items, self.rated % self.n_items, self.truth)

    def block(self, lists: IntArray) -> ListBlock:
        """All items that are not excluded from the given lists."""
        valid = np.ones((len(lists), self.n_items), dtype=bool)
        cells, _ = self._cells(self.excluded, lists)
        valid.reshape(-1)[cells] = False
        items = np.broadcast_to(np.arange(self.n_items), valid.shape)
        if len(cells):
            items, valid = columns_set(valid)
        return ListBlock(items, valid, partial(self._truth, lists, items))

    def _truth(self, lists: IntArray, items: IntArray) -> FloatArray:
        """The truth of the `items`, (n_lists, width), of the given lists."""
        table, every = np.full((len(lists), self.n_items), np.nan), np.arange(len(lists))
        cells, rows = self._cells(self.rated, lists)
        table.reshape(-1)[cells] = self.truth[rows]
        return pick(table, every, items, every)

    def same_candidates(self, other: Lists) -> bool:
        """Whether the same entities are excluded from the same items."""
        return (
            isinstance(other, CatalogueLists)
            and self.n_items == other.n_items
            and np.array_equal(self.entities, other.entities)
            and np.array_equal(self.excluded, other.excluded)
        )

    def _cells(self, keys: IntArray, lists: IntArray) -> tuple[IntArray, IntArray]:
        """Cells of the block of `lists`, laid out flat, that `keys` name, and which keys these are."""
        starts = np.searchsorted(keys, lists * self.n_items)
        sizes = np.searchsorted(keys, (lists + 1) * self.n_items) - starts
        rows = ranges(starts, sizes)
        return np.repeat(np.arange(len(lists)) * self.n_items, sizes) + keys[rows] % self.n_items, rows
