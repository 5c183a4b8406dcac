"""Training pairs of groups and items: what aggregators learn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import BoolArray, FloatArray, IntArray, Segments
from groupbench.core.seeding import generator
from groupbench.evaluation.views import member_rows

if TYPE_CHECKING:
    from groupbench.models.recommender import TrainingData

MAX_TRAINING_PAIRS = 1_000_000
"""Member scores of training pairs that are gathered at most."""


@dataclass(frozen=True)
class TrainingPairs:
    """Items that groups rated in training, laid out as one list a group.

    Attributes:
        groups: (n_lists,) the groups.
        items: (n_lists, width) the items.
        valid: (n_lists, width) False beyond the end of a list.
        target: (n_lists, width) the group's rating of the item.
    """

    groups: IntArray
    items: IntArray
    valid: BoolArray
    target: FloatArray


def training_pairs(train: TrainingData) -> TrainingPairs:
    """The pairs with joint training ratings, or else those that a member rated, with the members' mean.

    Where all ratings are equal they are mere choices: each group then also gets as many items that it has
    no rating of, drawn at random, with a target of 1 less. Where the members' scores would be more than
    `MAX_TRAINING_PAIRS`, pairs are drawn at random, of each group up to the same number. The same data gives
    the same pairs.
    """
    n_items = train.ratings.n_items
    pairs, target = _rated(train)
    rng = generator("lessons", len(train.groups), n_items, len(pairs))
    if len(pairs) and np.ptp(target) == 0:
        pairs, target = _with_others(pairs, target, n_items, rng)
    order = np.lexsort((rng.random(len(pairs)), pairs // n_items))
    groups, sizes = np.unique(pairs // n_items, return_counts=True)
    chosen, width = _affordable(train.groups.sizes[groups], rng)
    order = order[Segments.from_sizes(sizes).position < width]
    rows, valid = Segments.from_sizes(np.minimum(sizes, width)).window(chosen)
    cells = order[rows]
    return TrainingPairs(groups[chosen], pairs[cells] % n_items, valid, target[cells])


def _rated(train: TrainingData) -> tuple[IntArray, FloatArray]:
    """Distinct `group * n_items + item` of the training pairs, ascending, and their targets."""
    if train.group_ratings is not None and len(train.group_ratings):
        rows = train.group_ratings
        owners, values, items = rows.users, rows.values, rows.items
    else:
        owners, of_members = member_rows(train.ratings, train.groups)
        values, items = train.ratings.values[of_members], train.ratings.items[of_members]
    pairs, number = np.unique(owners * train.ratings.n_items + items, return_inverse=True)
    return pairs, np.bincount(number, weights=values) / np.bincount(number)


def _with_others(
    pairs: IntArray, target: FloatArray, n_items: int, rng: np.random.Generator
) -> tuple[IntArray, FloatArray]:
    drawn = pairs // n_items * n_items + rng.integers(0, n_items, len(pairs))
    others = np.setdiff1d(drawn, pairs)
    return np.append(pairs, others), np.append(target, np.full(len(others), target[0] - 1))


def _affordable(sizes: IntArray, rng: np.random.Generator) -> tuple[IntArray, int]:
    """Which groups, of `sizes` members, are learned from, ascending, and by how many pairs each at most."""
    order = rng.permutation(len(sizes))
    chosen = np.sort(order[np.cumsum(sizes[order]) <= MAX_TRAINING_PAIRS])
    return chosen, MAX_TRAINING_PAIRS // max(1, int(sizes[chosen].sum()))
