"""Boosted trees that tell the chosen one of several candidates from the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray

ROUNDS = 150
RATE = 0.06
LEAF = 30
"""Fewest candidates in a leaf."""
PENALTY = 5.0


def boosted(features: FloatArray, leaves: int, rng: np.random.Generator) -> Any:
    """Trees, grown on the gradient of the log-likelihood of being the chosen one (Friedman, 2001).

    Args:
        features: (n_cases, n_candidates, n_features); candidate 0 was chosen.
        leaves: leaves of a tree.
        rng: draws the rows from which the bins of features are made.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    chosen = np.zeros(features.shape[:2])
    chosen[:, 0] = 1.0
    trees = HistGradientBoostingClassifier(
        max_iter=ROUNDS,
        learning_rate=RATE,
        max_leaf_nodes=leaves,
        min_samples_leaf=LEAF,
        l2_regularization=PENALTY,
        early_stopping=False,
        random_state=int(rng.integers(2**31)),
    )
    return trees.fit(features.reshape(-1, features.shape[2]), chosen.ravel())


def utilities(trees: Any, features: FloatArray) -> FloatArray:
    """The log-odds of being chosen, (n, n_items), from features, (n, n_items, n_features)."""
    return np.asarray(trees.decision_function(features.reshape(-1, features.shape[2]))).reshape(
        features.shape[:2]
    )
