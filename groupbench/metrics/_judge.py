"""From scores to metrics: all metrics of all lists in one go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from groupbench.metrics._metric import Metric, parse
from groupbench.metrics._ranking import Ties, rank_checked
from groupbench.metrics._select import check_scores

if TYPE_CHECKING:
    from groupbench.arrays import BoolArray, FloatArray

_BLOCK_CELLS = 1 << 16
_BLOCK_LISTS = 64


def judge(
    scores: FloatArray,
    relevant: BoolArray,
    valid: BoolArray,
    metrics: Iterable[Metric | str],
    *,
    ties: Ties = "expected",
    recommended: BoolArray | None = None,
) -> dict[str, FloatArray]:
    """Judge many ranked lists of candidates by many metrics.

    A metric is its expected value under a uniformly random order of equal scores, or its bound where
    equal scores put relevant candidates first ("best") or last ("worst").

    Args:
        scores: (n_lists, width), finite where `valid`, higher is better.
        relevant: (n_lists, width) which candidates are relevant; ignored where not `valid`.
        valid: (n_lists, width), False where a list has fewer candidates than `width`.
        metrics: such as "ndcg@10"; any K, also beyond `width`.
        ties: how equal scores are ordered.
        recommended: (n_lists, width) which candidates may be ranked at all; the others count only as
            relevant candidates that were missed. By default all.

    Returns:
        The values, (n_lists,), by the metric's name, NaN where a metric is undefined (see `explain`).

    Raises:
        ConfigError: if a metric or the tie rule is unknown.
        MethodError: if the shapes differ or a valid score is NaN or infinite.
    """
    check_scores(scores, valid)
    asked = {metric.name: metric for metric in map(parse, metrics)}
    depth = max((metric.k for metric in asked.values()), default=1)
    out = {name: np.empty(len(scores)) for name in asked}
    # Blocks fit the processor's cache: faster than all lists at once, and in little memory.
    step = max(_BLOCK_CELLS // max(scores.shape[1], depth), _BLOCK_LISTS)
    for start in range(0, len(scores), step):
        part = slice(start, start + step)
        allowed = None if recommended is None else recommended[part]
        ranking = rank_checked(scores[part], relevant[part], valid[part], depth, allowed).resolved(ties)
        for name, metric in asked.items():
            out[name][part] = metric.compute(ranking)
    return out
