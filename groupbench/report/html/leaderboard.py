"""The rows of one data set, protocol and view, column by column so that they take little room."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from groupbench.core.arrays import FloatArray
from groupbench.report.html.interval import half_widths
from groupbench.report.lines import Line
from groupbench.report.select import Block, Report
from groupbench.report.wide import WideTable

DIGITS = 5
"""Decimals of a figure that the page keeps."""


def place_content(
    report: Report, block: Block, methods: Sequence[Mapping[str, Any]], aggregators: Sequence[str]
) -> dict[str, Any]:
    """The facts and rows of one block.

    Args:
        report: what the block is part of.
        block: the block.
        methods: the methods that rows refer to by number.
        aggregators: the aggregators that rows refer to by number.

    Returns:
        `rows` holds one list per column, `values` by metric the lists `mean`, `half` (of the interval) and,
        where ties move a value, `ties`: row number -> (worst, best).
    """
    number = {method["label"]: i for i, method in enumerate(methods)}
    sheet = WideTable(report, block)
    lines = block.lines
    return {
        **block.place._asdict(),
        "simulated": block.simulated,
        "seeds": block.seeds,
        "facts": _facts(block),
        "saturated": sheet.saturated(),
        "rows": {
            "method": [number[line.method] for line in lines],
            "aggregator": [aggregators.index(line.aggregator) for line in lines],
            "seeds": [line.seeds for line in lines],
            "tied": numbers(line.tied for line in lines),
            "moved": [i for i, line in enumerate(lines) if sheet.moved_by_ties(line)],
            "seconds": numbers(line.seconds for line in lines),
            "mb": numbers(line.peak_mb for line in lines),
            "tuning": [line.tuning for line in lines],
        },
        "values": dict(_values(report.metrics, lines)),
        "random": _index(lines, block.random),
        "oracle": _index(lines, block.oracle),
        "failed": [
            {"method": line.method, "status": line.status, "reason": line.reason} for line in block.unfinished
        ],
        "reported": [_reported(line, report.metrics) for line in block.reported],
    }


def numbers(values: Iterable[float]) -> list[float | None]:
    """Rounded for JSON; what is not finite is None."""
    return [round(float(v), DIGITS) if np.isfinite(v) else None for v in values]


def _values(metrics: Sequence[str], lines: Sequence[Line]) -> Iterable[tuple[str, dict[str, Any]]]:
    if not lines:
        return
    by_rule = {rule: _stack(lines, rule) for rule in ("expected", "worst", "best")}
    means = by_rule["expected"]
    spreads = [line.spreads["expected"] for line in lines]
    halves = half_widths(np.stack([s.std for s in spreads]), np.stack([s.seeds for s in spreads]))
    for column, metric in enumerate(metrics):
        if np.isnan(means[:, column]).all():
            continue
        bounds = [numbers(by_rule[rule][:, column]) for rule in ("worst", "best")]
        expected = numbers(means[:, column])
        ties = {
            str(row): [low, high]
            for row, (low, mean, high) in enumerate(zip(bounds[0], expected, bounds[1], strict=True))
            if low != mean or high != mean
        }
        yield metric, {"mean": expected, "half": numbers(halves[:, column]), "ties": ties}


def _stack(lines: Sequence[Line], rule: Any) -> FloatArray:
    return np.stack([line.spreads[rule].mean for line in lines])


def _index(lines: Sequence[Line], wanted: Line | None) -> int | None:
    return None if wanted is None else next((i for i, line in enumerate(lines) if line is wanted), None)


def _facts(block: Block) -> dict[str, Any]:
    """What the records say of the view: ranges over seeds, and definitions."""
    held = [record.views.get(block.place.view, {}) for record in block.records]
    ranges = {
        key: sorted({facts[key] for facts in held if facts.get(key) is not None})
        for key in ("entities", "skipped", "tau")
    }
    said = {
        key: next((str(facts[key]) for facts in held if facts.get(key)), "")
        for key in ("entity", "definition", "oracle")
    }
    return {**{key: [found[0], found[-1]] for key, found in ranges.items() if found}, **said}


def _reported(line: Line, metrics: Sequence[str]) -> dict[str, Any]:
    means = numbers(line.spreads["expected"].mean)
    values = {metric: mean for metric, mean in zip(metrics, means, strict=True) if mean is not None}
    return {"method": line.method, "source": line.reason, "values": values}
