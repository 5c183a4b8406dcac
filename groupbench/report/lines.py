"""From run records to table lines: the figures of all seeds of a method in one place, summarised."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

from groupbench.core.arrays import FloatArray, IntArray, Segments
from groupbench.metrics import definition, foreign
from groupbench.models.group_adapter import served_by
from groupbench.results.store import RunRecord, ViewMetrics

TieRule = Literal["expected", "best", "worst"]
TIE_RULES: tuple[TieRule, ...] = ("expected", "best", "worst")

_PHASES = ("fit", "score", "aggregate", "metrics")

REFERENCES = frozenset({"random", "popularity", "popularity-groups", "member-count", "item-mean", "oracle"})
"""Methods that bound the others and are not ranked with them."""
UNBOUNDED = frozenset({"rmse", "mae", "novelty", "diversity"})
"""Metrics that can exceed 1."""


def lower_is_better(metric: str) -> bool:
    """Whether smaller values of `metric` are the better ones; not so for metrics that nothing defines."""
    found = definition(metric)
    return found is not None and found.lower_is_better


def normalizable(metric: str) -> bool:
    """Whether random and the oracle bound `metric` (`Definition.normalizable`); so for unknown ones too."""
    found = definition(metric)
    return found is None or found.normalizable


def bounds(metric: str) -> tuple[float, float]:
    """The least and the greatest value that `metric` can have; infinite where none is known."""
    found = definition(metric)
    if found is None or {found.name, found.name.partition("-")[2]} & foreign().keys():
        return -np.inf, np.inf
    return 0.0, np.inf if found.name in UNBOUNDED else 1.0


class Place(NamedTuple):
    """Where figures can be compared: one view of one protocol on one data set."""

    dataset: str
    protocol: str
    view: str


@dataclass(frozen=True)
class Spread:
    """Mean and sample standard deviation over seeds, per metric.

    Attributes:
        mean: (n_metrics,) NaN where no seed has the metric.
        std: (n_metrics,) with ddof=1, NaN below two seeds.
        seeds: (n_metrics,) seeds that have the metric.
    """

    mean: FloatArray
    std: FloatArray
    seeds: IntArray

    def row(self, index: int) -> Spread:
        """One row of a spread whose arrays are (n_rows, n_metrics)."""
        return Spread(self.mean[index], self.std[index], self.seeds[index])


@dataclass(frozen=True)
class Line:
    """One line of a table.

    Attributes:
        place: data set, protocol and view.
        method: label of the method.
        name: registered name of the method.
        aggregator: name of the aggregator, `none`, `own`, or empty where there are no figures.
        status: `done`, `reported`, `skipped`, or how the seeds without figures ended.
        reason: why there are no figures, or where reported ones come from.
        seeds: seeds that finished.
        spreads: the figures by tie rule; empty where there are none.
        tied: share of top-10 places decided by a tie.
        seconds: wall-clock seconds of a job, mean over seeds.
        peak_mb: largest growth of resident memory (MiB) in any phase of any seed.
        tuning: `tuned (20)` after so many trials, `default`, or empty where there is nothing to tune.
    """

    place: Place
    method: str
    name: str
    aggregator: str = ""
    status: str = "done"
    reason: str = ""
    seeds: int = 0
    spreads: Mapping[TieRule, Spread] = field(default_factory=dict)
    tied: float = np.nan
    seconds: float = np.nan
    peak_mb: float = np.nan
    tuning: str = ""

    @property
    def row(self) -> tuple[str, str]:
        """Method and aggregator."""
        return self.method, self.aggregator

    @property
    def competes(self) -> bool:
        """Whether the line has figures and is ranked with others."""
        return self.status == "done" and self.name not in REFERENCES


def judged(records: Iterable[RunRecord], places: Iterable[Place], metrics: Sequence[str]) -> list[Line]:
    """The lines with figures at `places`, one per place, method and aggregator, in that order."""
    rank = {place: number for number, place in enumerate(places)}
    held: dict[tuple[int, str, str], list[tuple[RunRecord, ViewMetrics]]] = defaultdict(list)
    for record in records:
        for figures in record.figures if record.status == "done" else ():
            number = rank.get(Place(record.dataset, record.protocol, figures.view))
            if number is not None:
                held[number, record.method, figures.aggregator].append((record, figures))
    runs = [held[key] for key in sorted(held)]
    flat = [pair for run in runs for pair in run]
    segments = Segments.from_sizes([len(run) for run in runs])
    spreads = {rule: _spread(segments, _matrix(flat, rule, metrics)) for rule in TIE_RULES}
    tied = segments.mean(_column(figures.tied for _, figures in flat))
    seconds = segments.mean(_column(_total(r.seconds) for r, _ in flat))
    peak = segments.reduce("max", _column(max(r.peak_mb.values(), default=np.nan) for r, _ in flat))
    return [
        Line(
            Place(record.dataset, record.protocol, figures.view),
            record.method,
            record.name,
            figures.aggregator,
            seeds=len(run),
            spreads={rule: spread.row(number) for rule, spread in spreads.items()},
            tied=float(tied[number]),
            seconds=float(seconds[number]),
            peak_mb=float(peak[number]),
            tuning=" and ".join(sorted({_tuning(r) for r, _ in run})),
        )
        for number, run in enumerate(runs)
        for record, figures in run[:1]
    ]


def unfinished(records: Sequence[RunRecord], place: Place, shown: set[str]) -> list[Line]:
    """What has no figures to show at `place`, once per method and status, with the reasons.

    A method that is done but not judged there, or not with the chosen aggregator, is `skipped`.

    Args:
        records: all records of the data set and protocol of `place`.
        place: where the lines belong.
        shown: labels of the methods that have shown figures there.
    """
    total = Counter(record.method for record in records)
    finished = Counter(record.method for record in records if record.status == "done")
    ended: dict[tuple[str, str], list[RunRecord]] = defaultdict(list)
    for record in records:
        if record.status != "done" or record.method not in shown:
            ended[record.method, "skipped" if record.status == "done" else record.status].append(record)
    lines = []
    for (method, status), run in sorted(ended.items(), key=lambda entry: entry[0]):
        reasons = "; ".join(dict.fromkeys(_reason(r, place.view) for r in run))
        part = "" if len(run) == total[method] else f"{len(run)} of {total[method]} seeds: "
        lines.append(Line(place, method, run[0].name, "", status, part + reasons, finished[method]))
    return lines


def _tuning(record: RunRecord) -> str:
    if record.tuning:
        return f"tuned ({record.tuning['trials']})"
    if record.name in REFERENCES or not record.hyperparameters:
        return ""
    return "default" if served_by(record.method) == record.name else "set by hand"


def _total(seconds: Mapping[str, float]) -> float:
    return sum(seconds.get(phase, 0.0) for phase in _PHASES) if seconds else np.nan


def _reason(record: RunRecord, view: str) -> str:
    if any(figures.view == view for figures in record.figures):
        return "no figures with this aggregator"
    said = record.reason or record.views.get(view, {}).get("reason")
    return str(said or "no figures in this view")


def _column(values: Iterable[float]) -> FloatArray:
    return np.fromiter(values, dtype=np.float64)


def _matrix(flat: Sequence[tuple[Any, ViewMetrics]], rule: TieRule, metrics: Sequence[str]) -> FloatArray:
    """The figures as (n_figures, n_metrics), NaN where a metric was not measured."""
    attribute = "values" if rule == "expected" else rule
    rows = [[held.get(m, np.nan) for m in metrics] for held in (getattr(f, attribute) for _, f in flat)]
    return np.array(rows, dtype=np.float64).reshape(len(flat), len(metrics))


def _spread(segments: Segments, values: FloatArray) -> Spread:
    measured = ~np.isnan(values)
    seeds = segments.reduce("sum", measured.astype(np.int64))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = segments.reduce("sum", np.where(measured, values, 0.0)) / seeds
        deviations = np.where(measured, values - mean[segments.of_row], 0.0)
        variance = segments.reduce("sum", deviations**2) / (seeds - 1)
    return Spread(mean, np.sqrt(np.where(seeds > 1, variance, np.nan)), seeds)
