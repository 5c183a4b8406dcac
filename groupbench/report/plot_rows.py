"""The scores of one data set, protocol and view, chosen by options, for drawings."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.errors import ConfigError, GroupbenchWarning, ResultError
from groupbench.core.names import one_of
from groupbench.metrics import lower_is_better
from groupbench.report.breakdown import breakdown_frame
from groupbench.report.entity_scores import EntityReader
from groupbench.report.long import REFERENCES, ResultKey
from groupbench.report.names import Wording
from groupbench.report.resolution import aggregators_meant, usual_metric
from groupbench.report.select import Section, gather, only_metric

if TYPE_CHECKING:
    from groupbench.core.arrays import BoolArray, FloatArray, IntArray
    from groupbench.report.aggregate import ResultRow
    from groupbench.report.options import ResultFilter
    from groupbench.results.selection import Selection


@dataclass(frozen=True)
class PlotRows:
    """Rows in the order of a metric, best first; arrays are (n_rows,).

    Attributes:
        title: data set, protocol and view.
        metric: the metric.
        names: method, and aggregator where it is not the usual one.
        means: over seeds.
        std: standard deviation over seeds.
        seeds: number of seeds.
        seconds: wall-clock seconds of the whole job.
        mb: MiB that the job's memory grew by.
        joules: of the whole job.
        references: which are reference rows.
    """

    title: str
    metric: str
    names: tuple[str, ...]
    means: FloatArray
    std: FloatArray
    seeds: IntArray
    seconds: FloatArray
    mb: FloatArray
    joules: FloatArray
    references: BoolArray

    def where(self, mask: BoolArray) -> PlotRows:
        """Some of the rows."""
        arrays = {
            name: getattr(self, name)[mask]
            for name in ("means", "std", "seeds", "seconds", "mb", "joules", "references")
        }
        return replace(self, names=tuple(np.array(self.names, dtype=object)[mask]), **arrays)


def plot_rows(records: Selection, chosen: ResultFilter) -> PlotRows:
    """The rows with scores under the key that the options mean.

    Raises:
        ConfigError: if a name is unknown, several data sets, protocols or metrics are meant, or nothing is
            left.
    """
    section, rows, metric, names = _rows(records, chosen)
    scores = [row.scores["expected"] for row in rows]
    return PlotRows(
        title=_title(section.key, section.simulated),
        metric=metric,
        names=names,
        means=np.array([s.mean[0] for s in scores]),
        std=np.array([s.std[0] for s in scores]),
        seeds=np.array([s.seeds[0] for s in scores]),
        seconds=np.array([row.seconds for row in rows]),
        mb=np.array([row.peak_mb for row in rows]),
        joules=np.array([row.joules for row in rows]),
        references=np.array([row.name in REFERENCES for row in rows]),
    )


@dataclass(frozen=True)
class KindRows:
    """Rows by kinds of groups, the best first; means are (n_rows, n_kinds), `apart` kinds have no order.

    Attributes:
        title: data set, protocol and view.
        metric: the metric.
        names: of the rows.
        kinds: of groups, in their order.
        means: over groups and seeds, NaN without a group of the kind.
        apart: those of `kinds` that stand apart.
    """

    title: str
    metric: str
    names: list[str]
    kinds: list[str]
    means: FloatArray
    apart: tuple[str, ...]


@dataclass(frozen=True)
class ValueRows:
    """Rows in the order of a metric, best first, with the values of every list and seed, (n_lists,) each.

    Attributes:
        title: data set, protocol and view.
        metric: the metric.
        unit: `group` or `user`.
        names: of the rows.
        values: of each row.
    """

    title: str
    metric: str
    unit: str
    names: tuple[str, ...]
    values: list[FloatArray]


def value_rows(results: Path, records: Selection, chosen: ResultFilter) -> ValueRows:
    """The values of single groups or users, of the rows that `plot_rows` would give.

    Raises:
        ConfigError: as of `plot_rows`.
        ResultError: if a file of values cannot be read, or runs evaluated different lists.
    """
    section, rows, metric, names = _rows(records, chosen)
    reader = EntityReader(results, [metric])
    lost = [reader.lacks(section.records, section.key, row.id) for row in rows]
    kept = [row for row, gone in zip(rows, lost, strict=True) if not gone]
    if not kept:
        raise ResultError(
            f"{results} keeps no values of single users or groups of these rows; do the runs yourself"
        )
    if any(lost):
        left_out = ", ".join(name for name, gone in zip(names, lost, strict=True) if gone)
        warnings.warn(
            f"left out, as their values of single users or groups are not kept: {left_out}",
            GroupbenchWarning,
            stacklevel=3,
        )
    scores = reader.scores(section.records, section.key, [row.id for row in kept])
    values = [scores.values[row.id][:, 0] for row in kept]
    shown = tuple(name for name, gone in zip(names, lost, strict=True) if not gone)
    return ValueRows(_title(section.key, section.simulated), metric, section.unit, shown, values)


def _rows(records: Selection, chosen: ResultFilter) -> tuple[Section, list[ResultRow], str, tuple[str, ...]]:
    """The section that is meant, its rows with the metric, best first, the metric, and the rows' names."""
    chosen.one("views")
    options = chosen.table_options()
    options["metrics"] = chosen.metrics or usual_metric(records, chosen.views, chosen.k)
    report = gather(records, **options)
    metric, aggregators = only_metric(report), report.aggregator.split(",")
    key = one_key([section.key for section in report.sections])
    section = next(section for section in report.sections if section.key == key)
    rows = [row for row in section.rows if not np.isnan(row.mean(0))]
    if not rows:
        where = _title(key, section.simulated)
        raise ConfigError(
            f"no row of {where} has {metric or 'a metric'}; choose other --metrics or another --view"
        )
    sign = 1.0 if lower_is_better(metric) else -1.0
    rows.sort(key=lambda row: sign * row.mean(0))
    return section, rows, metric, tuple(_name(*row.id, aggregators) for row in rows)


def cost_of(rows: PlotRows, cost: str) -> tuple[PlotRows, FloatArray, str]:
    """The competing rows whose cost is known and above zero, the costs, and their unit.

    Raises:
        ConfigError: if the cost is unknown or no row has it.
    """
    costs = {
        "seconds": (rows.seconds, "seconds of a job"),
        "memory": (rows.mb, "growth of memory, MiB"),
        "energy": (rows.joules, "energy of a job, J"),
    }
    cost = one_of("cost", cost, costs)
    values, unit = costs[cost]
    competing = (values > 0) & ~rows.references
    if not competing.any():
        raise ConfigError(
            f"no row of {rows.title} but references has a cost in {cost}; "
            "run more methods, or take another --cost"
        )
    return rows.where(competing), values[competing], unit


def by_kind(results: Path, records: Selection, chosen: ResultFilter, *, by: str) -> KindRows:
    """The means of rows by kinds of groups.

    Raises:
        ConfigError: if a name is unknown, several keys are meant, or no run stored its groups.
        ResultError: if a file of the results cannot be read.
    """
    chosen.one("views")
    aggregator = chosen.aggregator or "average"
    frame = breakdown_frame(
        results,
        records,
        by=by,
        metric=chosen.one("metrics"),
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
    means = wide[kinds].to_numpy(dtype=np.float64)
    title = _title(key, bool(rows["simulated"].iloc[0]))
    return KindRows(title, metric, names, kinds, means, apart=(f"no {by}",))


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


def _title(key: ResultKey, simulated: bool) -> str:
    """Data set, protocol and view, and whether a program made the data."""
    data = Wording(printed=True).data(key.dataset, simulated=simulated)
    return f"{data}, protocol {key.protocol}, view {key.view}"


def _name(method: str, aggregator: str, aggregators: Sequence[str]) -> str:
    """The method, with its aggregator where that is not the one asked for."""
    return method if [aggregator] == list(aggregators) or aggregator == "none" else f"{method} ({aggregator})"
