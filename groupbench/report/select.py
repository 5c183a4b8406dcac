"""What a table shows: which views, metrics and aggregators are meant, and the rows that answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypedDict, Unpack

import numpy as np

from groupbench.core.errors import ConfigError, ResultError, unknown
from groupbench.evaluation.views import VIEWS
from groupbench.metrics import explain, lower_is_better, standard_name
from groupbench.report.aggregate import ResultRow, aggregate, unfinished
from groupbench.report.long import TIE_RULES, ResultKey, long_frame
from groupbench.report.published import reported_rows
from groupbench.report.significance import Significance, Tested, test_rows
from groupbench.results.selection import is_registered, select
from groupbench.results.store import RunRecord

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_METRICS = ("precision@10", "recall@10", "ndcg@10")
DEFAULT_VIEWS = ("rated-group", "rated-user")
WITHOUT_AGGREGATOR = ("none", "own")

Names = str | Sequence[str] | None
"""A name or several; `all` stands for every one, None for the usual ones."""


class TableOptions(TypedDict, total=False):
    """What a table is asked to show."""

    views: Names
    """Names of views, `all`, or None for rated-group and rated-user where they were evaluated."""
    metrics: Names
    """Names of metrics, `all`, or None for precision, recall and NDCG at 10."""
    aggregator: str
    """A name (with it come the rows that need none; default: average), `all`, or `best` for each method's
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
    """

    key: ResultKey
    records: tuple[RunRecord, ...]
    rows: tuple[ResultRow, ...]
    unfinished: tuple[ResultRow, ...]
    reported: tuple[ResultRow, ...]
    random: ResultRow | None
    oracle: ResultRow | None
    tested: Tested | None = None

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

    @property
    def title(self) -> str:
        """Data set, whether it is simulated, and protocol."""
        label = " (simulated data)" if self.simulated else ""
        return f"{self.key.dataset}{label}, protocol {self.key.protocol}"

    def facts(self, name: str) -> list[float | str]:
        """What the records say of `name` in this view, each value once, in order of first mention."""
        known = (record.views.get(self.key.view, {}).get(name) for record in self.records)
        return list(dict.fromkeys(fact for fact in known if fact is not None and fact != ""))


@dataclass(frozen=True)
class Report:
    """The sections of a table and how they were chosen.

    Attributes:
        metrics: the metrics of the rows' statistics, in order.
        aggregator: `best`, `all` or a name.
        ties: `expected`, `best`, `worst`, `all`, or None for expected without a word on ties.
        against: `reported` where values from papers were asked for, else None.
        sections: one per data set, protocol and shown view.
        other_views: evaluated views that are not shown.
        not_evaluated: where a view could not be evaluated at all, and why.
        frame: the long results frame that the rows were made from.
        left_out: which records do not stand with the others, and why, one line each.
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
    aggregator, ties = options.get("aggregator", "average"), options.get("ties")
    against, significance = options.get("against"), options.get("significance")
    _check("tie rule", ties, (*TIE_RULES, "all"))
    _check("comparison", against, ("reported",))
    records = select(records)
    _check_aggregator(records, aggregator)
    metrics = _metrics(records, options.get("metrics"))
    keys, hidden = _keys(records, options.get("views"))
    frame = long_frame((r for r in records if r.status == "done"), keys=set(keys), metrics=metrics)
    rows: dict[ResultKey, list[ResultRow]] = defaultdict(list)
    for row in aggregate(frame, keys, metrics):
        rows[row.key].append(row)
    by_protocol: dict[tuple[str, str], list[RunRecord]] = defaultdict(list)
    for record in records:
        by_protocol[record.dataset, record.protocol].append(record)
    chosen = {key: _choose(rows[key], aggregator, metrics) for key in keys}
    tested = test_rows(significance, chosen, by_protocol, metrics) if significance else {}
    sections = tuple(
        Section(
            key,
            tuple(by_protocol[key[:2]]),
            tuple(chosen[key]),
            tuple(unfinished(by_protocol[key[:2]], key, {row.method for row in chosen[key]})),
            _reported(key, metrics, by_protocol[key[:2]]) if against else (),
            _reference(rows[key], "random"),
            _reference(rows[key], "oracle"),
            tested.get(key),
        )
        for key in keys
    )
    return Report(
        *(metrics, aggregator, ties, against, sections, hidden, _not_evaluated(records), frame),
        left_out=records.notes,
    )


def _check(kind: str, name: str | None, known: Sequence[str]) -> None:
    if name is not None and name not in known:
        raise ConfigError(unknown(kind, name, known))


def _check_aggregator(records: Sequence[RunRecord], aggregator: str) -> None:
    known = {entry.aggregator for record in records for entry in record.metrics}
    if known - set(WITHOUT_AGGREGATOR):
        _check("aggregator in these results", aggregator, ("all", "best", *sorted(known)))


def _resolve(
    kind: str, names: Names, known: Sequence[str], check: Callable[[str], object]
) -> tuple[str, ...] | None:
    """The names asked for, all of them for `all`, or None for the usual ones.

    Where nothing is `known`, as every job failed, `check` has to raise an error for what never can be.
    """
    if names is None:
        return None
    asked = tuple(dict.fromkeys([names] if isinstance(names, str) else names))
    if "all" in asked:
        return tuple(known)
    for name in asked:
        if known:
            _check(f"{kind} in these results", name, known)
        else:
            check(name)
    return asked if known else ()


def _metrics(records: Sequence[RunRecord], metrics: Names) -> tuple[str, ...]:
    known = list(dict.fromkeys(name for r in records for entry in r.metrics for name in entry.values))
    named = [metrics] if isinstance(metrics, str) else metrics
    asked = _resolve("metric", None if named is None else [standard_name(m) for m in named], known, explain)
    if asked is not None:
        return asked
    return tuple(name for name in DEFAULT_METRICS if name in known) or tuple(known[:3])


def _keys(records: Sequence[RunRecord], views: Names) -> tuple[list[ResultKey], tuple[str, ...]]:
    """What to show, and the evaluated views that are left out."""
    evaluated = _evaluated_views(records, [views] if isinstance(views, str) else views or ())
    known = sorted(set().union(*evaluated.values()), key=lambda view: (view not in DEFAULT_VIEWS, view))
    asked = _resolve("view", views, known, partial(_check, "view", known=list(VIEWS)))
    shown = []
    for where, there in sorted(evaluated.items()):
        usual = [view for view in DEFAULT_VIEWS if view in there] or [v for v in known if v in there]
        chosen = usual if asked is None else [view for view in asked if view in there]
        shown += [ResultKey(*where, view) for view in (chosen if there else [""])]
    return shown, tuple(view for view in known if view not in {key.view for key in shown})


def _evaluated_views(
    records: Sequence[RunRecord], named: Sequence[str] = ()
) -> dict[tuple[str, str], set[str]]:
    """By data set and protocol the views in which there was something to evaluate, and the `named` ones."""
    views: dict[tuple[str, str], set[str]] = defaultdict(set)
    for record in records:
        applied = {view for view, facts in record.views.items() if facts.get("entities", 1) or view in named}
        views[record.dataset, record.protocol] |= applied | {entry.view for entry in record.metrics}
    return views


def _not_evaluated(records: Sequence[RunRecord]) -> tuple[str, ...]:
    """One sentence for each view in which no record had anything to evaluate."""
    evaluated = _evaluated_views(records)
    return tuple(
        dict.fromkeys(
            f"{record.dataset}, protocol {record.protocol}: {facts['reason']}"
            for record in records
            for view, facts in record.views.items()
            if view not in evaluated[record.dataset, record.protocol]
        )
    )


def _choose(rows: Sequence[ResultRow], aggregator: str, metrics: Sequence[str]) -> list[ResultRow]:
    if aggregator == "all":
        return list(rows)
    if aggregator != "best":
        return [row for row in rows if row.aggregator in (aggregator, *WITHOUT_AGGREGATOR)]
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
