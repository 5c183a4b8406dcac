"""The rows of one data set, protocol and view, column by column so that they take little room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from groupbench.core.arrays import FloatArray
from groupbench.report.aggregate import ResultRow
from groupbench.report.long import TIE_RULES, TieRule
from groupbench.report.select import Report, Section
from groupbench.report.statistics import half_widths
from groupbench.report.wide import WideTable

Content = dict[str, Any]
"""What JSON holds."""

DIGITS = 5
"""Decimals of a value that the page keeps."""


def section_content(
    report: Report, section: Section, methods: Sequence[Content], aggregators: Sequence[str]
) -> Content:
    """The facts and rows of one section.

    Args:
        report: what the section is part of.
        section: the section.
        methods: the methods that rows refer to by number.
        aggregators: the aggregators that rows refer to by number.

    Returns:
        `rows` holds one list per column, `values` by metric the lists `mean`, `std`, `half` (interval) and,
        where ties move a value, `ties`: row number -> (worst, best).
    """
    number = {method["label"]: i for i, method in enumerate(methods)}
    table = WideTable(report, section)
    rows = section.rows
    return {
        **section.key._asdict(),
        "simulated": section.simulated,
        "seeds": section.seeds,
        "facts": _facts(section),
        "saturated": table.saturated(),
        "rows": {
            "method": [number[row.method] for row in rows],
            "aggregator": [aggregators.index(row.aggregator) for row in rows],
            "seeds": [row.seeds for row in rows],
            "tied": numbers(row.tied for row in rows),
            "moved": [i for i, row in enumerate(rows) if table.moved_by_ties(row)],
            "seconds": numbers(row.seconds for row in rows),
            "mb": numbers(row.peak_mb for row in rows),
            "joules": numbers(row.joules for row in rows),
            "tuning": [row.tuning for row in rows],
        },
        "values": dict(_values(report.metrics, rows)),
        "random": _index(rows, section.random if table.bounded else None),
        "oracle": _index(rows, section.oracle if table.bounded else None),
        "failed": [
            {"method": row.method, "status": row.status, "reason": row.reason} for row in section.unfinished
        ],
        "reported": [_reported(row, report.metrics) for row in section.reported],
    }


def numbers(values: Iterable[float]) -> list[float | None]:
    """Rounded for JSON; what is not finite is None."""
    return [round(float(v), DIGITS) if np.isfinite(v) else None for v in values]


def _values(metrics: Sequence[str], rows: Sequence[ResultRow]) -> Iterable[tuple[str, Content]]:
    if not rows:
        return
    by_rule = {rule: _stack(rows, rule) for rule in TIE_RULES}
    means = by_rule["expected"]
    scores = [row.scores["expected"] for row in rows]
    deviations = np.stack([s.std for s in scores])
    halves = half_widths(deviations, np.stack([s.seeds for s in scores]))
    for column, metric in enumerate(metrics):
        if np.isnan(means[:, column]).all():
            continue
        bounds = [numbers(by_rule[rule][:, column]) for rule in ("worst", "best")]
        expected = numbers(means[:, column])
        ties = {
            str(index): [low, high]
            for index, (low, mean, high) in enumerate(zip(bounds[0], expected, bounds[1], strict=True))
            if low != mean or high != mean
        }
        spread = {"std": numbers(deviations[:, column]), "half": numbers(halves[:, column])}
        yield metric, {"mean": expected, **spread, "ties": ties}


def _stack(rows: Sequence[ResultRow], rule: TieRule) -> FloatArray:
    return np.stack([row.scores[rule].mean for row in rows])


def _index(rows: Sequence[ResultRow], wanted: ResultRow | None) -> int | None:
    return None if wanted is None else next((i for i, row in enumerate(rows) if row is wanted), None)


def _facts(section: Section) -> Content:
    """What the records say of the view: ranges over seeds, and definitions."""
    ranges = {name: sorted(section.facts(name)) for name in ("entities", "skipped", "tau")}
    texts = {name: str(next(iter(section.facts(name)), "")) for name in ("definition", "oracle")}
    known = {name: [values[0], values[-1]] for name, values in ranges.items() if values}
    return {**known, "unit": section.unit, **texts}


def _reported(row: ResultRow, metrics: Sequence[str]) -> Content:
    means = numbers(row.scores["expected"].mean)
    values = {metric: mean for metric, mean in zip(metrics, means, strict=True) if mean is not None}
    return {"method": row.method, "source": row.reason, "values": values}
