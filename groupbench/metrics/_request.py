"""Which metrics are wanted, so that nothing else is computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar, get_args

from groupbench.metrics._ranking import Ties

TIES: tuple[Ties, ...] = get_args(Ties)

T = TypeVar("T")


@dataclass(frozen=True)
class MetricRequest:
    """The metrics and tie rules that are wanted; see `make_request`.

    Attributes:
        metrics: under the names that records use, such as `ndcg@10` or `min-recall@5`; None for all.
        ties: the tie rules.
    """

    metrics: frozenset[str] | None = None
    ties: tuple[Ties, ...] = TIES

    def __contains__(self, metric: str) -> bool:
        return self.metrics is None or metric in self.metrics

    def restrict(self, by_metric: Mapping[str, T]) -> dict[str, T]:
        """The entries of the metrics that are wanted."""
        return {name: entry for name, entry in by_metric.items() if name in self}

    def cutoffs(self, usual: tuple[int, ...]) -> tuple[int, ...]:
        """The K that are wanted, ascending: the `usual` ones where all metrics are."""
        if self.metrics is None:
            return usual
        return tuple(sorted({int(k) for _, at, k in (m.partition("@") for m in self.metrics) if at}))


EVERYTHING = MetricRequest()
