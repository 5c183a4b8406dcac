"""p-values that allow for the number of comparisons."""

from __future__ import annotations

from typing import Literal

import numpy as np

from groupbench.core.arrays import FloatArray

Correction = Literal["holm", "bh", "none"]
CORRECTIONS: tuple[Correction, ...] = ("holm", "bh", "none")


def corrected(p: FloatArray, correction: Correction, *, picked_among: int = 2) -> FloatArray:
    """Corrected p-values of comparisons of several rows with one reference, (n_rows,); NaN stays NaN.

    A reference that was chosen because its score is the best looks better than it is. Of `picked_among`
    rows each could have been chosen, and then the others lie below it: by the union bound over all pairs,
    p-values times `picked_among` / 2 keep what the correction promises.

    Args:
        p: (n_rows,) p-values.
        correction: Holm's (family-wise error), Benjamini & Hochberg's (false discovery rate), or none.
        picked_among: number of rows, if the reference was picked by its score; 2 changes nothing.
    """
    if correction == "none":
        return p
    found = np.full(len(p), np.nan)
    known = ~np.isnan(p)
    if known.any():
        raised = np.minimum(p[known] * max(picked_among / 2, 1.0), 1.0)
        found[known] = holm(raised) if correction == "holm" else _benjamini_hochberg(raised)
    return found


def holm(p: FloatArray) -> FloatArray:
    """Holm's step-down p-values, (n,) for (n,) without NaN (Scandinavian Journal of Statistics 1979)."""
    order = np.argsort(p, kind="stable")
    raised = np.minimum(p[order] * np.arange(len(p), 0, -1), 1.0)
    found = np.empty(len(p))
    found[order] = np.maximum.accumulate(raised)
    return found


def _benjamini_hochberg(p: FloatArray) -> FloatArray:
    from scipy.stats import false_discovery_control

    found: FloatArray = false_discovery_control(p, method="bh")
    return found
