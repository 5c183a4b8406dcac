"""Item vectors as a step reads them: all at once, or row by row where there are many."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from groupbench.models.row_tables import inner_products, rows_of

if TYPE_CHECKING:
    from torch import Tensor

    from groupbench.models.deep import Bags


class ItemVectors(NamedTuple):
    """A vector for each item: its row of a table, plus a projection of its features.

    Attributes:
        table: (n_items, width).
        features: (n_items, n_features) of which `projection` is added, or None.
        projection: (n_features, width), or None.
    """

    table: Tensor
    features: Tensor | None = None
    projection: Tensor | None = None

    def all(self) -> Tensor:
        """The vectors of all items, (n_items, width)."""
        return self._plus(self.table, self.features)

    def take(self, items: Tensor) -> Tensor:
        """The vectors of `items`, (n,): (n, width)."""
        rows = rows_of(self.table, items)
        return self._plus(rows, None if self.features is None else self.features[items])

    def sums(self, bags: Bags) -> Tensor:
        """The weighted sum of the vectors in each bag, (n_bags, width)."""
        return self._plus(bags.sums(self.table), None if self.features is None else bags.sums(self.features))

    def inner_products(self, left: Tensor, bags: Bags) -> Tensor:
        """The inner product of each bag's row of `left`, (n_bags, width), with the items in it: (n_rows,)."""
        products = inner_products(left, self.table, bags.items, bags.offsets)
        if self.features is None or self.projection is None:
            return products
        return products + inner_products(left @ self.projection.T, self.features, bags.items, bags.offsets)

    def _plus(self, rows: Tensor, features: Tensor | None) -> Tensor:
        return rows if features is None or self.projection is None else rows + features @ self.projection
