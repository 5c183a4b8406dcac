"""Orders of equal scores that all members of a group see alike, and the mean of what follows from them.

A function of several members' values, such as the lowest one, has no closed form under ties. Where the
ways to fill the first K positions are few they are all gone through, each with its probability; else
`ORDERS` orders are drawn. The random numbers depend on the number of the list and on nothing else: they are
the same for every method, and whatever is computed beside.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from groupbench.core.arrays import Segments, columns_set
from groupbench.core.kernels import worthwhile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from groupbench.core.arrays import BoolArray, FloatArray, IntArray
    from groupbench.metrics._ranking import Ranking

T = TypeVar("T", bound=np.generic)

ORDERS = 256
"""Orders of a list that are gone through at most. The mean of that many values from 0 to 1 has a standard
error of at most 1 / (2 sqrt(256)) = 1/32; that of its mean over n groups is sqrt(n) times smaller."""

_CELLS = 1 << 20
"""Positions of members' lists that are filled at once."""

_STEP = np.uint64(0x9E3779B97F4A7C15)


class TiedLists(NamedTuple):
    """The first K positions of some groups' lists, each in its block of equal scores.

    Attributes:
        groups: (n_lists,) whose lists they are.
        start: (K, n_lists) the first column of the block of a position.
        end: (K, n_lists) the column behind the block.
        matters: (n_lists, n) which candidates are worth something to somebody; the others are all alike.
        numbers: (n_lists,) what the drawn orders depend on.
    """

    groups: IntArray
    start: IntArray
    end: IntArray
    matters: BoolArray
    numbers: IntArray

    @classmethod
    def of(
        cls,
        ranking: Ranking,
        k: int,
        groups: IntArray,
        rows: IntArray,
        matters: BoolArray,
        numbers: IntArray | None,
    ) -> TiedLists:
        """The first `k` positions of the `groups`, whose blocks are those of the `rows` of a ranking.

        Of `matters`, (all groups, n), and `numbers`, (all groups,), those of the `groups` are taken; the
        numbers are the groups themselves by default.
        """
        start = np.arange(k)[:, None] - ranking.offset[:k, rows].astype(np.int64)
        end = start + ranking.size[:k, rows].astype(np.int64)
        return cls(groups, start, end, matters[groups], groups if numbers is None else numbers[groups])

    def take(self, lists: IntArray | slice) -> TiedLists:
        """Some of the lists."""
        return TiedLists(
            self.groups[lists],
            self.start[:, lists],
            self.end[:, lists],
            self.matters[lists],
            self.numbers[lists],
        )


class Orders(NamedTuple):
    """Orders of some lists, those of a list together.

    Attributes:
        lists: (n_orders,) whose order it is, ascending.
        columns: (K, n_orders) who stands at each position; n for one who matters to nobody.
        weights: (n_orders,) probability among the orders of the list.
    """

    lists: IntArray
    columns: IntArray
    weights: FloatArray

    def take(self, orders: IntArray | BoolArray) -> Orders:
        """Some of the orders."""
        return Orders(self.lists[orders], self.columns[:, orders], self.weights[orders])


class GroupsInOrder(NamedTuple):
    """Groups, once for each order of their list.

    Attributes:
        groups: (n_orders,) the groups.
        columns: (K, n_orders) what stands at each position of the list.
        segments: which members belong to which group.
    """

    groups: IntArray
    columns: IntArray
    segments: Segments

    def members(self) -> MembersInOrder:
        """The members of each group."""
        rows, inside = self.segments.window(self.groups)
        columns = self.columns[:, np.nonzero(inside)[0]]
        return MembersInOrder(rows[inside], columns, Segments.from_sizes(inside.sum(axis=1)))


class MembersInOrder(NamedTuple):
    """The members of groups, once for each order of their group's list.

    Attributes:
        members: (n_rows,) the members.
        columns: (K, n_rows) what stands at each position of the list.
        orders: which rows belong to which order.
    """

    members: IntArray
    columns: IntArray
    orders: Segments

    def at(self, values: NDArray[T]) -> NDArray[T]:
        """The members' `values`, (all members, n), at each position, (K, n_rows); 0 where nobody matters."""
        padded = np.pad(values, ((0, 0), (0, 1)))
        cells = self.columns + self.members * padded.shape[1]
        found: NDArray[T] = padded.reshape(-1).take(cells)
        return found


def mean_over_orders(
    tied: TiedLists, groups: Segments, compute: Callable[[GroupsInOrder], Mapping[str, FloatArray]]
) -> dict[str, FloatArray]:
    """The expectation over the orders of each list, (n_lists,) by name.

    Args:
        tied: the lists.
        groups: which members belong to which group.
        compute: gives the value of every order, (n_orders,) by name. It gets so many groups and orders at
            once as a fixed budget of memory allows.
    """
    found: dict[str, list[FloatArray]] = defaultdict(list)
    lists = Segments.from_sizes(np.ones(len(tied.groups), dtype=np.int64))
    cells = groups.sizes[tied.groups] * ORDERS * len(tied.start)
    for first, last in lists.blocks(cells, _CELLS):
        part = tied.take(slice(first, last))
        orders = common_orders(part)
        values = compute(GroupsInOrder(part.groups[orders.lists], orders.columns, groups))
        for name, means in _expected(orders, values).items():
            found[name].append(means)
    return {name: np.concatenate(parts) for name, parts in found.items()}


def _expected(orders: Orders, values: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """The mean of the `values` over the orders of each list, (n_lists,) by name."""
    of_list = Segments.from_sizes(np.bincount(orders.lists))
    if not values or not worthwhile(len(values) * len(orders.lists)):
        return {name: of_list.reduce("sum", one * orders.weights) for name, one in values.items()}
    from groupbench.metrics import _common_order_kernels as kernels

    out = np.empty((len(values), len(of_list)))
    kernels.expected(np.stack(list(values.values())), orders.weights, of_list.offsets, out)
    return dict(zip(values, out, strict=True))


def common_orders(tied: TiedLists) -> Orders:
    """All orders of each list that differ in who matters, if they are at most `ORDERS`; else drawn ones."""
    if worthwhile(tied.start.size * ORDERS):
        return _compiled_orders(tied)
    maybe = np.flatnonzero(_fewest(tied) <= ORDERS)
    few = _all_orders(tied, maybe)
    many = np.ones(len(tied.numbers), dtype=np.bool_)
    many[few.lists] = False
    drawn = _drawn_orders(tied, np.flatnonzero(many))
    both = Orders(
        np.concatenate([few.lists, drawn.lists]),
        np.concatenate([few.columns, drawn.columns], axis=1),
        np.concatenate([few.weights, drawn.weights]),
    )
    return _without_repeats(tied, both.take(np.argsort(both.lists, kind="stable")))


def _compiled_orders(tied: TiedLists) -> Orders:
    """The same by a compiled loop."""
    from groupbench.metrics import _common_order_kernels as kernels

    n, depth = len(tied.numbers), len(tied.start)
    columns, weights = np.empty((depth, n * ORDERS), dtype=np.int64), np.empty(n * ORDERS)
    counts = np.empty(n, dtype=np.int64)
    start, end = (np.ascontiguousarray(one.T, dtype=np.int64) for one in (tied.start, tied.end))
    numbers, matters = (np.ascontiguousarray(one) for one in (tied.numbers, tied.matters))
    kernels.common(numbers, start, end, matters, ORDERS, columns, weights, counts)
    used = int(counts.sum())
    return Orders(np.repeat(np.arange(n), counts), columns[:, :used], weights[:used])


def _fewest(tied: TiedLists) -> FloatArray:
    """How many orders each list has at least: whoever stood before, so many are left at each position."""
    position, width = np.arange(len(tied.start))[:, None], tied.matters.shape[1]
    ahead = np.pad(np.cumsum(tied.matters, axis=1), ((0, 0), (1, 0)))
    every = np.arange(len(tied.matters))
    matter: IntArray = ahead[every, np.minimum(tied.end, width)] - ahead[every, np.minimum(tied.start, width)]
    gone = position - tied.start
    others = tied.end - tied.start - matter > gone
    choices = np.maximum(matter - gone, 0) + others
    return np.asarray(np.maximum(choices, 1).prod(axis=0, dtype=np.float64))


def _all_orders(tied: TiedLists, among: IntArray) -> Orders:
    """Every order of those lists `among` some that have few, built position by position."""
    tied = tied.take(among)
    columns, free = columns_set(tied.matters)
    nobody = tied.matters.shape[1]
    columns = np.column_stack([columns, np.full(len(columns), nobody)])
    lists, weights = np.arange(len(columns)), np.ones(len(columns))
    filled = np.empty((0, len(columns)), dtype=np.int64)
    for position, (start, end) in enumerate(zip(tied.start, tied.end, strict=True)):
        inside = (columns[:, :-1] >= start[:, None]) & (columns[:, :-1] < end[:, None])
        here = free & inside[lists]
        left = (end - position)[lists]
        others = left - np.count_nonzero(here, axis=1)
        choices = np.column_stack([here, others > 0])
        n_orders = np.bincount(lists, weights=np.count_nonzero(choices, axis=1), minlength=len(columns))
        choices &= (n_orders <= ORDERS)[lists, None]
        parents, chosen = np.nonzero(choices)
        someone = chosen < here.shape[1]
        weights = weights[parents] * np.where(someone, 1, others[parents]) / left[parents]
        lists, free = lists[parents], free[parents]
        free[np.flatnonzero(someone), chosen[someone]] = False
        filled = np.vstack([filled[:, parents], columns[lists, chosen]])
    return Orders(among[lists], filled, weights)


def _drawn_orders(tied: TiedLists, lists: IntArray) -> Orders:
    """`ORDERS` random orders of each of the `lists`: the first K steps of a Fisher-Yates shuffle."""
    depth, shape = len(tied.end), (len(lists), ORDERS)
    weights = np.full(shape[0] * ORDERS, 1 / ORDERS)
    numbers = np.arange(ORDERS).astype(np.uint64)
    state = _mixed(_mixed(tied.numbers[lists].astype(np.uint64))[:, None] + numbers)
    partner = np.empty((depth, *shape), dtype=np.int32)
    columns = np.empty((depth, *shape), dtype=np.int64)
    nobody = tied.matters.shape[1]
    for position, end in enumerate(tied.end[:, lists]):
        state += _STEP
        uniform = (_mixed(state) >> np.uint64(11)) * 2.0**-53
        partner[position] = position + (uniform * (end - position)[:, None]).astype(np.int32)
        # Who stands at the partner's column by now: what earlier steps swapped is followed back to its start.
        now = partner[position].copy()
        for before in reversed(range(position)):
            np.copyto(now, np.int32(before), where=now == partner[before])
        np.minimum(now, nobody, out=columns[position])
    return Orders(np.repeat(lists, ORDERS), columns.reshape(depth, -1), weights)


def _without_repeats(tied: TiedLists, orders: Orders) -> Orders:
    """The orders with those in which nobody matters as one for each list."""
    matters = np.pad(tied.matters, ((0, 0), (0, 1)))
    idle = ~np.asarray(matters[orders.lists, orders.columns].any(axis=0))
    weights = np.bincount(orders.lists[idle], weights=orders.weights[idle], minlength=len(tied.numbers))
    first = np.flatnonzero(idle)[np.unique(orders.lists[idle], return_index=True)[1]]
    orders.weights[first] = weights[orders.lists[first]]
    kept = ~idle
    kept[first] = True
    return orders.take(kept)


def _mixed(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The output function of SplitMix64 (Steele, Lea & Flood, OOPSLA 2014), which spreads every bit."""
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))
