"""What metrics of ranked lists are made of, by compiled loops."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np

from groupbench.core.arrays import distinct
from groupbench.core.kernels import in_threads, worthwhile
from groupbench.metrics._families import METRICS
from groupbench.metrics._ranking import discounts, known_ties, rank_sorted

if TYPE_CHECKING:
    from groupbench.core.arrays import BoolArray, FloatArray, IntArray
    from groupbench.metrics._metric import Metric
    from groupbench.metrics._ranking import Ranking, Ties

RULES: tuple[Ties, ...] = ("expected", "best", "worst")
"""Tie rules by their numbers in kernels."""


@dataclass(frozen=True, eq=False)
class ListSums:
    """What a `Ranking` adds up, to the last bit, at some cutoffs alone: (n_lists,) by K.

    This is what built-in metrics are made of, which take it for a `Ranking`.

    Attributes:
        hits: as of `Ranking`.
        gain: as of `Ranking`.
        miss: as of `Ranking`.
        reciprocal_rank: as of `Ranking`.
        precision_sum: as of `Ranking`.
        ties: as of `Ranking`.
        n_candidates: (n_lists,) candidates that are ranked.
        n_relevant: (n_lists,) relevant candidates, those that are not recommended included.
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

    def values(self, metrics: Mapping[str, Metric]) -> dict[str, FloatArray]:
        """The values of all lists, (n_lists,), by name."""
        return {name: metric.compute(cast("Ranking", self)) for name, metric in metrics.items()}


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
    constants = RULES.index(ties), cutoffs, discounts(cutoffs[-1])
    out = np.empty((6, len(cutoffs), len(scores))), np.empty((2, len(scores)), dtype=np.int64)
    finite: list[bool] = []

    def work(start: int, stop: int) -> None:
        finite.append(kernels.of_scores(*given, *constants, *out, start, stop))

    in_threads(work, len(scores))
    return ListSums.of(cutoffs, *out) if all(finite) else None


def sums_of_ranked(
    keys: FloatArray,
    liked: BoolArray,
    sizes: tuple[IntArray, IntArray],
    cutoffs: IntArray,
    ties: Ties = "expected",
) -> tuple[ListSums, bool]:
    """The sums of lists in order, and whether a tie matters.

    Args:
        keys: (n_lists, n) as `top_candidates` gives them, or (1, n) where they are the same for all lists.
        liked: (n_lists, n) which of the candidates are relevant; ignored where the key is +inf.
        sizes: (n_lists,) numbers of candidates, and of relevant ones.
        cutoffs: (n_cutoffs,) ascending.
        ties: how equal scores are ordered.
    """
    from groupbench.metrics import _list_kernels as kernels

    given = np.ascontiguousarray(keys), np.ascontiguousarray(liked)
    constants = RULES.index(ties), cutoffs, discounts(cutoffs[-1])
    sums, undecided = np.empty((6, len(cutoffs), len(liked))), list[bool]()

    def work(start: int, stop: int) -> None:
        undecided.append(kernels.of_ranked(*given, *constants, sums, start, stop))

    in_threads(work, len(liked))
    return ListSums.of(cutoffs, sums, sizes), any(undecided)


def compiled_cutoffs(metrics: Mapping[str, Metric]) -> IntArray | None:
    """The cutoffs of metrics that need no more than `ListSums`; None if some may, or there are none."""
    families = {id(metric.family): metric.family for metric in metrics.values()}.values()
    known = all(METRICS.is_built_in(one.name) and METRICS[one.name] is one for one in families)
    if not known or not families:
        return None
    return distinct(np.array([metric.k for metric in metrics.values()]))


@dataclass(frozen=True, eq=False)
class OrderedLists:
    """Lists whose leading candidates stand in order, with the metrics that are wanted of them.

    Attributes:
        keys: (n_lists, n) as `top_candidates` gives them.
        liked: (n_lists, n) which of these are relevant; ignored where the key is +inf.
        n_candidates: (n_lists,) candidates that are ranked.
        n_relevant: (n_lists,) relevant candidates of the whole lists.
        metrics: by the name they go by.
        depth: the largest K of interest, for which `keys` hold all that leads or ties.
    """

    keys: FloatArray
    liked: BoolArray
    n_candidates: IntArray
    n_relevant: IntArray
    metrics: Mapping[str, Metric]
    depth: int

    @cached_property
    def undecided(self) -> bool:
        """Whether the order of equal scores matters."""
        if self._cutoffs is not None:
            return self._expected[1]
        return bool(self._ranking.undecided.any())

    def values(self, ties: Ties) -> dict[str, FloatArray]:
        """The metrics, (n_lists,) by name, NaN where one is undefined.

        Raises:
            ConfigError: if there is no such tie rule.
        """
        if self._cutoffs is not None:
            return (self._expected if ties == "expected" else self._sums(ties))[0].values(self.metrics)
        ranking = self._ranking.resolved(ties)
        return {name: metric.compute(ranking) for name, metric in self.metrics.items()}

    @cached_property
    def _cutoffs(self) -> IntArray | None:
        """What loops add up to, where they are used."""
        return compiled_cutoffs(self.metrics) if worthwhile(self.liked.size) else None

    @cached_property
    def _expected(self) -> tuple[ListSums, bool]:
        return self._sums("expected")

    def _sums(self, ties: Ties) -> tuple[ListSums, bool]:
        assert self._cutoffs is not None
        sizes = self.n_candidates, self.n_relevant
        return sums_of_ranked(self.keys, self.liked, sizes, self._cutoffs, known_ties(ties))

    @cached_property
    def _ranking(self) -> Ranking:
        return rank_sorted(self.keys, self.liked, self.depth, self.n_candidates, self.n_relevant)
