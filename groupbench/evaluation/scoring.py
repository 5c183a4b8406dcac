"""Scores of candidate lists, from whatever a method offers: users, members with aggregation, or groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from groupbench.aggregation import (
    Aggregator,
    LearnedAggregator,
    MemberScores,
    MemberTable,
    RowOrders,
    TopCandidates,
    find_top,
    joined,
    serves,
)
from groupbench.core.arrays import BoolArray, FloatArray, IntArray, Segments, blocks, chunks
from groupbench.core.kernels import worthwhile
from groupbench.core.memory import allowed
from groupbench.evaluation.attempts import attempted, learned
from groupbench.evaluation.score_cache import ScoreCache, checked, group_pairs, user_pairs
from groupbench.evaluation.scored import Scored
from groupbench.evaluation.training_pairs import training_pairs
from groupbench.metrics import Predictions, sort_keys, top_candidates
from groupbench.models.recommender import GroupRecommender, Recommender

if TYPE_CHECKING:
    from groupbench.core.stopwatch import Stopwatch
    from groupbench.data.groups import Groups
    from groupbench.models.recommender import TrainingData

PART = 1_000_000
"""Member scores of one part of the candidates of large groups."""

_ORDERED = 16_000_000
"""Scores of all users for all items whose orders are kept, too (64 MB)."""

_MEMORY = 2**28
"""Bytes that a part may take instead where every part makes the method score all items again."""

_MEMORY_SHARE = 0.125
"""Share of a memory budget that it may take instead."""


class ScoreSource:
    """Scores of blocks of candidate lists by one fitted method; nobody is scored twice if memory allows.

    Args:
        method: fitted on `train`.
        train: what it was fitted on.
        aggregators: by name, for the group lists of a user recommender; those that learn do so from `train`.
        watch: charged with `score` and `aggregate`.
        again: whether scores are cached for further blocks.
    """

    def __init__(
        self,
        method: Recommender | GroupRecommender,
        train: TrainingData,
        aggregators: Mapping[str, Aggregator],
        watch: Stopwatch,
        *,
        again: bool = True,
    ) -> None:
        self._train = train
        self._aggregators = aggregators
        self._watch = watch
        self._activity = np.bincount(train.ratings.users, minlength=train.ratings.n_users).astype(np.float64)
        self._scale = train.scale if method.predicts_ratings else None
        self._users = self._groups = None
        self._ordered: RowOrders | None = None
        name, n_items = type(method).__name__, train.ratings.n_items
        if isinstance(method, Recommender):
            shape = train.ratings.n_users, n_items
            self._users = ScoreCache(name, method.score, user_pairs(method), shape, again, watch)
        if isinstance(method, GroupRecommender):
            shape, groups = (len(train.groups), n_items), train.groups
            score = partial(_score_groups, method, groups)
            self._groups = ScoreCache(name, score, group_pairs(method, groups), shape, again, watch)

    def score(
        self,
        entity: Literal["user", "group"],
        entities: IntArray,
        items: IntArray,
        valid: BoolArray,
        *,
        predictions: bool = True,
        depth: int = 0,
    ) -> Iterator[tuple[str, Scored]]:
        """Yield (aggregator name, scores) of one block of lists, scores shaped like `items`.

        Args:
            entity: whether the lists are of users or of groups.
            entities: (n_lists,) users or groups.
            items: (n_lists, width) candidates.
            valid: (n_lists, width) False beyond the end of a list.
            predictions: whether the member scores that were aggregated are given too; without them large
                groups are aggregated part by part, where aggregators allow that.
            depth: if above 0, group lists by aggregators are told as `top`, for so many first positions.
        """
        if entity == "group":
            yield from self._of_groups(entities, items, valid, predictions, depth)
        elif self._users is not None:
            yield "none", Scored(self._users.at(entities, items), ratings=self._scale is not None)
        elif self._groups is not None:
            yield "own", Scored(self._of_users_by_group(entities, items), ratings=self._scale is not None)

    def _of_groups(
        self, groups: IntArray, items: IntArray, valid: BoolArray, predictions: bool, depth: int
    ) -> Iterator[tuple[str, Scored]]:
        if self._groups is not None:
            yield "own", Scored(self._groups.at(groups, items), ratings=self._scale is not None)
        if self._users is None:
            return
        if depth:
            yield from self._top(groups, items, valid, depth)
            return
        ready = self._ready
        in_parts = {} if predictions else self._in_parts(groups, items, valid)
        members = None
        for name, aggregator in ready.items():
            if name in in_parts:
                yield name, in_parts[name]
                continue
            members = members or self._members(self._block(groups), items, valid)
            found = Predictions(members.scores, valid, members.segments)
            scores = self._aggregated(name, aggregator, members)
            yield name, Scored(scores, found, aggregator.rates(members))

    def _aggregated(self, name: str, aggregator: Aggregator, members: MemberScores) -> FloatArray:
        """Group scores, (n_groups, width), 0 where there is no candidate."""
        with self._watch.phase("aggregate"):
            scores = attempted(name, partial(aggregator.aggregate, members))
        return np.where(
            members.valid, checked(f"aggregator {name}", scores, members.valid.shape, members.valid), 0.0
        )

    def _top(
        self, groups: IntArray, items: IntArray, valid: BoolArray, depth: int
    ) -> Iterator[tuple[str, Scored]]:
        """What leads the lists by each aggregator, without group scores of the whole block."""
        found: dict[str, list[TopCandidates]] = {name: [] for name in self._ready}
        cells = self._train.groups.sizes[groups] * items.shape[1]
        compiled = worthwhile(int(cells.sum()) * len(found))
        left = dict(self._ready)
        table = self._table(self._block(groups), items, valid) if compiled else None
        for name, top in self._compiled(left, table, depth):
            found[name].append(top)
            del left[name]
        for start, stop in blocks(cells, PART) if left else ():
            here = slice(start, stop)
            part = groups[here], items[here], valid[here]
            for name, top in self._laid_out_top(left, *part, depth, compiled):
                found[name].append(top)
        for name, parts in found.items():
            rates = self._ready[name].rates(self._nobody)
            yield name, Scored(np.empty((0, 0)), ratings=rates, top=joined(parts))

    def _compiled(
        self, aggregators: Mapping[str, Aggregator], table: MemberTable | None, depth: int
    ) -> Iterator[tuple[str, TopCandidates]]:
        """What kernels find of a table."""
        served = {name: one for name, one in aggregators.items() if table and serves(one, depth)}
        for name, aggregator in served.items():
            assert table is not None
            with self._watch.phase("aggregate"):
                if len(served) > 1:
                    table.mean  # noqa: B018  many need it
                top = find_top(aggregator, table, depth)
            if top is not None:
                yield name, top

    def _laid_out_top(
        self,
        aggregators: Mapping[str, Aggregator],
        groups: IntArray,
        items: IntArray,
        valid: BoolArray,
        depth: int,
        compiled: bool,
    ) -> Iterator[tuple[str, TopCandidates]]:
        """The same of scores that are laid out, large groups part by part where aggregators allow that."""
        in_parts = self._in_parts(groups, items, valid)
        for name, scored in in_parts.items():
            if name in aggregators:
                yield name, top_candidates(sort_keys(scored.scores, valid), depth, stable=True)
        left = {name: one for name, one in aggregators.items() if name not in in_parts}
        if not left:
            return
        block = self._block(groups)
        table = self._table(block, items, valid, made=True) if compiled else None
        tops = dict(self._compiled(left, table, depth))
        left = {name: one for name, one in left.items() if name not in tops}
        if left:
            members = table.laid_out if table is not None else self._members(block, items, valid)
            for name, aggregator in left.items():
                keys = sort_keys(self._aggregated(name, aggregator, members), valid)
                tops[name] = top_candidates(keys, depth, stable=True)
        yield from tops.items()

    def _table(
        self, block: Groups, items: IntArray, valid: BoolArray, *, made: bool = False
    ) -> MemberTable | None:
        """What the members of the block score, if that is cached for all items; by request it is `made`."""
        assert self._users is not None
        table, rows, orders = self._users.table(block.members), block.members, None
        if table is not None:
            orders = self._orders(table)
        elif not made:
            return None
        elif 2 * items.shape[1] < self._train.ratings.n_items or not (found := self._users.some(rows)):
            return MemberTable.of(self._members(block, items, valid))
        else:
            table, rows = found
        lengths, activity = np.count_nonzero(valid, axis=1), self._activity[block.members]
        return MemberTable(table, rows, items, lengths, block.segments, activity, self._scale, orders)

    @cached_property
    def _nobody(self) -> MemberScores:
        """No members, with the scale of all."""
        none = np.empty((0, 0))
        return MemberScores(none, none > 0, Segments.from_sizes([]), np.empty(0), self._scale)

    def _orders(self, table: FloatArray) -> RowOrders | None:
        """The orders of the rows of the table of all users, if it is small enough."""
        if self._ordered is None and table.size <= _ORDERED:
            self._ordered = RowOrders(table)
        return self._ordered

    def _in_parts(self, groups: IntArray, items: IntArray, valid: BoolArray) -> dict[str, Scored]:
        """Scores by the aggregators that look at each candidate alone, of a block that is large."""
        assert self._users is not None
        n_members, cells = int(self._train.groups.sizes[groups].sum()), PART
        if not self._users.by_items:
            cells = max(PART, int(allowed(_MEMORY, share=_MEMORY_SHARE)) // 8)
        separable = {name: one for name, one in self._ready.items() if one.by_candidate}
        if not separable or n_members * items.shape[1] <= cells:
            return {}
        scores, rates = {name: np.zeros(items.shape) for name in separable}, dict.fromkeys(separable, False)
        for part in chunks(items.shape[1], n_members, cells):
            members = self._members(self._block(groups), items[:, part], valid[:, part])
            for name, aggregator in separable.items():
                scores[name][:, part] = self._aggregated(name, aggregator, members)
                rates[name] = aggregator.rates(members)
        return {name: Scored(scores[name], ratings=rates[name]) for name in separable}

    def _block(self, groups: IntArray) -> Groups:
        return self._train.groups.take(groups)

    def _members(self, block: Groups, items: IntArray, valid: BoolArray) -> MemberScores:
        """What the members of the block score the candidates of their groups."""
        assert self._users is not None
        scores = self._users.at(block.members, items, block.segments.of_row)
        return MemberScores(scores, valid, block.segments, self._activity[block.members], self._scale)

    @cached_property
    def _ready(self) -> Mapping[str, Aggregator]:
        """The aggregators, after those that learn have learned."""
        learners = {n: a for n, a in self._aggregators.items() if isinstance(a, LearnedAggregator)}
        if not learners:
            return self._aggregators
        pairs = training_pairs(self._train)
        members = self._members(self._block(pairs.groups), pairs.items, pairs.valid)
        with self._watch.phase("aggregate"):
            fitted = {n: learned(n, learner, members, pairs.target) for n, learner in learners.items()}
        return {**self._aggregators, **fitted}

    def _of_users_by_group(self, users: IntArray, items: IntArray) -> FloatArray:
        """A group method's score for a user is that of the user's first group.

        All items of a user without a group score the mean training rating.
        """
        assert self._groups is not None
        groups = self._train.groups
        group_of = np.full(self._train.ratings.n_users, -1)
        group_of[groups.members[::-1]] = groups.segments.of_row[::-1]
        served = group_of[users] >= 0
        scores = np.full(items.shape, self._train.ratings.mean)
        scores[served] = self._groups.at(group_of[users[served]], items[served])
        return scores


def _score_groups(method: GroupRecommender, groups: Groups, which: IntArray) -> object:
    return method.score_groups(groups.take(which))
