"""What every aggregator is given and owes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from groupbench.aggregation._exact import exact_mean
from groupbench.aggregation._ranks import TiedRanks, rank_fraction, ranks, top_values
from groupbench.core.arrays import BoolArray, FloatArray, IntArray, Segments, bounds, distinct, frozen
from groupbench.core.errors import ConfigError

_FEW = 64
"""For up to so many best candidates, sorting what may be among them is faster."""


@dataclass(frozen=True)
class MemberScores:
    """The members' scores of a block of groups, each group on its own list of candidates.

    What many aggregators need of them (`mean`, `by_mean`, `ranks`, `last_of_best`) is made when it is
    first needed, and then serves all.

    Attributes:
        scores: (n_rows, width); row r is a member of group `segments.of_row[r]`, column c is
            that group's c-th candidate.
        valid: (n_groups, width); False where a group has fewer candidates than `width`, there
            `scores` are arbitrary but finite.
        segments: which rows belong to which group.
        activity: (n_rows,) number of training ratings of each member.
        scale: lowest and highest rating if the scores are predicted ratings, else None.
    """

    scores: FloatArray
    valid: BoolArray
    segments: Segments
    activity: FloatArray
    scale: tuple[float, float] | None

    def __post_init__(self) -> None:
        """Make the arrays read-only: every aggregator is given the same ones."""
        for name, dtype in (("scores", np.float64), ("valid", np.bool_), ("activity", np.float64)):
            object.__setattr__(self, name, frozen(getattr(self, name), dtype))

    def __repr__(self) -> str:
        groups, width = self.valid.shape
        return f"MemberScores({len(self.scores)} members of {groups} groups, {width} candidates)"

    @property
    def width(self) -> int:
        """Length of the longest list of candidates."""
        return int(self.valid.shape[1])

    @property
    def n_invalid(self) -> IntArray:
        """Columns without a candidate, (n_groups, 1)."""
        return self.width - np.count_nonzero(self.valid, axis=1, keepdims=True)

    @property
    def row_valid(self) -> BoolArray:
        """`valid` of each member's group, (n_rows, width)."""
        return self.valid[self.segments.of_row]

    def masked(self, fill: float) -> FloatArray:
        """The scores with `fill` where there is no candidate, (n_rows, width)."""
        if self.valid.all():
            return self.scores
        return np.where(self.row_valid, self.scores, fill)

    @cached_property
    def mean(self) -> FloatArray:
        """Mean of the members' scores, (n_groups, width), read-only."""
        return frozen(exact_mean(self.segments, self.scores), np.float64)

    @cached_property
    def by_mean(self) -> FloatArray:
        """The order of the candidates by mean score as numbers in [0, 1), (n_groups, width), read-only."""
        return frozen(rank_fraction(self.mean, self.valid), np.float64)

    @cached_property
    def ranks(self) -> TiedRanks:
        """How each member ranks its candidates, above every column without one: (n_rows, width)."""
        return ranks(self.masked(-np.inf))

    def last_of_best(self, lengths: IntArray) -> FloatArray:
        """Each member's score of the last of its best `lengths`, (n_groups,), candidates: (n_rows, 1)."""
        key = lengths.tobytes()
        if key not in self._lasts:
            self._lasts[key] = frozen(self._last(np.clip(lengths, 1, self.width)), np.float64)
        return self._lasts[key]

    def _last(self, lengths: IntArray) -> FloatArray:
        values, lengths = self.masked(-np.inf), lengths[self.segments.of_row]
        most = int(lengths.max(initial=1))
        if most <= _FEW or not values.size:
            return np.take_along_axis(top_values(values, most), lengths[:, None] - 1, axis=1)
        out = np.empty((len(values), 1))
        for length in distinct(lengths):  # NumPy is several times as fast for one rank as for some
            rows, rank = np.flatnonzero(lengths == length), self.width - length
            out[rows, 0] = np.partition(values[rows], rank, axis=1)[:, rank]
        return out

    @cached_property
    def _lasts(self) -> dict[bytes, FloatArray]:
        return {}

    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """Each member's lowest and highest score over the candidates, (n_rows, 1) each."""
        return bounds(self.scores, self.row_valid)

    def blocks(self, budget: int) -> Iterator[tuple[slice, MemberScores]]:
        """Runs of groups with at most `budget` scores each (one group may have more), and what they hold."""
        for start, stop in self.segments.blocks(self.segments.sizes * self.width, budget):
            rows, segments = self.segments.rows(start, stop), self.segments.part(start, stop)
            scores, valid, activity = self.scores[rows], self.valid[start:stop], self.activity[rows]
            yield slice(start, stop), MemberScores(scores, valid, segments, activity, self.scale)


class Aggregator(ABC):
    """Turns member scores into group scores, for all groups of a block at once."""

    keeps_scale: ClassVar[bool] = False
    """Whether group scores lie on the scale of the members' scores: of predicted ratings they are ratings."""

    @property
    def by_candidate(self) -> bool:
        """Whether no other candidate changes a candidate's group score, so that parts can be aggregated."""
        return False

    def rates(self, members: MemberScores) -> bool:
        """Whether the group scores made from `members` are predicted ratings, so that RMSE and MAE exist."""
        return self.keeps_scale and members.scale is not None

    @abstractmethod
    def aggregate(self, members: MemberScores) -> FloatArray:
        """Group scores, (n_groups, width), finite where valid, higher is better."""


class LearnedAggregator(Aggregator):
    """An aggregator that learns from training pairs of group and item, anew for every fitted method.

    As it is made it has seen none, and aggregates by what it takes for granted.
    """

    @abstractmethod
    def fit(self, members: MemberScores, target: FloatArray) -> Aggregator:
        """The aggregator that has learned; this one stays as it is.

        Args:
            members: the members' scores of items that their groups rated in training; maybe of none.
            target: (n_groups, width) the groups' ratings of these items; arbitrary where not valid.
        """


def require_fraction(option: str, value: float) -> None:
    """Raise a `ConfigError` that names the `option` unless `value` lies between 0 and 1."""
    if not 0 <= value <= 1:
        raise ConfigError(f"{option}: {value} is no fraction; give a number from 0 to 1")


def require_depth(name: str, depth: int) -> None:
    """Raise a `ConfigError` that names the aggregator unless `depth` fills at least one position."""
    if depth < 1:
        raise ConfigError(f"{name}.depth: {depth} rounds fill no position; give at least 1")
