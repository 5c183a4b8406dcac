"""Rounds of recommendations to groups, played with the scores of one fitted method."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from groupbench.aggregation import Aggregator, MemberScores
from groupbench.aggregation.sequential import Relevance, SequentialAggregator, at_shown, first, play, without
from groupbench.core.arrays import BoolArray, FloatArray, IntArray, columns_set
from groupbench.core.kernels import worthwhile
from groupbench.evaluation.scored import Scored
from groupbench.evaluation.scoring import ScoreSource
from groupbench.metrics import MemberRounds, Predictions, gather, sort_keys, top_candidates

if TYPE_CHECKING:
    from groupbench.core.stopwatch import Stopwatch
    from groupbench.data.groups import Groups
    from groupbench.evaluation.rounds import Rounds
    from groupbench.models.recommender import GroupRecommender, Recommender, TrainingData

T = TypeVar("T")


class RoundSource(ScoreSource):
    """A `ScoreSource` that also plays rounds.

    Args:
        method: as of `ScoreSource`.
        train: as of `ScoreSource`.
        aggregators: as of `ScoreSource`; they make each round's list of what is left.
        watch: as of `ScoreSource`.
        sequential: aggregators that look back, by name.
        rounds: how long lists are, and who is there; None where there is nothing to play.
        again: as of `ScoreSource`.
    """

    def __init__(
        self,
        method: Recommender | GroupRecommender,
        train: TrainingData,
        aggregators: Mapping[str, Aggregator],
        watch: Stopwatch,
        *,
        sequential: Mapping[str, SequentialAggregator],
        rounds: Rounds | None,
        again: bool = True,
    ) -> None:
        super().__init__(method, train, aggregators, watch, again=again)
        self._sequential = sequential
        self._rounds = rounds

    def play(self, groups: IntArray, items: IntArray, valid: BoolArray) -> Iterator[tuple[str, Scored]]:
        """Yield (aggregator name, lists) of a block of groups: as `top` the lists of all rounds in a row.

        Args:
            groups: (n_lists,) groups.
            items: (n_lists, width) candidates.
            valid: (n_lists, width) False beyond the end of a list.
        """
        table = _Table(self, self._played, groups, items, valid)
        if self._groups is not None and not self._played.changes:
            yield "own", Scored(np.empty((0, 0)), top=_as_top(table.in_one(self._groups.at(groups, items))))
        if self._users is None:
            return
        for name, aggregator in self._ready.items():
            yield name, table.scored(table.stateless(name, aggregator))
        for name, looking_back in self._sequential.items():
            with self._watch.phase("aggregate"):
                shown = table.looking_back(looking_back)
            yield name, table.scored(shown)

    @property
    def _played(self) -> Rounds:
        assert self._rounds is not None
        return self._rounds

    def first(
        self,
        name: str,
        aggregator: Aggregator,
        block: Groups,
        lists: tuple[IntArray, BoolArray, IntArray],
        depth: int,
        laid_out: Callable[[], MemberScores],
    ) -> IntArray:
        """The first `depth` of the lists by an aggregator, (n_lists, depth) columns, -1 behind the end.

        Args:
            name: of the aggregator.
            aggregator: what orders the lists.
            block: the groups.
            lists: candidates, whether there are any, and which of equally good ones comes first, each
                (n_lists, width).
            depth: how many are wanted.
            laid_out: what members score the candidates, which kernels can do without.
        """
        items, valid, order = lists
        if worthwhile(len(block.members) * items.shape[1] * len(self._ready) * len(self._played)):
            table = self._table(block, items, valid)
            for _, top in self._compiled({name: aggregator}, table, depth):
                return first(*top, depth, order)
        keys = sort_keys(self._aggregated(name, aggregator, laid_out()), valid)
        return first(*top_candidates(keys, depth, stable=True), depth, order)


class _Table:
    """A block of groups and their candidates: serves all that plays with them.

    Args:
        source: whose scores count.
        rounds: how long lists are, and who is there.
        groups: (n_lists,) groups.
        items: (n_lists, width) candidates.
        valid: (n_lists, width) False beyond the end of a list.
    """

    def __init__(
        self, source: RoundSource, rounds: Rounds, groups: IntArray, items: IntArray, valid: BoolArray
    ) -> None:
        self._source, self._rounds = source, rounds
        self._items, self._valid = items, valid
        self._order = self._rounds.order[items]
        self._rows = self._rounds.rows(groups)
        numbers = range(len(self._rounds) if self._rounds.changes else 1)
        self._blocks = [self._rounds.in_round(number, groups) for number in numbers]
        self._held: list[MemberScores] = []
        self._relevance: list[Relevance] = []
        self._favorites: list[FloatArray] = []
        if source._users is not None:
            self._held = [source._members(block, items, valid) for block in self._blocks]
            self._relevance = [Relevance.of(members, self._rounds.length) for members in self._held]
            found = [Predictions(m.scores, m.valid, m.segments).favorites for m in self._held]
            self._favorites = [favorites.astype(np.float64) for favorites in found]

    def in_one(self, scores: FloatArray) -> IntArray:
        """The lists of all rounds where group scores, (n_lists, width), stay what they are."""
        keys, length = sort_keys(scores, self._valid), self._rounds.length
        return self._cut(first(*top_candidates(keys, length, stable=True), length, self._order))

    def stateless(self, name: str, aggregator: Aggregator) -> IntArray:
        """The lists of an aggregator that is given what is left in each round, as of `play`."""
        lists = self._items, self._valid, self._order
        if aggregator.by_candidate and not self._rounds.changes:
            given = self._blocks[0], lists, self._rounds.length, lambda: self._held[0]
            return self._cut(self._source.first(name, aggregator, *given))
        left = self._valid
        out = np.empty((len(self._rounds), len(left), self._rounds.depth), dtype=np.int64)
        for number in range(len(out)):
            columns, valid = columns_set(left)
            here = tuple(np.take_along_axis(one, columns, axis=1) for one in (self._items, self._order))
            left_of = partial(_at, self._of(self._held, number), columns, valid)
            given = self._of(self._blocks, number), (here[0], valid, here[1]), self._rounds.depth, left_of
            shown = self._source.first(name, aggregator, *given)
            out[number] = np.where(shown >= 0, gather(columns, np.maximum(shown, 0)), -1)
            left = without(left, out[number])
        return out

    def looking_back(self, aggregator: SequentialAggregator) -> IntArray:
        """The lists of an aggregator that looks back, as of `play`."""
        held = [self._of(self._held, number) for number in range(len(self._rounds))]
        new = self._rounds.new[:, self._rows]
        return play(aggregator, held, self._rounds.depth, new=new, order=self._order)

    def scored(self, shown: IntArray) -> Scored:
        """The lists that were `shown`, (n_rounds, n_lists, depth) columns, and what members got."""
        return Scored(np.empty((0, 0)), top=_as_top(shown), rounds=self._outcome(shown))

    def _outcome(self, shown: IntArray) -> MemberRounds:
        left, shape = self._valid, (len(shown), len(self._rows))
        satisfied, utility, favorites = np.empty(shape), np.empty(shape), np.empty(shape)
        for number, lists in enumerate(shown):
            relevance = self._of(self._relevance, number)
            satisfied[number] = relevance.satisfaction(lists, left)
            utility[number] = relevance.discounted(lists)
            found = at_shown(self._of(self._favorites, number), lists, relevance.segments)
            favorites[number] = found.sum(axis=1)
            left = without(left, lists)
        joined, segments = self._rounds.joined[:, self._rows], self._blocks[0].segments
        return MemberRounds(satisfied, utility, favorites.astype(np.int64), joined, segments)

    def _of(self, by_round: Sequence[T], number: int) -> T:
        return by_round[number if self._rounds.changes else 0]

    def _cut(self, shown: IntArray) -> IntArray:
        rounds = shown.reshape(len(shown), len(self._rounds), self._rounds.depth)
        return np.ascontiguousarray(rounds.swapaxes(0, 1))


def _at(members: MemberScores, columns: IntArray, valid: BoolArray) -> MemberScores:
    """The scores in the `columns`, (n_groups, n), alone."""
    return replace(members, scores=gather(members.scores, columns[members.segments.of_row]), valid=valid)


def _as_top(shown: IntArray) -> tuple[FloatArray, IntArray]:
    """Keys and columns of the lists of all rounds in a row, as `top_candidates` gives them."""
    columns = shown.swapaxes(0, 1).reshape(shown.shape[1], -1)
    keys = np.broadcast_to(np.arange(columns.shape[1], dtype=np.float64), columns.shape)
    return np.where(columns >= 0, keys, np.inf), np.maximum(columns, 0)
