"""Which rows are held out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import IntArray, distinct, ranges, stable_order
from groupbench.core.errors import ConfigError
from groupbench.data.leakage import pairs

if TYPE_CHECKING:
    from groupbench.data.dataset import Ratings


NO_TIMES = "split=temporal needs timestamps, and this data has none"


@dataclass(frozen=True)
class Split:
    """Row indices of the training and the held-out ratings, each in ascending order.

    Attributes:
        train: (n_train,) rows to learn from.
        held_out: (n_held_out,) rows to evaluate by.
    """

    train: IntArray
    held_out: IntArray


def split_pairs(ratings: Ratings, split: Callable[[Ratings], Split]) -> Split:
    """Split (user, item) pairs instead of rows: all rows of a pair go to the side of its latest one.

    Args:
        ratings: the rows.
        split: how to split rows; it is given one of each pair, in the order in which pairs first appear, so
            that where no pair repeats it splits the rows themselves.
    """
    keys = pairs(ratings)
    if len(distinct(keys)) == len(keys):
        return split(ratings)
    by_pair = stable_order(keys, ratings.n_users * ratings.n_items)
    starts = np.diff(keys[by_pair], prepend=-1) > 0
    first, pair = by_pair[starts], np.empty_like(by_pair)
    pair[by_pair] = np.cumsum(starts) - 1
    order = np.argsort(first)
    rows = first[order]
    if ratings.timestamps is not None:
        by_time = np.argsort(ratings.timestamps, kind="stable")
        latest = np.empty_like(first)
        latest[pair[by_time]] = by_time
        rows = latest[order]
    number = np.empty_like(order)
    number[order] = np.arange(len(order))
    held_out = np.isin(number[pair], split(ratings.take(rows)).held_out)
    return Split(np.flatnonzero(~held_out), np.flatnonzero(held_out))


def ratio_split(ratings: Ratings, ratio: float, rng: np.random.Generator) -> Split:
    """Put a random share `ratio` of the rows into training (rounded down) and hold out the rest.

    Raises:
        ConfigError: if either side would be empty.
    """
    return _cut(rng.permutation(len(ratings)), ratio)


def temporal_split(ratings: Ratings, ratio: float) -> Split:
    """Hold out the latest rows; a share `ratio` is earlier. Rows of one time keep their order.

    Raises:
        ConfigError: if the data has no timestamps, or either side would be empty.
    """
    if ratings.timestamps is None:
        raise ConfigError(f"{NO_TIMES}; use split=ratio")
    return _cut(np.argsort(ratings.timestamps, kind="stable"), ratio)


def temporal_split_of_each(ratings: Ratings, ratio: float) -> Split:
    """Hold out the latest rows of each user; a share `ratio`, rounded down, is earlier.

    Of two rows or more one at least is on each side; a single one is for training. Rows of one time keep
    their order.

    Raises:
        ConfigError: if the data has no timestamps, or nothing would be held out.
    """
    if ratings.timestamps is None:
        raise ConfigError(f"{NO_TIMES}; use split=kfold")
    order = np.lexsort((ratings.timestamps, ratings.users))
    counts = np.bincount(ratings.users, minlength=ratings.n_users)
    n_train = np.clip(_share(counts, ratio), 1, np.maximum(counts - 1, 1))
    number = ranges(np.zeros_like(counts), counts)
    held_out = order[number >= np.repeat(n_train, counts)]
    if not len(held_out):
        raise ConfigError("split=temporal needs a rater with two items, and there is none; use split=kfold")
    return Split(np.setdiff1d(order, held_out), np.sort(held_out))


def fold_split(n_units: int, folds: int, fold: int, rng: np.random.Generator) -> Split:
    """Hold out one of `folds` random parts of 0 ... n_units - 1; sizes differ by one at most.

    The same `rng` state gives the same parts, so that every unit is held out by exactly one fold.

    Raises:
        ConfigError: if there are fewer units than folds.
    """
    if n_units < folds:
        raise ConfigError(f"folds={folds} is more than the {n_units} there are to part; ask for fewer folds")
    held_out = rng.permutation(n_units) % folds == fold
    return Split(np.flatnonzero(~held_out), np.flatnonzero(held_out))


def leave_one_out(ratings: Ratings, rng: np.random.Generator) -> Split:
    """Hold out one row of every user with two or more: the latest, or a random one without timestamps.

    Raises:
        ConfigError: if no user has two rows.
    """
    when = rng.random(len(ratings)) if ratings.timestamps is None else ratings.timestamps
    order = np.lexsort((when, ratings.users))
    last = np.ones(len(order), dtype=bool)
    last[:-1] = ratings.users[order][1:] != ratings.users[order][:-1]
    several = np.bincount(ratings.users, minlength=ratings.n_users)[ratings.users] > 1
    held_out = np.zeros(len(order), dtype=bool)
    held_out[order[last]] = True
    held_out &= several
    if not held_out.any():
        raise ConfigError("split=leave-one-out needs a user with two ratings, and there is none")
    return Split(np.flatnonzero(~held_out), np.flatnonzero(held_out))


def _cut(order: IntArray, ratio: float) -> Split:
    """The first rows of `order` for training, the rest held out."""
    n = len(order)
    n_train = int(_share(n, ratio))
    if not 0 < n_train < n:
        raise ConfigError(
            f"ratio={ratio} leaves {n_train} of {n} ratings for training and {n - n_train} held out; "
            "choose a ratio that leaves rows on both sides"
        )
    return Split(np.sort(order[:n_train]), np.sort(order[n_train:]))


def _share(n: int | IntArray, ratio: float) -> IntArray:
    """The share `ratio` of `n`, rounded down."""
    # Rounded to 9 digits first: 0.29 * 100 is a little less than 29 in floating point.
    return np.floor(np.round(np.multiply(n, ratio), 9)).astype(np.int64)
