"""What a table shows: which views, metrics and aggregators are meant, and the lines that answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from groupbench.core.errors import ConfigError, ResultError, unknown
from groupbench.evaluation.views import VIEWS
from groupbench.metrics import explain, standard_name
from groupbench.report.lines import TIE_RULES, Line, Place, judged, lower_is_better, unfinished
from groupbench.report.significance import Significance, Tested, judge_all
from groupbench.results.store import RunRecord, newest

DEFAULT_METRICS = ("precision@10", "recall@10", "ndcg@10")
DEFAULT_VIEWS = ("rated-group", "rated-user")
WITHOUT_AGGREGATOR = ("none", "own")

Names = str | Sequence[str] | None
"""A name or several; `all` stands for every one, None for the usual ones."""


@dataclass(frozen=True)
class Block:
    """All that is known at one place.

    Attributes:
        place: data set, protocol and view; the view is empty where no job has judged any.
        records: the records of its data set and protocol.
        lines: the chosen lines with figures, by method and aggregator.
        unfinished: lines without figures.
        reported: lines from papers.
        random: the line of the reference row `random`, chosen or not.
        oracle: the line of the reference row `oracle`, chosen or not.
        tested: which lines differ from a reference, if that was asked for.
    """

    place: Place
    records: tuple[RunRecord, ...]
    lines: tuple[Line, ...]
    unfinished: tuple[Line, ...]
    reported: tuple[Line, ...]
    random: Line | None
    oracle: Line | None
    tested: Tested | None = None

    @property
    def simulated(self) -> bool:
        """Whether a program made the data."""
        return any(record.simulated for record in self.records)

    @property
    def seeds(self) -> int:
        """Number of seeds that any method was run with."""
        return len({record.seed for record in self.records})


@dataclass(frozen=True)
class Report:
    """The blocks of a table and how they were chosen.

    Attributes:
        metrics: the metrics that the lines' spreads hold, in order.
        aggregator: `best`, `all` or a name.
        ties: `expected`, `best`, `worst`, `all`, or None for expected without a word on ties.
        against: `reported` where figures from papers were asked for, else None.
        blocks: one per data set, protocol and shown view.
        other_views: judged views that are not shown.
        unjudged: where a view could not be judged at all, and why.
    """

    metrics: tuple[str, ...]
    aggregator: str
    ties: str | None
    against: str | None
    blocks: tuple[Block, ...]
    other_views: tuple[str, ...]
    unjudged: tuple[str, ...]


def gather(
    records: Sequence[RunRecord],
    *,
    views: Names = None,
    metrics: Names = None,
    aggregator: str = "average",
    ties: str | None = None,
    against: str | None = None,
    significance: Significance | None = None,
) -> Report:
    """Choose and summarise; of records of the same dataset, protocol, method and seed the newest counts.

    Raises:
        ResultError: if there are no records, or those to be tested cannot be paired.
        ConfigError: if a view, metric, aggregator, tie rule, comparison or reference is unknown.
    """
    if not records:
        raise ResultError("there are no results to show; make some with 'groupbench run'")
    _check("tie rule", ties, (*TIE_RULES, "all"))
    _check("comparison", against, ("reported",))
    records = newest(iter(records))
    _check_aggregator(records, aggregator)
    shown_metrics = _metrics(records, metrics)
    shown, hidden = _places(records, views)
    lines: dict[Place, list[Line]] = defaultdict(list)
    for line in judged(records, shown, shown_metrics):
        lines[line.place].append(line)
    by_protocol: dict[tuple[str, str], list[RunRecord]] = defaultdict(list)
    for record in records:
        by_protocol[record.dataset, record.protocol].append(record)
    chosen = {place: _choose(lines[place], aggregator, shown_metrics) for place in shown}
    tested = {} if significance is None else judge_all(significance, chosen, by_protocol, shown_metrics)
    blocks = tuple(
        Block(
            place,
            tuple(by_protocol[place[:2]]),
            tuple(chosen[place]),
            tuple(unfinished(by_protocol[place[:2]], place, {line.method for line in chosen[place]})),
            _reported(place, shown_metrics) if against else (),
            _reference(lines[place], "random"),
            _reference(lines[place], "oracle"),
            tested.get(place),
        )
        for place in shown
    )
    return Report(shown_metrics, aggregator, ties, against, blocks, hidden, _unjudged(records))


def _reported(place: Place, metrics: Sequence[str]) -> tuple[Line, ...]:
    from groupbench.report.published import reported_lines

    return tuple(reported_lines(place, metrics))


def _check(kind: str, name: str | None, known: Sequence[str]) -> None:
    if name is not None and name not in known:
        raise ConfigError(unknown(kind, name, known))


def _check_aggregator(records: Sequence[RunRecord], aggregator: str) -> None:
    known = {figures.aggregator for record in records for figures in record.figures}
    if known - set(WITHOUT_AGGREGATOR):
        _check("aggregator in these results", aggregator, ("all", "best", *sorted(known)))


def _asked(
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
    known = list(dict.fromkeys(name for r in records for figures in r.figures for name in figures.values))
    named = [metrics] if isinstance(metrics, str) else metrics
    asked = _asked("metric", None if named is None else [standard_name(m) for m in named], known, explain)
    if asked is not None:
        return asked
    return tuple(name for name in DEFAULT_METRICS if name in known) or tuple(known[:3])


def _places(records: Sequence[RunRecord], views: Names) -> tuple[list[Place], tuple[str, ...]]:
    """The places to show, and the judged views that are left out."""
    judged_views = _judged_views(records, [views] if isinstance(views, str) else views or ())
    known = sorted(set().union(*judged_views.values()), key=lambda view: (view not in DEFAULT_VIEWS, view))
    asked = _asked("view", views, known, partial(_check, "view", known=list(VIEWS)))
    shown = []
    for where, there in sorted(judged_views.items()):
        usual = [view for view in DEFAULT_VIEWS if view in there] or [v for v in known if v in there]
        chosen = usual if asked is None else [view for view in asked if view in there]
        shown += [Place(*where, view) for view in (chosen if there else [""])]
    hidden = [view for view in known if view not in {place.view for place in shown}]
    return shown, tuple(hidden)


def _judged_views(records: Sequence[RunRecord], named: Sequence[str]) -> dict[tuple[str, str], set[str]]:
    """By data set and protocol the views in which there was something to judge, and the `named` ones."""
    views: dict[tuple[str, str], set[str]] = defaultdict(set)
    for record in records:
        applied = {view for view, facts in record.views.items() if facts.get("entities", 1) or view in named}
        views[record.dataset, record.protocol] |= applied | {figures.view for figures in record.figures}
    return views


def _unjudged(records: Sequence[RunRecord]) -> tuple[str, ...]:
    """One sentence for each view in which no record had anything to judge."""
    judged_views = _judged_views(records, ())
    return tuple(
        dict.fromkeys(
            f"{record.dataset}, protocol {record.protocol}: {facts['reason']}"
            for record in records
            for view, facts in record.views.items()
            if view not in judged_views[record.dataset, record.protocol]
        )
    )


def _choose(lines: Sequence[Line], aggregator: str, metrics: Sequence[str]) -> list[Line]:
    if aggregator == "all":
        return list(lines)
    if aggregator != "best":
        return [line for line in lines if line.aggregator in (aggregator, *WITHOUT_AGGREGATOR)]
    by_method: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        by_method[line.method].append(line)
    return [max(rivals, key=lambda line: _merit(line, metrics)) for rivals in by_method.values()]


def _merit(line: Line, metrics: Sequence[str]) -> float:
    """The mean of the first metric that was measured, so that higher is better."""
    for metric, mean in zip(metrics, line.spreads["expected"].mean, strict=True):
        if not np.isnan(mean):
            return -float(mean) if lower_is_better(metric) else float(mean)
    return -np.inf


def _reference(lines: Sequence[Line], name: str) -> Line | None:
    """The line of a reference row; where it was aggregated, the one without or with `average`."""
    found = [line for line in lines if line.name == name]
    usual = ("none", "own", "average")
    return min(found, key=lambda line: (line.aggregator not in usual, line.aggregator), default=None)
