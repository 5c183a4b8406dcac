"""Multinomial logit: which features make one of several candidates the chosen one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from groupbench.core.arrays import BoolArray, FloatArray, IntArray


def choice_weights(features: FloatArray, l2: float, free: BoolArray) -> FloatArray:
    """Weights that make the first candidate of each case most likely to be chosen (McFadden, 1974).

    The probability of candidate c is proportional to exp(features[c] @ weights). The mean negative log
    likelihood is minimized together with l2 / 2 times the squared weights of standardized features.

    Args:
        features: (n_cases, n_candidates, n_features); candidate 0 was chosen.
        l2: penalty.
        free: (n_features,) which features are hardly penalized, as something may never be chosen.

    Returns:
        (n_features,) weights of the features as they came; 0 without any case.
    """
    from scipy.optimize import minimize

    if len(features) == 0:
        return np.zeros(features.shape[2])
    spread = features.reshape(-1, features.shape[2]).std(axis=0)
    spread[spread < 1e-9] = np.inf
    scaled = features / spread
    penalty = np.where(free, 1e-2 * l2, l2)

    def loss(weights: FloatArray) -> tuple[float, FloatArray]:
        utility = scaled @ weights
        utility -= utility.max(axis=1, keepdims=True)
        share = np.exp(utility)
        total = share.sum(axis=1, keepdims=True)
        share /= total
        value = np.log(total[:, 0]).mean() - utility[:, 0].mean() + penalty @ weights**2 / 2
        expected = np.matmul(share[:, None, :], scaled)[:, 0]
        return float(value), (expected - scaled[:, 0]).mean(axis=0) + penalty * weights

    solution = minimize(
        loss, np.zeros(features.shape[2]), jac=True, method="L-BFGS-B", options={"maxiter": 300}
    )
    return np.asarray(solution.x / spread)


def candidates(chosen: IntArray, n_items: int, n: int, rng: np.random.Generator) -> IntArray:
    """The `chosen` items, (n_cases,), each before `n` random other ones, (n_cases, n + 1)."""
    others = rng.integers(0, n_items - 1, (len(chosen), n))
    others += others >= chosen[:, None]
    return np.concatenate([chosen[:, None], others], axis=1)
