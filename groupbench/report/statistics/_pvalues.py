"""Two-sided p-values of paired differences over units, one per column; the tests are those of scipy."""

from __future__ import annotations

import numpy as np

from groupbench.core.arrays import FloatArray
from groupbench.report.statistics._bootstrap import BLOCK


def t_test(difference: FloatArray, variance: FloatArray, freedom: FloatArray) -> FloatArray:
    """The t-test of `difference` against 0; 1 where the difference is 0, NaN where it is not defined."""
    from scipy import stats

    with np.errstate(invalid="ignore", divide="ignore"):
        t = np.abs(difference) / np.sqrt(variance)
    p = 2 * stats.t.sf(t, freedom)
    return np.where(difference == 0, 1.0, p)


def permutation_test(totals: FloatArray, *, replicates: int, rng: np.random.Generator) -> FloatArray:
    """The sign-flip test: each cluster's total keeps or changes its sign; exact where that is feasible.

    All columns share the flips: what scipy resamples is the signs themselves.

    Args:
        totals: (n_clusters, n_columns) weighted sum of the differences in each cluster.
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
    return np.asarray(np.minimum(found.pvalue, 1.0))


def wilcoxon_test(totals: FloatArray, masses: FloatArray) -> FloatArray:
    """Wilcoxon's signed-rank test of the clusters' mean differences; zeros are ranked (Pratt, JASA 1959).

    Args:
        totals: as of `permutation_test`.
        masses: (n_clusters, n_columns) sum of the weights in each cluster; clusters without any are left out.
    """
    means = np.where(masses > 0, totals / np.where(masses > 0, masses, 1.0), np.nan)
    return np.array([_signed_rank(column[~np.isnan(column)]) for column in means.T])


def _signed_rank(means: FloatArray) -> float:
    from scipy import stats

    if len(means) == 0:
        return float("nan")
    if not np.any(np.abs(means) > 1e-12):
        return 1.0
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(stats.wilcoxon(means, zero_method="pratt").pvalue)
