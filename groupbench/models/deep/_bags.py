"""Bags of weighted items: histories as inputs, and as targets of a softmax over all items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from groupbench.models.layers import segment_sum
from groupbench.models.row_tables import weighted_sums

if TYPE_CHECKING:
    from groupbench.models.deep._interactions import ChoiceRows


class Bags(NamedTuple):
    """Bags of items with weights, one after the other; a bag can be empty.

    Attributes:
        items: (n_rows,) item indices.
        offsets: (n_bags + 1,) where each bag starts, and the end.
        weights: (n_rows,).
    """

    items: Tensor
    offsets: Tensor
    weights: Tensor

    @classmethod
    def of(cls, rows: ChoiceRows, raters: Tensor, power: float = 1.0) -> Bags:
        """The items of each of `raters`, (n,), all with weight (number of items)^-power."""
        index, offsets = rows.rows_of(raters)
        sizes = offsets.diff()
        return cls(rows.items[index], offsets, (sizes.float() ** -power).repeat_interleave(sizes))

    def followed_by(self, others: Bags) -> Bags:
        """These bags, then the `others`."""
        offsets = torch.cat([self.offsets, self.offsets[-1] + others.offsets[1:]])
        items, weights = torch.cat([self.items, others.items]), torch.cat([self.weights, others.weights])
        return Bags(items, offsets, weights)

    def merged(self, weights: Tensor, sizes: Tensor) -> Bags:
        """Runs of `sizes` bags as one bag each, every bag's weights multiplied by its own of `weights`."""
        ends = functional.pad(sizes.cumsum(0), (1, 0))
        scaled = self.weights * weights.repeat_interleave(self.offsets.diff())
        return Bags(self.items, self.offsets[ends], scaled)

    def part(self, bags: slice) -> Bags:
        """Some of the bags, one after the other."""
        first, last, _ = bags.indices(len(self.offsets) - 1)
        rows, offsets = self.rows(bags), self.offsets[first : last + 1]
        return Bags(self.items[rows], offsets - offsets[0], self.weights[rows])

    def rows(self, bags: slice) -> slice:
        """The rows of some of the bags, one after the other."""
        first, last, _ = bags.indices(len(self.offsets) - 1)
        return slice(int(self.offsets[first]), int(self.offsets[last]))

    def kept(self, rows: Tensor) -> Bags:
        """The same bags with some of their rows, a mask (n_rows,)."""
        ends = functional.pad(rows.cumsum(0), (1, 0))[self.offsets]
        return Bags(self.items[rows], ends, self.weights[rows])

    def dropped(self, rate: float) -> Bags:
        """Without a random share of the rows; the weights of the others make up for it."""
        weights = functional.dropout(self.weights, rate)
        return self._replace(weights=weights).kept(weights != 0)

    def thinned(self, most: int) -> Bags:
        """With about `most` random rows of each larger bag, whose weights make up for the others."""
        sizes = self.offsets.diff()
        if not len(sizes) or sizes.max() <= most:
            return self
        odds = (most / sizes).clamp(max=1).repeat_interleave(sizes)
        return self._replace(weights=self.weights / odds).kept(torch.rand(len(odds)) < odds)

    @property
    def owners(self) -> Tensor:
        """The bag of each row, (n_rows,)."""
        sizes = self.offsets.diff()
        return torch.arange(len(sizes)).repeat_interleave(sizes)

    def sums(self, table: Tensor) -> Tensor:
        """The weighted sum of each bag's rows of `table`, (n_items, width): (n_bags, width)."""
        return weighted_sums(table, self.items, self.offsets, self.weights)

    def totals(self) -> Tensor:
        """The sum of each bag's weights, (n_bags,)."""
        return segment_sum(self.weights, self.owners, len(self.offsets) - 1)


def log_likelihood(rows: Tensor, targets: Bags, weight: Tensor, bias: Tensor) -> Tensor:
    """Sum of weight times ln softmax(rows . weight_i + bias_i) over the target items of each row.

    Args:
        rows: (n, width).
        targets: n bags, or a multiple of n: row r has the bags r, r + n, r + 2n ...
        weight: (n_items, width).
        bias: (n_items, 1).

    Returns:
        (n,); 0 where all bags are empty.
    """
    chosen = targets.sums(weight).view(-1, *rows.shape).sum(dim=0)
    biases = targets.sums(bias).view(-1, len(rows)).sum(dim=0)
    totals = targets.totals().view(-1, len(rows)).sum(dim=0)
    normalizer: Tensor = _LogSumExp.apply(rows, weight, bias)  # type: ignore[no-untyped-call]
    return (rows * chosen).sum(dim=1) + biases - totals * normalizer


class _LogSumExp(torch.autograd.Function):
    """ln sum_i exp(rows . weight_i + bias_i), (n,).

    The (n, n_items) logits are written once and overwritten, in the backward pass too, which can be run
    once only: with tens of thousands of items, fresh memory costs more time than the products.
    """

    @staticmethod
    def forward(ctx: Any, rows: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        shares = torch.addmm(bias.squeeze(1), rows, weight.T)
        highest = shares.amax(dim=1, keepdim=True)
        sums = shares.sub_(highest).exp_().sum(dim=1, keepdim=True)
        ctx.save_for_backward(rows, weight, sums)
        ctx.shares = shares
        return (sums.log() + highest).squeeze(1)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Tensor, Tensor, Tensor]:
        rows, weight, sums = ctx.saved_tensors
        shares = ctx.shares.mul_(gradients[0][:, None] / sums)
        return shares @ weight, shares.T @ rows, shares.sum(dim=0)[:, None]
