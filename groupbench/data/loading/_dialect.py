"""How a text is cut into values, and what is said where it cannot be."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, ClassVar, Literal

from groupbench.core.errors import DatasetError, shown, unknown
from groupbench.data.loading import _arrow
from groupbench.data.loading._text import TextColumn

if TYPE_CHECKING:
    import pyarrow as pa

OTHERS = {"\t": "a tab", ";": "';'", "::": "'::'", "|": "'|'", " ": "a blank"}
"""What people put between values instead of a comma, and its name."""

_PIECE = 2**16
"""Records that are read together."""

UNICODE_16 = (b"\xff\xfe", b"\xfe\xff")
"""How a text in UTF-16 begins."""


@dataclass(frozen=True)
class Dialect:
    """How a text is cut into records, and on which lines they lie.

    Attributes:
        file: its name for messages.
        data: all of it, in UTF-8.
        separator: the character between two values.
        quoted: whether double quotes may surround a value.
        header: whether the first record names the columns.
    """

    unit: ClassVar[str] = "line"
    file: str
    data: bytes
    separator: str
    quoted: bool
    header: bool

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Each record with the 1-based line on which it starts; blank lines are no records.

        Raises:
            DatasetError: if a record cannot be cut into values.
        """
        for start, _, cells in self._spans():
            yield start, cells

    def line(self, row: int) -> int:
        """The 1-based line on which a row below the header starts."""
        return self._line_of(row + self.header)

    def place(self, row: int) -> str:
        """What messages about a row begin with."""
        return f"{self.file}:{self.line(row)}"

    def lacks(self, column: str, columns: Iterable[str]) -> DatasetError:
        """An error about a column that is not among the `columns`, to be raised."""
        line, cells = next(self.records())
        # With decimal commas a row of other separators has several values too.
        self.refuse_other_separator(line, cells if cells[0].count(" ") == 1 else cells[:1])
        message = unknown("column", column, columns).replace("unknown", "there is no", 1)
        return DatasetError(f"{self.first_line}: {message} (its name must stand in the first line)")

    @property
    def first_line(self) -> str:
        """What messages about the first record begin with."""
        return f"{self.file}:{self._line_of(0)}"

    def columns(self) -> list[TextColumn]:
        """The columns of all records, without blanks around values.

        Raises:
            DatasetError: if there are none, or a row has too many or too few values, or an open quote.
        """
        cut = _arrow.cut(self.data, self.separator, self.quoted)
        return self.columns_with_care() if cut is None else list(map(TextColumn, cut))

    def columns_with_care(self) -> list[TextColumn]:
        """The same by a slower reader, which reads what Arrow's cannot, and says what is wrong."""
        import pyarrow as pa

        self._refuse_open_quote()
        pieces = list(self._pieces())
        if not pieces:
            raise DatasetError(f"{self.file}: is empty; write a first line with the column names")
        return [TextColumn(pa.chunked_array(parts)) for parts in zip(*pieces, strict=True)]

    def _pieces(self) -> Iterator[list[pa.Array]]:
        """The columns of so many records at a time, without blanks around values."""
        import pyarrow as pa

        records = self.records()
        while piece := list(islice(records, _PIECE)):
            self._refuse_uneven(piece)
            columns = zip(*(cells for _, cells in piece), strict=True)
            yield [pa.array([cell.strip() for cell in column], pa.large_string()) for column in columns]

    @cached_property
    def text(self) -> str:
        """The file as text."""
        return self.data.decode()

    def refuse_other_separator(self, line: int, cells: list[str]) -> None:
        """Raise if a record is one value that holds one of `OTHERS`."""
        if len(cells) > 1 or self.separator != ",":
            return
        for separator, name in OTHERS.items():
            if len(cells[0].strip().split(separator)) > 1:
                raise self._error(
                    line,
                    f"its values are separated by {name}; the separator must be a comma, and the point of "
                    "decimals a point",
                )

    def _line_of(self, record: int) -> int:
        return next(islice(self.records(), record, None))[0]

    @property
    def _quoting(self) -> Literal[0, 3]:
        """The csv module's constant."""
        return csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE

    def _lines(self) -> io.StringIO:
        return io.StringIO(self.text, newline="")

    def _spans(self) -> Iterator[tuple[int, int, list[str]]]:
        """The first and the last line of each record, and its values."""
        csv.field_size_limit(sys.maxsize)
        reader = csv.reader(self._lines(), delimiter=self.separator, quoting=self._quoting)
        start = 1
        try:
            for cells in reader:
                if len(cells) > 1 or (cells and cells[0].strip()):
                    yield start, reader.line_num, cells
                start = reader.line_num + 1
        except csv.Error as error:
            raise self._error(start, f"{error}; check its quotes and separators") from error

    def _refuse_open_quote(self) -> None:
        """Raise if no quote ends a value that one opens: readers take further lines for it, silently."""
        if not self.quoted or '"' not in self.text:
            return
        lines = list(self._lines())
        for start, end, _ in self._spans():
            torn = end > start or lines[start - 1].count('"') % 2
            if torn and self._is_open(lines[start - 1 : end]):
                raise self._error(
                    start, "a double quote opens a value here and none ends it; remove it, or close it"
                )

    def _is_open(self, lines: list[str]) -> bool:
        reader = csv.reader(lines, delimiter=self.separator, strict=True)
        try:
            next(reader)
        except csv.Error:
            return True
        return False

    def _refuse_uneven(self, records: list[tuple[int, list[str]]]) -> None:
        """Raise if a record has not as many values as the first of the file."""
        start, first = next(self.records())
        for line, cells in records:
            if len(cells) != len(first):
                self.refuse_other_separator(start, first)
                self.refuse_other_separator(line, cells)
                raise self._error(
                    line,
                    f"{len(cells)} values where the first line has {len(first)} "
                    f"({shown(self.separator.join(cells))}); "
                    + (
                        "put values that hold a separator in double quotes"
                        if len(cells) > len(first)
                        else "write all of them, with nothing between separators where one is not known"
                    ),
                )

    def _error(self, line: int, problem: str) -> DatasetError:
        return DatasetError(f"{self.file}:{line}: {problem}")


def as_utf8(data: bytes, file: str, encoding: str) -> bytes:
    """The text of a file in UTF-8, without a byte order mark.

    Raises:
        DatasetError: naming the first line that is not in that encoding, or holds a NUL byte.
    """
    if data.startswith(UNICODE_16):
        raise DatasetError(f"{file}:1: is UTF-16; save the file as {_name(encoding)}")
    if encoding not in ("utf-8", "utf-8-sig") or not data.isascii():
        try:
            data = data.decode(encoding).encode()
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            raise DatasetError(
                f"{file}:{line}: byte 0x{data[error.start]:02x} is not {_name(encoding)}; "
                "save the file in that encoding"
            ) from error
    if b"\0" in data:
        line = data[: data.index(b"\0")].count(b"\n") + 1
        raise DatasetError(f"{file}:{line}: holds a NUL byte; save the file as plain UTF-8 text")
    return data


def _name(encoding: str) -> str:
    return encoding.removesuffix("-sig").upper()
