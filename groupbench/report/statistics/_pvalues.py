"""Two-sided p-values of paired differences, one per column; the tests are those of scipy."""

from __future__ import annotations

import numpy as np

from groupbench.core.arrays import FloatArray
from groupbench.report.statistics._bootstrap import BLOCK
from groupbench.report.statistics._uncertainty import Uncertainty


def t_test(difference: FloatArray, variance: FloatArray, freedom: FloatArray) -> FloatArray:
    """The t-test of `difference` against 0; 1 where the difference is 0, NaN where it is not defined."""
    from scipy import stats

    with np.errstate(invalid="ignore", divide="ignore"):
        t = np.abs(difference) / np.sqrt(variance)
    p = 2 * stats.t.sf(t, freedom)
    return np.where(difference == 0, 1.0, p)


def permutation_test(
    totals: FloatArray, uncertainty: Uncertainty, *, replicates: int, rng: np.random.Generator
) -> FloatArray:
    """The sign-flip test: each cluster's total keeps or changes its sign; exact where that is feasible.

    All columns share the flips: what scipy resamples is the signs themselves.

    Args:
        totals: (n_clusters, n_columns) weighted sum of the differences in each cluster.
        uncertainty: where repeats add to it, the differences found shrink accordingly.
        replicates: number of random flips.
        rng: draws the flips.
    """
    from scipy import stats

    found = stats.permutation_test(
        (np.ones(len(totals)),),
        lambda signs, axis: signs @ totals,
        permutation_type="samples",
        vectorized=True,
        n_resamples=replicates,
        batch=max(BLOCK // len(totals), 1),
        rng=rng,
    )
    # A sum of flipped totals and its t say the same: the sum of squares stays as it is.
    n, size, squares = len(totals), np.abs(totals.sum(axis=0)), (totals**2).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        t = uncertainty.over_units_alone(size * np.sqrt((n - 1) / (n * squares - size**2)))
        limit = t * np.sqrt(squares * n / (n - 1 + t**2))
    beyond = (np.abs(found.null_distribution) >= limit).sum(axis=0)
    shrunken = (beyond + 1) / (len(found.null_distribution) + 1)
    return np.asarray(np.where(uncertainty.extra > 0, shrunken, np.minimum(found.pvalue, 1.0)))


def wilcoxon_test(totals: FloatArray, masses: FloatArray, uncertainty: Uncertainty) -> FloatArray:
    """Wilcoxon's signed-rank test of the clusters' mean differences; zeros are ranked (Pratt, JASA 1959).

    Args:
        totals: as of `permutation_test`.
        masses: (n_clusters, n_columns) sum of the weights in each cluster; clusters without any are left out.
        uncertainty: where repeats add to it, p-values grow accordingly; as ranks do not tell how large
            differences are, they grow more than those of other tests where differences are large.
    """
    from scipy import stats

    means = np.where(masses > 0, totals / np.where(masses > 0, masses, 1.0), np.nan)
    p = np.array([_signed_rank(column[~np.isnan(column)]) for column in means.T])
    t = stats.t.isf(p / 2, uncertainty.units - 1) / np.sqrt(uncertainty.inflation)
    return np.where(uncertainty.extra > 0, 2 * stats.t.sf(t, uncertainty.freedom), p)


def _signed_rank(means: FloatArray) -> float:
    from scipy import stats

    if len(means) == 0:
        return float("nan")
    if not np.any(np.abs(means) > 1e-12):
        return 1.0
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(stats.wilcoxon(means, zero_method="pratt").pvalue)
