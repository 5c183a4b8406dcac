"""Methods that break the contract, to show what is said of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from groupbench import Recommender, TrainingData, method
from groupbench.core.arrays import FloatArray, IntArray


@method("not-finite")
@dataclass
class NotFinite(Recommender):
    """Divides by the number of training rows, which is 0 for cold items."""

    def fit(self, train: TrainingData, *, rng: np.random.Generator) -> Self:
        """Count the rows of every item."""
        self._counts = np.bincount(train.ratings.items, minlength=train.ratings.n_items)
        return self

    def score(self, users: IntArray) -> FloatArray:
        """Infinite for cold items, (len(users), n_items)."""
        with np.errstate(divide="ignore"):
            return np.tile(1.0 / self._counts, (len(users), 1))


@method("wrong-shape")
@dataclass
class WrongShape(NotFinite):
    """Scores of one user, whoever is asked for."""

    def score(self, users: IntArray) -> FloatArray:
        """One row, however many users there are."""
        return np.asarray(self._counts[None, :], dtype=float)
