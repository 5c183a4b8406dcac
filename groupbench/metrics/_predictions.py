"""Metrics of a group list by what the base method predicts for each member: they judge the aggregator alone.

Gains within a block of equal group scores are averaged, so every value but the spreads is the exact
expectation over the orders of equal scores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from groupbench.metrics._families import ratio
from groupbench.metrics._members import SPREADS, mean
from groupbench.metrics._ranking import discounts
from groupbench.metrics._select import leaders, sort_keys

if TYPE_CHECKING:
    from groupbench.arrays import BoolArray, FloatArray, IntArray, Segments


def judge_predictions(
    scores: FloatArray, valid: BoolArray, gains: FloatArray, groups: Segments, cutoffs: tuple[int, ...]
) -> dict[str, FloatArray]:
    """Relevance (mean gain of the first K) and NDCG of each member, as mean and spread over members.

    Args:
        scores: (n_groups, width) group scores.
        valid: (n_groups, width) False beyond the end of a list.
        gains: (n_members, width) each member's gain of the same candidates, 0 beyond the end of a list.
        groups: which members belong to which group.
        cutoffs: the K.

    Returns:
        Values (n_groups,) by name: `relevance@K`, `ndcg@K`, and both with `min-`, `minmax-` and the like.
    """
    depth = max(cutoffs)
    keys, columns = leaders(sort_keys(scores, valid), depth, stable=True)
    placed = _block_means(keys, np.take_along_axis(gains, columns[groups.of_row], 1), groups.of_row)[
        :, :depth
    ]
    ideal = -np.sort(-gains, axis=1)[:, :depth]
    length = np.count_nonzero(valid, axis=1)[groups.of_row]
    out = {}
    for k in cutoffs:
        weights = discounts(min(k, placed.shape[1]))
        found = {
            "relevance": placed[:, :k].sum(axis=1) / np.minimum(k, length),
            "ndcg": ratio(placed[:, : len(weights)] @ weights, ideal[:, : len(weights)] @ weights),
        }
        for name, values in found.items():
            out[f"{name}@{k}"] = mean(values, groups)
            out |= {f"{s.name}-{name}@{k}": s.compute(values, groups) for s in SPREADS}
    return out


def _block_means(keys: FloatArray, gains: FloatArray, owner: IntArray) -> FloatArray:
    """Gains (n_members, n) in list order with each block of equal keys (n_groups, n) at its mean."""
    starts = np.ones(keys.shape, dtype=bool)
    starts[:, 1:] = keys[:, 1:] != keys[:, :-1]
    if starts.all():
        return gains
    first = np.flatnonzero(starts[owner].ravel())
    sizes = np.diff(np.append(first, gains.size))
    means = np.add.reduceat(np.where(keys[owner] < np.inf, gains, 0.0).ravel(), first) / sizes
    return np.repeat(means, sizes).reshape(gains.shape)
