"""Text that strangers wrote, as it may be shown: nothing of it moves a cursor or runs in a spreadsheet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    import pandas as pd

_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control characters but the tab and the line feed, ends of lines that only some programs know, and what
turns the direction of writing."""

_STYLE = re.compile("\x1b\\[[0-9;]*m")

_LONG = re.compile(r"(\S{80})\S{921,}")

_FORMULA = re.compile("[=+\\-@\t\r]")


def visible(text: str) -> str:
    """The text with every control character but tab and line feed written as JSON does (`u001b`)."""
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def one_line(text: str) -> str:
    """As `visible`, with tabs and line feeds written so too: for a cell, or a name in a line."""
    return visible(text).replace("\t", "\\t").replace("\n", "\\n")


def shortened(text: str) -> str:
    """The text with every word of more than 1,000 characters cut to its first 80 and its length."""
    return _LONG.sub(lambda word: f"{word[1]}... ({len(word[0]):,} characters)", text)


def count(number: int, noun: str) -> str:
    """`1 seed`, `2 seeds`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def csv_cell(value: object) -> object:
    """A cell of CSV that no spreadsheet runs: a formula that is no number gets an apostrophe in front."""
    if not isinstance(value, str) or not _FORMULA.match(value):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value


def csv_text(frame: pd.DataFrame) -> str:
    """A frame as CSV, headed by the names of columns; cells are as of `csv_cell`, missing ones empty."""
    safe = frame.rename(columns=csv_cell)
    for position, kind in enumerate(frame.dtypes):
        if getattr(kind, "kind", "O") not in "biuf":
            safe.isetitem(position, frame.iloc[:, position].astype(object).map(csv_cell).to_numpy())
    return safe.to_csv(index=False, lineterminator="\n").rstrip("\n")


class VisibleStream:
    """A stream that shows text as of `visible`; on a terminal it lets colors pass, and nothing else.

    What draws by itself, as a bar does, writes to `drawing_on(stream)`, with text that is visible already.
    """

    def __init__(self, stream: TextIO) -> None:
        self.unescaped = stream
        self._colors = stream.isatty()

    def write(self, text: str) -> int:
        """Write the text; returns how many characters of it were taken, which is all of them."""
        if self._colors and "\x1b" in text:
            styles = [*_STYLE.findall(text), ""]
            parts = zip(_STYLE.split(text), styles, strict=True)
            self.unescaped.write("".join(visible(part) + style for part, style in parts))
        else:
            self.unescaped.write(visible(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Write lines, one after the other."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":  # Nobody is to go round `write`.
            raise AttributeError(name)
        return getattr(self.unescaped, name)


def drawing_on(stream: TextIO) -> TextIO:
    """The stream below a `VisibleStream`, for what moves the cursor on purpose; any other stream as it is."""
    return stream.unescaped if isinstance(stream, VisibleStream) else stream
