"""A delimited text file whose every complaint names file, line and value."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Literal

import numpy as np

from groupbench.core.errors import DatasetError, unknown

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from groupbench.core.arrays import BoolArray, FloatArray, IntArray


LARGEST = 1e100
"""Numbers beyond it are refused: their squares would be infinite."""


@dataclass(frozen=True)
class _Dialect:
    """How a text is cut into records, and on which lines they lie."""

    file: str
    text: str
    separator: str
    quoted: bool
    header: bool

    @property
    def quoting(self) -> Literal[0, 3]:
        """The csv module's constant."""
        return csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Each record with the 1-based line on which it starts; blank lines are no records.

        Raises:
            DatasetError: if a record cannot be cut into values.
        """
        lines = io.StringIO(self.text, newline="")
        reader = csv.reader(lines, delimiter=self.separator, quoting=self.quoting)
        start = 1
        try:
            for cells in reader:
                if len(cells) > 1 or (cells and cells[0].strip()):
                    yield start, cells
                start = reader.line_num + 1
        except csv.Error as error:
            raise DatasetError(f"{self.file}:{start}: {error}; check its quotes and separators") from error

    def line(self, record: int) -> int:
        """The 1-based line on which a record starts."""
        return next(islice(self.records(), record, None))[0]


@dataclass(frozen=True)
class TextTable:
    """Rows of text. Blanks around values are dropped; ids such as `007` stay as they are.

    Attributes:
        file: the file, for messages.
        frame: one text column per field, without missing values, index 0, 1, 2 ...
        dialect: how the file is cut, to find the line of a row when an error needs it.
    """

    file: str
    frame: pd.DataFrame
    dialect: _Dialect

    def __len__(self) -> int:
        return len(self.frame)

    def line(self, row: int) -> int:
        """The 1-based line of the file on which a row starts."""
        return self.dialect.line(int(self.frame.index[row]) + self.dialect.header)

    def error(self, row: int, problem: str, remedy: str) -> DatasetError:
        """An error about a row, to be raised."""
        return DatasetError(f"{self.file}:{self.line(row)}: {problem}; {remedy}")

    def require(self, *columns: str) -> TextTable:
        """This table; a `DatasetError` unless all `columns` are there."""
        for column in columns:
            if column not in self.frame.columns:
                have = list(self.frame.columns)
                message = unknown("column", column, have).replace("unknown", "there is no", 1)
                raise DatasetError(
                    f"{self.file}:{self.dialect.line(0)}: {message}; name it in the first line"
                )
        return self

    def keep(self, rows: BoolArray) -> TextTable:
        """The rows of a mask; line numbers stay right."""
        return replace(self, frame=self.frame[rows])

    def filled(self, *columns: str) -> None:
        """Raise if a value of `columns` is empty."""
        for column in columns:
            self._check(self.frame[column].to_numpy() != "", column, "is empty", "fill it in or drop the row")

    def renamed(self, names: Mapping[str, str]) -> TextTable:
        """The table with other names for the columns of `names` that it has."""
        return replace(self, frame=self.frame.rename(columns=dict(names)))

    def assigned(self, **columns: Sequence[str] | NDArray[np.object_] | pd.Series[str]) -> TextTable:
        """The table with further or replaced columns of text, (n_rows,) each."""
        return replace(self, frame=self.frame.assign(**columns))

    def numbers(self, column: str, low: float = -np.inf, high: float = np.inf) -> FloatArray:
        """A column as finite numbers from `low` to `high`, (n_rows,).

        Raises:
            DatasetError: naming the first value that is none.
        """
        values = floats(self.frame[column])
        self._check(np.isfinite(values), column, "is no finite number", "write a number such as 3.5")
        self._check(np.abs(values) <= LARGEST, column, f"is beyond {LARGEST:g}", "take another unit")
        inside = (values >= low) & (values <= high)
        self._check(
            inside, column, f"is outside the scale {low:g} to {high:g}", "fix it or state another scale"
        )
        return values

    def whole(self, column: str) -> IntArray:
        """A column as whole numbers that a float holds exactly, (n_rows,)."""
        values = self.numbers(column)
        exact = (values == np.rint(values)) & (np.abs(values) < 2**53)
        self._check(exact, column, "is no whole number", "write seconds without a fraction")
        return values.astype(np.int64)

    def distinct(self, columns: Sequence[str]) -> None:
        """Raise if two rows agree in all `columns`, naming their lines."""
        again = self.frame.duplicated(list(columns)).to_numpy()
        if again.any():
            row = int(np.argmax(again))
            same = (self.frame[list(columns)] == self.frame[list(columns)].iloc[row]).all(axis=1).to_numpy()
            first = self.line(int(np.argmax(same)))
            what = ", ".join(f"{c} {self.frame[c].iloc[row]!r}" for c in columns)
            raise self.error(row, f"repeats line {first} ({what})", "drop one of the two lines")

    def typed(self, *ids: str) -> pd.DataFrame:
        """The frame with numbers as numbers, except in the id columns."""
        frame = self.frame.copy()
        for column in [c for c in frame.columns if c not in ids]:
            numeric = floats(frame[column])
            if (np.isfinite(numeric) | (frame[column] == "")).all():
                frame[column] = numeric
        return frame.reset_index(drop=True)

    def _check(self, good: BoolArray, column: str, problem: str, remedy: str) -> None:
        if not good.all():
            row = int(np.argmin(good))
            raise self.error(row, f"{column} {self.frame[column].iloc[row]!r} {problem}", remedy)


def floats(values: pd.Series[str]) -> FloatArray:
    """Text as the nearest floats, (len(values),), in every version of pandas; NaN where it is no number."""
    text = values.to_numpy(dtype=object)
    try:
        return text.astype(np.float64)
    except ValueError:
        return np.array([_float(cell) for cell in text])


def _float(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def read_table(
    data: bytes,
    file: str,
    columns: Sequence[str] | None = None,
    *,
    separator: str = ",",
    quoted: bool = True,
    encoding: str = "utf-8-sig",
) -> TextTable:
    """Cut the bytes of a file into a table.

    Args:
        data: the file.
        file: its name for messages.
        columns: names of the columns, where the first line does not give them.
        separator: what stands between two values; several characters only where `quoted` is False.
        quoted: whether double quotes may surround a value.
        encoding: how the text is stored.

    Raises:
        DatasetError: if the file is empty, is not in that encoding, or a row has too many or too few values.
    """
    text = _decoded(data, file, encoding)
    if len(separator) > 1:
        text, separator = text.replace(separator, "\t"), "\t"
    dialect = _Dialect(file, text, separator, quoted, header=columns is None)
    frame = _frame(dialect, file)
    if columns is None:
        columns = [str(name) for name in frame.iloc[0]]
        frame = frame.iloc[1:].reset_index(drop=True)
    if len(columns) != frame.shape[1] or len(set(columns)) < len(columns) or "" in columns:
        raise DatasetError(
            f"{file}:{dialect.line(0)}: the columns are {', '.join(map(repr, columns))} for "
            f"{frame.shape[1]} values a row; give every column one name of its own"
        )
    if frame.empty:
        raise DatasetError(f"{file}: has no rows; write one line per row")
    return TextTable(file, frame.set_axis(list(columns), axis="columns"), dialect)


def _decoded(data: bytes, file: str, encoding: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise DatasetError(
            f"{file}:{line}: byte 0x{data[error.start]:02x} is not {encoding.removesuffix('-sig').upper()}; "
            "save the file in that encoding"
        ) from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise DatasetError(f"{file}:{line}: holds a NUL byte; save the file as plain UTF-8 text")
    return text


def _frame(dialect: _Dialect, file: str) -> pd.DataFrame:
    import pandas as pd

    try:
        frame = pd.read_csv(
            io.StringIO(dialect.text),
            sep=dialect.separator,
            quoting=dialect.quoting,
            header=None,
            dtype=str,
            keep_default_na=False,
        )
    except pd.errors.EmptyDataError as error:
        raise DatasetError(f"{file}: is empty; write a first line with the column names") from error
    except pd.errors.ParserError as error:
        _refuse_uneven(dialect, file)
        raise DatasetError(f"{file}: {error}; check its quotes and separators") from error
    if frame.iloc[:, -1].isin(("", None)).any():
        _refuse_uneven(dialect, file)
    for column in frame.columns:
        frame[column] = frame[column].str.strip()
    return frame


def _refuse_uneven(dialect: _Dialect, file: str) -> None:
    """Raise if a row has not as many values as the first; pandas fills short ones up with empty text."""
    records = dialect.records()
    _, first = next(records)
    for line, cells in records:
        if len(cells) != len(first):
            raise DatasetError(
                f"{file}:{line}: {len(cells)} values where the first line has {len(first)} "
                f"({dialect.separator.join(cells)!r}); put values that hold a separator in double quotes"
            )
