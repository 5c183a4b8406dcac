"""The order of all columns in rows of a table, for ranks among any of them."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from groupbench.core.arrays import FloatArray, IntArray

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
        from groupbench.aggregation._compiled import _order_kernels as kernels

        missing = np.zeros(len(self.table), dtype=np.bool_)
        missing[rows] = True
        missing &= ~self._made
        numbers = np.flatnonzero(missing)
        kernels.descending(self.table, numbers, self._orders)
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
