"""The wide layout of tables for people: captions, ordered rows, columns of cells and footnotes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from groupbench.metrics import lower_is_better, normalizable
from groupbench.report.aggregate import ResultRow
from groupbench.report.long import REFERENCES, TieRule, shown_rule
from groupbench.report.select import Report, Section

SATURATED = 0.05
"""A metric is saturated where random misses the oracle by at most this share of the oracle."""
TIE_GAP = 0.01
"""A row is marked where ties can move a shown metric by more than this."""
_PRINTED = 0.0005
"""A deviation below this is printed as 0.000."""
BLANK = "–"

Mark = Literal["", "best", "second"]

_TIE_NOTES = {
    "expected": "the expected value over a random order of equal scores",
    "best": "every tie is broken in the method's favor",
    "worst": "every tie is broken against the method",
    "all": "in brackets: every tie broken against the method and in its favor",
}


@dataclass(frozen=True)
class Cell:
    """Text with its mark, and what follows the mark; not yet escaped."""

    text: str
    mark: Mark = ""
    after: str = ""


@dataclass(frozen=True)
class Column:
    """A heading and the cell of every row below it."""

    title: str
    cells: Sequence[Cell]
    align: Literal["left", "right"] = "left"


@dataclass(frozen=True)
class CaptionedTable:
    """One table, without the letters of any output format.

    Attributes:
        caption: what is shown, and under which conditions.
        columns: the columns, all of one length.
        notes: footnotes, one sentence each.
    """

    caption: str
    columns: tuple[Column, ...]
    notes: tuple[str, ...] = ()


class WideTable:
    """A section in the order in which it is shown: best first, then reported rows, then those without values.

    Attributes:
        report: what was asked for.
        section: the section.
        metrics: the metrics that any row has.
        headline: the metric that orders the rows: the first NDCG, else the first metric, else empty.
        rows: the rows in order.
    """

    def __init__(self, report: Report, section: Section) -> None:
        self.report = report
        self.section = section
        self._rule = shown_rule(report.ties)
        self._index = {metric: number for number, metric in enumerate(report.metrics)}
        self.metrics = [
            metric
            for metric in report.metrics
            if any(self._mean(row, metric) is not None for row in section.rows)
        ]
        ndcg = [metric for metric in self.metrics if metric.startswith("ndcg@")]
        self.headline = (ndcg or self.metrics or [""])[0]
        self.rows = (*sorted(section.rows, key=self._rank), *section.reported, *section.unfinished)

    def captioned(self) -> CaptionedTable:
        """The table with its caption and notes."""
        return CaptionedTable(_caption(self.section), tuple(self._columns()), tuple(self._notes()))

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
    def _has_norm(self) -> bool:
        """Whether random and the oracle are there to normalize the headline metric by."""
        return None not in self._bounds(self.headline)

    @property
    def _any_tuned(self) -> bool:
        """Whether any row comes from hyperparameters that were searched for."""
        return any("tuned" in row.tuning for row in self.rows)

    @property
    def _any_fixed(self) -> bool:
        """Whether a method has the same value in all seeds because they share the split of the data."""
        given = self.section.key.protocol.partition("+")[0] == "given"
        shown = [self._index[metric] for metric in self.metrics]
        deviations = [row.scores[self._rule].std[shown] for row in self.rows if row.competes and given]
        return any(bool((deviation < _PRINTED).any()) for deviation in deviations)

    def _columns(self) -> Iterator[Column]:
        yield _texts("method", map(self._name, self.rows))
        if any(row.aggregator not in ("", "none") for row in self.rows):
            yield _texts(
                "aggregator", ("" if row.aggregator == "none" else row.aggregator for row in self.rows)
            )
        if self._any_tuned:
            yield _texts("tuning", (row.tuning for row in self.rows))
        yield from map(self._metric, self.metrics)
        if self._has_norm:
            yield _numbers("norm", map(self._normalized, self.rows), ".3f")
        if self.report.ties:
            yield _numbers("tied", (row.tied for row in self.rows), ".3f")
        yield _numbers("seconds", (row.seconds for row in self.rows), ".2f")
        yield _numbers("MiB", (row.peak_mb for row in self.rows), ".0f")

    def _notes(self) -> Iterator[str]:
        report, section = self.report, self.section
        if section.seeds == 1:
            yield "1 seed: no uncertainty"
        if self._any_fixed:
            yield (
                "± 0.000: all seeds have the split that came with the data, and a method without chance "
                f"the same scores; nothing is said of spread over {section.unit}s (see groupbench compare)"
            )
        if not self.metrics and section.rows:
            yield f"none of {', '.join(report.metrics)} is measured in this view"
        if report.ties in _TIE_NOTES:
            yield f"ties: {_TIE_NOTES[report.ties]}"
        if saturated := self.saturated():
            yield f"saturated: random and oracle differ by at most {SATURATED:.0%} in {', '.join(saturated)}"
        if any(map(self.moved_by_ties, self.rows)):
            yield f"† ties can move a shown metric by more than {TIE_GAP}"
        if report.aggregator == "best":
            yield "each method's best aggregator was picked on the held-out rows: optimistic"
        if section.oracle is not None and (bounds := section.facts("oracle")):
            yield f"oracle: {bounds[0]}"
        if self._has_norm:
            yield f"norm is (x - random) / (oracle - random) of {self.headline}"
        if self._any_tuned:
            yield from _tuning_notes(section.rows)
        if section.tested is not None:
            yield from section.tested.notes
            if report.ties not in (None, "expected", "all"):
                yield "what is tested are expected values, whatever the rule for ties"
        if report.against and not section.reported:
            yield "no paper reports these metrics for this data set and view"
        for row in (*section.reported, *section.unfinished):
            yield f"{row.method} {row.status}: {row.reason}"

    def _mean(self, row: ResultRow | None, metric: str, rule: TieRule | None = None) -> float | None:
        if row is None or not metric:
            return None
        value = row.mean(self._index[metric], rule or self._rule)
        return None if np.isnan(value) else value

    def _bounds(self, metric: str) -> tuple[float | None, float | None]:
        """Random and oracle under the expected rule: random is one tie, so its other values say nothing.

        None for metrics that they do not bound: these have no norm, and are never saturated.
        """
        if not normalizable(metric):
            return None, None
        random, oracle = self.section.random, self.section.oracle
        return self._mean(random, metric, "expected"), self._mean(oracle, metric, "expected")

    def _rank(self, row: ResultRow) -> tuple[float, str, str]:
        value = self._mean(row, self.headline)
        cost = np.inf if value is None else value if lower_is_better(self.headline) else -value
        return cost, *row.id

    def _name(self, row: ResultRow) -> str:
        """The method with all that sets its row apart."""
        parts = [row.method]
        if row.status != "done":
            parts.append(f"({row.status})")
        elif row.name in REFERENCES:
            parts.append("(ref)")
        if row.status == "done" and row.seeds < self.section.seeds:
            parts.append(f"({row.seeds} of {self.section.seeds} seeds)")
        return " ".join(parts) + ("†" if self.moved_by_ties(row) else "")

    def _metric(self, metric: str) -> Column:
        """A metric, with the best and second best of the competing rows marked as they are printed."""
        means = [self._mean(row, metric) if row.competes else None for row in self.rows]
        printed = [None if mean is None else round(mean, 3) for mean in means]
        ranking = sorted({p for p in printed if p is not None}, reverse=not lower_is_better(metric))
        names: tuple[Mark, ...] = ("best", "second")
        marks: dict[float | None, Mark] = dict(zip(ranking, names, strict=False))
        tested = self.section.tested
        cells = [
            Cell(self._text(row, metric), marks.get(p, ""), tested.mark(row, metric) if tested else "")
            for row, p in zip(self.rows, printed, strict=True)
        ]
        return Column(metric, cells)

    def _text(self, row: ResultRow, metric: str) -> str:
        mean = self._mean(row, metric)
        if mean is None:
            return BLANK
        index = self._index[metric]
        std = row.scores[self._rule].std[index]
        text = f"{mean:.3f}" if np.isnan(std) else f"{mean:.3f} ± {std:.3f}"
        if self.report.ties == "all" and row.status == "done":
            low, high = sorted((row.mean(index, "best"), row.mean(index, "worst")))
            text += f" [{low:.3f}, {high:.3f}]"
        return text

    def _normalized(self, row: ResultRow) -> float:
        low, high = self._bounds(self.headline)
        value = self._mean(row, self.headline)
        if value is None or low is None or high is None or abs(high - low) < 1e-9:
            return np.nan
        return (value - low) / (high - low)


def closing(report: Report) -> list[str]:
    """What holds for all tables of a report."""
    lines = ["seconds and MiB (growth of memory) are of the whole job: every view and aggregator"]
    if not any("tuned" in row.tuning for row in report.rows):
        lines.append("no row is tuned: methods ran at their defaults or at what was set by hand")
    if report.other_views:
        names = ", ".join(report.other_views)
        lines.append(f"also evaluated: {names} (show them with --view NAME or --view all)")
    lines += [f"not evaluated: {where}" for where in report.not_evaluated]
    return [*lines, *report.left_out]


def _caption(section: Section) -> str:
    view = section.key.view
    seeds = "1 seed" if section.seeds == 1 else f"{section.seeds} seeds"
    if not view:
        return f"{section.title}: no view was evaluated, {seeds}"
    facts = {f"{{}} {section.unit}s": "entities", "{} skipped": "skipped", "tau {}": "tau"}
    known = [(form, _range(section.facts(name))) for form, name in facts.items()]
    numbers = ", ".join([*(form.format(value) for form, value in known if value), seeds])
    definition = "".join(f"; {text}" for text in section.facts("definition")[:1])
    return f"{section.title}, view {view}: {numbers}{definition}"


def _range(numbers: Sequence[float | str]) -> str:
    """One number, or the range over the seeds; empty for none."""
    ordered = sorted(map(float, numbers))
    return " to ".join(f"{number:g}" for number in (ordered[:1] + ordered[1:][-1:]))


def _tuning_notes(rows: Sequence[ResultRow]) -> Iterator[str]:
    """What makes a comparison of tuned and other rows unfair."""
    trials = {row.method: row.tuning for row in rows if row.competes and "tuned" in row.tuning}
    tuned = {row.name for row in rows if row.method in trials}
    untuned = [row for row in rows if row.competes and row.tuning == "default"]
    left = [row.method for row in untuned if row.name not in tuned]
    if left:
        yield (
            f"{', '.join(dict.fromkeys(left))} ran at defaults while {', '.join(trials)} was tuned: "
            "tune them alike (groupbench tune) before saying which is better"
        )
    if len(set(trials.values())) > 1:
        yield "the tuned rows had different numbers of trials"


def _texts(title: str, texts: Iterable[str]) -> Column:
    return Column(title, [Cell(text) for text in texts])


def _numbers(title: str, values: Iterable[float], form: str) -> Column:
    return Column(title, [Cell(BLANK if np.isnan(v) else format(v, form)) for v in values], "right")
