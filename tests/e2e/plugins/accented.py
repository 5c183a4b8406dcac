"""A method whose name is not plain ASCII."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from groupbench import Recommender, method


@method("modèle")
@dataclass
class Accented(Recommender):
    """Items by their number."""

    def fit(self, train, *, rng):
        self._n_items = train.ratings.n_items
        return self

    def score(self, users):
        return np.tile(np.arange(self._n_items, dtype=float), (len(users), 1))
