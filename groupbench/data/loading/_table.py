"""A delimited text file whose every complaint names file, line and value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.errors import DatasetError, shown
from groupbench.data.loading._dialect import Dialect, as_utf8
from groupbench.data.loading._numerals import LARGEST
from groupbench.data.loading._text import CodedText, TextColumn
from groupbench.data.loading._times import seconds

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from groupbench.core.arrays import BoolArray, FloatArray, IntArray
    from groupbench.data.loading._parquet import ParquetRows


@dataclass(frozen=True, eq=False)
class TextTable:
    """Rows of text. Blanks around values are dropped; ids such as `007` stay as they are.

    Attributes:
        file: the file, for messages.
        columns: the columns by name, all of them with `n_rows` values.
        origin: the rows of the file, to find the line of one when an error needs it.
        kept: (n_rows,) which record of the file each row is of; None where the rows are all of them.
    """

    file: str
    columns: Mapping[str, TextColumn]
    origin: Dialect | ParquetRows
    kept: IntArray | None = None

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One text column per field, index 0, 1, 2 ...; of long files `coded` and `numbers` are faster."""
        import pandas as pd

        return pd.DataFrame({name: column.text.to_pandas() for name, column in self.columns.items()})

    @property
    def records(self) -> IntArray:
        """Which record of the file each row is of, (n_rows,)."""
        return np.arange(len(self)) if self.kept is None else self.kept

    def coded(self, column: str) -> CodedText:
        """A column as codes of its distinct values, without a Python object per row."""
        return self.columns[column].coded

    def uniques(self, column: str) -> list[str]:
        """The distinct values of a column, in the order of their first rows."""
        values: list[str] = self.coded(column).uniques.to_pylist()
        return values

    def line(self, row: int) -> int:
        """The 1-based line of the file on which a row starts, or of a Parquet file its number."""
        record = row if self.kept is None else int(self.kept[row])
        return self.origin.line(record)

    def error(self, row: int, problem: str, remedy: str) -> DatasetError:
        """An error about a row, to be raised."""
        record = row if self.kept is None else int(self.kept[row])
        return DatasetError(f"{self.origin.place(record)}: {problem}; {remedy}")

    def require(self, *columns: str) -> TextTable:
        """This table; a `DatasetError` unless all `columns` are there."""
        for column in columns:
            if column not in self.columns:
                raise self.origin.lacks(column, self.columns)
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
        rows, values = self.columns[column].split(separator)
        table = self.keep(rows)
        table = replace(table, columns={**table.columns, column: values})
        table.filled(column)
        return table

    def keep(self, rows: BoolArray | IntArray) -> TextTable:
        """The rows of a mask, or with these numbers; line numbers stay right."""
        columns = {name: column.take(rows) for name, column in self.columns.items()}
        return replace(self, columns=columns, kept=self.records[rows])

    def filled(self, *columns: str) -> None:
        """Raise if a value of `columns` is empty."""
        for column in columns:
            if self.columns[column].has_gaps:
                empty = self.columns[column].empty
                self.check(~empty, column, "is empty", "fill it in or drop the row")

    def renamed(self, names: Mapping[str, str]) -> TextTable:
        """The table with other names for the columns of `names` that it has."""
        return replace(self, columns={names.get(name, name): c for name, c in self.columns.items()})

    def assigned(self, **columns: Sequence[str] | NDArray[np.object_] | pd.Series[str]) -> TextTable:
        """The table with further or replaced columns of text, (n_rows,) each."""
        made = {name: TextColumn.of(values) for name, values in columns.items()}
        return replace(self, columns={**self.columns, **made})

    def numbers(self, column: str, low: float = -np.inf, high: float = np.inf) -> FloatArray:
        """A column as finite numbers from `low` to `high`, (n_rows,).

        Raises:
            DatasetError: naming the first value that is none.
        """
        values = self.columns[column].numbers
        lowest, highest = values.min(), values.max()
        if -LARGEST < lowest >= low and LARGEST > highest <= high:
            return values
        self.check(~np.isnan(values), column, "is no finite number", "write a number such as 3.5")
        self.check(np.abs(values) < LARGEST, column, "is beyond 2**53", "take another unit")
        inside = (values >= low) & (values <= high)
        self.check(
            inside, column, f"is outside the scale {low:g} to {high:g}", "fix it or state another scale"
        )
        return values

    def times(self, column: str) -> IntArray:
        """A column of times as whole seconds, or another unit that is small enough, (n_rows,).

        Times may be numbers, dates or those of ISO 8601; without a zone they are taken for UTC.

        Raises:
            DatasetError: naming the first value that is no time, or in another form than the first row.
        """
        return seconds(self, column)

    def repeated(self, columns: Sequence[str]) -> BoolArray:
        """Which rows agree with an earlier one in all `columns`, (n_rows,)."""
        first, *others = columns
        rows, keys = np.arange(len(self)), self.coded(first).codes.astype(np.int64)
        for column in others:
            # Only rows that are alike so far are looked at, so that most times are never compared.
            values = self.columns[column]
            codes, uniques = (values if len(rows) == len(self) else values.take(rows)).coded
            keys *= len(uniques)
            keys += codes
            rows, keys = _alike(rows, keys)
        again = np.zeros(len(self), dtype=np.bool_)
        again[rows] = True
        again[rows[np.unique(keys, return_index=True)[1]]] = False
        return again

    def distinct(self, columns: Sequence[str]) -> None:
        """Raise if two rows agree in all `columns`, naming their lines."""
        again = self.repeated(columns)
        if again.any():
            row = int(np.argmax(again))
            codes = [self.coded(column).codes for column in columns]
            same = np.logical_and.reduce([own == own[row] for own in codes])
            first = self.line(int(np.argmax(same)))
            unit = self.origin.unit
            what = ", ".join(f"{c} {shown(self.columns[c][row])}" for c in columns)
            raise self.error(row, f"repeats {unit} {first} ({what})", f"drop one of the two {unit}s")

    def typed(self, *ids: str) -> pd.DataFrame:
        """The table with numbers as numbers, except in the id columns."""
        import pandas as pd

        return pd.DataFrame(dict(self._typed_columns(ids)), copy=False)

    def _typed_columns(self, ids: Sequence[str]) -> Iterator[tuple[str, pd.Series[str] | FloatArray]]:
        for name, column in self.columns.items():
            yield name, column.numbers if name not in ids and column.numeric else column.text.to_pandas()

    def check(self, good: BoolArray, column: str, problem: str, remedy: str) -> None:
        """Raise a `DatasetError` about the value of a column in the first row that is not `good`."""
        if not good.all():
            row = int(np.argmin(good))
            raise self.error(row, f"{column} {shown(self.columns[column][row])} {problem}", remedy)


def _alike(rows: IntArray, keys: IntArray) -> tuple[IntArray, IntArray]:
    """The rows whose key another row has, too, and their keys, numbered from 0 on."""
    ordered = np.sort(keys)
    if not (ordered[1:] == ordered[:-1]).any():
        return rows[:0], keys[:0]
    _, numbered, counts = np.unique(keys, return_inverse=True, return_counts=True)
    alike = counts[numbered] > 1
    return rows[alike], numbered[alike]


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
    data = as_utf8(data, file, encoding)
    if len(separator) > 1:
        data, separator = data.replace(separator.encode(), b"\t"), "\t"
    dialect = Dialect(file, data, separator, quoted, header=columns is None)
    found = dialect.columns()
    if columns is None:
        columns = [column[0] for column in found]
        found = [TextColumn(column.text.slice(1)) for column in found]
    if len(columns) != len(found) or len(set(columns)) < len(columns) or "" in columns:
        raise DatasetError(
            f"{dialect.first_line}: the columns are {', '.join(map(shown, columns[:40]))} for "
            f"{len(found)} values a row; give every column one name of its own"
        )
    if not len(found[0]):
        raise DatasetError(f"{file}: has no rows; write one line per row")
    return TextTable(file, dict(zip(columns, found, strict=True)), dialect)
