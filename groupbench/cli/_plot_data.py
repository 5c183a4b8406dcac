"""The scores of one data set, protocol and view, chosen by options, for drawings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import typer

from groupbench.core.errors import ConfigError, unknown

if TYPE_CHECKING:
    from groupbench.core.arrays import BoolArray, FloatArray, IntArray
    from groupbench.report.long import ResultKey
    from groupbench.report.options import ResultFilter
    from groupbench.results.store import RunRecord


@dataclass(frozen=True)
class PlotRows:
    """Rows in the order of a metric, best first; arrays are (n_rows,)."""

    title: str
    metric: str
    names: tuple[str, ...]
    means: FloatArray
    std: FloatArray
    seeds: IntArray
    seconds: FloatArray
    mb: FloatArray
    references: BoolArray

    def where(self, mask: BoolArray) -> PlotRows:
        """Some of the rows."""
        arrays = {
            name: getattr(self, name)[mask]
            for name in ("means", "std", "seeds", "seconds", "mb", "references")
        }
        return replace(self, names=tuple(np.array(self.names, dtype=object)[mask]), **arrays)


def plot_rows(results: Path, chosen: ResultFilter) -> PlotRows:
    """The rows with scores under the key that the options mean.

    Raises:
        ConfigError: if a name is unknown, several data sets, protocols or metrics are meant, or nothing is
            left.
        ResultError: if the folder holds no results.
    """
    from groupbench.metrics import lower_is_better
    from groupbench.report.long import REFERENCES
    from groupbench.report.select import gather, only_metric

    records = _records(results, chosen)
    options = chosen.table_options()
    options["metrics"] = chosen.metrics or "ndcg"
    report = gather(records, **options)
    metric, aggregators = only_metric(report), report.aggregator.split(",")
    key = one_key([section.key for section in report.sections])
    section = next(section for section in report.sections if section.key == key)
    rows = [row for row in section.rows if not np.isnan(row.mean(0))]
    if not rows:
        raise ConfigError(f"no row of {title_of(key)} has {metric}; choose other --metrics or another --view")
    sign = 1.0 if lower_is_better(metric) else -1.0
    rows.sort(key=lambda row: sign * row.mean(0))
    scores = [row.scores["expected"] for row in rows]
    return PlotRows(
        title=title_of(key) + (" (simulated data)" if section.simulated else ""),
        metric=metric,
        names=tuple(_name(*row.id, aggregators) for row in rows),
        means=np.array([s.mean[0] for s in scores]),
        std=np.array([s.std[0] for s in scores]),
        seeds=np.array([s.seeds[0] for s in scores]),
        seconds=np.array([row.seconds for row in rows]),
        mb=np.array([row.peak_mb for row in rows]),
        references=np.array([row.name in REFERENCES for row in rows]),
    )


@dataclass(frozen=True)
class KindRows:
    """Rows by kinds of groups, the best first; means are (n_rows, n_kinds)."""

    title: str
    metric: str
    names: list[str]
    kinds: list[str]
    means: FloatArray


def cost_of(rows: PlotRows, cost: str) -> tuple[PlotRows, FloatArray, str]:
    """The competing rows whose cost is known and above zero, the costs, and their unit.

    Raises:
        ConfigError: if the cost is unknown or no row has it.
    """
    costs = {"seconds": (rows.seconds, "seconds of a job"), "memory": (rows.mb, "growth of memory, MiB")}
    if cost not in costs:
        raise ConfigError(unknown("cost", cost, costs))
    values, unit = costs[cost]
    competing = (values > 0) & ~rows.references
    if not competing.any():
        raise ConfigError(f"no row of {rows.title} but references has a cost in {cost}; run more methods")
    return rows.where(competing), values[competing], unit


def by_kind(results: Path, chosen: ResultFilter, *, by: str) -> KindRows:
    """The means of rows by kinds of groups.

    Raises:
        ConfigError: if a name is unknown, several keys are meant, or no run stored its groups.
        ResultError: if the folder holds no results or a file in it cannot be read.
    """
    from groupbench.metrics import lower_is_better
    from groupbench.report.breakdown import breakdown_frame
    from groupbench.report.long import ResultKey
    from groupbench.report.resolution import aggregators_meant

    records = _records(results, chosen)
    aggregator = chosen.aggregator or "average"
    frame = breakdown_frame(
        results,
        records,
        by=by,
        metric=chosen.one("metrics") or "ndcg",
        k=chosen.k,
        aggregator=aggregator,
        methods=chosen.methods,
        views=chosen.views or "all",
    )
    metric = str(frame["metric"].iloc[0])
    columns = ["dataset", "protocol", "view"]
    key = one_key([ResultKey(*map(str, row)) for row in frame[columns].drop_duplicates().to_numpy()])
    rows = frame[(frame[columns] == list(key)).all(axis=1)]
    kinds = list(dict.fromkeys(rows["kind"]))
    wide = rows.pivot_table(index=["method", "aggregator"], columns="kind", values="mean", sort=False)
    merit = wide.mean(axis=1).sort_values(ascending=lower_is_better(metric), kind="stable")
    wide = wide.loc[merit.index]
    aggregators = aggregators_meant(records, aggregator)
    names = [_name(str(method), str(name), aggregators) for method, name in wide.index]
    label = " (simulated data)" if bool(rows["simulated"].iloc[0]) else ""
    means = wide[kinds].to_numpy(dtype=np.float64)
    return KindRows(title_of(key) + label, metric, names, kinds, means)


def _records(results: Path, chosen: ResultFilter) -> Sequence[RunRecord]:
    """The records to choose from."""
    from groupbench.api import load_records

    chosen.one("views")
    return load_records(results, chosen.dataset, protocols=chosen.protocol)


def one_key(keys: Sequence[ResultKey]) -> ResultKey:
    """The one key that is left; of several views the first.

    Raises:
        ConfigError: if more than one data set or protocol is left.
    """
    left = list(keys)
    for part, kind in enumerate(("data set", "protocol")):
        known = list(dict.fromkeys(key[part] for key in left))
        if len(known) > 1:
            option = kind.replace(" ", "")
            raise ConfigError(f"several {kind}s are there; choose one: --{option} {' or '.join(known)}")
    return left[0]


def title_of(key: ResultKey) -> str:
    """Data set, protocol and view."""
    return f"{key.dataset}, protocol {key.protocol}, view {key.view}"


def print_drawn(output: Path, rows: PlotRows) -> None:
    """Say what was drawn."""
    typer.echo(f"{len(rows.names)} rows, {rows.title}: drawn in {output}")


def _name(method: str, aggregator: str, aggregators: Sequence[str]) -> str:
    """The method, with its aggregator where that is not the one asked for."""
    return method if [aggregator] == list(aggregators) or aggregator == "none" else f"{method} ({aggregator})"
