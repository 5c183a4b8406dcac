"""Ranks of candidates in lists, equal scores sharing theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from groupbench.core.arrays import chunks, frozen, ranges
from groupbench.metrics import top_candidates

if TYPE_CHECKING:
    from groupbench.core.arrays import Array, BoolArray, FloatArray

Counts = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class TiedRanks:
    """Where the columns of each row stand, by keys of which higher ones are better.

    Attributes:
        beaten: (n, width) columns of the same row with a lower key.
        equal: (n, width) columns with an equal key, the column itself included.
    """

    beaten: Counts
    equal: Counts

    @property
    def better(self) -> Counts:
        """Columns with a higher key, (n, width)."""
        return np.asarray(self.beaten.shape[1] - self.beaten - self.equal)

    @property
    def double_midranks(self) -> Counts:
        """Two for each column beaten and one for each other equal one, (n, width): twice the mean rank."""
        return 2 * self.beaten + self.equal - 1

    def expected(self, worth: FloatArray) -> FloatArray:
        """The mean of `worth`, (width,), over all orders of equal columns, best first, (n, width).

        The highest key gets `worth[0]`, the next `worth[1]` and so on; equal keys share the mean.
        """
        better, tied = self.better, self.equal > 1
        out = worth[better]
        total = np.concatenate([[0.0], np.cumsum(worth, dtype=np.longdouble)])
        first, n = better[tied], self.equal[tied]
        out[tied] = (total[first + n] - total[first]) / n
        return np.asarray(out)


def ranks(keys: Array) -> TiedRanks:
    """Where each column stands in its row of `keys`, (n, width)."""
    beaten, equal = np.zeros(keys.shape, dtype=np.int32), np.zeros(keys.shape, dtype=np.int32)
    for part in chunks(len(keys) if keys.size else 0, keys.shape[1]):
        _rank(keys[part], beaten[part], equal[part])
    return TiedRanks(frozen(beaten, np.int32), frozen(equal, np.int32))


def _rank(keys: Array, beaten: Counts, equal: Counts) -> None:
    width = keys.shape[1]
    order = np.argsort(keys, axis=1)
    order += np.arange(0, keys.size, width)[:, None]
    cells = order.ravel()
    ranked = keys.reshape(-1).take(cells)
    leads = np.empty(keys.size, dtype=np.bool_)
    np.not_equal(ranked[1:], ranked[:-1], out=leads[1:])
    leads[::width] = True
    beaten.reshape(-1)[cells] = np.tile(np.arange(width, dtype=np.int32), len(keys))
    equal[...] = 1
    starts = np.flatnonzero(leads)
    lengths = np.diff(starts, append=keys.size)
    tied = np.flatnonzero(lengths > 1)
    starts, lengths = starts[tied], lengths[tied]
    shared = cells[ranges(starts, lengths)]
    for out, of_block in ((beaten, starts % width), (equal, lengths)):
        out.reshape(-1)[shared] = np.repeat(of_block.astype(np.int32), lengths)


def double_midranks(keys: Array) -> Counts:
    """`TiedRanks.double_midranks` of each column in its row of `keys`, (n, width)."""
    return ranks(keys).double_midranks


def top_values(values: FloatArray, n: int) -> FloatArray:
    """The `n` highest values of each row, descending, -inf where it has fewer: (len(values), n)."""
    out = np.full((len(values), n), -np.inf)
    for part in chunks(*values.shape):
        keys, _ = top_candidates(-values[part], n)
        out[part, : keys.shape[1]] = -keys[:, :n]
    return out


def rank_fraction(values: Array, valid: BoolArray) -> FloatArray:
    """The order of `values`, (n, width), as numbers in [0, 1) where valid, to rank what is tied."""
    n_valid = np.count_nonzero(valid, axis=1, keepdims=True)
    beaten = double_midranks(np.where(valid, values, -np.inf)) / 2 - (valid.shape[1] - n_valid)
    return np.asarray(beaten / np.maximum(n_valid, 1))


def below_one(values: FloatArray, valid: BoolArray) -> FloatArray:
    """The `values`, (n, width), divided by a power of two in each row, so that valid ones are below 1.

    It keeps their order and ties as `rank_fraction` does, for a fraction of the time.
    """
    high = np.max(values, axis=1, keepdims=True, where=valid, initial=0.0)
    low = np.min(values, axis=1, keepdims=True, where=valid, initial=0.0)
    exponent = np.frexp(np.maximum(high, -low))[1]
    return np.asarray(values * np.ldexp(1.0, -np.maximum(exponent, 0)))
