"""One block laid out for people: the order of its lines, their names, and the columns of cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from groupbench.report.lines import REFERENCES, Line, TieRule, lower_is_better, normalizable
from groupbench.report.long import shown_rule
from groupbench.report.select import Block, Report

SATURATED = 0.05
"""A metric is saturated where random misses the oracle by at most this share of the oracle."""
TIE_GAP = 0.01
"""A line is marked where ties can move a shown metric by more than this."""
BLANK = "–"

Mark = Literal["", "best", "second"]


@dataclass(frozen=True)
class Cell:
    """Text with its mark, and what follows the mark; not yet escaped."""

    text: str
    mark: Mark = ""
    after: str = ""


@dataclass(frozen=True)
class Column:
    """A heading and the cell of every line below it."""

    title: str
    cells: Sequence[Cell]
    align: Literal["left", "right"] = "left"


class WideTable:
    """A block in the order in which it is shown: best first, then reported lines, then those without figures.

    Attributes:
        report: what was asked for.
        block: the block.
        metrics: the metrics that any line has.
        headline: the metric that orders the lines: the first NDCG, else the first metric, else empty.
        lines: the lines in order.
    """

    def __init__(self, report: Report, block: Block) -> None:
        self.report = report
        self.block = block
        self._rule = shown_rule(report.ties)
        self._index = {metric: number for number, metric in enumerate(report.metrics)}
        self.metrics = [
            metric
            for metric in report.metrics
            if any(self._mean(line, metric) is not None for line in block.lines)
        ]
        ndcg = [metric for metric in self.metrics if metric.startswith("ndcg@")]
        self.headline = (ndcg or self.metrics or [""])[0]
        self.lines = (*sorted(block.lines, key=self._rank), *block.reported, *block.unfinished)

    def columns(self) -> list[Column]:
        """All columns."""
        columns = [_texts("method", map(self._name, self.lines))]
        if any(line.aggregator not in ("", "none") for line in self.lines):
            names = ("" if line.aggregator == "none" else line.aggregator for line in self.lines)
            columns.append(_texts("aggregator", names))
        if self.any_tuned:
            columns.append(_texts("tuning", (line.tuning for line in self.lines)))
        columns += [self._metric(metric) for metric in self.metrics]
        if self.has_norm:
            columns.append(_numbers("norm", map(self._normalised, self.lines), ".3f"))
        if self.report.ties:
            columns.append(_numbers("tied", (line.tied for line in self.lines), ".3f"))
        columns.append(_numbers("seconds", (line.seconds for line in self.lines), ".2f"))
        columns.append(_numbers("MiB", (line.peak_mb for line in self.lines), ".0f"))
        return columns

    @property
    def has_norm(self) -> bool:
        """Whether random and the oracle are there to normalise the headline metric by."""
        return None not in self._bounds(self.headline)

    @property
    def any_tuned(self) -> bool:
        """Whether any line comes from hyperparameters that were searched for."""
        return any("tuned" in line.tuning for line in self.lines)

    def saturated(self) -> list[str]:
        """The shown metrics in which random comes close to the oracle."""
        found = []
        for metric in self.metrics:
            low, high = self._bounds(metric)
            if low is not None and high is not None and not lower_is_better(metric):
                found += [metric] if high - low <= SATURATED * high else []
        return found

    def moved_by_ties(self, line: Line) -> bool:
        """Whether ties can move a shown metric of `line` by more than `TIE_GAP`.

        Never so for random, which is one single tie by design.
        """
        if line.status != "done" or line.name == "random":
            return False
        gaps = np.abs(line.spreads["best"].mean - line.spreads["worst"].mean)
        return bool((gaps > TIE_GAP).any())

    def _mean(self, line: Line, metric: str) -> float | None:
        return self._value(line, metric, self._rule)

    def _value(self, line: Line | None, metric: str, rule: TieRule) -> float | None:
        if line is None or not line.spreads or not metric:
            return None
        value = float(line.spreads[rule].mean[self._index[metric]])
        return None if np.isnan(value) else value

    def _bounds(self, metric: str) -> tuple[float | None, float | None]:
        """Random and oracle under the expected rule: random is one tie, so its other values say nothing.

        None for metrics that they do not bound: these have no norm, and are never saturated.
        """
        if not normalizable(metric):
            return None, None
        return self._value(self.block.random, metric, "expected"), self._value(
            self.block.oracle, metric, "expected"
        )

    def _rank(self, line: Line) -> tuple[float, str, str]:
        value = self._mean(line, self.headline)
        cost = np.inf if value is None else value if lower_is_better(self.headline) else -value
        return cost, line.method, line.aggregator

    def _name(self, line: Line) -> str:
        """The method with all that sets its line apart."""
        parts = [line.method]
        if line.status != "done":
            parts.append(f"({line.status})")
        elif line.name in REFERENCES:
            parts.append("(ref)")
        if line.status == "done" and line.seeds < self.block.seeds:
            parts.append(f"({line.seeds} of {self.block.seeds} seeds)")
        return " ".join(parts) + ("†" if self.moved_by_ties(line) else "")

    def _metric(self, metric: str) -> Column:
        """A metric, with the best and second best of the competing lines marked as they are printed."""
        means = [self._mean(line, metric) if line.competes else None for line in self.lines]
        printed = [None if mean is None else round(mean, 3) for mean in means]
        ranking = sorted({p for p in printed if p is not None}, reverse=not lower_is_better(metric))
        names: tuple[Mark, ...] = ("best", "second")
        marks: dict[float | None, Mark] = dict(zip(ranking, names, strict=False))
        cells = [
            Cell(self._text(line, metric), marks.get(p, ""), self._arrow(line, metric))
            for line, p in zip(self.lines, printed, strict=True)
        ]
        return Column(metric, cells)

    def _text(self, line: Line, metric: str) -> str:
        mean = self._mean(line, metric)
        if mean is None:
            return BLANK
        index = self._index[metric]
        std = line.spreads[self._rule].std[index]
        text = f"{mean:.3f}" if np.isnan(std) else f"{mean:.3f} ± {std:.3f}"
        if self.report.ties == "all" and line.status == "done":
            low, high = sorted((line.spreads["best"].mean[index], line.spreads["worst"].mean[index]))
            text += f" [{low:.3f}, {high:.3f}]"
        return text

    def _arrow(self, line: Line, metric: str) -> str:
        return "" if self.block.tested is None else self.block.tested.mark(line, metric)

    def _normalised(self, line: Line) -> float:
        low, high = self._bounds(self.headline)
        value = self._mean(line, self.headline)
        if value is None or low is None or high is None or abs(high - low) < 1e-9:
            return np.nan
        return (value - low) / (high - low)


def _texts(title: str, texts: Iterable[str]) -> Column:
    return Column(title, [Cell(text) for text in texts])


def _numbers(title: str, values: Iterable[float], form: str) -> Column:
    return Column(title, [Cell(BLANK if np.isnan(v) else format(v, form)) for v in values], "right")
