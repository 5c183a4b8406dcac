"""What a table shows: which views, metrics and aggregators are meant, and the rows that answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, Unpack

import numpy as np

from groupbench.core.errors import ConfigError, ResultError
from groupbench.core.names import one_of
from groupbench.core.text import count
from groupbench.metrics import lower_is_better
from groupbench.report.aggregate import ResultRow, aggregate, unfinished
from groupbench.report.long import TIE_RULES, ResultKey, long_frame
from groupbench.report.published import reported_rows
from groupbench.report.resolution import (
    WITHOUT_AGGREGATOR,
    Names,
    aggregators_meant,
    evaluated_views,
    methods_meant,
    metrics_meant,
    views_meant,
)
from groupbench.report.significance import Significance, test_rows
from groupbench.report.verdicts import Tested
from groupbench.results.facts import is_registered
from groupbench.results.selection import select
from groupbench.results.store import RunRecord

if TYPE_CHECKING:
    import pandas as pd


class TableOptions(TypedDict, total=False):
    """What a table is asked to show."""

    methods: Names
    """Labels or names of methods, or None for all; random and oracle bound the norm, chosen or not."""
    views: Names
    """Names of views, `all`, or None for rated-group and rated-user where they were evaluated."""
    metrics: Names
    """Names of metrics, `all`, or None for precision, recall and NDCG."""
    k: Sequence[int] | None
    """The K of metrics that are named without one; default: 10."""
    aggregator: Names
    """Names (with them come the rows that need none; default: average), `all`, or `best` for each method's
    best in the first metric, picked on the held-out rows."""
    ties: str | None
    """`expected`, `best`, `worst`, or `all` for expected with the bounds; adds the share of ties."""
    against: str | None
    """`reported` to add the values that papers print for the same data and view."""
    significance: Significance | None
    """How to test which rows differ from a reference; None for no tests."""


@dataclass(frozen=True)
class Section:
    """All that is known under one key.

    Attributes:
        key: data set, protocol and view; the view is empty where no job was evaluated in any.
        records: the records of its data set and protocol.
        rows: the chosen rows with values, by method and aggregator.
        unfinished: rows without values.
        reported: rows from papers.
        random: the reference row `random`, chosen or not.
        oracle: the reference row `oracle`, chosen or not.
        tested: which rows differ from a reference, if that was asked for.
        hidden: how many methods that compete have values here and were not chosen.
    """

    key: ResultKey
    records: tuple[RunRecord, ...]
    rows: tuple[ResultRow, ...]
    unfinished: tuple[ResultRow, ...]
    reported: tuple[ResultRow, ...]
    random: ResultRow | None
    oracle: ResultRow | None
    tested: Tested | None = None
    hidden: int = 0

    @property
    def simulated(self) -> bool:
        """Whether a program made the data."""
        return any(record.simulated for record in self.records)

    @property
    def seeds(self) -> int:
        """Number of seeds that any method was run with."""
        return len({record.seed for record in self.records})

    @property
    def unit(self) -> str:
        """What the view has values of: `user`, `group`, or `list` where an entity has several."""
        several = self.key.view.startswith("sampled")
        return "list" if several else str(next(iter(self.facts("entity")), "list"))

    def seeds_with(self, metric: str, methods: Collection[str]) -> set[int]:
        """The seeds in which any of these methods has the metric here, with whatever aggregator."""
        return {
            record.seed
            for record in self.records
            if record.method in methods and record.status == "done"
            for entry in record.metrics
            if entry.view == self.key.view and not np.isnan(entry.values.get(metric, np.nan))
        }

    def fewer(self, method: str) -> dict[str, float]:
        """Of the metrics that not all who are evaluated have: how many have them, mean over seeds."""
        runs = [r for r in self.records if r.method == method and r.status == "done"]
        views = [run.views.get(self.key.view, {}) for run in runs]
        names = {name for facts in views for name in facts.get("defined", ())}
        return {
            name: float(np.mean([facts.get("defined", {}).get(name, facts["entities"]) for facts in views]))
            for name in names
        }

    def facts(self, name: str) -> list[float | str]:
        """What the records say of `name` in this view, each value once, in order of first mention."""
        known = (record.views.get(self.key.view, {}).get(name) for record in self.records)
        return list(dict.fromkeys(fact for fact in known if fact is not None and fact != ""))


@dataclass(frozen=True)
class Report:
    """The sections of a table and how they were chosen.

    Attributes:
        metrics: the metrics of the rows' statistics, in order.
        aggregator: `best`, `all` or names with commas between them.
        ties: `expected`, `best`, `worst`, `all`, or None for expected without a word on ties.
        against: `reported` where values from papers were asked for, else None.
        sections: one per data set, protocol and shown view.
        other_views: evaluated views that are not shown.
        not_evaluated: where a view could not be evaluated at all, and why.
        frame: the long results frame that the rows were made from.
        left_out: which records do not stand with the others, and why, one line each.
        named: whether each metric was asked for by its name.
    """

    metrics: tuple[str, ...]
    aggregator: str
    ties: str | None
    against: str | None
    sections: tuple[Section, ...]
    other_views: tuple[str, ...]
    not_evaluated: tuple[str, ...]
    frame: pd.DataFrame
    left_out: tuple[str, ...] = ()
    named: bool = False

    @property
    def rows(self) -> list[ResultRow]:
        """The rows with values of all sections."""
        return [row for section in self.sections for row in section.rows]


def gather(records: Sequence[RunRecord], **options: Unpack[TableOptions]) -> Report:
    """Choose and aggregate those of the records that stand together (`groupbench.results.selection.select`).

    Raises:
        ResultError: if there are no records, or those to be tested cannot be paired.
        ConfigError: if a view, metric, aggregator, tie rule, comparison or reference is unknown.
    """
    if not records:
        raise ResultError("there are no results to show; make some with 'groupbench run'")
    ties, against = options.get("ties"), options.get("against")
    significance = options.get("significance")
    ties = ties and one_of("tie rule", ties, (*TIE_RULES, "all"))
    against = against and one_of("comparison", against, ("reported",))
    records = select(records)
    named = options.get("metrics")
    aggregators = aggregators_meant(records, options.get("aggregator"))
    metrics = metrics_meant(records, options.get("metrics"), options.get("k"))
    methods = methods_meant(records, options.get("methods"))
    views = options.get("views")
    evaluated = evaluated_views(records, [views] if isinstance(views, str) else views or ())
    keys, hidden = views_meant(evaluated, views)
    frame = long_frame((r for r in records if r.status == "done"), keys=set(keys), metrics=metrics)
    rows: dict[ResultKey, list[ResultRow]] = defaultdict(list)
    for row in aggregate(frame, keys, metrics):
        rows[row.key].append(row)
    by_protocol: dict[tuple[str, str], list[RunRecord]] = defaultdict(list)
    for record in records:
        by_protocol[record.dataset, record.protocol].append(record)
    chosen = {key: _choose(rows[key], methods, aggregators, metrics) for key in keys}
    tested = test_rows(significance, chosen, by_protocol, metrics) if significance else {}
    sections = tuple(
        Section(
            key,
            tuple(by_protocol[key[:2]]),
            tuple(chosen[key]),
            tuple(
                row
                for row in unfinished(by_protocol[key[:2]], key, {row.method for row in chosen[key]})
                if methods is None or row.method in methods
            ),
            _reported(key, metrics, by_protocol[key[:2]]) if against else (),
            _reference(rows[key], "random"),
            _reference(rows[key], "oracle"),
            tested.get(key),
            0 if methods is None else len({r.method for r in rows[key] if r.competes} - set(methods)),
        )
        for key in keys
    )
    sections, empty = _with_rows(sections, methods)
    return Report(
        *(metrics, ",".join(aggregators), ties, against, sections, hidden, _not_evaluated(records), frame),
        left_out=(*records.notes, *empty),
        named=named is not None and not set("*?") & set("".join(named)) and "all" not in named,
    )


def _with_rows(
    sections: tuple[Section, ...], methods: Sequence[str] | None
) -> tuple[tuple[Section, ...], tuple[str, ...]]:
    """The sections that have rows of the methods, all if none has, and a line on the others."""
    shown = tuple(section for section in sections if section.rows or section.unfinished)
    empty = [", ".join(s.key) for s in sections if not (s.rows or s.unfinished)]
    if methods is None or not shown or not empty:
        return sections, ()
    more = f" and {count(len(empty) - 1, 'more view')}" if len(empty) > 1 else ""
    return shown, (f"no row of these methods in {empty[0]}{more}; name others with --methods",)


def only_metric(report: Report) -> str:
    """The metric of a report that is to have one; empty where no job has any.

    Raises:
        ConfigError: if it has several.
    """
    if len(report.metrics) > 1:
        raise ConfigError(f"--metrics means {', '.join(report.metrics)}; name one at a time here")
    return "".join(report.metrics)


def _not_evaluated(records: Sequence[RunRecord]) -> tuple[str, ...]:
    """One sentence for each view in which no record had anything to evaluate."""
    evaluated = evaluated_views(records)
    return tuple(
        dict.fromkeys(
            f"{record.dataset}, protocol {record.protocol}: {facts['reason']}"
            for record in records
            for view, facts in record.views.items()
            if view not in evaluated[record.dataset, record.protocol]
        )
    )


def _choose(
    rows: Sequence[ResultRow],
    methods: Sequence[str] | None,
    aggregators: Sequence[str],
    metrics: Sequence[str],
) -> list[ResultRow]:
    rows = [row for row in rows if methods is None or row.method in methods]
    if "all" in aggregators:
        return rows
    if "best" not in aggregators:
        return [row for row in rows if row.aggregator in (*aggregators, *WITHOUT_AGGREGATOR)]
    by_method: dict[str, list[ResultRow]] = defaultdict(list)
    for row in rows:
        by_method[row.method].append(row)
    return [max(rivals, key=lambda row: _merit(row, metrics)) for rivals in by_method.values()]


def _merit(row: ResultRow, metrics: Sequence[str]) -> float:
    """The mean of the first metric that was measured, so that higher is better."""
    for index, metric in enumerate(metrics):
        if not np.isnan(mean := row.mean(index)):
            return -mean if lower_is_better(metric) else mean
    return -np.inf


def _reported(key: ResultKey, metrics: Sequence[str], records: Sequence[RunRecord]) -> tuple[ResultRow, ...]:
    """The rows from papers; none beside a folder that only has the name of their data set."""
    return tuple(reported_rows(key, metrics)) if all(map(is_registered, records)) else ()


def _reference(rows: Sequence[ResultRow], name: str) -> ResultRow | None:
    """The reference row of that name; where it was aggregated, the one without or with `average`."""
    named = [row for row in rows if row.name == name]
    usual = ("none", "own", "average")
    return min(named, key=lambda row: (row.aggregator not in usual, row.aggregator), default=None)
