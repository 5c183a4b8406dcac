"""Metrics of a group whose list is evaluated by the truth of each member.

A member without a relevant candidate does not count. Means over members are expectations in closed form. What
several members' values decide together is the expectation over orders of equal scores that all of them see
alike; its bounds follow from those of each member.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import Segments, ratio
from groupbench.core.kernels import worthwhile
from groupbench.metrics._definitions import OF_MEMBERS
from groupbench.metrics._families import families
from groupbench.metrics._member_loops import MemberLoops
from groupbench.metrics._orders import GroupsInOrder, MembersInOrder, TiedLists, mean_over_orders
from groupbench.metrics._ranking import Ranking, Untied, discounts, rank_sorted
from groupbench.metrics._request import EVERYTHING, MetricRequest
from groupbench.metrics._spreads import (
    PROPORTIONALITY,
    SPREAD_OF,
    SPREADS,
    MemberBounds,
    MemberFunction,
    MemberValues,
)

if TYPE_CHECKING:
    from groupbench.core.arrays import BoolArray, FloatArray, IntArray
    from groupbench.metrics._ranking import Ties
    from groupbench.metrics._spreads import Interval

    Parts = Mapping[Callable[[Ranking, int], FloatArray], Mapping[str, MemberFunction]]
    """What is made, by name, of the values that each member has of its ranking."""


@dataclass(frozen=True, eq=False)
class MemberLists:
    """The lists of groups, and what each member finds in them.

    Attributes:
        keys: (n_groups, n) of the candidates that lead the lists, as `top_candidates` gives them.
        liked: (n_members, n) which of them are relevant to a member; ignored where the key is +inf.
        n_candidates: (n_groups,) candidates that are ranked.
        n_relevant: (n_members,) relevant candidates of the whole lists; who has none does not count.
        groups: which members belong to which group.
        depth: the largest K of interest, for which `keys` hold all that leads or ties.
        numbers: (n_groups,) what the drawn orders of a group depend on; its place by default.
    """

    keys: FloatArray
    liked: BoolArray
    n_candidates: IntArray
    n_relevant: IntArray
    groups: Segments
    depth: int
    numbers: IntArray | None = None

    @cached_property
    def ranking(self) -> Ranking:
        """One list for each member: its group's, with the member's own relevant candidates."""
        owner = self.groups.of_row
        return rank_sorted(
            self.keys[owner], self.liked, self.depth, self.n_candidates[owner], self.n_relevant
        )

    @cached_property
    def bounds(self) -> _Bounds:
        """Between what the values of members, and what is made of them, lie whatever the order."""
        return _Bounds(self)

    @cached_property
    def undecided(self) -> bool:
        """Whether the order of equal scores matters to anybody."""
        same = (self.keys[:, 1:] == self.keys[:, :-1]) & (self.keys[:, 1:] < np.inf)
        return bool(same.any() and self.ranking.undecided.any())

    def tied(self, k: int) -> TiedLists | None:
        """The lists of groups to whose members the order of equal scores in the first `k` matters, if any."""
        if not self.undecided:
            return None
        undecided = np.asarray(self.ranking.undecided[:k].any(axis=0))
        groups = np.flatnonzero(self.groups.reduce("any", undecided))
        if not len(groups):
            return None
        matters = self.groups.reduce("any", self.liked_there)
        first = self.groups.offsets[groups]
        return TiedLists.of(self.ranking, k, groups, first, matters, self.numbers)

    def ordered(self, found: MembersInOrder) -> Untied:
        """The rankings of members in certain orders of their groups' lists."""
        hits, members = found.at(self.liked_there), found.members
        return Untied.of(
            hits.astype(np.float64),
            np.broadcast_to(False, hits.shape),
            self.n_candidates[self.groups.of_row[members]],
            self.n_relevant[members],
        )

    @cached_property
    def liked_there(self) -> BoolArray:
        """The same as `liked`, False behind the end of a list."""
        return self.liked & (self.keys < np.inf)[self.groups.of_row]

    def values(self, values: FloatArray, found: MembersInOrder | None = None) -> MemberValues:
        """The `values` of those who count, of all members or of those in certain orders."""
        if found is None:
            return MemberValues(np.where(self.n_relevant > 0, values, np.nan), self.groups)
        return MemberValues(np.where(self.n_relevant[found.members] > 0, values, np.nan), found.orders)


class _Bounds:
    """Bounds of what is made of members' values; those of the best and the worst case are found together."""

    def __init__(self, lists: MemberLists) -> None:
        self._lists = lists
        self._members: dict[tuple[object, int], MemberBounds] = {}
        self._intervals: dict[tuple[object, int, MemberFunction], Interval] = {}

    def interval(
        self, compute: Callable[[Ranking, int], FloatArray], k: int, function: MemberFunction
    ) -> Interval:
        """The least and the greatest that a `function` of what `compute` gives can be, (n_groups,) each."""
        key = compute, k, function
        if key not in self._intervals:
            if (compute, k) not in self._members:
                low, high = (self._lists.values(compute(one, k)) for one in self._extremes)
                self._members[compute, k] = MemberBounds(low, high)
            self._intervals[key] = function.bounds(self._members[compute, k])
        return self._intervals[key]

    @cached_property
    def _extremes(self) -> tuple[Ranking, Ranking]:
        return self._lists.ranking.resolved("worst"), self._lists.ranking.resolved("best")


def evaluate_members(
    lists: MemberLists,
    cutoffs: tuple[int, ...],
    request: MetricRequest = EVERYTHING,
    *,
    ties: Ties = "expected",
) -> dict[str, FloatArray]:
    """All metrics of the groups, from their lists and what each member finds in them.

    Args:
        lists: the lists, of a depth of the largest cutoff or more.
        cutoffs: the K.
        request: what is wanted.
        ties: how equal scores are ordered: at random, or as is best or worst. For each member on its own that
            is the relevant candidates first or last; where members' values are compared nothing above the
            one bound and below the other is possible, though no order may reach either.

    Returns:
        Values (n_groups,) by name, NaN where no member counts.
    """
    out: dict[str, FloatArray] = {}
    loops = MemberLoops(lists) if worthwhile(lists.liked.size) else None
    made = loops.means(cutoffs, ties) if loops and cutoffs else {}
    for k in cutoffs:
        for name, mean in request.restrict({f"{name}@{k}": name for name in families()}).items():
            if name in made:
                out[name] = made[name]
            else:
                ranking = lists.ranking.resolved(ties)
                out[name] = lists.values(families()[mean].compute(ranking, k)).mean
        if any(f"{one.name}@{k}" in request for one in OF_MEMBERS):
            first = {at: made[at] for at in (f"{one.name}@{k}" for one in OF_MEMBERS) if at in made}
            out |= request.restrict(first or _first_hits(lists, lists.ranking.resolved(ties), k))
        parts = _compared(k, request)
        if any(parts.values()):
            out |= _spreads(lists, k, parts, ties, loops)
    return out


def _compared(k: int, request: MetricRequest) -> Parts:
    """What compares members and is wanted."""
    spreads = {
        families()[base].compute: request.restrict({f"{one.name}-{base}@{k}": one for one in SPREADS})
        for base in SPREAD_OF
    }
    return {**spreads, _hits: request.restrict({f"proportionality_error@{k}": PROPORTIONALITY})}


def _hits(ranking: Ranking, k: int) -> FloatArray:
    return np.asarray(ranking.hits[k])


def _spreads(
    lists: MemberLists, k: int, parts: Parts, ties: Ties, loops: MemberLoops | None
) -> dict[str, FloatArray]:
    """What compares members; orders and bounds only where ties matter."""
    wanted = {name for names in parts.values() for name in names}

    def ordered(orders: GroupsInOrder) -> dict[str, FloatArray]:
        if loops is not None:
            return {name: values for name, values in loops.spreads(k, orders).items() if name in wanted}
        found = orders.members()
        return _computed(lists, lists.ordered(found), k, parts, found)

    if loops is not None:
        made = loops.spreads(k)
        out = {name: made[name] for names in parts.values() for name in names}
    else:
        out = _computed(lists, lists.ranking, k, parts)
    tied = lists.tied(k)
    if tied is None:
        return out
    if ties == "expected":
        found = mean_over_orders(tied, lists.groups, ordered)
    else:
        bounds = _bounds(lists, k, parts, ties)
        found = {name: values[tied.groups] for name, values in bounds.items()}
    for name, values in found.items():
        out[name][tied.groups] = values
    return out


def _computed(
    lists: MemberLists, ranking: Ranking, k: int, parts: Parts, found: MembersInOrder | None = None
) -> dict[str, FloatArray]:
    """What is made of the ranking of each member, or of each member in certain orders."""
    out: dict[str, FloatArray] = {}
    for compute, wanted in parts.items():
        if wanted:
            members = lists.values(compute(ranking, k), found)
            out |= {name: function.compute(members) for name, function in wanted.items()}
    return out


def _bounds(lists: MemberLists, k: int, parts: Parts, ties: Ties) -> dict[str, FloatArray]:
    """The best or the worst that no order can exceed, from those of each member."""
    out: dict[str, FloatArray] = {}
    for compute, wanted in parts.items():
        for name, function in wanted.items():
            least, greatest = lists.bounds.interval(compute, k, function)
            out[name] = least if (ties == "best") == function.lower_is_better else greatest
    return out


def _first_hits(lists: MemberLists, ranking: Ranking, k: int) -> dict[str, FloatArray]:
    first = ((ranking.miss[:k] - ranking.miss[1 : k + 1]) * discounts(k)[:, None]).cumsum(axis=0)[-1]
    nothing = lists.values(ranking.miss[k])
    return {
        f"zrecall@{k}": nothing.mean,
        f"zrecall_all@{k}": ratio(nothing.total, lists.groups.sizes),
        f"dfh@{k}": lists.values(first).mean,
    }
