"""Running averages of a network's weights, which vary less from step to step than the weights do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import nn

_WARM_UP = 10
"""After n steps the average keeps at most n / (n + 10) of itself, so that it forgets the initial weights."""


class Average:
    """The exponential moving average of the weights of a network.

    Args:
        network: whose weights are averaged.
        keep: share of the average that each step keeps; 0 is the weights themselves.
    """

    def __init__(self, network: nn.Module, keep: float) -> None:
        self._keep = keep
        self._steps = 0
        self._weights = [p.detach() for p in network.parameters()]
        self._means = [w.clone() for w in self._weights] if keep else []

    @torch.no_grad()
    def update(self) -> None:
        """Take in the weights after a step."""
        self._steps += 1
        keep = min(self._keep, self._steps / (self._steps + _WARM_UP))
        if self._means:
            torch._foreach_lerp_(self._means, self._weights, 1 - keep)

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
        for weight, mean in zip(self._weights, self._means, strict=False):
            held = weight.clone()
            weight.copy_(mean)
            mean.copy_(held)
