"""How a table is written in each format for people: escapes, marks and layout."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from groupbench.report.captions import Table
from groupbench.report.wide import Cell, Column, Mark

_MARKDOWN = str.maketrans({c: f"\\{c}" for c in "\\`*_[]|~$#"} | {"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_LATEX = str.maketrans(
    {c: f"\\{c}" for c in "&%$#_{}"}
    | {c: f"{{{c}}}" for c in "[]*"}
    | {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "|": r"\textbar{}"}
    | {"<": r"\textless{}", ">": r"\textgreater{}", "±": r"$\pm$", "†": r"$^{\dagger}$", "–": "--"}
    | {"↑": r"$\uparrow$", "↓": r"$\downarrow$"}
)


@dataclass(frozen=True)
class Format:
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

    def table(self, table: Table) -> str:
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

PLAIN = Format(str, _BARE, _plain, "\n".join)
COLOURED = Format(str, _ANSI, _plain, "\n".join)
MARKDOWN = Format(
    lambda text: text.translate(_MARKDOWN),
    {"best": ("**", "**"), "second": ("<u>", "</u>")},
    _markdown,
    "\n\n".join,
)
HTML = Format(
    html.escape,
    {"best": ("<strong>", "</strong>"), "second": ("<u>", "</u>")},
    _html,
    lambda lines: "\n".join(f"<p>{line}</p>" for line in lines),
)
LATEX = Format(
    lambda text: text.translate(_LATEX),
    {"best": (r"\textbf{", "}"), "second": (r"\underline{", "}")},
    _latex,
    lambda lines: "\n".join(rf"\par\noindent\footnotesize {line}." for line in lines),
)
