"""The figures of one data set, protocol and view, chosen by options, for drawings."""

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
    from groupbench.report.lines import Place
    from groupbench.results.store import RunRecord

Asked = tuple[str | None, str | None, str | None]
"""Data set, protocol and view as options give them."""


@dataclass(frozen=True)
class Rows:
    """Rows in the order of a metric, best first; arrays are (n_rows,)."""

    title: str
    names: tuple[str, ...]
    means: FloatArray
    std: FloatArray
    seeds: IntArray
    seconds: FloatArray
    mb: FloatArray
    references: BoolArray

    def where(self, kept: BoolArray) -> Rows:
        """Some of the rows."""
        arrays = {
            name: getattr(self, name)[kept]
            for name in ("means", "std", "seeds", "seconds", "mb", "references")
        }
        return replace(self, names=tuple(np.array(self.names, dtype=object)[kept]), **arrays)


def at_place(
    results: Path, asked: Asked, metric: str, aggregator: str, methods: Sequence[str] | None
) -> Rows:
    """The rows with figures at the place that the options mean.

    Raises:
        ConfigError: if a name is unknown, several data sets or protocols are there, or nothing is left.
        ResultError: if the folder holds no results.
    """
    from groupbench.api import load_records
    from groupbench.report.lines import REFERENCES, lower_is_better
    from groupbench.report.select import gather

    report = gather(load_records(results), views=asked[2], metrics=metric, aggregator=aggregator)
    place = one_place([block.place for block in report.blocks], asked)
    block = next(block for block in report.blocks if block.place == place)
    wanted = _wanted(methods, [line.method for line in block.lines])
    lines = [
        line
        for line in block.lines
        if line.method in wanted and not np.isnan(line.spreads["expected"].mean[0])
    ]
    if not lines:
        raise ConfigError(f"no row of {title_of(place)} has {metric}; choose another --metric or --view")
    sign = 1.0 if lower_is_better(metric) else -1.0
    lines.sort(key=lambda line: sign * float(line.spreads["expected"].mean[0]))
    spreads = [line.spreads["expected"] for line in lines]
    return Rows(
        title=title_of(place) + (" (simulated data)" if block.simulated else ""),
        names=tuple(_name(line.method, line.aggregator, aggregator) for line in lines),
        means=np.array([s.mean[0] for s in spreads]),
        std=np.array([s.std[0] for s in spreads]),
        seeds=np.array([s.seeds[0] for s in spreads]),
        seconds=np.array([line.seconds for line in lines]),
        mb=np.array([line.peak_mb for line in lines]),
        references=np.array([line.name in REFERENCES for line in lines]),
    )


def cost_of(rows: Rows, cost: str) -> tuple[Rows, FloatArray, str]:
    """The competing rows whose cost is known and above zero, the costs, and their unit.

    Raises:
        ConfigError: if the cost is unknown or no row has it.
    """
    costs = {"seconds": (rows.seconds, "seconds of a job"), "memory": (rows.mb, "growth of memory, MiB")}
    if cost not in costs:
        raise ConfigError(unknown("cost", cost, costs))
    values, unit = costs[cost]
    kept = (values > 0) & ~rows.references
    if not kept.any():
        raise ConfigError(f"no row of {rows.title} but references has a cost in {cost}; run more methods")
    return rows.where(kept), values[kept], unit


def by_kind(
    results: Path, asked: Asked, metric: str, aggregator: str, methods: Sequence[str] | None, *, by: str
) -> tuple[list[str], list[str], FloatArray, str]:
    """Names of rows, kinds of groups, means (n_rows, n_kinds) and the title.

    Raises:
        ConfigError: if a name is unknown, several places are meant, or no run kept its groups.
        ResultError: if the folder holds no results or a file in it cannot be read.
    """
    from groupbench.api import load_records
    from groupbench.report.breakdown import breakdown_frame
    from groupbench.report.lines import Place, lower_is_better

    records: list[RunRecord] = load_records(results)
    frame = breakdown_frame(results, records, by=by, metric=metric, aggregator=aggregator)
    columns = ["dataset", "protocol", "view"]
    places = [Place(*map(str, row)) for row in frame[columns].drop_duplicates().to_numpy()]
    place = one_place(places, asked)
    rows = frame[(frame[columns] == list(place)).all(axis=1)]
    rows = rows[rows["method"].isin(_wanted(methods, list(rows["method"])))]
    kinds = list(dict.fromkeys(rows["kind"]))
    wide = rows.pivot_table(index=["method", "aggregator"], columns="kind", values="mean", sort=False)
    merit = wide.mean(axis=1).sort_values(ascending=lower_is_better(metric), kind="stable")
    wide = wide.loc[merit.index]
    names = [_name(str(method), str(own), aggregator) for method, own in wide.index]
    label = " (simulated data)" if bool(rows["simulated"].iloc[0]) else ""
    return names, kinds, wide[kinds].to_numpy(dtype=np.float64), title_of(place) + label


def one_place(places: Sequence[Place], asked: Asked) -> Place:
    """The one place that the options mean; of several views the first.

    Raises:
        ConfigError: if a name is unknown or more than one data set or protocol is left.
    """
    left = list(places)
    for part, kind, name in zip(range(3), ("data set", "protocol", "view"), asked, strict=True):
        known = list(dict.fromkeys(place[part] for place in left))
        if name is not None and name not in known:
            raise ConfigError(unknown(f"{kind} of these results", name, known))
        if name is None and len(known) > 1 and kind != "view":
            option = kind.replace(" ", "")
            raise ConfigError(f"several {kind}s are there; choose one: --{option} {' or '.join(known)}")
        left = [place for place in left if place[part] == (known[0] if name is None else name)]
    return left[0]


def title_of(place: Place) -> str:
    """A place in words."""
    return f"{place.dataset}, protocol {place.protocol}, view {place.view}"


def told(output: Path, rows: Rows) -> None:
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
