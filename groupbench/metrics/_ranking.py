"""Ranked lists with ties: who may stand at each position, and what the first K are worth on average."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from groupbench.core.arrays import Segments
from groupbench.core.errors import ConfigError, unknown
from groupbench.metrics._inputs import finite_scores, flags
from groupbench.metrics._select import counts, gather, sort_keys, top_candidates

if TYPE_CHECKING:
    from groupbench.core.arrays import BoolArray, FloatArray, IntArray

    Blocks = tuple[FloatArray, FloatArray, FloatArray, FloatArray, BoolArray]
    """The first fields of a `Ranking`."""

Ties = Literal["expected", "best", "worst"]


@dataclass(frozen=True)
class Ranking:
    """The first positions of many lists, each described by the block of equal scores it lies in.

    The order within a block is uniformly random; all else follows in closed form (McSherry & Najork,
    "Computing Information Retrieval Performance Measures Efficiently in the Presence of Tied Scores",
    ECIR 2008). Row p of a (depth, n_lists) array is position p, counted from 0. Positions behind the
    end of a list hold nothing relevant.

    The cumulative properties have depth + 1 rows: row k is the sum over the first k positions.

    Attributes:
        offset: (depth, n_lists) position within the block, from 0.
        size: (depth, n_lists) candidates in the block, those behind `depth` included.
        relevant: (depth, n_lists) relevant candidates in the block.
        before: (depth, n_lists) relevant candidates ahead of the block.
        undecided: (depth, n_lists) whether the block mixes relevant and other candidates.
        n_candidates: (n_lists,) candidates that are ranked.
        n_relevant: (n_lists,) relevant candidates, those that are not recommended included.
    """

    offset: FloatArray
    size: FloatArray
    relevant: FloatArray
    before: FloatArray
    undecided: BoolArray
    n_candidates: IntArray
    n_relevant: IntArray

    @property
    def depth(self) -> int:
        """Number of leading positions that are described."""
        return len(self.offset)

    @cached_property
    def relevance(self) -> FloatArray:
        """(depth, n_lists) probability that the candidate at a position is relevant."""
        return self.relevant / self.size

    @cached_property
    def hits(self) -> FloatArray:
        """(depth + 1, n_lists) expected number of relevant candidates in the first k."""
        return _cumulative(np.add, self.relevance, 0.0)

    @cached_property
    def gain(self) -> FloatArray:
        """(depth + 1, n_lists) expected discounted cumulative gain of the first k."""
        return _cumulative(np.add, self.relevance * discounts(self.depth)[:, None], 0.0)

    @cached_property
    def miss(self) -> FloatArray:
        """(depth + 1, n_lists) probability that none of the first k is relevant.

        The chain rule through the hypergeometric draw: after `offset` misses, n - offset candidates of
        the block remain, r of them relevant.
        """
        left = self.size - self.offset
        return _cumulative(np.multiply, np.maximum(1.0 - self.relevant / left, 0.0), 1.0)

    @cached_property
    def reciprocal_rank(self) -> FloatArray:
        """(depth + 1, n_lists) expected 1 / rank of the first relevant candidate, 0 if behind the first k."""
        first = self.miss[:-1] - self.miss[1:]
        return _cumulative(np.add, first / _ranks(self.depth)[:, None], 0.0)

    @cached_property
    def precision_sum(self) -> FloatArray:
        """(depth + 1, n_lists) expected sum of the precisions at the relevant positions of the first k.

        A relevant candidate at a position has ahead of it the relevant ones before the block and each of
        the block's r - 1 others with probability offset / (n - 1).
        """
        peers = self.offset * (self.relevant - 1) / np.maximum(self.size - 1, 1)
        precision = (self.before + 1 + peers) / _ranks(self.depth)[:, None]
        return _cumulative(np.add, self.relevance * precision, 0.0)

    @cached_property
    def ties(self) -> FloatArray:
        """(depth + 1, n_lists) how many of the first k positions are undecided."""
        return _cumulative(np.add, self.undecided.astype(np.float64), 0.0)

    def resolved(self, ties: Ties) -> Ranking:
        """This ranking with equal scores in random order, or the relevant ones first or last.

        Raises:
            ConfigError: if `ties` names no rule.
        """
        if known_ties(ties) == "expected":
            return self
        first = 0.0 if ties == "best" else self.size - self.relevant
        position = self.offset - first
        relevant = ((position >= 0) & (position < self.relevant)).astype(np.float64)
        return Untied.of(relevant, self.undecided, self.n_candidates, self.n_relevant)


class Untied(Ranking):
    """Lists in one certain order: every position is a block of its own."""

    @classmethod
    def of(
        cls, relevant: FloatArray, undecided: BoolArray, n_candidates: IntArray, n_relevant: IntArray
    ) -> Untied:
        """The lists whose positions hold something relevant, 1, or not, 0: (depth, n_lists)."""
        nothing, one = (np.broadcast_to(value, relevant.shape) for value in (0.0, 1.0))
        before = _cumulative(np.add, relevant, 0.0)[:-1]
        return cls(nothing, one, relevant, before, undecided, n_candidates, n_relevant)

    @property
    def relevance(self) -> FloatArray:
        """(depth, n_lists) 1 for what is relevant, else 0."""
        return self.relevant

    @cached_property
    def miss(self) -> FloatArray:
        """(depth + 1, n_lists) 1 where none of the first k is relevant, else 0."""
        return np.asarray(self.hits == 0, dtype=np.float64)

    @cached_property
    def precision_sum(self) -> FloatArray:
        """(depth + 1, n_lists) sum of the precisions at the relevant positions of the first k."""
        return _cumulative(np.add, self.relevant * self.hits[1:] / _ranks(self.depth)[:, None], 0.0)


def known_ties(ties: Ties) -> Ties:
    """The rule.

    Raises:
        ConfigError: if it is none.
    """
    if ties not in get_args(Ties):
        raise ConfigError(unknown("tie rule", ties, get_args(Ties)))
    return ties


def rank(
    scores: FloatArray,
    relevant: BoolArray,
    valid: BoolArray,
    depth: int,
    *,
    recommended: BoolArray | None = None,
) -> Ranking:
    """Rank the candidates of many lists by descending score, keeping ties as ties.

    Args:
        scores: (n_lists, width), finite where `valid`.
        relevant: (n_lists, width) which candidates are relevant; ignored where not `valid`.
        valid: (n_lists, width), False where a list has fewer candidates than `width`.
        depth: number of leading positions to describe, the largest K of interest.
        recommended: (n_lists, width) which candidates may be ranked at all; the others count only as
            relevant candidates that were missed. By default all.

    Raises:
        MethodError: if the shapes differ, a valid score is NaN, infinite or beyond what floats tell apart, or
            relevance is neither 0 nor 1.
    """
    valid = flags("valid", valid)
    allowed = valid if recommended is None else valid & flags("recommended", recommended, valid.shape)
    given = finite_scores(scores, valid), flags("relevant", relevant, valid.shape), valid
    return rank_checked(*given, allowed, depth)


def rank_checked(
    scores: FloatArray, relevant: BoolArray, valid: BoolArray, ranked: BoolArray, depth: int
) -> Ranking:
    """What `rank` does, on what has been read already; `ranked` are the recommended ones of the `valid`."""
    keys, columns = top_candidates(sort_keys(scores, ranked), depth)
    return rank_sorted(keys, gather(relevant, columns), depth, counts(ranked), counts(relevant & valid))


def rank_sorted(
    keys: FloatArray, relevant: BoolArray, depth: int, n_candidates: IntArray, n_relevant: IntArray
) -> Ranking:
    """Describe lists whose top candidates stand in order already.

    Args:
        keys: (n_lists, n) as `top_candidates` gives them.
        relevant: (n_lists, n) which of them are relevant; ignored where the key is +inf.
        depth: number of leading positions to describe.
        n_candidates: (n_lists,) candidates that are ranked, or `depth` where there are more.
        n_relevant: (n_lists,) relevant candidates of the whole lists.
    """
    if missing := max(depth - keys.shape[1], 0):
        keys = np.pad(keys, ((0, 0), (0, missing)), constant_values=np.inf)
        relevant = np.pad(relevant, ((0, 0), (0, missing)))
    head = np.ascontiguousarray(keys[:, :depth].T)
    same = (head[1:] == head[:-1]) & (head[1:] < np.inf)
    hit = np.ascontiguousarray(relevant[:, :depth].T) & (head < np.inf)
    tail = (keys[:, depth:] == keys[:, depth - 1 : depth]) & (keys[:, depth:] < np.inf)
    if same.any() or tail.any():
        return Ranking(*_blocks(same, hit, tail, tail & relevant[:, depth:]), n_candidates, n_relevant)
    return Untied.of(hit.astype(np.float64), np.broadcast_to(False, hit.shape), n_candidates, n_relevant)


def discounts(depth: int) -> FloatArray:
    """The weight 1 / log2(rank + 1) of each of the first `depth` positions, (depth,)."""
    return np.asarray(1.0 / np.log2(np.arange(2.0, depth + 2.0)))


def ideal_gain(n_relevant: IntArray, k: int) -> FloatArray:
    """The highest discounted cumulative gain of k positions, of lists with so many relevant: (n_lists,)."""
    gain = np.concatenate([[0.0], np.cumsum(discounts(k))])
    return np.asarray(gain[np.minimum(n_relevant, k)])


def block_means(keys: FloatArray, gains: FloatArray, owner: IntArray) -> FloatArray:
    """Gains (n_members, n) in list order with each block of equal keys (n_groups, n) at its mean."""
    starts = np.ones(keys.shape, dtype=bool)
    starts[:, 1:] = keys[:, 1:] != keys[:, :-1]
    if starts.all():
        return gains
    blocks = Segments(np.append(np.flatnonzero(starts[owner]), gains.size))
    means = blocks.mean(np.where(keys[owner] < np.inf, gains, 0.0).ravel())
    return means[blocks.of_row].reshape(gains.shape)


def _blocks(same: BoolArray, relevant: BoolArray, tail: BoolArray, tail_relevant: BoolArray) -> Blocks:
    """The blocks of equal keys.

    Args:
        same: (depth - 1, n_lists) whether a position is in one block with the next.
        relevant: (depth, n_lists) whether what stands there in some order of equal keys is relevant.
        tail: (n_lists, any) what is in one block with the last position, but stands behind it.
        tail_relevant: (n_lists, any) which of that is relevant.
    """
    hit, behind, hits_behind = relevant.astype(np.float64), tail.sum(axis=1), tail_relevant.sum(axis=1)
    one = np.ones_like(hit)
    offset, hits_ahead = _inside(one, same), _inside(hit, same)
    size = offset + one + _inside(one[::-1], same[::-1], behind)[::-1]
    inside = hits_ahead + hit + _inside(hit[::-1], same[::-1], hits_behind)[::-1]
    before = _cumulative(np.add, hit, 0.0)[:-1] - hits_ahead
    return offset, size, inside, before, (inside > 0) & (inside < size)


def _inside(amounts: FloatArray, same: BoolArray, initial: IntArray | int = 0) -> FloatArray:
    """Sum of `amounts`, (depth, n_lists), over the earlier rows of the same block.

    `same`, (depth - 1, n_lists), says whether rows p and p + 1 share a block; row 0 gets `initial`.
    """
    out = np.empty_like(amounts)
    out[:1] = initial
    for row in range(1, len(out)):
        np.add(out[row - 1], amounts[row - 1], out=out[row])
        out[row] *= same[row - 1]
    return out


def _cumulative(combine: np.ufunc, rows: FloatArray, initial: float) -> FloatArray:
    """Running `combine` over the rows with `initial` in front: (len(rows) + 1, n_lists)."""
    out = np.empty((len(rows) + 1, rows.shape[1]))
    out[0] = initial
    # A step over all lists at a time: ufunc.accumulate along this axis is 5 times slower.
    for row, values in enumerate(rows):
        combine(out[row], values, out=out[row + 1])
    return out


def _ranks(depth: int) -> FloatArray:
    return np.arange(1.0, depth + 1.0)
