"""What the page shows, as plain data: lists, mappings, texts and numbers that JSON can hold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from groupbench.core.errors import ConfigError
from groupbench.report.html.interval import CONFIDENCE
from groupbench.report.html.leaderboard import numbers, place_content
from groupbench.report.html.marks import marks
from groupbench.report.html.provenance import environments
from groupbench.report.html.views import breakdowns, ranking
from groupbench.report.lines import REFERENCES, bounds, lower_is_better, normalizable
from groupbench.report.select import DEFAULT_METRICS, WITHOUT_AGGREGATOR, Names, Report, gather
from groupbench.results.store import RunRecord, newest

Content = dict[str, Any]

MOST_FIGURES = 400_000
"""A page with more than that many means would be slow to open."""
USUAL_AGGREGATOR = "average"


def page_content(
    results: Path,
    records: Sequence[RunRecord],
    *,
    views: Names = "all",
    metrics: Names = "all",
    aggregator: str | None = None,
    significance: bool = True,
) -> Content:
    """Everything that the page shows of `records`.

    Args:
        results: the results folder; tests and breakdowns read its parquet files.
        records: run records; of the same dataset, protocol, method and seed the newest counts.
        views: names of views, or `all`.
        metrics: names of metrics, or `all`.
        aggregator: a name, `all`, or None for all of them unless the page grew beyond `MOST_FIGURES`; then
            the rows of `average`.
        significance: whether to test which rows differ from the best, as `table --significance` does.

    Returns:
        A mapping that JSON can hold; numbers that are not known are None.

    Raises:
        ResultError: if there are no records.
        ConfigError: if a view, metric or aggregator is unknown, or the aggregator is `best`.
    """
    if aggregator == "best":
        raise ConfigError("the page itself picks each method's best aggregator; leave out --aggregator")
    kept = newest(iter(records))
    chosen = aggregator or ("all" if _figures(kept, views, metrics) <= MOST_FIGURES else USUAL_AGGREGATOR)
    report = gather(kept, views=views, metrics=metrics, aggregator=chosen, against="reported")
    usual = _usual(report)
    headline = next((m for m in ("ndcg@10", *DEFAULT_METRICS, *report.metrics) if m in report.metrics), "")
    tested_metrics = [metric for metric in DEFAULT_METRICS if metric in report.metrics]
    tested = marks(results, kept, views, tested_metrics, usual) if significance and tested_metrics else None
    of_groups = breakdowns(results, kept, headline, usual)
    methods, aggregators = _methods(report), _aggregators(report)
    return {
        "metrics": list(report.metrics),
        "bounds": {metric: numbers(bounds(metric)) for metric in report.metrics},
        "lower": [metric for metric in report.metrics if lower_is_better(metric)],
        "without_norm": [metric for metric in report.metrics if not normalizable(metric)],
        "headline": headline,
        "aggregators": aggregators,
        "usual": usual,
        "cut": chosen if aggregator is None and chosen != "all" else None,
        "methods": methods,
        "confidence": CONFIDENCE,
        "places": [
            place_content(report, block, methods, aggregators)
            | {
                "tested": None if tested is None else tested.get(block.place, {"marks": {}, "notes": []}),
                "by": of_groups.get(block.place, {}),
            }
            for block in report.blocks
        ],
        "ranking": ranking(kept, headline or "ndcg@10", usual),
        "unjudged": list(report.unjudged),
        **environments(kept),
    }


def _figures(records: Sequence[RunRecord], views: Names, metrics: Names) -> int:
    """How many means the page would hold with every aggregator."""
    shown, measured = _named(views), _named(metrics)
    lines = {
        (r.dataset, r.protocol, r.method, f.view, f.aggregator): len(
            f.values if measured is None else measured
        )
        for r in records
        for f in r.figures
        if shown is None or f.view in shown
    }
    return sum(lines.values())


def _named(names: Names) -> set[str] | None:
    """The names asked for; None stands for all."""
    asked = {names} if isinstance(names, str) else set(names or ["all"])
    return None if "all" in asked else asked


def _usual(report: Report) -> str:
    """The aggregator that is shown first."""
    known = {line.aggregator for block in report.blocks for line in block.lines} - set(WITHOUT_AGGREGATOR)
    return USUAL_AGGREGATOR if USUAL_AGGREGATOR in known or not known else min(known)


def _aggregators(report: Report) -> list[str]:
    return sorted({line.aggregator for block in report.blocks for line in block.lines})


def _family(record: RunRecord) -> str:
    """Where the method comes from; files given with --plugin are one family."""
    return "plugin" if record.family.startswith("groupbench_plugin_") else record.family


def _methods(report: Report) -> list[dict[str, Any]]:
    """Every method of the rows, by label."""
    families = {record.method: _family(record) for block in report.blocks for record in block.records}
    names = {line.method: line.name for block in report.blocks for line in (*block.lines, *block.unfinished)}
    return [
        {"label": label, "family": families.get(label, ""), "reference": names[label] in REFERENCES}
        for label in sorted(names)
    ]
