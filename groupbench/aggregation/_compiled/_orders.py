"""The order of all columns in rows of a table, for ranks among any of them."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from groupbench.core.arrays import FloatArray, IntArray, chunks

EQUAL = 1 << 31
"""Set in an order where a score is equal to the one before."""

Order = NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class RowOrders:
    """The columns of each row of a table by descending value, found when a row is first asked for.

    Attributes:
        table: (n, width); rows that were asked for do not change any more.
    """

    table: FloatArray

    def of(self, rows: IntArray) -> Order:
        """The orders of all rows, (n, width), made for at least the given `rows`."""
        with self._lock:
            self._make(rows)
        return self._orders

    def _make(self, rows: IntArray) -> None:
        missing = np.zeros(len(self.table), dtype=np.bool_)
        missing[rows] = True
        missing &= ~self._made
        numbers = np.flatnonzero(missing)
        for part in chunks(len(numbers), self.table.shape[1]):
            self._orders[numbers[part]] = _descending(self.table[numbers[part]])
        self._made[numbers] = True

    @cached_property
    def _lock(self) -> threading.Lock:
        return threading.Lock()

    @cached_property
    def _made(self) -> NDArray[np.bool_]:
        return np.zeros(len(self.table), dtype=np.bool_)

    @cached_property
    def _orders(self) -> Order:
        return np.empty(self.table.shape, dtype=np.uint32)


def _descending(values: FloatArray) -> Order:
    """The columns of each row, (n, width), by descending value."""
    columns = np.argsort(-values, axis=1)
    ordered = np.take_along_axis(values, columns, axis=1)
    out = columns.astype(np.uint32)
    out[:, 1:] |= np.where(ordered[:, 1:] == ordered[:, :-1], np.uint32(EQUAL), np.uint32(0))
    return out
