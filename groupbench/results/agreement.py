"""Whether two records of the same job hold the same scores."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from groupbench.results.store import RunRecord

RELATIVE = 1e-9
"""Values are the same if they differ by no more than this share of the larger one."""

_TINY = 1e-15


class MetricLocation(NamedTuple):
    """Where a score stands in a record; `rule` is how ties are broken."""

    view: str
    aggregator: str
    metric: str
    rule: str

    def __str__(self) -> str:
        rule = "" if self.rule == "expected" else f" ({self.rule})"
        return f"{self.view} {self.aggregator} {self.metric}{rule}"


class Difference(NamedTuple):
    """A score that is not the same."""

    location: MetricLocation
    first: float
    second: float

    @property
    def size(self) -> float:
        """The distance; infinite where one of them is undefined."""
        distance = abs(self.first - self.second)
        return math.inf if math.isnan(distance) else distance

    def __str__(self) -> str:
        return f"{self.location} {self.first:.10g} -> {self.second:.10g}"


@dataclass(frozen=True)
class Agreement:
    """How the scores of two records compare.

    Attributes:
        compared: number of scores that both have.
        differing: those that are not the same, the farthest apart first.
        only_first: what only the first record has: metrics, or `view aggregator` as a whole.
        only_second: what only the second has.
    """

    compared: int = 0
    differing: tuple[Difference, ...] = ()
    only_first: tuple[str, ...] = ()
    only_second: tuple[str, ...] = ()

    def beyond(self, tolerance: float) -> tuple[Difference, ...]:
        """The differences larger than `tolerance`."""
        return tuple(d for d in self.differing if d.size > tolerance)


def agreement(first: RunRecord, second: RunRecord) -> Agreement:
    """Compare the scores of two records, one by one: means, and their bounds under ties."""
    mine, theirs = _figures(first), _figures(second)
    both = [location for location in mine if location in theirs]
    differing = [Difference(p, mine[p], theirs[p]) for p in both if not _same(mine[p], theirs[p])]
    return Agreement(
        len(both),
        tuple(sorted(differing, key=lambda d: (-d.size, d.location.rule != "expected", d.location))),
        _missing(mine, theirs),
        _missing(theirs, mine),
    )


def _figures(record: RunRecord) -> dict[MetricLocation, float]:
    return {
        MetricLocation(entry.view, entry.aggregator, metric, rule): value
        for entry in record.metrics
        for rule, values in (("expected", entry.values), ("best", entry.best), ("worst", entry.worst))
        for metric, value in values.items()
    }


def _same(a: float, b: float) -> bool:
    return (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=RELATIVE, abs_tol=_TINY)


def _missing(here: Iterable[MetricLocation], there: Iterable[MetricLocation]) -> tuple[str, ...]:
    """What `there` lacks, each named once: a view and aggregator, or a metric of one that it has."""
    known = set(there)
    pairs = {location[:2] for location in known}
    lacking = (location for location in here if location not in known)
    names = (
        location.metric if location[:2] in pairs else f"{location.view} {location.aggregator}"
        for location in lacking
    )
    return tuple(dict.fromkeys(names))
