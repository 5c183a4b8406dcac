"""A delimited text file whose every complaint names file, line and value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.errors import DatasetError, shown, unknown
from groupbench.data.loading._dialect import Dialect, decoded
from groupbench.data.loading._numerals import LARGEST, floats

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from groupbench.core.arrays import BoolArray, FloatArray, IntArray


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
    dialect: Dialect

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
                line, cells = next(self.dialect.records())
                # With decimal commas a row of other separators has several values too.
                self.dialect.refuse_other_separator(line, cells if cells[0].count(" ") == 1 else cells[:1])
                message = unknown("column", column, have).replace("unknown", "there is no", 1)
                raise DatasetError(
                    f"{self.file}:{self.dialect.line(0)}: {message}; name it in the first line"
                )
        return self

    @property
    def name(self) -> str:
        """The file without its folder."""
        return self.file.rpartition("/")[2]

    def exploded(self, column: str, separator: str) -> TextTable:
        """One row for each of the values, with the separator between them, of a column; line numbers stay.

        Raises:
            DatasetError: naming the first row where a value is empty.
        """
        values = self.frame[column].str.split(separator)
        table = replace(self, frame=self.frame.assign(**{column: values}).explode(column))
        table.filled(column)
        return table

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
        self._check(~np.isnan(values), column, "is no finite number", "write a number such as 3.5")
        self._check(np.abs(values) < LARGEST, column, "is beyond 2**53", "take another unit")
        inside = (values >= low) & (values <= high)
        self._check(
            inside, column, f"is outside the scale {low:g} to {high:g}", "fix it or state another scale"
        )
        return values

    def times(self, column: str) -> IntArray:
        """A column of times as whole seconds, or another unit that is small enough, (n_rows,).

        Raises:
            DatasetError: naming the first value that is none.
        """
        values = floats(self.frame[column])
        example = "write seconds since 1970 as whole numbers such as 1577872800"
        self._check(~np.isnan(values), column, "is no number", example)
        self._check(np.abs(values) < LARGEST, column, "is beyond 2**53", "write seconds, not nanoseconds")
        whole = values == np.rint(values)
        self._check(whole, column, "has a fraction", "write whole seconds")
        return values.astype(np.int64)

    def distinct(self, columns: Sequence[str]) -> None:
        """Raise if two rows agree in all `columns`, naming their lines."""
        again = self.frame.duplicated(list(columns)).to_numpy()
        if again.any():
            row = int(np.argmax(again))
            same = (self.frame[list(columns)] == self.frame[list(columns)].iloc[row]).all(axis=1).to_numpy()
            first = self.line(int(np.argmax(same)))
            what = ", ".join(f"{c} {shown(self.frame[c].iloc[row])}" for c in columns)
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
            raise self.error(row, f"{column} {shown(self.frame[column].iloc[row])} {problem}", remedy)


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
    text = decoded(data, file, encoding)
    if len(separator) > 1:
        text, separator = text.replace(separator, "\t"), "\t"
    dialect = Dialect(file, text, separator, quoted, header=columns is None)
    frame = dialect.frame()
    if columns is None:
        columns = [str(name) for name in frame.iloc[0]]
        frame = frame.iloc[1:].reset_index(drop=True)
    if len(columns) != frame.shape[1] or len(set(columns)) < len(columns) or "" in columns:
        raise DatasetError(
            f"{file}:{dialect.line(0)}: the columns are {', '.join(map(shown, columns[:40]))} for "
            f"{frame.shape[1]} values a row; give every column one name of its own"
        )
    if frame.empty:
        raise DatasetError(f"{file}: has no rows; write one line per row")
    return TextTable(file, frame.set_axis(list(columns), axis="columns"), dialect)
