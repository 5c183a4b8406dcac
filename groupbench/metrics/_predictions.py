"""Metrics of a group list by what the base method predicts for each member: they judge the aggregator alone.

Gains within a block of equal group scores are averaged, so every value but the spreads is the exact
expectation over the orders of equal scores.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from groupbench.metrics._families import ratio
from groupbench.metrics._members import SPREADS, mean
from groupbench.metrics._ranking import discounts
from groupbench.metrics._select import leaders, sort_keys

if TYPE_CHECKING:
    from groupbench.arrays import BoolArray, FloatArray, IntArray, Segments


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a block of groups' members are predicted to think of the candidates; serves every aggregator.

    Attributes:
        scores: (n_members, width) each member's predicted score of its group's candidates.
        valid: (n_groups, width) False beyond the end of a list.
        groups: which members belong to which group.
    """

    scores: FloatArray
    valid: BoolArray
    groups: Segments

    @cached_property
    def gains(self) -> FloatArray:
        """The scores from 0 to 1 over each member's candidates; 1 where all are equal, 0 beyond the end."""
        valid = self.valid[self.groups.of_row]
        low = np.min(self.scores, axis=1, keepdims=True, where=valid, initial=np.inf)
        high = np.max(self.scores, axis=1, keepdims=True, where=valid, initial=-np.inf)
        differ = high > low
        scaled = np.where(differ, (self.scores - low) / np.where(differ, high - low, 1.0), 1.0)
        return np.where(valid, scaled, 0.0)

    @cached_property
    def descending(self) -> FloatArray:
        """The gains of each member in its ideal order, (n_members, width)."""
        return -np.sort(-self.gains, axis=1)


def judge_predictions(
    scores: FloatArray, predictions: Predictions, cutoffs: tuple[int, ...]
) -> dict[str, FloatArray]:
    """Relevance (mean gain of the first K) and NDCG of each member, as mean and spread over members.

    Args:
        scores: (n_groups, width) group scores.
        predictions: what the members think of the same candidates.
        cutoffs: the K.

    Returns:
        Values (n_groups,) by name: `relevance@K`, `ndcg@K`, and both with `min-`, `minmax-` and the like.
    """
    depth, groups, gains = max(cutoffs), predictions.groups, predictions.gains
    keys, columns = leaders(sort_keys(scores, predictions.valid), depth, stable=True)
    in_order = np.take_along_axis(gains, columns[groups.of_row], 1)
    placed = _block_means(keys, in_order, groups.of_row)[:, :depth]
    # Running sums: those of a matrix product would depend on how many groups are judged at once.
    weights = discounts(placed.shape[1])
    total, dcg = placed.cumsum(axis=1), (placed * weights).cumsum(axis=1)
    ideal = (predictions.descending[:, : len(weights)] * weights).cumsum(axis=1)
    length = np.count_nonzero(predictions.valid, axis=1)[groups.of_row]
    out = {}
    for k in cutoffs:
        last = min(k, len(weights)) - 1
        found = {
            "relevance": total[:, last] / np.minimum(k, length),
            "ndcg": ratio(dcg[:, last], ideal[:, last]),
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
