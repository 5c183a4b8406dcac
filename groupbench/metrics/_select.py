"""The top candidates of each list: sort keys, shortlists of wide lists, and the deterministic top K."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from groupbench.core.arrays import columns_set
from groupbench.metrics._inputs import finite_scores, flags

if TYPE_CHECKING:
    from groupbench.core.arrays import BoolArray, FloatArray, IntArray

T = TypeVar("T", bound=np.generic)

_CHUNKS_PER_POSITION = 8
_NARROW = 64


def top_k(scores: FloatArray, valid: BoolArray, k: int) -> IntArray:
    """The columns of the `k` best candidates of each list, best first; equal scores by column.

    Args:
        scores: (n_lists, width), finite where `valid`.
        valid: (n_lists, width), False where a list has fewer candidates than `width`.
        k: length of the lists to return.

    Returns:
        (n_lists, k) column indices, -1 behind the last candidate.

    Raises:
        MethodError: if the shapes differ, or a valid score is NaN, infinite or beyond what floats tell apart.
    """
    valid = flags("valid", valid)
    keys, columns = top_candidates(sort_keys(finite_scores(scores, valid), valid), k, stable=True)
    out = np.full((len(keys), k), -1, dtype=np.int64)
    taken = np.where(keys < np.inf, columns, -1)[:, :k]
    out[:, : taken.shape[1]] = taken
    return out


def sort_keys(scores: FloatArray, valid: BoolArray) -> FloatArray:
    """Negated scores, (n_lists, width), and +inf where not `valid`: ascending keys are a ranking."""
    if valid.all():
        return -scores
    keys = np.full(scores.shape, np.inf)
    np.negative(scores, out=keys, where=valid)
    return keys


def top_candidates(keys: FloatArray, k: int, *, stable: bool = False) -> tuple[FloatArray, IntArray]:
    """All candidates that take, or tie for, the first `k` positions of each list, best first.

    Args:
        keys: (n_lists, width) as `sort_keys` gives them.
        k: leading positions that matter.
        stable: order equal keys by column; otherwise their order is arbitrary.

    Returns:
        Keys and columns, each (n_lists, any); behind a list's last candidate the key is +inf.
    """
    k = max(k, 1)
    shorter = _shortlist(keys, k)
    keys = keys if shorter is None else shorter[0]
    # NumPy's unstable argsort is fastest on narrow rows, but far slower on wide ones full of ties.
    narrow = keys.shape[1] <= _NARROW
    order = np.argsort(keys, axis=1, kind="quicksort" if narrow else "stable")
    head = order[:, : k + 1]
    ordered = gather(keys, head)
    if _tied(ordered[:, k - 1 :]).any():
        head, ordered = order, gather(keys, order)
    if narrow and stable:
        tied = _tied(ordered).any(axis=1)
        head[tied] = np.argsort(keys[tied], axis=1, kind="stable")[:, : head.shape[1]]
    return ordered, head if shorter is None else gather(shorter[1], head)


def counts(flags: BoolArray) -> IntArray:
    """How many `flags`, (n_lists, width), are set in each list, (n_lists,)."""
    # Exact below 2**24 flags a list, and several times faster than summing booleans.
    return np.asarray(flags.astype(np.float32) @ np.ones(flags.shape[1], np.float32), dtype=np.int64)


def gather(values: NDArray[T], columns: IntArray) -> NDArray[T]:
    """`values`, (n_lists, width), at each list's `columns`, (n_lists, any): a faster `take_along_axis`."""
    starts = np.arange(len(values))[:, None] * values.shape[1]
    gathered: NDArray[T] = values.reshape(-1).take(columns + starts)
    return gathered


def _tied(ordered: FloatArray) -> BoolArray:
    """Which keys of sorted lists, (n_lists, n), are equal to the next and no filling: (n_lists, n - 1)."""
    return np.asarray((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] < np.inf))


def _shortlist(keys: FloatArray, k: int) -> tuple[FloatArray, IntArray] | None:
    """Keys and columns that lead wide lists, in column order; None if the lists are too narrow to gain.

    The k-th best of any part of a list bounds the k-th best of the whole. Here the part holds the best
    of each of 8 k strided chunks: one pass of minima leaves little more than `k` candidates and all ties.
    """
    lists, width = keys.shape
    chunks = _CHUNKS_PER_POSITION * k
    if width < 2 * chunks:
        return None
    rounds = width // chunks
    best = keys[:, : rounds * chunks].reshape(lists, rounds, chunks).min(axis=1)
    best.sort(axis=1)
    keep = (keys <= best[:, k - 1 : k]) & (keys < np.inf)
    columns, inside = columns_set(keep)
    return np.where(inside, gather(keys, columns), np.inf), columns
