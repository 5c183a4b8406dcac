"""How tables are written for people: plain text, Markdown, HTML; LaTeX has a module of its own."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from groupbench.core.errors import ConfigError, unknown
from groupbench.report import latex
from groupbench.report.cells import REFERENCE, CaptionedTable, Cell, Column, Mark

PRINTED = ("markdown", "latex", "html")
"""Formats in which things go by the names that papers give them, and nothing says what to type."""


def write_tables(
    tables: Iterable[CaptionedTable], format: str, legend: Sequence[str] = (), remarks: Sequence[str] = ()
) -> str:
    """Tables in a format for people.

    Args:
        tables: the tables.
        format: one of those for people.
        legend: what one has to know to read any of them; that of the marks comes first, if there are any.
        remarks: what is not in them, and why.

    Raises:
        ConfigError: if the format is unknown.
    """
    if format not in _FORMATS:
        raise ConfigError(unknown("format", format, tuple(_FORMATS)))
    form, tables = _FORMATS[format], list(tables)
    cells = [cell for table in tables for column in table.columns for cell in column.cells]
    references = any(REFERENCE in f"{cell.text}{cell.after}" for cell in cells)
    marking = [form.marking(references=references)] if any(cell.mark for cell in cells) else []
    lines = [*marking, *map(form.text, legend)]
    written = [form.table(table, lines if form.self_contained else ()) for table in tables]
    return form.join(written, () if form.self_contained else lines, list(map(form.text, remarks)))


@dataclass(frozen=True)
class _Format:
    """A format for people.

    Attributes:
        escape: makes any text mean itself.
        marks: what stands before and after a marked cell.
        lay_out: writes a table of which all texts are escaped, from its rows of written cells.
        join: writes written tables, the lines one needs to read them, and the remarks that end them.
        self_contained: whether each table has these lines within it.
    """

    escape: Callable[[str], str]
    marks: dict[Mark, tuple[str, str]]
    lay_out: Callable[[CaptionedTable, Sequence[Sequence[str]]], str]
    join: Callable[[Sequence[str], Sequence[str], Sequence[str]], str]
    self_contained: bool = False

    def table(self, table: CaptionedTable, legend: Sequence[str] = ()) -> str:
        """Write one table, with the written lines of a legend behind its notes."""
        rows = [
            [self.cell(cell) for cell in row]
            for row in zip(*(column.cells for column in table.columns), strict=True)
        ]
        columns = [
            Column(self.text(c.title), c.cells, c.align, c.key, self.text(c.group)) for c in table.columns
        ]
        notes = *map(self.text, table.notes), *legend
        return self.lay_out(
            CaptionedTable(self.text(table.caption), tuple(columns), notes, table.label), rows
        )

    def marking(self, *, references: bool) -> str:
        """What the marks mean, with that of `REFERENCE` if there are such rows."""
        legend = f"{self.cell(Cell('best', 'best'))}, {self.cell(Cell('second best', 'second'))}"
        ranked = f"; {REFERENCE} marks reference rows, which are not ranked" if references else ""
        return legend + self.text(f" among the methods{ranked}")

    def cell(self, cell: Cell) -> str:
        """Write one cell."""
        before, after = self.marks.get(cell.mark, ("", ""))
        return f"{before}{self.text(cell.text)}{after}{self.text(cell.after)}"

    def text(self, text: str) -> str:
        """Write text: control characters become visible, then the format's own are escaped."""
        return self.escape(
            "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
        )


def _grid(columns: Sequence[Column], rows: Sequence[Sequence[str]], style: str, between: str = " ") -> str:
    from tabulate import tabulate

    heads = [between.join(filter(None, [column.group, column.title])) for column in columns]
    aligns = [column.align for column in columns]
    written: str = tabulate(
        rows, heads, tablefmt=style, disable_numparse=True, colalign=aligns if rows else None
    )
    return written


def _plain(table: CaptionedTable, rows: Sequence[Sequence[str]]) -> str:
    return "\n".join([table.caption, "", _grid(table.columns, rows, "simple", "\n"), *table.notes])


def _markdown(table: CaptionedTable, rows: Sequence[Sequence[str]]) -> str:
    listed = ["", *(f"- {note}" for note in table.notes)] if table.notes else []
    return "\n".join([f"### {table.caption}", "", _grid(table.columns, rows, "pipe"), *listed])


def _html(table: CaptionedTable, rows: Sequence[Sequence[str]]) -> str:
    body = _grid(table.columns, rows, "unsafehtml")
    listed = [f"<p>{note}</p>" for note in table.notes]
    return "\n".join(["<figure>", f"<figcaption>{table.caption}</figcaption>", body, *listed, "</figure>"])


def _after(ending: Callable[[Sequence[str]], str]) -> Callable[..., str]:
    """Joins tables by writing all lines once, behind the last one."""

    def join(tables: Sequence[str], legend: Sequence[str], remarks: Sequence[str]) -> str:
        lines = [*legend, *remarks]
        return "\n\n".join([*tables, *([ending(lines)] if lines else [])])

    return join


_MARKDOWN = str.maketrans({c: f"\\{c}" for c in "\\`*_[]|~$#"} | {"&": "&amp;", "<": "&lt;", ">": "&gt;"})

_BARE: dict[Mark, tuple[str, str]] = {"best": ("", "*"), "second": ("", "_")}
_ANSI: dict[Mark, tuple[str, str]] = {"best": ("\x1b[1m", "\x1b[0m"), "second": ("\x1b[4m", "\x1b[0m")}

_FORMATS = {
    "plain": _Format(str, _BARE, _plain, _after("\n".join)),
    "colored": _Format(str, _ANSI, _plain, _after("\n".join)),
    "markdown": _Format(
        lambda text: text.translate(_MARKDOWN),
        {"best": ("**", "**"), "second": ("<u>", "</u>")},
        _markdown,
        _after("\n\n".join),
    ),
    "html": _Format(
        html.escape,
        {"best": ("<strong>", "</strong>"), "second": ("<u>", "</u>")},
        _html,
        _after(lambda lines: "\n".join(f"<p>{line}</p>" for line in lines)),
    ),
    "latex": _Format(
        latex.escape,
        {"best": (r"\textbf{", "}"), "second": (r"\underline{", "}")},
        latex.lay_out,
        latex.join,
        self_contained=True,
    ),
}


def escape(text: str, format: str) -> str:
    """Text that means itself in one of the formats."""
    return _FORMATS[format].text(text)
