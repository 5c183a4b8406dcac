"""Members' scores that are not laid out: where they are to be found, for loops that look them up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from groupbench.aggregation._base import MemberScores
from groupbench.aggregation._compiled._orders import Order, RowOrders
from groupbench.core.arrays import CACHED, Array, BoolArray, FloatArray, IntArray, Segments, frozen, pick

TopCandidates = tuple[FloatArray, IntArray]
"""Keys and columns of all candidates that take, or tie for, the first positions, as of `top_candidates`."""


@dataclass(frozen=True, eq=False)
class MemberTable:
    """What `MemberScores` hold, as rows and columns of a larger table of scores.

    Attributes:
        table: (any, n_items) scores.
        rows: (n_rows,) which row of it each member has.
        items: (n_groups, width) which columns of it are a group's candidates; arbitrary behind them.
        lengths: (n_groups,) how many candidates each group has.
        segments: which rows belong to which group.
        activity: (n_rows,) number of training ratings of each member.
        scale: lowest and highest rating if the scores are predicted ratings, else None.
        orders: those of the rows of `table`, if they are shared with others.
    """

    table: FloatArray
    rows: IntArray
    items: IntArray
    lengths: IntArray
    segments: Segments
    activity: FloatArray
    scale: tuple[float, float] | None
    orders: RowOrders | None = None

    @classmethod
    def of(cls, members: MemberScores) -> MemberTable:
        """Scores that are laid out, whose valid columns come first."""
        width = members.width
        return cls(
            np.asarray(members.scores),
            np.arange(len(members.scores)),
            np.broadcast_to(np.arange(width), members.valid.shape),
            np.count_nonzero(members.valid, axis=1),
            members.segments,
            members.activity,
            members.scale,
        )

    @property
    def width(self) -> int:
        """Length of the longest list of candidates."""
        return int(self.items.shape[1])

    @cached_property
    def valid(self) -> BoolArray:
        """(n_groups, width) where there is a candidate."""
        return np.asarray(np.arange(self.width) < self.lengths[:, None])

    @cached_property
    def laid_out(self) -> MemberScores:
        """The scores side by side, (n_rows, width)."""
        scores = pick(self.table, self.rows, self.items, self.segments.of_row)
        return MemberScores(scores, self.valid, self.segments, self.activity, self.scale)

    @cached_property
    def columns(self) -> Array:
        """`items` as kernels take them: one line if all groups have the same."""
        shared = self.items.strides[0] == 0 or len(self.items) == 1
        return np.ascontiguousarray(self.items[:1] if shared else self.items, dtype=np.uint32)

    @cached_property
    def mean(self) -> FloatArray:
        """Mean of the members' scores, (n_groups, width), read-only; 0 where there is no candidate."""
        out = np.empty(self.items.shape)
        for here, part in self.parts(2 * CACHED):
            out[here] = combined(part, "mean")[0]
        return frozen(out, np.float64)

    def part(self, start: int, stop: int) -> MemberTable:
        """Groups `start` to `stop` alone."""
        rows = self.segments.rows(start, stop)
        part = MemberTable(
            self.table,
            self.rows[rows],
            self.items[start:stop],
            self.lengths[start:stop],
            self.segments.part(start, stop),
            self.activity[rows],
            self.scale,
            self.orders,
        )
        columns = self.columns if len(self.columns) == 1 else self.columns[start:stop]
        part.__dict__["columns"] = columns
        if "mean" in self.__dict__:
            part.__dict__["mean"] = self.mean[start:stop]
        return part

    def parts(self, cells: int) -> Iterator[tuple[slice, MemberTable]]:
        """Runs of groups with about so many members' scores each, and what they hold."""
        for start, stop in self.segments.blocks(self.segments.sizes * self.width, cells):
            yield slice(start, stop), self.part(start, stop)

    @cached_property
    def order(self) -> Order:
        """The columns of `table` by descending score, (any, n_items), for the rows of these members."""
        return (self.orders or RowOrders(self.table)).of(self.rows)

    @property
    def arguments(self) -> tuple[Array, ...]:
        """What kernels are given: table, rows, columns, lengths and offsets."""
        return self.table, self.rows, self.columns, self.lengths, self.segments.offsets


def joined(parts: list[TopCandidates]) -> TopCandidates:
    """The top candidates of some lists behind those of others."""
    if len(parts) == 1:
        return parts[0]
    n, width = sum(len(keys) for keys, _ in parts), max((keys.shape[1] for keys, _ in parts), default=1)
    out, where, start = np.full((n, width), np.inf), np.zeros((n, width), dtype=np.int64), 0
    for keys, columns in parts:
        here = slice(start, start + len(keys)), slice(keys.shape[1])
        out[here], where[here] = keys, columns
        start += len(keys)
    return out, where


def combined(members: MemberTable, how: str, least: FloatArray | None = None) -> tuple[FloatArray, Array]:
    """Group scores by each candidate's scores alone, and how many members have less than their `least`.

    Args:
        members: their scores.
        how: a name of `_score_kernels.HOW`.
        least: (n_rows,), for `misery` and `approval`.

    Returns:
        Both (n_groups, width), 0 where there is no candidate.
    """
    from groupbench.aggregation._compiled import _score_kernels as kernels

    shape = members.items.shape
    out, below = np.zeros(shape), np.zeros(shape if least is not None else (1, 1), dtype=np.int64)
    bound = np.empty(0) if least is None else least
    kernels.combine(*members.arguments, kernels.HOW.index(how), bound, out, below)
    return out, below
