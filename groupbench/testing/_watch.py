"""What a well-behaved method leaves alone: its input and the global random generators."""

from __future__ import annotations

import random

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
        ("social", ("users", "friends", "weights")),
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
