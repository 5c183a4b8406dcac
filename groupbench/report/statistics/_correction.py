"""p-values that allow for the number of comparisons."""

from __future__ import annotations

from typing import Literal

import numpy as np

from groupbench.core.arrays import FloatArray

Correction = Literal["holm", "bh", "none"]
CORRECTIONS: tuple[Correction, ...] = ("holm", "bh", "none")
_NAMES = {"holm": "holm", "bh": "fdr_bh"}


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
    from statsmodels.stats.multitest import multipletests

    found = np.full(len(p), np.nan)
    known = ~np.isnan(p)
    if known.any():
        raised = np.minimum(p[known] * max(picked_among / 2, 1.0), 1.0)
        found[known] = multipletests(raised, method=_NAMES[correction])[1]
    return found
