"""What metrics of ranked lists are made of, by compiled loops."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from groupbench.core.kernels import in_threads
from groupbench.metrics._families import METRICS
from groupbench.metrics._ranking import discounts

if TYPE_CHECKING:
    from groupbench.core.arrays import BoolArray, FloatArray, IntArray
    from groupbench.metrics._families import Family
    from groupbench.metrics._metric import Metric
    from groupbench.metrics._ranking import Ranking, Ties

_RULES: tuple[Ties, ...] = ("expected", "best", "worst")


@dataclass(frozen=True, eq=False)
class ListSums:
    """What a `Ranking` adds up, to the last bit, at some cutoffs alone: (n_lists,) by K.

    This is what built-in metrics are made of. See `Ranking` for what the attributes are.
    """

    hits: Mapping[int, FloatArray]
    gain: Mapping[int, FloatArray]
    miss: Mapping[int, FloatArray]
    reciprocal_rank: Mapping[int, FloatArray]
    precision_sum: Mapping[int, FloatArray]
    ties: Mapping[int, FloatArray]
    n_candidates: IntArray
    n_relevant: IntArray

    @classmethod
    def of(cls, cutoffs: IntArray, sums: FloatArray, sizes: Iterable[IntArray]) -> ListSums:
        """From (6, n_cutoffs, n_lists) sums, and (n_lists,) numbers of candidates and of relevant ones."""
        n_candidates, n_relevant = sizes
        hits, gain, miss, first, precision, ties = (
            dict(zip(cutoffs.tolist(), rows, strict=True)) for rows in sums
        )
        return cls(hits, gain, miss, first, precision, ties, n_candidates, n_relevant)

    @classmethod
    def serve(cls, family: Family) -> bool:
        """Whether a metric is known to need no more than this."""
        return METRICS.is_built_in(family.name) and METRICS[family.name] is family

    def compute(self, family: Family, k: int) -> FloatArray:
        """The values of all lists, (n_lists,)."""
        return family.compute(cast("Ranking", self), k)

    def values(self, metrics: Mapping[str, Metric]) -> dict[str, FloatArray]:
        """The values of all lists, (n_lists,), by name."""
        return {name: self.compute(metric.family, metric.k) for name, metric in metrics.items()}


def sums_of_scores(
    scores: FloatArray,
    liked: BoolArray,
    valid: BoolArray,
    ranked: BoolArray,
    cutoffs: IntArray,
    ties: Ties,
) -> ListSums | None:
    """The sums of lists of scores, (n_lists, width); None if a valid score is not finite."""
    from groupbench.metrics import _list_kernels as kernels

    given = tuple(map(np.ascontiguousarray, (scores, liked, valid, ranked)))
    constants = _RULES.index(ties), cutoffs, discounts(cutoffs[-1])
    out = np.empty((6, len(cutoffs), len(scores))), np.empty((2, len(scores)), dtype=np.int64)
    finite: list[bool] = []

    def work(start: int, stop: int) -> None:
        finite.append(kernels.of_scores(*given, *constants, *out, start, stop))

    in_threads(work, len(scores))
    return ListSums.of(cutoffs, *out) if all(finite) else None


def sums_of_ranked(
    keys: FloatArray,
    liked: BoolArray,
    n_candidates: IntArray,
    n_relevant: IntArray,
    cutoffs: IntArray,
    ties: Ties = "expected",
) -> tuple[ListSums, bool]:
    """The sums of lists in order, and whether a tie matters.

    Args:
        keys: (n_lists, n) as `top_candidates` gives them, or (1, n) where they are the same for all lists.
        liked: (n_lists, n) which of the candidates are relevant; ignored where the key is +inf.
        n_candidates: (n_lists,).
        n_relevant: (n_lists,).
        cutoffs: (n_cutoffs,) ascending.
        ties: how equal scores are ordered.
    """
    from groupbench.metrics import _list_kernels as kernels

    given = np.ascontiguousarray(keys), np.ascontiguousarray(liked)
    constants = _RULES.index(ties), cutoffs, discounts(cutoffs[-1])
    sums, undecided = np.empty((6, len(cutoffs), len(liked))), list[bool]()

    def work(start: int, stop: int) -> None:
        undecided.append(kernels.of_ranked(*given, *constants, sums, start, stop))

    in_threads(work, len(liked))
    return ListSums.of(cutoffs, sums, (n_candidates, n_relevant)), any(undecided)
