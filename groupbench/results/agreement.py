"""Whether two records of the same job hold the same figures."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from groupbench.results.store import RunRecord

RELATIVE = 1e-9
"""Figures are the same if they differ by no more than this share of the larger one."""

_TINY = 1e-15


class Place(NamedTuple):
    """Where a figure stands in a record; `rule` is how ties are broken."""

    view: str
    aggregator: str
    metric: str
    rule: str

    def __str__(self) -> str:
        rule = "" if self.rule == "expected" else f" ({self.rule})"
        return f"{self.view} {self.aggregator} {self.metric}{rule}"


class Difference(NamedTuple):
    """A figure that is not the same."""

    place: Place
    first: float
    second: float

    @property
    def size(self) -> float:
        """The distance; infinite where one of them is undefined."""
        distance = abs(self.first - self.second)
        return math.inf if math.isnan(distance) else distance

    def __str__(self) -> str:
        return f"{self.place} {self.first:.10g} -> {self.second:.10g}"


@dataclass(frozen=True)
class Agreement:
    """How the figures of two records compare.

    Attributes:
        compared: number of figures that both have.
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
    """Compare the figures of two records, one by one: means, and their bounds under ties."""
    mine, theirs = _figures(first), _figures(second)
    both = [place for place in mine if place in theirs]
    differing = [Difference(p, mine[p], theirs[p]) for p in both if not _same(mine[p], theirs[p])]
    return Agreement(
        len(both),
        tuple(sorted(differing, key=lambda d: (-d.size, d.place.rule != "expected", d.place))),
        _missing(mine, theirs),
        _missing(theirs, mine),
    )


def _figures(record: RunRecord) -> dict[Place, float]:
    return {
        Place(held.view, held.aggregator, metric, rule): value
        for held in record.metrics
        for rule, values in (("expected", held.values), ("best", held.best), ("worst", held.worst))
        for metric, value in values.items()
    }


def _same(a: float, b: float) -> bool:
    return (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=RELATIVE, abs_tol=_TINY)


def _missing(here: Iterable[Place], there: Iterable[Place]) -> tuple[str, ...]:
    """What `there` lacks, each named once: a view and aggregator, or a metric of one that it has."""
    known = set(there)
    pairs = {place[:2] for place in known}
    lacking = (place for place in here if place not in known)
    names = (place.metric if place[:2] in pairs else f"{place.view} {place.aggregator}" for place in lacking)
    return tuple(dict.fromkeys(names))
