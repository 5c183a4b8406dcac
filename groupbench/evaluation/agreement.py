"""What members' own ratings say of the items their group chooses from, and what strategies make of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from groupbench.aggregation import Aggregator, LearnedAggregator, MemberScores
from groupbench.aggregation.sequential import SequentialAggregator
from groupbench.core.arrays import FloatArray, IntArray, in_sorted
from groupbench.core.errors import ConfigError
from groupbench.data.leakage import pairs
from groupbench.evaluation.views import EvaluationCase, ListBlock

if TYPE_CHECKING:
    from groupbench.core.arrays import BoolArray
    from groupbench.data.dataset import Ratings
    from groupbench.evaluation.task import Task


class OwnRatings:
    """Members' own ratings, and what aggregation strategies make of them, with no recommender in between.

    Args:
        task: the members' ratings and their groups.
        aggregators: strategies by name; those that learn are left out, because nothing was learned, and
            those that look back, because there is nothing to look back on.
    """

    def __init__(self, task: Task, aggregators: Mapping[str, Aggregator | SequentialAggregator]) -> None:
        self._train = task.train
        self._aggregators = {
            name: one
            for name, one in aggregators.items()
            if isinstance(one, Aggregator) and not isinstance(one, LearnedAggregator)
        }

    @cached_property
    def _rows(self) -> Ratings:
        return self._train.ratings.unique()

    @cached_property
    def _keys(self) -> IntArray:
        return pairs(self._rows)

    @cached_property
    def _activity(self) -> FloatArray:
        users = self._train.ratings.users
        return np.bincount(users, minlength=self._rows.n_users).astype(np.float64)

    def answers(self, groups: IntArray, block: ListBlock) -> Iterator[tuple[str, ListBlock]]:
        """Yield (strategy, the block with the strategy's group scores as truth).

        Args:
            groups: (n_lists,) whose lists they are.
            block: candidates that all members rated.

        Raises:
            ConfigError: if some member did not rate one.
        """
        held = self._train.groups.take(groups)
        items, owner = block.items, held.segments.of_row
        scores = self._at(held.members, items[owner], block.valid[owner])
        members = MemberScores(
            scores, block.valid, held.segments, self._activity[held.members], self._train.scale
        )
        for name, aggregator in self._aggregators.items():
            truth = np.where(block.valid, aggregator.aggregate(members), np.nan)
            yield name, replace(block, find_truth=partial(np.asarray, truth))

    def _at(self, users: IntArray, items: IntArray, valid: BoolArray) -> FloatArray:
        keys = users[:, None] * self._rows.n_items + items
        if not in_sorted(keys[valid], self._keys).all():
            raise ConfigError("strategies need candidates that all members rated; use the view agreement")
        found = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return np.where(valid, self._rows.values[found], 0.0)


def compared(
    case: EvaluationCase, name: str, block: ListBlock, groups: IntArray, own: OwnRatings
) -> Iterator[tuple[str, ListBlock]]:
    """Yield the aggregator that values go by, and the block with the truth that they are of.

    Where each strategy has a truth of its own, scores that groups have themselves are compared with all.
    """
    if case.view.truth_from != "strategies":
        yield name, block
    elif name in ("own", "none"):
        yield from own.answers(groups, block)
