"""Lists made position by position: each takes what adds most to the positions before it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from groupbench.aggregation._base import Aggregator, MemberScores, require_depth
from groupbench.aggregation._ranks import below_one
from groupbench.aggregation._shortlist import Shortlist, shortlists, top_lists
from groupbench.core.arrays import CACHED, Array, BoolArray, FloatArray, IntArray, Segments, ranges
from groupbench.core.errors import ConfigError
from groupbench.metrics import gather

_LOWEST = int(np.iinfo(np.int64).min)
ROUNDING_BITS = 10
"""Last bits of a gain, which errors of rounding may have changed."""


class GreedyState(ABC):
    """What the members got from the positions filled so far, and what each candidate would add.

    Attributes:
        segments: which rows are the members of which group.
        worth: (n_rows, n) what a candidate brings a member, in whole numbers: their sums are exact.
        received: (n_rows,) what the members got.
        order: (n_groups, n) which column of the shortlist each column of the state is; None if the same.
        finite: whether what adds nothing now will add nothing later; then the race ends there.
    """

    diminishing: ClassVar[bool] = False

    def __init__(self, segments: Segments, worth: Array) -> None:
        self.segments = segments
        self.worth = worth
        self.received = np.zeros(len(worth), dtype=np.int64)
        self.order: IntArray | None = None

    @abstractmethod
    def gains(self) -> IntArray:
        """What is maximized if each candidate came next, (n_groups, n), in `whole` numbers.

        Last columns may be left out if none of them can come next.
        """

    def add(self, groups: IntArray, columns: IntArray) -> None:
        """Give the members of `groups` what they get from the candidates in `columns`, (n_chosen,) both."""
        sizes = self.segments.sizes[groups]
        self.receive(ranges(self.segments.offsets[groups], sizes), np.repeat(columns, sizes))

    def receive(self, rows: IntArray, columns: IntArray) -> None:
        """Give each of the `rows` what it gets from the candidate in its column, (n,) both."""
        np.add.at(self.received, rows, self.worth[rows, columns])


@dataclass(frozen=True)
class Greedy(Aggregator):
    """Fills `depth` positions one after the other; everything else follows by the members' mean score.

    Among candidates that would add equally much the one with the highest mean comes next. If that is
    equal too, all of them are placed together, tied, so that neither the order of the members nor
    that of the candidates decides. Amounts that differ by less than 1e-9 count as equal.
    """

    label: ClassVar[str] = "greedy"
    """What the strategy is called in error messages."""

    depth: int = 20
    """Positions to fill, so choose the length of the longest list evaluated."""

    def __post_init__(self) -> None:
        require_depth(self.label, self.depth)

    def aggregate(self, members: MemberScores) -> FloatArray:
        """Positions left when placed, from `depth` to 1, else less than 1, (n_groups, width)."""
        out = below_one(members.mean, members.valid)
        for groups, part in self.parts(members, 2 * CACHED):
            filled = out[groups]
            self.fill(part, self.start(part), members.mean[groups], filled)
            out[groups] = filled
        return out

    def parts(self, members: MemberScores, budget: int) -> Iterator[tuple[IntArray, Shortlist]]:
        """Groups, (n,), and what they choose from, in parts of at most `budget` scores or of one group."""
        return shortlists(members, self.liked(members), budget)

    @abstractmethod
    def liked(self, members: MemberScores) -> BoolArray:
        """Which candidates each member likes, (n_rows, width); what nobody likes is not chosen."""

    @abstractmethod
    def start(self, shortlist: Shortlist) -> GreedyState:
        """The state before the first position."""

    def fill(self, shortlist: Shortlist, state: GreedyState, mean: FloatArray, out: FloatArray) -> None:
        """Fill the list: write the positions left to `out`; both it and `mean` are (n_groups, width)."""
        candidates, waiting = shortlist.columns, shortlist.members.valid.copy()
        if state.order is not None:
            candidates, waiting = gather(candidates, state.order), gather(waiting, state.order)
        means = gather(mean, candidates)
        for left in range(self.depth, 0, -1):
            gains = state.gains()
            n = gains.shape[1]
            least = 1 if state.diminishing else _LOWEST
            chosen = np.flatnonzero(_best(gains, means[:, :n], waiting[:, :n], least))
            if len(chosen) == 0:
                break
            groups, columns = np.divmod(chosen, n)
            out[groups, candidates[groups, columns]] = left
            waiting[groups, columns] = False
            state.add(groups, columns)


@dataclass(frozen=True)
class TopLists(Greedy):
    """A greedy list over the candidates that are among the best `top` of some member."""

    top: int = 20
    """Length of each member's own list; candidates equally good as its last one share the last ranks."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.top < 2:
            raise ConfigError(f"{self.label}.top: {self.top} candidates make no order; give at least 2")

    def liked(self, members: MemberScores) -> BoolArray:
        """The best `top` candidates of each member, (n_rows, width)."""
        return top_lists(members, self.top)

    def borda(self, shortlist: Shortlist) -> FloatArray:
        """`top` minus the rank in the member's own list, from 1, and 0 outside it: (n_rows, n)."""
        return shortlist.by_rank(np.maximum(self.top - 1.0 - np.arange(shortlist.members.width), 0.0))


def _best(gains: IntArray, means: FloatArray, waiting: BoolArray, least: int) -> BoolArray:
    """The waiting candidates with the highest gain of at least `least`, of these those of highest mean."""
    rounded = np.where(waiting, (gains + (1 << ROUNDING_BITS >> 1)) >> ROUNDING_BITS, _LOWEST)
    best = rounded.max(axis=1, keepdims=True, initial=_LOWEST)
    chosen = waiting & (rounded == best) & (best >= least)
    means = np.where(chosen, means, -np.inf)
    return np.asarray(chosen & (means == means.max(axis=1, keepdims=True, initial=-np.inf)))
