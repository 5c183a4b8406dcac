"""Average ranks of methods over blocks, after Friedman and Nemenyi (Demsar, JMLR 2006)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import FloatArray

if TYPE_CHECKING:
    import pandas as pd


FEWEST_BLOCKS = 2
FEWEST_RANKED = 3
"""Fewer methods are no matter of ranks: two are compared pair by pair."""


@dataclass(frozen=True)
class Ranks:
    """Which methods can be told apart by their average ranks.

    Attributes:
        names: the methods, best average rank first.
        ranks: (n_methods,) average rank; 1 is best.
        p: p-value of Friedman's test that all methods rank alike.
        pairs: Nemenyi's p-value of each pair of methods, rows and columns by name.
        distance: the critical difference: average ranks further apart differ at `level`.
        level: level of the tests.
        n_blocks: number of blocks.
    """

    names: tuple[str, ...]
    ranks: FloatArray
    p: float
    pairs: pd.DataFrame
    distance: float
    level: float
    n_blocks: int


def average_ranks(values: FloatArray, names: Sequence[str], *, level: float = 0.05) -> Ranks:
    """Rank the methods in each block and test whether their average ranks differ.

    Args:
        values: (n_blocks, n_methods) scores, higher is better; blocks may be on different scales. At least
            `FEWEST_BLOCKS` by `FEWEST_RANKED`.
        names: the methods.
        level: level of the tests.
    """
    import scikit_posthocs
    from scipy import stats

    n_blocks, n_methods = values.shape
    ranks = stats.rankdata(-values, axis=1).mean(axis=0)
    order = np.argsort(ranks, kind="stable")
    ordered = -values[:, order]
    sorted_names = [names[i] for i in order]
    pairs = scikit_posthocs.posthoc_nemenyi_friedman(ordered)
    pairs.index, pairs.columns = sorted_names, sorted_names
    same = bool((ordered == ordered[:, :1]).all())
    error = np.sqrt(n_methods * (n_methods + 1) / (6 * n_blocks))
    return Ranks(
        names=tuple(sorted_names),
        ranks=ranks[order],
        p=1.0 if same else float(stats.friedmanchisquare(*ordered.T).pvalue),
        pairs=pairs,
        distance=float(stats.studentized_range.isf(level, n_methods, np.inf) / np.sqrt(2) * error),
        level=level,
        n_blocks=n_blocks,
    )
