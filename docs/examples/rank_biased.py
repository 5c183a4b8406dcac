"""Rank-biased precision: what a reader finds who goes on to the next place with probability .8."""

from __future__ import annotations

import numpy as np

from groupbench.core.arrays import FloatArray
from groupbench.metrics import METRICS, Family, Ranking

PATIENCE = 0.8


def rank_biased(ranking: Ranking, k: int) -> FloatArray:
    """The expected value for every list, (n_lists,): `relevance` already averages over equal scores."""
    weights = (1 - PATIENCE) * PATIENCE ** np.arange(k)
    return np.asarray(weights @ ranking.relevance[:k])


METRICS.register(
    Family(
        name="rbp",
        title="Rank-biased precision",
        formula="(1 - .8) * sum over relevant positions p <= K of .8^(p - 1)",
        source="Moffat & Zobel, ACM TOIS 27(1), 2008, with persistence .8, cut at K",
        undefined="always defined; 0 where a list has no relevant candidate",
        compute=rank_biased,
    )
)
