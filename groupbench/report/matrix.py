"""The wide layout: rows are methods, columns the metrics of each data set, and the average rank is last."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.errors import ConfigError
from groupbench.core.text import count
from groupbench.metrics import lower_is_better
from groupbench.report.aggregate import ResultRow
from groupbench.report.cells import BLANK, REFERENCE, CaptionedTable, Cell, Column, numbers, texts
from groupbench.report.long import REFERENCES
from groupbench.report.names import Wording
from groupbench.report.notes import label, section_notes, section_title, sizes, with_caption
from groupbench.report.options import LayoutOptions
from groupbench.report.resolution import WITHOUT_AGGREGATOR
from groupbench.report.select import Report, Section
from groupbench.report.wide import WideTable

if TYPE_CHECKING:
    import pandas as pd

Line = tuple[str, str]
"""Method and aggregator of a row; where a view has one row of the method without any, that one."""


class MatrixTable:
    """All sections of a report side by side.

    Args:
        report: what was asked for.
        layout: how the table is laid out.
        wording: how it speaks.

    Raises:
        ConfigError: if columns are asked for, which are the metrics here.

    Attributes:
        report: what was asked for.
        tables: the table of each section that has values.
        lines: method and aggregator of each row: those that compete by average rank, then reference rows.
    """

    def __init__(
        self, report: Report, layout: LayoutOptions | None = None, wording: Wording | None = None
    ) -> None:
        self.report = report
        self._layout = layout or LayoutOptions.make()
        self._wording = wording or Wording()
        if self._layout.columns:
            raise ConfigError("--columns is for --layout views; here name --metrics")
        alone = self._layout.model_copy(update={"columns": ["metrics"]})
        self.tables = [WideTable(report, s, alone, self._wording) for s in report.sections if s.rows]
        order = {line: (self._is_reference(line), self._merit(line)) for line in self._lines()}
        self.lines = sorted(order, key=lambda line: (order[line], line))

    def captioned(self) -> CaptionedTable:
        """The table with its caption and notes."""
        keys = [table.section.key for table in self.tables]
        named = list(dict.fromkeys(part for key in keys for part in key))
        caption = with_caption(self._layout.caption, self._caption())
        return CaptionedTable(caption, tuple(self._columns()), tuple(self._notes()), label(*named, "wide"))

    def frame(self) -> pd.DataFrame:
        """Method, aggregator, mean and standard deviation of each metric of each section, average_rank."""
        import pandas as pd

        columns: dict[str, object] = {
            "method": [method for method, _ in self.lines],
            "aggregator": [aggregator for _, aggregator in self.lines],
        }
        for table in self.tables:
            key = table.section.key
            for metric in table.metrics:
                rows = [self._row(table.section, line) for line in self.lines]
                name = f"{key.dataset} {key.protocol} {key.view} {metric}"
                columns[name] = [table.mean(row, metric) for row in rows]
                columns[f"{name} std"] = [table.std(row, metric) for row in rows]
        columns["average_rank"] = [self._ranks.get(line, np.nan) for line in self.lines]
        return pd.DataFrame(columns)

    def _lines(self) -> Iterator[Line]:
        rows = [row for table in self.tables for row in table.section.rows]
        for method in dict.fromkeys(row.method for row in rows):
            names = {row.aggregator for row in rows if row.method == method}
            yield from ((method, name) for name in (names - {"none"} or names))

    def _row(self, section: Section, line: Line) -> ResultRow | None:
        rows = {row.aggregator: row for row in section.rows if row.method == line[0]}
        return rows.get(line[1]) or rows.get("none")

    def _is_reference(self, line: Line) -> bool:
        rows = (self._row(table.section, line) for table in self.tables)
        return any(row is not None and row.name in REFERENCES for row in rows)

    @cached_property
    def _ranks(self) -> dict[Line, float]:
        """The average rank of each competing line that has a value in every column."""
        from scipy import stats

        lines = [line for line in self._lines() if not self._is_reference(line)]
        costs = np.array(
            [
                [self._ranked_cost(table, line, metric) for line in lines]
                for table in self.tables
                for metric in table.metrics
            ]
        ).reshape(-1, len(lines))
        complete = [i for i in range(len(lines)) if not np.isnan(costs[:, i]).any()]
        if not complete or not len(costs):
            return {}
        ranks = stats.rankdata(costs[:, complete], axis=1).mean(axis=0)
        return {lines[i]: float(rank) for i, rank in zip(complete, ranks, strict=True)}

    def _cost(self, table: WideTable, line: Line, metric: str) -> float:
        """The mean, lower for what is better; NaN where there is none."""
        value = table.mean(self._row(table.section, line), metric)
        return np.nan if value is None else value if lower_is_better(metric) else -value

    def _ranked_cost(self, table: WideTable, line: Line, metric: str) -> float:
        """The same of a row that is ranked there, else NaN."""
        row = self._row(table.section, line)
        ranked = row is not None and row.id in table.ranked[metric]
        return self._cost(table, line, metric) if ranked else np.nan

    def _merit(self, line: Line) -> float:
        """Average rank; for rows without one, behind these, the place by the first column."""
        if line in self._ranks:
            return self._ranks[line]
        cost = self._cost(self.tables[0], line, self.tables[0].headline)
        return np.inf if np.isnan(cost) else 1e6 + cost

    def _columns(self) -> Iterator[Column]:
        yield texts(self._wording.head("method"), map(self._name, self.lines))
        for table, heading in zip(self.tables, self._headings, strict=True):
            cells = {
                metric: dict(zip((row.id for row in table.rows), table.metric(metric).cells, strict=True))
                for metric in table.metrics
            }
            for metric in table.metrics:
                rows = [self._row(table.section, line) for line in self.lines]
                of_lines = [Cell(BLANK) if row is None else cells[metric][row.id] for row in rows]
                yield Column(self._wording.metric(metric), of_lines, key="metrics", group=heading)
        ranks = (self._ranks.get(line, np.nan) for line in self.lines)
        yield numbers(self._wording.head("rank"), ranks, ".2f", "rank")

    def _name(self, line: Line) -> str:
        method, aggregator = line
        shown = "none" if aggregator == self.report.aggregator else aggregator
        name = self._wording.row(method, shown)
        name = f"{name} {REFERENCE}" if self._is_reference(line) else name
        rows = ((table, self._row(table.section, line)) for table in self.tables)
        moved = any(row is not None and table.moved_by_ties(row) for table, row in rows)
        return name + "†" * moved

    @cached_property
    def _headings(self) -> list[str]:
        """What sets each section apart: those of data set, protocol and view that differ."""
        keys = [table.section.key for table in self.tables]
        differs = [part for part in range(3) if len({key[part] for key in keys}) > 1] or [0]
        named = [(self._wording.dataset(key.dataset), key.protocol, key.view) for key in keys]
        return [", ".join(name[part] for part in differs) for name in named]

    def _caption(self) -> str:
        keys = [table.section.key for table in self.tables]
        sources = dict.fromkeys(section_title(table.section, self._wording) for table in self.tables)
        views = dict.fromkeys(key.view for key in keys)
        seeds = sorted({table.section.seeds for table in self.tables})
        over = " to ".join(dict.fromkeys([str(seeds[0]), str(seeds[-1])])) if len(seeds) > 1 else ""
        shown = f"{over} seeds" if over else count(seeds[0], "seed")
        return f"{'; '.join(sources)}; view{'s' * (len(views) > 1)} {', '.join(views)}; {shown}"

    def _notes(self) -> Iterator[str]:
        """What holds for all sections once, the rest with the heading of its section."""
        by_section = [[", ".join(sizes(table.section)), *section_notes(table)] for table in self.tables]
        for note in dict.fromkeys(note for notes in by_section for note in notes if note):
            where = [head for head, notes in zip(self._headings, by_section, strict=True) if note in notes]
            yield note if len(where) == len(by_section) else f"{'; '.join(where)}: {note}"
        if self.report.aggregator not in ("all", "best", *WITHOUT_AGGREGATOR):
            yield f"members' scores are aggregated by {self.report.aggregator} where nothing else is said"
        yield "rank is the average over the columns, among the methods that are ranked in each"
