"""The table of one view: rows in order, and columns of cells."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from groupbench.core.names import one_of
from groupbench.evaluation.views import VIEWS
from groupbench.metrics import lower_is_better, normalizable
from groupbench.report.aggregate import ResultRow
from groupbench.report.cells import BLANK, REFERENCE, Cell, Column, best_two, numbers, texts
from groupbench.report.long import REFERENCES, TieRule, shown_rule
from groupbench.report.names import Wording
from groupbench.report.options import LayoutOptions
from groupbench.report.select import Report, Section

SATURATED = 0.05
"""A metric is saturated where random misses the oracle by at most this share of the oracle."""
TIE_GAP = 0.01
"""A row is marked where ties can move a shown metric by more than this."""
COLUMNS = ("aggregator", "tuning", "metrics", "norm", "tied", "n", "seconds", "mib", "joules")
"""What `--columns` may name."""
COSTS = ("seconds", "mib", "joules")


class WideTable:
    """A section in the order in which it is shown: best first, then reported rows, then those without values.

    Methods that were skipped have no row: a note names them.

    Attributes:
        report: what was asked for.
        section: the section.
        layout: how the table is laid out.
        wording: how it speaks.
        metrics: the metrics that any row has.
        headline: the metric that orders the rows: the first NDCG, else the first metric, else empty.
        rows: the rows in order.
    """

    def __init__(
        self,
        report: Report,
        section: Section,
        layout: LayoutOptions | None = None,
        wording: Wording | None = None,
    ) -> None:
        self.report = report
        self.section = section
        self.layout = layout or LayoutOptions.make()
        self.wording = wording or Wording()
        self.rule = shown_rule(report.ties)
        self._index = {metric: number for number, metric in enumerate(report.metrics)}
        self.metrics = [
            metric
            for metric in report.metrics
            if any(self.mean(row, metric) is not None for row in section.rows)
        ]
        ndcg = [metric for metric in self.metrics if metric.startswith("ndcg@")]
        self.headline = (ndcg or self.metrics or [""])[0]
        failed = [row for row in section.unfinished if row.status != "skipped"]
        self.rows = (*sorted(section.rows, key=self._rank), *section.reported, *failed)

    def columns(self) -> tuple[Column, ...]:
        """The method, and the columns that were asked for, or those that apply.

        Raises:
            ConfigError: if there is no such column.
        """
        first, *others = self._columns()
        asked = self.asked_columns()
        if not asked:
            hidden = {"n", "joules"} if self.layout.cost else {"n", *COSTS}
            return first, *(column for column in others if column.key not in hidden)
        return first, *(column for name in asked for column in others if column.key == name)

    def asked_columns(self) -> list[str]:
        """The columns that were asked for, each once; errors as of `columns`."""
        return list(dict.fromkeys(one_of("column", name, COLUMNS) for name in self.layout.columns or ()))

    def saturated(self) -> list[str]:
        """The shown metrics in which random comes close to the oracle."""
        close = []
        for metric in self.metrics:
            low, high = self._bounds(metric)
            if low is not None and high is not None and not lower_is_better(metric):
                close += [metric] if high - low <= SATURATED * high else []
        return close

    def moved_by_ties(self, row: ResultRow) -> bool:
        """Whether ties can move a shown metric of `row` by more than `TIE_GAP`.

        Never so for random, which is one single tie by design.
        """
        if row.status != "done" or row.name == "random":
            return False
        gaps = np.abs(row.scores["best"].mean - row.scores["worst"].mean)
        return bool((gaps > TIE_GAP).any())

    @property
    def bounded(self) -> bool:
        """Whether random and the oracle bound what the view evaluates."""
        view = self.section.key.view
        return view not in VIEWS or VIEWS[view].bounded

    @property
    def has_norm(self) -> bool:
        """Whether random and the oracle are there to normalize the headline metric by."""
        return None not in self._bounds(self.headline)

    @property
    def any_tuned(self) -> bool:
        """Whether any row comes from hyperparameters that were searched for."""
        return any("tuned" in row.tuning for row in self.rows)

    @property
    def any_fixed(self) -> bool:
        """Whether a method has the same value in all seeds because they share one split."""
        protocol, *options = self.section.key.protocol.split("+")
        one = "split=temporal" in options or (protocol == "given" and "held=groups" not in options)
        shown = [self._index[metric] for metric in self.metrics]
        deviations = [row.scores[self.rule].std[shown] for row in self.rows if row.competes and one]
        printed = 0.5 * 10.0**-self.layout.digits
        return any(bool((deviation < printed).any()) for deviation in deviations)

    @property
    def any_spread(self) -> bool:
        """Whether any value stands with its standard deviation over seeds."""
        rows = self.section.rows if self.layout.std else ()
        return any(self.std(row, metric) is not None for row in rows for metric in self.metrics)

    def mean(self, row: ResultRow | None, metric: str, rule: TieRule | None = None) -> float | None:
        """The mean of a row over seeds; None where there is none."""
        if row is None or not metric:
            return None
        value = row.mean(self._index[metric], rule or self.rule)
        return None if np.isnan(value) else value

    def std(self, row: ResultRow | None, metric: str) -> float | None:
        """The standard deviation of a row over seeds; None where there is none."""
        value = np.nan if row is None or not row.scores else row.scores[self.rule].std[self._index[metric]]
        return None if np.isnan(value) else float(value)

    def normalized(self, row: ResultRow, metric: str, rule: TieRule | None = None) -> float:
        """(x - random) / (oracle - random) of a metric; NaN where that is not known."""
        low, high = self._bounds(metric)
        value = self.mean(row, metric, rule)
        if value is None or low is None or high is None or abs(high - low) < 1e-9:
            return np.nan
        return (value - low) / (high - low)

    def name(self, row: ResultRow) -> str:
        """The method with all that sets its row apart."""
        parts = [self.wording.method(row.method) if row.status != "reported" else row.method]
        if row.status != "done":
            parts.append(f"({row.status})")
        elif row.name in REFERENCES:
            parts.append(REFERENCE)
        if row.status == "done" and row.seeds < self.section.seeds:
            parts.append(f"({row.seeds} of {self.section.seeds} seeds)")
        return " ".join(parts) + ("†" if self.moved_by_ties(row) else "")

    def metric(self, metric: str) -> Column:
        """A metric, with the best and second best of the rows that are ranked marked as they are printed."""
        means = [self.mean(row, metric) if row.id in self.ranked[metric] else None for row in self.rows]
        marks = best_two(means, lower_is_better=lower_is_better(metric), digits=self.layout.digits)
        tested = self.section.tested
        cells = [
            Cell(self.text(row, metric), mark, tested.mark(row, metric) if tested else "")
            for row, mark in zip(self.rows, marks, strict=True)
        ]
        return Column(self.wording.metric(metric), cells, key="metrics")

    @cached_property
    def ranked(self) -> dict[str, set[tuple[str, str]]]:
        """By metric the ids of the rows that can be compared: those with every seed that any of them has.

        A mean over fewer seeds is one over other splits. Where only one of several rows has all seeds, none
        is ranked.
        """
        return {metric: {row.id for row in self._comparable(metric)} for metric in self.metrics}

    def unranked(self) -> list[ResultRow]:
        """The competing rows that miss seeds of a shown metric, in the order of the table."""
        return [row for row in self.rows if any(row.id not in self.ranked[m] for m in self._competes_in(row))]

    def text(self, row: ResultRow, metric: str) -> str:
        """A value with its standard deviation over seeds, as it is printed."""
        mean, digits = self.mean(row, metric), self.layout.digits
        if mean is None:
            return BLANK
        index, std = self._index[metric], self.std(row, metric)
        spread = std is not None and self.layout.std
        text = f"{mean:.{digits}f} ± {std:.{digits}f}" if spread else f"{mean:.{digits}f}"
        if self.report.ties == "all" and row.status == "done":
            low, high = sorted((row.mean(index, "best"), row.mean(index, "worst")))
            text += f" [{low:.{digits}f}, {high:.{digits}f}]"
        return text

    def _columns(self) -> Iterator[Column]:
        """The columns that apply, each with the key by which it can be asked for."""
        rows, head = self.rows, self.wording.head
        yield texts(head("method"), map(self.name, rows))
        if any(row.aggregator not in ("", "none") for row in rows):
            names = ("" if row.aggregator == "none" else row.aggregator for row in rows)
            yield texts(head("aggregator"), names, "aggregator")
        if self.any_tuned:
            yield texts(head("tuning"), (row.tuning for row in rows), "tuning")
        yield from map(self.metric, self.metrics)
        if self.has_norm:
            yield numbers(head("norm"), map(self._norm, rows), f".{self.layout.digits}f", "norm")
        if self.report.ties or "tied" in self.asked_columns():
            yield numbers(head("tied"), (row.tied for row in rows), ".3f", "tied")
        yield numbers("n", (row.n for row in rows), "g", "n")
        yield numbers(head("seconds"), (row.seconds for row in rows), ".2f", "seconds")
        yield numbers("MiB", (row.peak_mb for row in rows), ".0f", "mib")
        yield numbers("J", (row.joules for row in rows), ".1f", "joules")

    def _competes_in(self, row: ResultRow) -> list[str]:
        return [metric for metric in self.metrics if row.competes and self.mean(row, metric) is not None]

    def _comparable(self, metric: str) -> list[ResultRow]:
        rows = [row for row in self.section.rows if row.competes and self.mean(row, metric) is not None]
        seeds = len(self.section.seeds_with(metric, {row.method for row in rows}))
        complete = [row for row in rows if row.scores[self.rule].seeds[self._index[metric]] == seeds]
        return complete if len(complete) > 1 or len(complete) == len(rows) else []

    def _norm(self, row: ResultRow) -> float:
        return self.normalized(row, self.headline)

    def _bounds(self, metric: str) -> tuple[float | None, float | None]:
        """Random and oracle under the expected rule: random is one tie, so its other values say nothing.

        None for metrics that they do not bound: these have no norm, and are never saturated.
        """
        if not normalizable(metric) or not self.bounded:
            return None, None
        random, oracle = self.section.random, self.section.oracle
        return self.mean(random, metric, "expected"), self.mean(oracle, metric, "expected")

    def _rank(self, row: ResultRow) -> tuple[float, str, str]:
        value = self.mean(row, self.headline)
        cost = np.inf if value is None else value if lower_is_better(self.headline) else -value
        return cost, *row.id
