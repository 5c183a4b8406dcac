"""How sure the mean over seeds is."""

from __future__ import annotations

import numpy as np

from groupbench.core.arrays import FloatArray, IntArray

CONFIDENCE = 0.95
"""Of the intervals that are drawn."""


def half_widths(std: FloatArray, seeds: IntArray, *, confidence: float = CONFIDENCE) -> FloatArray:
    """Half the width of Student's t interval for the mean over seeds.

    It speaks of other splits and initialisations of the same data, not of other data.

    Args:
        std: sample standard deviation over seeds (ddof=1), any shape.
        seeds: number of seeds, of the same shape.
        confidence: between 0 and 1.

    Returns:
        Of the same shape; NaN below two seeds.
    """
    from scipy import stats

    counted = np.where(seeds > 1, seeds, 2)
    factor = stats.t.ppf(0.5 + confidence / 2, counted - 1) / np.sqrt(counted)
    return np.asarray(np.where(seeds > 1, std * factor, np.nan), dtype=np.float64)
