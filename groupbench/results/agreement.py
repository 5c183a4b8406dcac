"""Whether two records of the same job hold the same scores."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

from groupbench.results.store import RunRecord

RELATIVE = 1e-9
"""Values are the same if they differ by no more than this share of the larger one."""

_TINY = 1e-15
_LABELS = ("dataset", "simulated", "protocol", "method", "name", "seed", "tuning")
_FACTS = ("entities", "skipped", "tau", "entity")
_WORDS = ("definition", "oracle", "reason")
POOLED = frozenset({"rmse", "mae"})
"""Metrics whose value pools the rows of all lists, so that it is no mean of theirs."""


class MetricLocation(NamedTuple):
    """Where a score stands in a record; `rule` is how ties are broken.

    Attributes:
        view: name of the view.
        aggregator: name of the aggregator.
        metric: with its cutoff.
        rule: a tie rule.
    """

    view: str
    aggregator: str
    metric: str
    rule: str

    def __str__(self) -> str:
        rule = "" if self.rule == "expected" else f" ({self.rule})"
        return f"{self.view} {self.aggregator} {self.metric}{rule}"


class Difference(NamedTuple):
    """A score that is not the same.

    Attributes:
        location: where it stands.
        first: on one side, NaN if undefined.
        second: on the other.
    """

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
        facts: other facts that are not the same: labels, the seed, who was evaluated and how.
        words: what only says so in other words, which another version of the code may.
    """

    compared: int = 0
    differing: tuple[Difference, ...] = ()
    only_first: tuple[str, ...] = ()
    only_second: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def beyond(self, tolerance: float) -> tuple[Difference, ...]:
        """The differences larger than `tolerance`."""
        return tuple(d for d in self.differing if d.size > tolerance)


def agreement(first: RunRecord, second: RunRecord) -> Agreement:
    """Compare two records: means and their bounds under ties one by one, labels, and the facts of views."""
    mine, theirs = _figures(first), _figures(second)
    both = [location for location in mine if location in theirs]
    differing = [Difference(p, mine[p], theirs[p]) for p in both if not _same(mine[p], theirs[p])]
    return Agreement(
        len(both),
        tuple(sorted(differing, key=lambda d: (-d.size, d.location.rule != "expected", d.location))),
        _missing(mine, theirs),
        _missing(theirs, mine),
        tuple(_labels(first, second) + _of_views(first, second, _FACTS) + _twice(first) + _twice(second)),
        tuple(_of_views(first, second, _WORDS)),
    )


def unlike_tables(folder: Path, record: RunRecord) -> list[str]:
    """What the tables beside a record say otherwise than the record itself; nothing where there are none.

    Raises:
        ResultError: if a table cannot be read.
    """
    from groupbench.results.tables import is_partial, read_columns

    unlike = [] if folder.name == record.key else [f"its folder is {folder.name}, its key {record.key}"]
    entities, top = folder / "entities.parquet", folder / "top.parquet"
    if entities.exists():
        names = {name for entry in record.metrics for name in entry.values}
        frame = read_columns(entities, ["view", "aggregator", "entity", *sorted(names)]).to_pandas()
        unlike += _unlike_means(record, frame, partial=is_partial(entities))
    if top.exists():
        frame = read_columns(top, ["view", "aggregator"]).to_pandas().drop_duplicates()
        unlike += _unlike_places("top.parquet", record, set(frame.itertuples(index=False, name=None)))
    return unlike


def _unlike_places(file: str, record: RunRecord, found: set[tuple[str, str]]) -> list[str]:
    # Who merged has left out the figures of some aggregators, but not their rows.
    measured = {(e.view, e.aggregator) for e in record.metrics if any(v == v for v in e.values.values())}
    lacking = sorted(measured - found)
    return [f"{file} has no rows of {view} {aggregator}" for view, aggregator in lacking]


def _unlike_means(record: RunRecord, frame: Any, partial: bool) -> list[str]:
    found = dict(iter(frame.groupby(["view", "aggregator"], observed=True, sort=False)))
    unlike = [] if partial else _unlike_places("entities.parquet", record, set(found))
    for entry in record.metrics:
        rows = found.get((entry.view, entry.aggregator))
        if rows is None:
            continue
        entities = record.views.get(entry.view, {}).get("entities")
        of_users = record.views.get(entry.view, {}).get("entity") == "user"
        if of_users and entities is not None and rows["entity"].nunique() > entities:
            unlike.append(f"entities.parquet has other users in {entry.view}")
        # Errors are pooled over rows, and what all lists have together is in no row.
        for name in entry.values.keys() & set(rows.columns) - POOLED:
            mean, value = float(rows[name].mean()), entry.values[name]
            if rows[name].notna().any() and not _same(mean, value):
                place = f"{entry.view} {entry.aggregator} {name}"
                unlike.append(f"entities.parquet: {place} is {mean:.10g}, not {value:.10g}")
    return unlike


def _labels(first: RunRecord, second: RunRecord) -> list[str]:
    pairs = [(name, getattr(first, name), getattr(second, name)) for name in _LABELS]
    return [f"{name} {mine!r} -> {theirs!r}" for name, mine, theirs in pairs if mine != theirs]


def _of_views(first: RunRecord, second: RunRecord, names: Sequence[str]) -> list[str]:
    """Facts of views that differ, and views that only one of them has."""
    unlike = []
    for view in dict.fromkeys([*first.views, *second.views]):
        mine, theirs = first.views.get(view), second.views.get(view)
        if mine is None or theirs is None:
            unlike += [f"view {view} only in the {'record' if theirs is None else 'repeat'}"] * (
                names is _FACTS
            )
            continue
        for name in names:
            one, other = mine.get(name), theirs.get(name)
            if one != other and not (_is_number(one) and _is_number(other) and _same(one, other)):
                unlike.append(f"view {view}: {name} {one!r} -> {other!r}"[:200])
    return unlike


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float)


def _twice(record: RunRecord) -> list[str]:
    places = Counter((entry.view, entry.aggregator) for entry in record.metrics)
    return [
        f"{view} {aggregator} stands there {n} times" for (view, aggregator), n in places.items() if n > 1
    ]


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
