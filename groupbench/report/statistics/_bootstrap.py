"""The cluster bootstrap-t of a ratio of totals."""

from __future__ import annotations

import numpy as np

from groupbench.core.arrays import FloatArray, IntArray

BLOCK = 1 << 21
"""Cluster weights or signs drawn at once."""


def bootstrap_t(
    totals: FloatArray, masses: FloatArray, *, replicates: int, rng: np.random.Generator
) -> FloatArray:
    """Studentized ratios of totals in bootstrap replicates that draw whole clusters.

    The symmetric interval from |t| covers best among percentile, basic, BCa and equal-tailed intervals, from
    about ten clusters on (Hall, The Bootstrap and Edgeworth Expansion, 1992, section 3.6; ratio and standard
    error after Davison & Hinkley, 1997, section 2.4).

    Args:
        totals: (n_clusters, n_columns) weighted sum of the differences in each cluster.
        masses: (n_clusters, n_columns) sum of the weights in each cluster.
        replicates: number of replicates.
        rng: draws the clusters; all columns share the draws.

    Returns:
        |t| of the replicates against the ratio found, (replicates, n_columns); infinite where a replicate
        does not vary.
    """
    found = _studentized(np.ones((1, len(totals))), totals, masses)[0]
    same = bool((masses == masses[:, :1]).all())
    masses = masses[:, :1] if same else masses
    drawn = np.empty((replicates, totals.shape[1]), dtype=np.float64)
    step = max(BLOCK // len(totals), 1)
    for start in range(0, replicates, step):
        stop = min(start + step, replicates)
        counts = _counts(stop - start, len(totals), rng)
        ratio, error = _studentized(counts, totals, masses)
        drawn[start:stop] = _quotient(ratio - found, error)
    return drawn


def _counts(n_draws: int, n_clusters: int, rng: np.random.Generator) -> FloatArray:
    """How often each cluster is drawn, (n_draws, n_clusters): multinomial with equal chances."""
    drawn: IntArray = rng.integers(n_clusters, size=(n_draws, n_clusters))
    drawn += np.arange(n_draws)[:, None] * n_clusters
    counts = np.bincount(drawn.ravel(), minlength=n_draws * n_clusters)
    return counts.reshape(n_draws, n_clusters).astype(np.float64)


def _studentized(counts: FloatArray, totals: FloatArray, masses: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The ratio of totals and its linearized standard error for each row of `counts`."""
    mass = np.maximum(counts @ masses, np.finfo(float).tiny)
    ratio = counts @ totals / mass
    squares = counts @ totals**2 - 2 * ratio * (counts @ (totals * masses)) + ratio**2 * (counts @ masses**2)
    return ratio, np.sqrt(np.maximum(squares, 0.0)) / mass


def _quotient(numerator: FloatArray, error: FloatArray) -> FloatArray:
    """|numerator / error|; 0 where both vanish, infinite where only the error does."""
    tiny = 1e-12
    size = np.abs(numerator)
    infinite = np.where(size > tiny, np.inf, 0.0)
    return np.where(error > tiny, size / np.where(error > tiny, error, 1.0), infinite)
