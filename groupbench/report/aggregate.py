"""The rows of tables: the long results frame's means over seeds, and what has none."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import FloatArray, IntArray, Segments
from groupbench.core.errors import ConfigError, unknown
from groupbench.core.names import matching
from groupbench.report.long import REFERENCES, TIE_RULES, VALUE_COLUMNS, ResultKey, TieRule
from groupbench.report.names import method_name
from groupbench.results.store import RunRecord

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class SeedStatistics:
    """Mean and sample standard deviation over seeds, per metric.

    Attributes:
        mean: (n_metrics,) NaN where no seed has the metric.
        std: (n_metrics,) with ddof=1, NaN below two seeds.
        seeds: (n_metrics,) seeds that have the metric.
    """

    mean: FloatArray
    std: FloatArray
    seeds: IntArray

    def row(self, index: int) -> SeedStatistics:
        """One row of statistics whose arrays are (n_rows, n_metrics)."""
        return SeedStatistics(self.mean[index], self.std[index], self.seeds[index])


@dataclass(frozen=True)
class ResultRow:
    """One row of a table.

    Attributes:
        key: data set, protocol and view.
        method: label of the method.
        name: registered name of the method.
        aggregator: name of the aggregator, `none`, `own`, or empty where there are no values.
        status: `done`, `reported`, `skipped`, or how the seeds without values ended.
        reason: why there are no values, or where reported ones come from.
        seeds: seeds that finished.
        scores: the values by tie rule; empty where there are none.
        tied: share of top-10 positions decided by a tie.
        seconds: wall-clock seconds of a job, mean over seeds.
        peak_mb: largest growth of resident memory (MiB) in any phase of any seed.
        joules: energy of a job, mean over seeds; NaN where one did not record it.
        n: users or groups that were evaluated, mean over seeds.
        tau: what is relevant has a truth of at least this, mean over seeds.
        tuning: `tuned (20)` after so many trials, `default`, or empty where there is nothing to tune.
    """

    key: ResultKey
    method: str
    name: str
    aggregator: str = ""
    status: str = "done"
    reason: str = ""
    seeds: int = 0
    scores: Mapping[TieRule, SeedStatistics] = field(default_factory=dict)
    tied: float = np.nan
    seconds: float = np.nan
    peak_mb: float = np.nan
    joules: float = np.nan
    n: float = np.nan
    tau: float = np.nan
    tuning: str = ""

    @property
    def id(self) -> tuple[str, str]:
        """Method and aggregator."""
        return self.method, self.aggregator

    @property
    def label(self) -> str:
        """The row as METHOD or METHOD:AGGREGATOR."""
        return self.method if self.aggregator == "none" else f"{self.method}:{self.aggregator}"

    @property
    def competes(self) -> bool:
        """Whether the row has values and is ranked with others."""
        return self.status == "done" and self.name not in REFERENCES

    def mean(self, index: int, rule: TieRule = "expected") -> float:
        """The mean of the metric at `index`; NaN without values."""
        return float(self.scores[rule].mean[index]) if self.scores else np.nan


def aggregate(frame: pd.DataFrame, keys: Iterable[ResultKey], metrics: Sequence[str]) -> list[ResultRow]:
    """The rows of a long frame of all tie rules, one per key, method and aggregator, in that order.

    Args:
        frame: what `long_frame` made of finished runs at `keys`.
        keys: in this order.
        metrics: those of the statistics.
    """
    if frame.empty:
        return []
    order = {key: number for number, key in enumerate(keys)}
    runs = frame[~frame.index.duplicated()]
    ids = list(zip(*(runs[name].astype(str) for name in VALUE_COLUMNS[:5]), strict=True))
    ranked = sorted(range(len(ids)), key=lambda i: (order[ResultKey(*ids[i][:3])], *ids[i][3:]))
    values = _pivot(frame, runs.index.to_numpy()[ranked], metrics)
    segments = Segments.from_sizes(list(Counter(ids[i] for i in ranked).values()))
    runs = runs.iloc[ranked]
    scores = {rule: _over_seeds(segments, values[number]) for number, rule in enumerate(TIE_RULES)}
    averaged = ("tied", "seconds", "n", "tau")
    tied, seconds, n, tau = (segments.mean(runs[name].to_numpy()) for name in averaged)
    peak = segments.reduce("max", runs["peak_mb"].to_numpy())
    joules = segments.mean(runs["joules"].to_numpy())
    names, tuning = list(runs["name"]), list(runs["tuning"])
    rows = []
    for number, (start, size) in enumerate(zip(segments.offsets, segments.sizes, strict=False)):
        dataset, protocol, view, method, aggregator = ids[ranked[start]]
        rows.append(
            ResultRow(
                ResultKey(dataset, protocol, view),
                method,
                names[start],
                aggregator,
                seeds=int(size),
                scores={rule: statistics.row(number) for rule, statistics in scores.items()},
                tied=float(tied[number]),
                seconds=float(seconds[number]),
                peak_mb=float(peak[number]),
                joules=float(joules[number]),
                n=float(n[number]),
                tau=float(tau[number]),
                tuning=" and ".join(sorted(set(tuning[start : start + size]))),
            )
        )
    return rows


def _pivot(frame: pd.DataFrame, runs: IntArray, metrics: Sequence[str]) -> FloatArray:
    """The values as (n_tie_rules, n_runs, n_metrics), NaN where a metric was not measured."""
    import pandas as pd

    values = np.full((len(TIE_RULES), len(runs), len(metrics)), np.nan)
    row = np.empty(int(runs.max(initial=-1)) + 1, dtype=np.int64)
    row[runs] = np.arange(len(runs))
    column = pd.Index(metrics).get_indexer(frame["metric"].cat.categories)[frame["metric"].cat.codes]
    at = column >= 0
    rule = frame["ties"].cat.codes.to_numpy()
    values[rule[at], row[frame.index.to_numpy()[at]], column[at]] = frame["value"].to_numpy()[at]
    return values


def _over_seeds(segments: Segments, values: FloatArray) -> SeedStatistics:
    measured = ~np.isnan(values)
    seeds = segments.reduce("sum", measured.astype(np.int64))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = segments.reduce("sum", np.where(measured, values, 0.0)) / seeds
        deviations = np.where(measured, values - mean[segments.of_row], 0.0)
        variance = segments.reduce("sum", deviations**2) / (seeds - 1)
    return SeedStatistics(mean, np.sqrt(np.where(seeds > 1, variance, np.nan)), seeds)


def unfinished(records: Sequence[RunRecord], key: ResultKey, shown: set[str]) -> Iterator[ResultRow]:
    """What has no values to show at `key`, once per method and status, with the reasons.

    A method that is done but not evaluated there, or not with the chosen aggregator, is `skipped`.

    Args:
        records: all records of the data set and protocol of `key`.
        key: where the rows belong.
        shown: labels of the methods that have shown values there.
    """
    total = Counter(record.method for record in records)
    finished = Counter(record.method for record in records if record.status == "done")
    ended: dict[tuple[str, str], list[RunRecord]] = defaultdict(list)
    for record in records:
        if record.status != "done" or record.method not in shown:
            ended[record.method, "skipped" if record.status == "done" else record.status].append(record)
    for (method, status), runs in sorted(ended.items(), key=lambda entry: entry[0]):
        reasons = "; ".join(dict.fromkeys(_reason(record, key.view) for record in runs))
        part = "" if len(runs) == total[method] else f"{len(runs)} of {total[method]} seeds: "
        yield ResultRow(key, method, runs[0].name, "", status, part + reasons, finished[method])


def _reason(record: RunRecord, view: str) -> str:
    if any(entry.view == view for entry in record.metrics):
        return "no scores with this aggregator"
    return str(record.reason or record.views.get(view, {}).get("reason") or "no scores in this view")


def pick(rows: Sequence[ResultRow], name: str, aggregator: str | None = None) -> ResultRow | None:
    """The row that METHOD or METHOD:AGGREGATOR means, or None.

    METHOD alone means its row with `aggregator`, else a group method's native one, else the one without.
    Where no aggregator is named, the averaged row comes after the native one.
    """
    method, _, last = name.rpartition(":")
    usual = (aggregator, "own", "none") if aggregator else ("own", "average", "none")
    named = [row for row in rows if row.id == (method, last)]
    native = [row for row in rows if row.method == name and row.aggregator in usual]
    return next(iter([*named, *sorted(native, key=lambda row: usual.index(row.aggregator))]), None)


def row_meant(kind: str, rows: Iterable[ResultRow], name: str) -> str:
    """The label or method that METHOD or METHOD:AGGREGATOR means, in any case or as papers print the method.

    Raises:
        ConfigError: with near names of that `kind`, if it means none or several.
    """
    known: dict[str, set[str]] = defaultdict(set)
    ids = {}
    for row in rows:
        names = {method_name(row.method), row.name}
        known[row.method] |= names
        known[row.label] |= {row.label.replace(row.method, name, 1) for name in names}
        ids[":".join(row.id).casefold()] = ":".join(row.id)  # `svd:none`, which is no label
    meant = [ids[name.casefold()]] if name.casefold() in ids else matching(kind, [name], known)
    if len(meant) > 1:
        raise ConfigError(f"{name} is {len(meant)} rows ({', '.join(meant)}); name one")
    return meant[0]


def require_aggregator(rows: Iterable[ResultRow], aggregator: str) -> None:
    """Raise a `ConfigError` unless any row has the aggregator, or there are only rows without any."""
    known = {row.aggregator for row in rows} - {"none", "own"}
    if known and aggregator not in known | {"none", "own"}:
        raise ConfigError(unknown("aggregator in these results", aggregator, known))
