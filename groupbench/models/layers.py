"""Layers that networks share: dropout over slices of mini-batches, sparse products, sums over segments."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from groupbench.models.distributed import BatchSlice


class Dropout(nn.Dropout):
    """Dropout whose noise can be that of a whole mini-batch, of which this process has a slice."""

    _slice: BatchSlice | None = None

    def forward(self, input: Tensor) -> Tensor:
        """Drop and rescale."""
        rows = self._slice
        if rows is None or len(input) == rows.of or not self.training:
            return super().forward(input)
        # Noise follows the order in memory, so the whole has to be laid out like its slice.
        order = sorted(range(input.ndim), key=input.stride, reverse=True)
        whole = torch.empty_permuted((rows.of, *input.shape[1:]), order, device=input.device)
        return input * super().forward(whole.fill_(1))[rows.rows]


@contextmanager
def noise_of(network: nn.Module, rows: BatchSlice) -> Iterator[None]:
    """While this lasts, all `Dropout` of `network` take inputs, (n, ...), for `rows` of a mini-batch."""
    layers = [module for module in network.modules() if isinstance(module, Dropout)]
    for layer in layers:
        layer._slice = rows
    try:
        yield
    finally:
        for layer in layers:
            layer._slice = None


def sparse_product(dense: Tensor, matrix: Tensor, transpose: Tensor) -> Tensor:
    """The product of a constant sparse `matrix`, (n, m), and `dense`, (m, width): (n, width).

    The `transpose` carries the gradient back: torch's own way takes several times as long.
    """
    result: Tensor = _SparseProduct.apply(dense, matrix, transpose)  # type: ignore[no-untyped-call]
    return result


class _SparseProduct(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, dense: Tensor, matrix: Tensor, transpose: Tensor) -> Tensor:
        ctx.transpose = transpose
        return matrix @ dense

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return ctx.transpose @ gradients[0], None, None


def segment_sum(rows: Tensor, segments: Tensor, n_segments: int) -> Tensor:
    """The sum of the `rows`, (n, ...), of each segment, (n_segments, ...); 0 where there are none.

    Args:
        rows: values of any shape behind the first axis.
        segments: (n,) the segment of each row, in any order.
        n_segments: number of segments.
    """
    return rows.new_zeros(n_segments, *rows.shape[1:]).index_add(0, segments, rows)
