"""What a well-behaved method leaves alone: its input and the global random generators."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from groupbench.models.recommender import TrainingData


def snapshot(train: TrainingData) -> dict[str, NDArray[np.generic]]:
    """Copies of all arrays of `train` that a method could change, by name."""
    held: dict[str, NDArray[np.generic]] = {
        "groups.members": train.groups.members,
        "groups.segments.offsets": train.groups.segments.offsets,
    }
    for table, names in (
        ("ratings", ("users", "items", "values")),
        ("group_ratings", ("users", "items", "values")),
        ("user_features", ("values",)),
        ("item_features", ("values",)),
    ):
        part = getattr(train, table)
        held |= {f"{table}.{name}": getattr(part, name) for name in names if part is not None}
    return {name: array.copy() for name, array in held.items()}


def global_states() -> dict[str, object]:
    """The states of the global generators of `random`, numpy and torch, in a form that compares."""
    import torch

    kind, keys, *rest = np.random.get_state()  # noqa: NPY002
    return {
        "random": random.getstate(),
        "numpy.random": (kind, np.asarray(keys).tobytes(), *rest),
        "torch": torch.get_rng_state().numpy().tobytes(),
    }


@contextlib.contextmanager
def other_global_seeds(seed: int = 12345) -> Iterator[None]:
    """Seed the global generators with `seed` for a while, then put their states back."""
    import torch

    python, legacy, tensor = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    torch.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)  # noqa: NPY002
        torch.set_rng_state(tensor)
