"""Places of candidates in lists, with equal scores sharing their place whatever their order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from groupbench.aggregation._base import MemberScores
    from groupbench.arrays import BoolArray, FloatArray, IntArray, Segments


_CACHED = 1 << 16
"""Keys sorted at a time, so that what lies between two steps stays in the processor's cache."""


def points(keys: NDArray[Any]) -> NDArray[np.int32]:
    """Two points for each column of the same row that has a lower key, one for each with an equal key.

    That is twice the mean rank, counted upwards from 0; `keys` and result are (n, width).
    """
    out = np.zeros(keys.shape, dtype=np.int32)
    step = max(1, _CACHED // max(1, keys.shape[1]))
    for start in range(0, len(keys) if keys.size else 0, step):
        _fill_points(keys[start : start + step], out[start : start + step])
    return out


def expected(keys: FloatArray, worth: FloatArray) -> FloatArray:
    """The mean of `worth`, (width,), over all orders of each row's equal `keys`, (n, width), best first.

    The highest key gets `worth[0]`, the next `worth[1]` and so on; equal keys share the mean.
    """
    out = np.empty(keys.shape)
    step = max(1, _CACHED // max(1, keys.shape[1]))
    for start in range(0, len(keys) if keys.size else 0, step):
        part = keys[start : start + step]
        order, starts, lengths = _ties(-part)
        shared = np.add.reduceat(np.tile(worth, len(part)), starts) / lengths
        np.put_along_axis(
            out[start : start + step], order, np.repeat(shared, lengths).reshape(part.shape), axis=1
        )
    return out


def _fill_points(keys: NDArray[Any], out: NDArray[np.int32]) -> None:
    order, starts, lengths = _ties(keys)
    shared = (2 * (starts % keys.shape[1]) + lengths - 1).astype(np.int32)
    np.put_along_axis(out, order, np.repeat(shared, lengths).reshape(keys.shape), axis=1)


def _ties(keys: NDArray[Any]) -> tuple[IntArray, IntArray, IntArray]:
    """The ascending order of each row, and starts and lengths of the runs of equal keys in all rows."""
    order = np.argsort(keys, axis=1)
    ranked = np.take_along_axis(keys, order, axis=1)
    leads = np.ones(keys.shape, dtype=np.bool_)
    np.not_equal(ranked[:, 1:], ranked[:, :-1], out=leads[:, 1:])
    starts = np.flatnonzero(leads)
    return order, starts, np.diff(starts, append=keys.size)


def member_points(members: MemberScores) -> NDArray[np.int32]:
    """`points` of every member, (n_rows, width); each candidate beats every column without one."""
    return points(members.masked(-np.inf))


def fraction(values: NDArray[Any], valid: BoolArray) -> FloatArray:
    """The order of `values`, (n, width), as numbers in [0, 1) where valid, to rank what is tied."""
    n_valid = np.count_nonzero(valid, axis=1, keepdims=True)
    gained = points(np.where(valid, values, -np.inf)) / 2 - (valid.shape[1] - n_valid)
    return np.asarray(gained / np.maximum(n_valid, 1))


def by_size(segments: Segments) -> Iterator[tuple[IntArray, IntArray]]:
    """For each size that occurs: the segments of that size, (n,), and their rows, (n, size)."""
    for size in np.unique(segments.sizes):
        same = np.flatnonzero(segments.sizes == size)
        yield same, segments.offsets[same, None] + np.arange(size)
