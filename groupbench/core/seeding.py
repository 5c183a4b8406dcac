"""Random streams that depend on names alone, never on order, worker count or Python's hash seed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def generator(*parts: str | int) -> np.random.Generator:
    """A generator that is the same for equal `parts`, on every machine and run."""
    import numpy as np

    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(list(digest))))


def integer(rng: np.random.Generator) -> int:
    """An integer seed drawn from `rng`, for libraries that take no generator."""
    return int(rng.integers(2**31 - 1))
