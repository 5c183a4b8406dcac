"""Surprise's training set, made from index rows and read back as arrays."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from groupbench.core.arrays import FloatArray, IntArray, Segments
from groupbench.core.errors import MethodError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groupbench.data.dataset import Ratings

RatingLists = dict[int, list[tuple[int, float]]]


def build_trainset(ratings: Ratings, scale: tuple[float, float]) -> Any:
    """The `surprise.Trainset` of `ratings`, whose raw ids are our user and item indices.

    It equals what `Dataset.load_from_df(...).build_full_trainset()` makes of the same rows: inner ids
    count first appearances, lists keep the order of the rows, repeated pairs stay.

    Raises:
        MethodError: if there is no row.
    """
    from surprise import Trainset

    if not len(ratings):
        raise MethodError("Surprise's methods need at least one training rating; use a larger training share")
    raw_users, users = _first_seen(ratings.users)
    raw_items, items = _first_seen(ratings.items)
    return Trainset(
        _lists(users, items, ratings.values),
        _lists(items, users, ratings.values),
        len(raw_users),
        len(raw_items),
        len(ratings),
        scale,
        {raw: inner for inner, raw in enumerate(raw_users.tolist())},
        {raw: inner for inner, raw in enumerate(raw_items.tolist())},
    )


def inner_ids(raw_to_inner: Mapping[int, int], size: int) -> IntArray:
    """The inner id of each index, (size,); -1 where the training set does not know it."""
    inner = np.full(size, -1, dtype=np.int64)
    inner[list(raw_to_inner)] = list(raw_to_inner.values())
    return inner


def flatten(lists: Mapping[int, list[tuple[int, float]]]) -> tuple[Segments, IntArray, FloatArray]:
    """`Trainset.ur` or `.ir` as arrays: a segment per inner id, the other side's ids, the values."""
    in_order = [lists[inner] for inner in range(len(lists))]
    segments = Segments.from_sizes([len(rows) for rows in in_order])
    rows = np.fromiter(
        chain.from_iterable(in_order),
        dtype=[("other", np.int64), ("value", np.float64)],
        count=int(segments.offsets[-1]),
    )
    return segments, rows["other"].copy(), rows["value"].copy()


def _first_seen(indices: IntArray) -> tuple[IntArray, IntArray]:
    """The distinct `indices` in the order in which they appear, and each row's position among them."""
    distinct, first, inverse = np.unique(indices, return_index=True, return_inverse=True)
    order = np.argsort(first)
    position = np.empty_like(order)
    position[order] = np.arange(len(order))
    return distinct[order], position[inverse]


def _lists(keys: IntArray, others: IntArray, values: FloatArray) -> RatingLists:
    order = np.argsort(keys, kind="stable")
    pairs = list(zip(others[order].tolist(), values[order].tolist(), strict=True))
    ends = np.cumsum(np.bincount(keys)).tolist()
    return {key: pairs[start:stop] for key, (start, stop) in enumerate(zip([0, *ends], ends, strict=False))}
