"""How large differences are, entity by entity: counts and effect sizes."""

from __future__ import annotations

import numpy as np

from groupbench.core.arrays import FloatArray, IntArray

TIE = 1e-9
"""Entities whose scores differ by at most this are ties."""


def wins(means: FloatArray) -> tuple[IntArray, IntArray, IntArray]:
    """Entities with a positive, no and a negative difference, (n_columns,) each.

    Args:
        means: (n_entities, n_columns) mean difference of each entity, NaN where not defined.
    """
    positive = np.count_nonzero(means > TIE, axis=0)
    negative = np.count_nonzero(means < -TIE, axis=0)
    defined = np.count_nonzero(~np.isnan(means), axis=0)
    return positive, defined - positive - negative, negative


def cohen_d(means: FloatArray) -> FloatArray:
    """Cohen's d of paired differences (d_z): their mean over their standard deviation, (n_columns,).

    0 where all differences are 0, NaN below two entities.
    """
    counts = np.count_nonzero(~np.isnan(means), axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.nansum(means, axis=0) / counts
        deviation = np.sqrt(np.nansum((means - mean) ** 2, axis=0) / (counts - 1))
        d = mean / deviation
    return np.where((mean == 0) & (counts > 1), 0.0, d)


def rank_biserial(means: FloatArray) -> FloatArray:
    """The matched-pairs rank-biserial correlation, (n_columns,): 1 if every difference is positive.

    (W+ - W-) / (W+ + W-) of Wilcoxon's rank sums without the ties (Kerby, Comprehensive Psychology 2014);
    0 where there are only ties.
    """
    return np.array([_rank_biserial(column) for column in means.T])


def _rank_biserial(column: FloatArray) -> float:
    from scipy.stats import rankdata

    column = column[np.abs(column) > TIE]
    if len(column) == 0:
        return 0.0
    ranks = rankdata(np.abs(column))
    return float((ranks * np.sign(column)).sum() / ranks.sum())
