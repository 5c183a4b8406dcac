"""Tables as text, in every format, and as a frame."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

import numpy as np

from groupbench.core.errors import ConfigError, unknown
from groupbench.core.text import csv_text
from groupbench.report.aggregate import ResultRow
from groupbench.report.long import TIE_RULES, TieRule, shown_rule, with_origin
from groupbench.report.select import Report, TableOptions, gather
from groupbench.report.significance import VERDICT_COLUMNS
from groupbench.report.wide import CaptionedTable, Cell, Column, Mark, WideTable, closing
from groupbench.results.store import RunRecord

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("plain", "markdown", "latex", "html", "csv", "json")
COLUMNS = (
    "dataset",
    "protocol",
    "view",
    "method",
    "aggregator",
    "metric",
    "mean",
    "std",
    "seeds",
    "status",
    "reason",
    "tuning",
)


def render(
    records: Sequence[RunRecord], *, format: str, color: bool = False, **options: Unpack[TableOptions]
) -> str:
    """Write the tables of `records`, one per data set, protocol and view.

    Args:
        records: run records; those count that stand together (`groupbench.results.selection.select`).
        format: one of `FORMATS`; csv and json are the rows of `table_frame`, the others are for people.
        color: whether plain text marks by terminal codes instead of letters.
        **options: what to show (`groupbench.report.select.TableOptions`).

    Returns:
        The text, without a newline at its end.

    Raises:
        ResultError: if there are no records.
        ConfigError: if a format, view, metric, aggregator, tie rule or comparison is unknown.
    """
    _require_format(format)
    report = gather(records, **options)
    if format in ("csv", "json"):
        return frame_text(_table_frame(report), format)
    tables = (WideTable(report, section).captioned() for section in report.sections)
    return write_tables(tables, "colored" if color and format == "plain" else format, closing(report))


def table_frame(records: Sequence[RunRecord], **options: Unpack[TableOptions]) -> pd.DataFrame:
    """The rows behind the table that `render` writes, one per metric, with the columns `COLUMNS`.

    `mean` and `std` (ddof=1, NaN for one seed) are over the `seeds` that finished. What has no values is one
    row per view, method and status with an empty metric, NaN and the reason; where some seeds finished and
    others did not, there are both kinds of rows and the reason starts with the count. The reason of rows from
    simulated data starts with `simulated data`. With `ties="all"` there are all three rules, the bounds as
    `ndcg@10:best` and `ndcg@10:worst`. Reported rows have the status `reported`, no aggregator, no seeds and
    their source as reason. With tests the columns of `groupbench.report.significance.Verdict` follow.

    Args:
        records: run records; those count that stand together (`groupbench.results.selection.select`).
        **options: what to show (`groupbench.report.select.TableOptions`).

    Raises:
        ResultError: if there are no records.
        ConfigError: if a view, metric, aggregator, tie rule or comparison is unknown.
    """
    return _table_frame(gather(records, **options))


def _table_frame(report: Report) -> pd.DataFrame:
    import pandas as pd

    rules: tuple[TieRule, ...] = TIE_RULES if report.ties == "all" else (shown_rule(report.ties),)
    verdicts: list[object] = []
    cells = []
    for section in report.sections:
        known = section.tested.verdicts if section.tested else {}
        for row in (*section.rows, *section.reported, *section.unfinished):
            for cell in _cells(row, report.metrics, rules, section.simulated):
                cells.append(cell)
                verdicts.append(known.get((*row.id, str(cell[5]))))
    frame = pd.DataFrame(cells, columns=list(COLUMNS))
    if all(section.tested is None for section in report.sections):
        return frame
    columns = {name: [getattr(verdict, name, None) for verdict in verdicts] for name in VERDICT_COLUMNS}
    return pd.concat([frame, pd.DataFrame(columns, index=frame.index)], axis=1)


def _cells(
    row: ResultRow, metrics: Sequence[str], rules: Sequence[TieRule], simulated: bool
) -> Iterator[tuple[object, ...]]:
    ending = (row.status, with_origin(simulated, row.reason), row.tuning)
    named = (*row.key, *row.id)
    if not row.scores or all(np.isnan(row.scores[rule].mean).all() for rule in rules):
        reason = with_origin(simulated, row.reason or "no value of the chosen metrics")
        yield (*named, "", float("nan"), float("nan"), row.seeds, row.status, reason, row.tuning)
        return
    for rule in rules:
        scores = row.scores[rule]
        suffix = f":{rule}" if len(rules) > 1 and rule != "expected" else ""
        columns = (scores.mean.tolist(), scores.std.tolist(), scores.seeds.tolist())
        for metric, mean, std, seeds in zip(metrics, *columns, strict=True):
            if mean == mean:
                yield (*named, metric + suffix, mean, std, seeds, *ending)


def _require_format(format: str, known: Sequence[str] = FORMATS) -> None:
    if format not in known:
        raise ConfigError(unknown("format", format, known))


def frame_text(frame: pd.DataFrame, format: str) -> str:
    """A frame as csv, or as a json list of its rows; what is missing is empty or null."""
    if format == "csv":
        return csv_text(frame)
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return json.dumps(rows, ensure_ascii=False, indent=1)


def write_tables(tables: Iterable[CaptionedTable], format: str, closing: Sequence[str] = ()) -> str:
    """Tables in a format for people, with the lines that end all of them, if there are any.

    Raises:
        ConfigError: if the format is unknown.
    """
    _require_format(format, tuple(_FORMATS))
    form = _FORMATS[format]
    ending = [form.closing(closing)] if closing else []
    return "\n\n".join([*map(form.table, tables), *ending])


_MARKDOWN = str.maketrans({c: f"\\{c}" for c in "\\`*_[]|~$#"} | {"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_LATEX = str.maketrans(
    {c: f"\\{c}" for c in "&%$#_{}"}
    | {c: f"{{{c}}}" for c in "[]*"}
    | {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "|": r"\textbar{}"}
    | {"<": r"\textless{}", ">": r"\textgreater{}", "±": r"$\pm$", "†": r"$^{\dagger}$", "–": "--"}
    | {"↑": r"$\uparrow$", "↓": r"$\downarrow$"}
)


@dataclass(frozen=True)
class _Format:
    """A format for people.

    Attributes:
        escape: makes any text mean itself.
        marks: what stands before and after a marked cell.
        lay_out: writes a caption, columns of written cells and footnotes.
        close: writes the lines that end all tables.
    """

    escape: Callable[[str], str]
    marks: dict[Mark, tuple[str, str]]
    lay_out: Callable[[str, Sequence[Column], Sequence[Sequence[str]], Sequence[str]], str]
    close: Callable[[Sequence[str]], str]

    def table(self, table: CaptionedTable) -> str:
        """Write one table."""
        rows = [
            [self.cell(cell) for cell in row]
            for row in zip(*(column.cells for column in table.columns), strict=True)
        ]
        notes = [self.text(note) for note in table.notes]
        return self.lay_out(self.text(table.caption), self._headed(table.columns), rows, notes)

    def closing(self, lines: Sequence[str]) -> str:
        """Write the lines that end all tables, the legend of the marks first."""
        legend = f"{self.cell(Cell('best', 'best'))}, {self.cell(Cell('second best', 'second'))}"
        legend += self.text(" among the methods; (ref) marks reference rows, which are not ranked")
        return self.close([legend, *map(self.text, lines)])

    def cell(self, cell: Cell) -> str:
        """Write one cell."""
        before, after = self.marks.get(cell.mark, ("", ""))
        return f"{before}{self.text(cell.text)}{after}{self.text(cell.after)}"

    def text(self, text: str) -> str:
        """Write text: control characters become visible, then the format's own are escaped."""
        return self.escape(
            "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
        )

    def _headed(self, columns: Sequence[Column]) -> list[Column]:
        return [Column(self.text(c.title), c.cells, c.align) for c in columns]


def _grid(columns: Sequence[Column], rows: Sequence[Sequence[str]], style: str) -> str:
    from tabulate import tabulate

    heads = [column.title for column in columns]
    aligns = [column.align for column in columns]
    written: str = tabulate(
        rows, heads, tablefmt=style, disable_numparse=True, colalign=aligns if rows else None
    )
    return written


def _plain(
    caption: str, columns: Sequence[Column], rows: Sequence[Sequence[str]], notes: Sequence[str]
) -> str:
    return "\n".join([caption, "", _grid(columns, rows, "simple"), *notes])


def _markdown(
    caption: str, columns: Sequence[Column], rows: Sequence[Sequence[str]], notes: Sequence[str]
) -> str:
    listed = ["", *(f"- {note}" for note in notes)] if notes else []
    return "\n".join([f"### {caption}", "", _grid(columns, rows, "pipe"), *listed])


def _html(
    caption: str, columns: Sequence[Column], rows: Sequence[Sequence[str]], notes: Sequence[str]
) -> str:
    body = _grid(columns, rows, "unsafehtml")
    listed = [f"<p>{note}</p>" for note in notes]
    return "\n".join(["<figure>", f"<figcaption>{caption}</figcaption>", body, *listed, "</figure>"])


def _latex(
    caption: str, columns: Sequence[Column], rows: Sequence[Sequence[str]], notes: Sequence[str]
) -> str:
    aligns = "".join(column.align[0] for column in columns)
    lines = [" & ".join(row) + r" \\" for row in rows]
    return "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{caption}}}",
            rf"\begin{{tabular}}{{{aligns}}}",
            r"\toprule",
            " & ".join(column.title for column in columns) + r" \\",
            r"\midrule",
            *lines,
            r"\bottomrule",
            r"\end{tabular}",
            *(rf"\par\footnotesize {note}." for note in notes),
            r"\end{table}",
        ]
    )


_BARE: dict[Mark, tuple[str, str]] = {"best": ("", "*"), "second": ("", "_")}
_ANSI: dict[Mark, tuple[str, str]] = {"best": ("\x1b[1m", "\x1b[0m"), "second": ("\x1b[4m", "\x1b[0m")}

_FORMATS = {
    "plain": _Format(str, _BARE, _plain, "\n".join),
    "colored": _Format(str, _ANSI, _plain, "\n".join),
    "markdown": _Format(
        lambda text: text.translate(_MARKDOWN),
        {"best": ("**", "**"), "second": ("<u>", "</u>")},
        _markdown,
        "\n\n".join,
    ),
    "html": _Format(
        html.escape,
        {"best": ("<strong>", "</strong>"), "second": ("<u>", "</u>")},
        _html,
        lambda lines: "\n".join(f"<p>{line}</p>" for line in lines),
    ),
    "latex": _Format(
        lambda text: text.translate(_LATEX),
        {"best": (r"\textbf{", "}"), "second": (r"\underline{", "}")},
        _latex,
        lambda lines: "\n".join(rf"\par\noindent\footnotesize {line}." for line in lines),
    ),
}


def escape(text: str, format: str) -> str:
    """Text that means itself in one of the formats for people."""
    return _FORMATS[format].text(text)
