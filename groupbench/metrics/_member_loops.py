"""Metrics of groups by compiled loops over their members."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from groupbench.metrics._list_loops import RULES
from groupbench.metrics._ranking import discounts, ideal_gain
from groupbench.metrics._spreads import SPREAD_OF, SPREADS

if TYPE_CHECKING:
    from groupbench.core.arrays import BoolArray, FloatArray
    from groupbench.metrics._members import MemberLists
    from groupbench.metrics._orders import GroupsInOrder
    from groupbench.metrics._ranking import Ties


@dataclass(frozen=True, eq=False)
class MemberLoops:
    """What `evaluate_members` makes of the built-in metrics, to the last bit.

    Attributes:
        lists: the lists of groups, and what each member finds in them.
    """

    lists: MemberLists

    def means(self, cutoffs: tuple[int, ...], ties: Ties) -> dict[str, FloatArray]:
        """Means over members, (n_groups,) by name, of the metrics of ranked lists and of first hits."""
        from groupbench.metrics import _mean_kernels as kernels

        lists, names = self.lists, (*kernels.FAMILIES, *kernels.FIRST_HITS)
        out = np.empty((len(cutoffs), len(names), len(lists.keys)))
        relevant = np.arange(cutoffs[-1] + 1)
        ideal = np.stack([ideal_gain(relevant, k) for k in cutoffs])
        weights, at = discounts(cutoffs[-1]), np.array(cutoffs)
        kernels.of_members(
            *(np.ascontiguousarray(lists.keys), np.ascontiguousarray(lists.liked), lists.n_candidates),
            *(lists.n_relevant, lists.groups.offsets),
            *(RULES.index(ties), at, weights, ideal, out),
        )
        return {f"{name}@{k}": out[i, j] for i, k in enumerate(cutoffs) for j, name in enumerate(names)}

    def spreads(self, k: int, orders: GroupsInOrder | None = None) -> dict[str, FloatArray]:
        """What compares members in certain orders, (n_orders,) by name; by default as lists stand."""
        from groupbench.metrics import _spread_kernels as kernels

        lists = self.lists
        n = len(lists.keys) if orders is None else len(orders.groups)
        groups = np.arange(n) if orders is None else orders.groups
        columns = np.empty((k, n), dtype=np.int64)
        columns[:] = np.arange(k)[:, None] if orders is None else orders.columns
        names = [f"{one.name}-{base}@{k}" for base in SPREAD_OF for one in SPREADS]
        names.append(f"proportionality_error@{k}")
        out = np.empty((len(names), n))
        given = self._liked, lists.n_relevant, lists.groups.offsets, discounts(k), self._ideal(k)

        kernels.spreads(columns, groups, *given, out)
        return dict(zip(names, out, strict=True))

    @cached_property
    def _liked(self) -> BoolArray:
        return np.ascontiguousarray(self.lists.liked_there)

    @staticmethod
    def _ideal(k: int) -> FloatArray:
        return ideal_gain(np.arange(k + 1), k)
