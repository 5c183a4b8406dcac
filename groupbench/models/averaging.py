"""Running averages of a network's weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from groupbench.models.row_tables import RowTable

if TYPE_CHECKING:
    from torch import nn

_WARM_UP = 10
"""After n steps the average keeps at most n / (n + 10) of itself, so that it forgets the initial weights."""


class WeightAverage:
    """The exponential moving average of a network's weights, which varies less from step to step.

    A `RowTable` is left as it is.

    Args:
        network: whose weights are averaged.
        keep: share of the average that each step keeps; 0 is the weights themselves.
    """

    def __init__(self, network: nn.Module, keep: float) -> None:
        self._keep = keep
        self.steps = 0
        self._weights = [p.detach() for p in network.parameters() if not isinstance(p, RowTable)]
        self.means = [w.clone() for w in self._weights] if keep else []

    @torch.no_grad()
    def update(self) -> None:
        """Take in the weights after a step."""
        self.steps += 1
        keep = min(self._keep, self.steps / (self.steps + _WARM_UP))
        if self.means:
            torch._foreach_lerp_(self.means, self._weights, 1 - keep)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Put the averages in the place of the weights for a while."""
        self.swap()
        try:
            yield
        finally:
            self.swap()

    def swap(self) -> None:
        """Exchange the weights and their averages."""
        for weight, mean in zip(self._weights, self.means, strict=False):
            former = weight.clone()
            weight.copy_(mean)
            mean.copy_(former)
