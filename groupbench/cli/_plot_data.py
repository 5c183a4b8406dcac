"""The scores of one data set, protocol and view, chosen by options, for drawings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import typer

from groupbench.cli._options import split_names
from groupbench.core.errors import ConfigError, unknown

if TYPE_CHECKING:
    from groupbench.core.arrays import BoolArray, FloatArray, IntArray
    from groupbench.report.long import ResultKey
    from groupbench.results.store import RunRecord

KeyOptions = tuple[str | None, str | None, str | None]
"""Data set, protocol and view as options give them."""


@dataclass(frozen=True)
class PlotRows:
    """Rows in the order of a metric, best first; arrays are (n_rows,)."""

    title: str
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


def plot_rows(
    results: Path, asked: KeyOptions, metric: str, aggregator: str, methods: Sequence[str] | None
) -> PlotRows:
    """The rows with scores under the key that the options mean.

    Raises:
        ConfigError: if a name is unknown, several data sets or protocols are there, or nothing is left.
        ResultError: if the folder holds no results.
    """
    from groupbench.metrics import lower_is_better
    from groupbench.report.long import REFERENCES
    from groupbench.report.select import gather

    records, asked = _records(results, asked)
    report = gather(records, views=asked[2], metrics=metric, aggregator=aggregator)
    key = one_key([section.key for section in report.sections], asked)
    section = next(section for section in report.sections if section.key == key)
    wanted = _wanted(methods, [row.method for row in section.rows])
    rows = [row for row in section.rows if row.method in wanted and not np.isnan(row.mean(0))]
    if not rows:
        raise ConfigError(f"no row of {title_of(key)} has {metric}; choose another --metric or --view")
    sign = 1.0 if lower_is_better(metric) else -1.0
    rows.sort(key=lambda row: sign * row.mean(0))
    scores = [row.scores["expected"] for row in rows]
    return PlotRows(
        title=title_of(key) + (" (simulated data)" if section.simulated else ""),
        names=tuple(_name(*row.id, aggregator) for row in rows),
        means=np.array([s.mean[0] for s in scores]),
        std=np.array([s.std[0] for s in scores]),
        seeds=np.array([s.seeds[0] for s in scores]),
        seconds=np.array([row.seconds for row in rows]),
        mb=np.array([row.peak_mb for row in rows]),
        joules=np.array([row.joules for row in rows]),
        references=np.array([row.name in REFERENCES for row in rows]),
    )


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
    if cost not in costs:
        raise ConfigError(unknown("cost", cost, costs))
    values, unit = costs[cost]
    competing = (values > 0) & ~rows.references
    if not competing.any():
        raise ConfigError(
            f"no row of {rows.title} but references has a cost in {cost}; "
            "run more methods, or take another --cost"
        )
    return rows.where(competing), values[competing], unit


def by_kind(
    results: Path, asked: KeyOptions, metric: str, aggregator: str, methods: Sequence[str] | None, *, by: str
) -> tuple[list[str], list[str], FloatArray, str]:
    """Names of rows, kinds of groups, means (n_rows, n_kinds) and the title.

    Raises:
        ConfigError: if a name is unknown, several keys are meant, or no run stored its groups.
        ResultError: if the folder holds no results or a file in it cannot be read.
    """
    from groupbench.metrics import lower_is_better
    from groupbench.report.breakdown import breakdown_frame
    from groupbench.report.long import ResultKey

    records, asked = _records(results, asked)
    frame = breakdown_frame(results, records, by=by, metric=metric, aggregator=aggregator)
    columns = ["dataset", "protocol", "view"]
    keys = [ResultKey(*map(str, row)) for row in frame[columns].drop_duplicates().to_numpy()]
    key = one_key(keys, asked)
    rows = frame[(frame[columns] == list(key)).all(axis=1)]
    rows = rows[rows["method"].isin(_wanted(methods, list(rows["method"])))]
    kinds = list(dict.fromkeys(rows["kind"]))
    wide = rows.pivot_table(index=["method", "aggregator"], columns="kind", values="mean", sort=False)
    merit = wide.mean(axis=1).sort_values(ascending=lower_is_better(metric), kind="stable")
    wide = wide.loc[merit.index]
    names = [_name(str(method), str(name), aggregator) for method, name in wide.index]
    label = " (simulated data)" if bool(rows["simulated"].iloc[0]) else ""
    return names, kinds, wide[kinds].to_numpy(dtype=np.float64), title_of(key) + label


def _records(results: Path, asked: KeyOptions) -> tuple[Sequence[RunRecord], KeyOptions]:
    """The records to choose from, and the options without the content hash in `NAME@HASH`."""
    from groupbench.api import load_records

    name, at, _ = (asked[0] or "").partition("@")
    if asked[0] is None or not at:
        return load_records(results), asked
    return load_records(results, [asked[0]]), (name, *asked[1:])


def one_key(keys: Sequence[ResultKey], asked: KeyOptions) -> ResultKey:
    """The one key that the options mean; of several views the first.

    Raises:
        ConfigError: if a name is unknown or more than one data set or protocol is left.
    """
    left = list(keys)
    for part, kind, name in zip(range(3), ("data set", "protocol", "view"), asked, strict=True):
        known = list(dict.fromkeys(key[part] for key in left))
        if name is not None and name not in known:
            raise ConfigError(unknown(f"{kind} of these results", name, known))
        if name is None and len(known) > 1 and kind != "view":
            option = kind.replace(" ", "")
            raise ConfigError(f"several {kind}s are there; choose one: --{option} {' or '.join(known)}")
        left = [key for key in left if key[part] == (known[0] if name is None else name)]
    return left[0]


def title_of(key: ResultKey) -> str:
    """Data set, protocol and view."""
    return f"{key.dataset}, protocol {key.protocol}, view {key.view}"


def print_drawn(output: Path, rows: PlotRows) -> None:
    """Say what was drawn."""
    typer.echo(f"{len(rows.names)} rows, {rows.title}: drawn in {output}")


def _wanted(methods: Sequence[str] | None, known: Sequence[str]) -> set[str]:
    names = split_names(None if methods is None else list(methods), "methods")
    for name in names or ():
        if name not in known:
            raise ConfigError(unknown("method of these results", name, set(known)))
    return set(known if names is None else names)


def _name(method: str, aggregator: str, asked: str) -> str:
    """The method, with its aggregator where that is not the one asked for."""
    return method if aggregator in (asked, "none") else f"{method} ({aggregator})"
