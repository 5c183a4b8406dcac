"""Item neighbours by a damped cosine, and a group model that serves whole groups with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from groupbench import GroupRecommender, Groups, Recommender, TrainingData, method, tunable
from groupbench.core.arrays import FloatArray, IntArray


@method("damped-cosine")
@dataclass
class DampedCosine(Recommender):
    """Sums of a user's liked items' cosines to every item; cosines of rare items are damped."""

    damping: float = tunable(5.0, low=0.0, high=50.0)
    """Users without effect that are added to each item's norm."""

    def fit(self, train: TrainingData, *, rng: np.random.Generator) -> Self:
        """Learn from ratings above the mean; draw from `rng`, and import heavy libraries here."""
        liked = train.ratings.take(train.ratings.values >= train.ratings.mean).matrix()
        liked.data[:] = 1.0
        norms = np.sqrt(np.asarray(liked.sum(axis=0)).ravel() + self.damping)
        self._profiles = liked
        self._cosines: FloatArray = (liked.T @ liked).toarray() / np.outer(norms, norms).clip(1e-12)
        return self

    def score(self, users: IntArray) -> FloatArray:
        """One row of finite scores per user, (len(users), n_items); higher is better."""
        return np.asarray(self._profiles[users] @ self._cosines)


@method("pooled-cosine")
@dataclass
class PooledCosine(DampedCosine, GroupRecommender):
    """`damped-cosine`, and for a group the same sum over what any member liked, each item once."""

    def score_groups(self, groups: Groups) -> FloatArray:
        """One row of finite scores per group, (len(groups), n_items); higher is better."""
        liked = groups.segments.reduce("max", self._profiles[groups.members].toarray())
        return np.asarray(liked @ self._cosines)
