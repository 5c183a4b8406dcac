"""From scores to metrics: all metrics of all lists in one go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.errors import MethodError
from groupbench.core.kernels import worthwhile
from groupbench.metrics._inputs import finite_scores, flags, shaped_scores
from groupbench.metrics._list_loops import compiled_cutoffs, sums_of_ranked, sums_of_scores
from groupbench.metrics._metric import Metric, parse
from groupbench.metrics._ranking import Ranking, Ties, Untied, known_ties, rank_checked

if TYPE_CHECKING:
    from groupbench.core.arrays import BoolArray, FloatArray, IntArray

_BLOCK_CELLS = 1 << 16
_BLOCK_LISTS = 64


def evaluate_scores(
    scores: FloatArray,
    relevant: BoolArray,
    valid: BoolArray,
    metrics: Iterable[Metric | str],
    *,
    ties: Ties = "expected",
    recommended: BoolArray | None = None,
) -> dict[str, FloatArray]:
    """Evaluate many ranked lists of candidates by many metrics.

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
        MethodError: if the shapes differ, a valid score is NaN, infinite or beyond what floats tell apart, or
            relevance is neither 0 nor 1.
    """
    wanted, valid = _read(metrics), flags("valid", valid)
    allowed = valid if recommended is None else valid & flags("recommended", recommended, valid.shape)
    liked = flags("relevant", relevant, valid.shape)
    if worthwhile(valid.size) and (cutoffs := compiled_cutoffs(wanted)) is not None:
        given = shaped_scores(scores, valid), liked, valid, allowed
        if (sums := sums_of_scores(*given, cutoffs, known_ties(ties))) is not None:
            return sums.values(wanted)
    floats = finite_scores(scores, valid)

    def ranked(part: slice, depth: int) -> Ranking:
        return rank_checked(floats[part], liked[part], valid[part], allowed[part], depth).resolved(ties)

    return _computed(ranked, valid.shape, wanted)


def evaluate_rankings(
    relevant: BoolArray, n_relevant: IntArray, metrics: Iterable[Metric | str]
) -> dict[str, FloatArray]:
    """Evaluate many lists whose order is given, without scores and ties, by many metrics.

    Args:
        relevant: (n_lists, length) whether what stands at each position is relevant, best first; behind the
            end of a shorter list nothing is. Every list counts as `length` candidates long.
        n_relevant: (n_lists,) all that is relevant, found or not.
        metrics: such as "ndcg@10".

    Returns:
        The values, (n_lists,), by the metric's name, NaN where a metric is undefined (see `explain`).

    Raises:
        ConfigError: if a metric is unknown.
        MethodError: if the shapes differ, or relevance is neither 0 nor 1.
    """
    relevant = flags("relevant", relevant)
    if relevant.ndim != 2 or n_relevant.shape != relevant.shape[:1]:
        raise MethodError(
            f"rankings have shape {relevant.shape}, their numbers of relevant candidates {n_relevant.shape}; "
            "give one count for each list"
        )
    wanted, length = _read(metrics), relevant.shape[1]
    if worthwhile(relevant.size) and (cutoffs := compiled_cutoffs(wanted)) is not None:
        in_order, sizes = np.arange(float(length))[None], (np.full(len(relevant), length), n_relevant)
        sums, _ = sums_of_ranked(in_order, relevant, sizes, cutoffs)
        return sums.values(wanted)

    def ranked(part: slice, depth: int) -> Ranking:
        hits = np.zeros((depth, len(relevant[part])))
        hits[:length] = relevant[part, :depth].T
        n_candidates = np.full(hits.shape[1], length)
        return Untied.of(hits, np.broadcast_to(False, hits.shape), n_candidates, n_relevant[part])

    return _computed(ranked, relevant.shape, wanted)


def _read(metrics: Iterable[Metric | str]) -> dict[str, Metric]:
    return {metric.name: metric for metric in map(parse, metrics)}


def _computed(
    ranked: Callable[[slice, int], Ranking], shape: tuple[int, ...], wanted: Mapping[str, Metric]
) -> dict[str, FloatArray]:
    """The metrics of what `ranked` makes of some lists, to a depth; `shape` is (n_lists, width)."""
    depth = max((metric.k for metric in wanted.values()), default=1)
    out = {name: np.empty(shape[0]) for name in wanted}
    # Blocks fit the processor's cache: faster than all lists at once, and in little memory.
    step = max(_BLOCK_CELLS // max(shape[1], depth), _BLOCK_LISTS)
    for start in range(0, shape[0], step):
        part = slice(start, start + step)
        ranking = ranked(part, depth)
        for name, metric in wanted.items():
            out[name][part] = metric.compute(ranking)
    return out
