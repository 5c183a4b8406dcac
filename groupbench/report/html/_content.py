"""What the page shows, as plain data: lists, mappings, texts and numbers that JSON can hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from groupbench.core.errors import ConfigError
from groupbench.metrics import bounds, lower_is_better, normalizable
from groupbench.report.html._leaderboard import Content, numbers, section_content
from groupbench.report.html._marks import marks
from groupbench.report.html._provenance import environments
from groupbench.report.html._views import breakdowns, ranking
from groupbench.report.long import REFERENCES, ResultKey
from groupbench.report.names import Wording, labels_meant
from groupbench.report.palette import look_of
from groupbench.report.resolution import DEFAULT_METRICS, WITHOUT_AGGREGATOR, Names, with_methods
from groupbench.report.select import Report, gather
from groupbench.report.statistics import CONFIDENCE
from groupbench.results.selection import select
from groupbench.results.store import RunRecord

MOST_VALUES = 400_000
"""A page with more than that many means would be slow to open."""
USUAL_AGGREGATOR = "average"


def page_content(
    results: Path,
    records: Sequence[RunRecord],
    *,
    methods: Names = None,
    views: Names = "all",
    metrics: Names = "all",
    k: Sequence[int] | None = None,
    aggregator: str | None = None,
    significance: bool = True,
    labels: Mapping[str, str] | None = None,
) -> Content:
    """Everything that the page shows of `records`.

    Args:
        results: the results folder; tests and breakdowns read its parquet files.
        records: run records; those count that stand together (`groupbench.results.selection.select`).
        methods: labels or names of methods, or None for all; reference rows are always there.
        views: names of views, or `all`.
        metrics: names of metrics, or `all`.
        k: the K of metrics without one; by default 10, for `all` every K.
        aggregator: a name, `all`, or None for all of them unless the page grew beyond `MOST_VALUES`; then
            the rows of `average`.
        significance: whether to test which rows differ from the best, as `table --significance` does.
        labels: what methods are called instead.

    Returns:
        A mapping that JSON can hold; numbers that are not known are None.

    Raises:
        ResultError: if there are no records.
        ConfigError: if a view, metric or aggregator is unknown, or the aggregator is `best`.
    """
    if aggregator == "best":
        raise ConfigError("the page itself picks each method's best aggregator; leave out --aggregator")
    everything = select(records)
    records = with_methods(everything, methods)
    choose = partial(gather, records, views=views, metrics=metrics, k=k, against="reported")
    report = choose(aggregator=(chosen := aggregator or "all"))
    if aggregator is None and _n_values(report) > MOST_VALUES:
        chosen = USUAL_AGGREGATOR
        report = choose(aggregator=chosen)
    usual = _usual(report)
    wording = _wording(records, labels or {})
    headline = next((m for m in ("ndcg@10", *DEFAULT_METRICS, *report.metrics) if m in report.metrics), "")
    usually = [metric for metric in DEFAULT_METRICS if metric in report.metrics and significance]
    tested = marks(results, records, views, usually, usual, wording) if usually else None
    of_groups = breakdowns(results, records, headline, usual)
    shown, aggregators = _methods(report, wording), _aggregators(report)
    return {
        "metrics": list(report.metrics),
        "bounds": {metric: numbers(bounds(metric)) for metric in report.metrics},
        "lower": [metric for metric in report.metrics if lower_is_better(metric)],
        "without_norm": [metric for metric in report.metrics if not normalizable(metric)],
        "headline": headline,
        "aggregators": aggregators,
        "usual": usual,
        "cut": chosen if aggregator is None and chosen != "all" else None,
        "methods": shown,
        "confidence": CONFIDENCE,
        "sections": [
            section_content(report, section, shown, aggregators)
            | {"tested": _tested(tested, section.key), "by": of_groups.get(section.key, {})}
            for section in report.sections
        ],
        "ranking": ranking(records, headline or "ndcg@10", usual),
        "hidden": [note for note in records.notes if note not in everything.notes],
        "not_evaluated": list(report.not_evaluated),
        "left_out": list(records.notes),
        **environments(records),
    }


def _wording(records: Sequence[RunRecord], labels: Mapping[str, str]) -> Wording:
    names = [record.method for record in records]
    return Wording(printed=True, labels=labels_meant(labels, names, "these results"))


def _tested(found: Mapping[ResultKey, Content] | None, key: ResultKey) -> Content | None:
    """The tests of a section; None where none were asked for."""
    return None if found is None else found.get(key, {"marks": {}, "notes": []})


def _n_values(report: Report) -> int:
    """How many means the page would hold."""
    return sum(int((row.scores["expected"].seeds > 0).sum()) for row in report.rows)


def _usual(report: Report) -> str:
    """The aggregator that is shown first."""
    known = {row.aggregator for row in report.rows} - set(WITHOUT_AGGREGATOR)
    return USUAL_AGGREGATOR if USUAL_AGGREGATOR in known or not known else min(known)


def _aggregators(report: Report) -> list[str]:
    return sorted({row.aggregator for row in report.rows})


def _family(record: RunRecord) -> str:
    """Where the method comes from; files given with --plugin are one family."""
    return "plugin" if record.family.startswith("groupbench_plugin_") else record.family


def _methods(report: Report, wording: Wording) -> list[Content]:
    """Every method of the rows, by label, with what it is called and how it is drawn."""
    families = {record.method: _family(record) for section in report.sections for record in section.records}
    names = {
        row.method: row.name for section in report.sections for row in (*section.rows, *section.unfinished)
    }
    return [
        {
            "label": label,
            "title": wording.method(label),
            "color": look_of(label).color,
            "marker": look_of(label).marker,
            "name": names[label],
            "family": families.get(label, ""),
            "reference": names[label] in REFERENCES,
        }
        for label in sorted(names)
    ]
