"""Tables as LaTeX floats that leave the text around them as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from groupbench.report.cells import CaptionedTable, Column

NEEDS = r"% needs \usepackage{booktabs} and \usepackage{graphicx}"

_ESCAPED = str.maketrans(
    {c: f"\\{c}" for c in "&%$#_{}"}
    | {c: f"{{{c}}}" for c in "[]*"}
    | {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "|": r"\textbar{}"}
    | {"<": r"\textless{}", ">": r"\textgreater{}", "±": r"$\pm$", "†": r"$^{\dagger}$", "–": "--"}
    | {"↑": r"$\uparrow$", "↓": r"$\downarrow$", "×": r"$\times$"}
)


def escape(text: str) -> str:
    """Text that LaTeX prints as it is."""
    written = (
        re.sub("-(?=-)", "-\0", text)
        .translate(_ESCAPED)
        .replace("\0", "{}")
        .replace(r" $\pm$ ", r"\,$\pm$\,")
    )
    return f"$-${written[1:]}" if re.match(r"-\d", written) else written


def lay_out(table: CaptionedTable, rows: Sequence[Sequence[str]]) -> str:
    """A table as a float, its notes within.

    What is wider than the text is scaled down by LaTeX itself, which alone knows how wide it is.

    Args:
        table: with texts that are escaped.
        rows: the written cells.
    """
    aligns = "".join(column.align[0] for column in table.columns)
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{table.caption}}}",
            *([rf"\label{{{table.label}}}"] if table.label else []),
            r"\par\smallskip\footnotesize",
            r"\setlength{\tabcolsep}{3pt}",
            r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
            rf"\begin{{tabular}}{{@{{}}{aligns}@{{}}}}",
            r"\toprule",
            *_groups(table.columns),
            " & ".join(column.title for column in table.columns) + r" \\",
            r"\midrule",
            *(" & ".join(row) + r" \\" for row in rows),
            r"\bottomrule",
            r"\end{tabular}}",
            *_noted(table.notes),
            r"\end{table}",
        ]
    )


def join(tables: Sequence[str], legend: Sequence[str], remarks: Sequence[str]) -> str:
    """Floats, below what they need; the lines on all of them are for the author, in comments."""
    return "\n\n".join(
        [f"{NEEDS}\n{tables[0]}" if tables else NEEDS, *tables[1:], *_comments(legend, remarks)]
    )


def _comments(*lines: Sequence[str]) -> list[str]:
    written = [f"% {line}" for part in lines for line in part]
    return ["\n".join(written)] if written else []


def _noted(notes: Sequence[str]) -> list[str]:
    """Notes as a paragraph of their own; the float is the group in which their size ends."""
    if not notes:
        return []
    sentences = [f"{note[:1].upper()}{note[1:]}." for note in notes]
    return [r"\par\smallskip", r"{\scriptsize\raggedright", *sentences, r"\par}"]


def _groups(columns: Sequence[Column]) -> Iterator[str]:
    """A line of headings above those of the columns, ruled below, where there are any."""
    if not any(column.group for column in columns):
        return
    heads, rules, first = [], [], 1
    for group, under in groupby(columns, key=lambda column: column.group):
        width = len(list(under))
        heads.append(rf"\multicolumn{{{width}}}{{c}}{{{group}}}")
        rules += [rf"\cmidrule(lr){{{first}-{first + width - 1}}}"] if group else []
        first += width
    yield " & ".join(heads) + r" \\"
    yield " ".join(rules)
