"""Tables of embeddings of which a step reads a few rows: sparse gradients, and an optimizer for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import AdamW

if TYPE_CHECKING:
    from collections.abc import Callable


class RowTable(nn.Parameter):
    """A table, (n, width), whose gradients hold only the rows that a step read.

    It is read by `rows_of`, `weighted_sums` and `inner_products`. `WeightAverage` leaves it out: an average
    of all rows would cost every step what the gradient saves.
    """


def rows_of(table: Tensor, index: Tensor) -> Tensor:
    """The rows of `table` at `index`, (n,): (n, width)."""
    if isinstance(table, RowTable):
        return functional.embedding(index, table, sparse=True)
    return table[index]


def weighted_sums(table: Tensor, index: Tensor, offsets: Tensor, weights: Tensor) -> Tensor:
    """The weighted sum of the rows of `table` in each bag: (n_bags, width).

    Args:
        table: (n, width).
        index: (n_entries,) rows of the table, one bag's after the other's.
        offsets: (n_bags + 1,) where each bag starts, and the end.
        weights: (n_entries,); no gradient flows to them where `table` is a `RowTable`.
    """
    if isinstance(table, RowTable):
        sums: Tensor = _WeightedSums.apply(table, index, offsets, weights)  # type: ignore[no-untyped-call]
        return sums
    return _sums(table, index, offsets, weights)


def inner_products(left: Tensor, table: Tensor, index: Tensor, offsets: Tensor) -> Tensor:
    """The inner product of each bag's row of `left` with the rows of `table` in the bag: (n_entries,).

    Args:
        left: (n_bags, width).
        table: (n, width).
        index: (n_entries,) rows of the table, one bag's after the other's.
        offsets: (n_bags + 1,) where each bag starts, and the end.
    """
    products: Tensor = _InnerProducts.apply(left, table, index, offsets)  # type: ignore[no-untyped-call]
    return products


class RowwiseAdamW(AdamW):
    """AdamW that moves only the rows that a sparse gradient holds; dense gradients are `AdamW`'s.

    Such a row has one second moment for all its numbers and no first one: with g its gradient in its t-th
    step, v <- beta2 v + (1 - beta2) mean(g^2) and w <- w - lr g / (sqrt(v / (1 - beta2^t)) + eps). (One
    accumulator a row is what row-wise Adagrad has for large tables.) The decay of steps in which a row was
    not read is made up when it is read next. State is 12 bytes a row.
    """

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move all weights that have gradients; sparse gradients are gone after."""
        for group in self.param_groups:
            for table in group["params"]:
                if table.grad is not None and table.grad.is_sparse:
                    self._move_rows(table, table.grad.coalesce(), group)
                    table.grad = None
        return super().step(closure)

    def _move_rows(self, table: Tensor, sparse: Tensor, group: dict[str, Any]) -> None:
        state = self.state[table]
        if not state:
            state["step"] = torch.zeros(())
            for name in ("variance", "steps", "last"):
                state[name] = torch.zeros(len(table), device=table.device)
        state["step"] += 1
        rows, gradient = sparse.indices()[0], sparse.values()
        beta, lr = group["betas"][1], group["lr"]
        steps, variance, last = (state[name][rows] for name in ("steps", "variance", "last"))
        steps, variance = steps + 1, beta * variance + (1 - beta) * gradient.square().mean(dim=1)
        missed = state["step"].to(rows.device) - last
        for name, values in (("steps", steps), ("variance", variance), ("last", last + missed)):
            state[name].index_copy_(0, rows, values)
        size = -lr / (variance / (1 - beta**steps)).sqrt_().add_(group["eps"])
        kept = (1 - lr * group["weight_decay"]) ** missed
        moved = table.index_select(0, rows).mul_(kept[:, None]).addcmul_(gradient, size[:, None])
        table.index_copy_(0, rows, moved)


class _WeightedSums(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, table: Tensor, index: Tensor, offsets: Tensor, weights: Tensor) -> Tensor:
        ctx.save_for_backward(index, offsets, weights)
        ctx.shape = table.shape
        return _sums(table.detach(), index, offsets, weights)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        index, offsets, weights = ctx.saved_tensors
        return _by_row(gradients[0], index, offsets, weights, ctx.shape), None, None, None


class _InnerProducts(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, left: Tensor, table: Tensor, index: Tensor, offsets: Tensor) -> Tensor:
        ctx.save_for_backward(left, table, index, offsets)
        ctx.sparse = isinstance(table, RowTable)
        own = torch.repeat_interleave(left, offsets.diff(), dim=0)
        return own.mul_(table.index_select(0, index)).sum(dim=1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        left, table, index, offsets = ctx.saved_tensors
        of_left = _sums(table.detach(), index, offsets, gradients[0])
        of_table = _by_row(left, index, offsets, gradients[0], table.shape)
        return of_left, of_table if ctx.sparse else of_table.to_dense(), None, None


def _sums(table: Tensor, index: Tensor, offsets: Tensor, weights: Tensor) -> Tensor:
    return functional.embedding_bag(
        index, table, offsets, mode="sum", per_sample_weights=weights, include_last_offset=True
    )


def _by_row(rows: Tensor, index: Tensor, offsets: Tensor, weights: Tensor, shape: torch.Size) -> Tensor:
    """For each table row in `index`, the weighted sum of its bags' `rows`: a sparse (n, width) of `shape`.

    Grouping the entries by table row makes this the same sum over bags as the forward one.
    """
    index, order = torch.sort(index, stable=True)
    bag = torch.repeat_interleave(torch.arange(len(rows), device=index.device), offsets.diff())[order]
    distinct, counts = torch.unique_consecutive(index, return_counts=True)
    ends = functional.pad(counts.cumsum(0), (1, 0))
    sums = _sums(rows.contiguous(), bag, ends, weights[order])
    return torch.sparse_coo_tensor(distinct[None], sums, shape, is_coalesced=True, check_invariants=False)
