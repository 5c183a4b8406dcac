"""Dropout by random bits."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor


class Noise(NamedTuple):
    """Dropout: what is kept of a representation is multiplied by `scale`, so that its mean stays.

    Sixteen random bits decide on each number, which takes a fraction of the time of torch's own dropout.

    Attributes:
        bits: (ensemble, n, width) uniform over the integers of 16 bits.
        rate: probability of 0, kept to 1/65536.
    """

    bits: Tensor
    rate: float

    @classmethod
    def draw(cls, shape: tuple[int, int, int], rate: float, device: torch.device) -> Noise:
        """Noise of `shape`, from torch's generator for the device."""
        n = math.prod(shape)
        words = torch.empty(math.ceil(n / 4), dtype=torch.int64, device=device).random_(-(2**63), None)
        return cls(words.view(torch.int16)[:n].view(shape), rate)

    def take(self, rows: slice) -> Noise:
        """That of some rows."""
        return Noise(self.bits[:, rows], self.rate)

    @property
    def _dropped(self) -> int:
        return round(self.rate * 2**16)

    @property
    def scale(self) -> float:
        """The inverse of the share that is kept; 0 where nothing is."""
        return 2**16 / (2**16 - self._dropped) if self._dropped < 2**16 else 0.0

    def kept(self, out: Tensor) -> Tensor:
        """1 where a number is kept, else 0, in `out`."""
        return torch.ge(self.bits, min(self._dropped, 2**16 - 1) - 2**15, out=out)
