"""Random streams that depend on names alone, never on order, worker count or Python's hash seed."""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def global_seeds(seed: int) -> Iterator[None]:
    """Seed the global generators of `random`, NumPy and, once it is imported, torch; then put them back."""
    import numpy as np

    torch = sys.modules.get("torch")
    python, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002
    tensors = None if torch is None else torch.get_rng_state()
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    if torch is not None:
        torch.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)  # noqa: NPY002
        if torch is not None:
            torch.set_rng_state(tensors)
