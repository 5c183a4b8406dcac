"""Parquet files as tables of text, so that one set of rules holds for all files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from groupbench.core.errors import DatasetError, unknown
from groupbench.data.loading._table import TextTable
from groupbench.data.loading._text import TextColumn

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

_INDEX = re.compile(r"__index_level_\d+__")
"""What pandas calls the numbers of rows, where it writes them."""


@dataclass(frozen=True)
class ParquetRows:
    """The rows of a Parquet file, for messages.

    Attributes:
        file: its name for messages.
    """

    unit: ClassVar[str] = "row"
    file: str

    def line(self, row: int) -> int:
        """The 1-based number of a row."""
        return row + 1

    def place(self, row: int) -> str:
        """What messages about a row begin with."""
        return f"{self.file}: row {self.line(row)}"

    def lacks(self, column: str, columns: Iterable[str]) -> DatasetError:
        """An error about a column that is not among the `columns`, to be raised."""
        message = unknown("column", column, columns).replace("unknown", "there is no", 1)
        return DatasetError(f"{self.file}: {message}; call a column so")


def read_parquet(data: bytes, file: str) -> TextTable:
    """The columns of a Parquet file as text; what is null or NaN is empty, and times are those of ISO 8601.

    An index without a name that pandas wrote is left out.

    Args:
        data: the file.
        file: its name for messages.

    Raises:
        DatasetError: if the file cannot be read, has no rows, or a column holds anything but text, numbers,
            truth values and times.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(pa.BufferReader(data))
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise DatasetError(
            f"{file}: is no Parquet file that can be read ({reason}); write it anew"
        ) from error
    names = [name for name in table.column_names if not _INDEX.fullmatch(name)]
    if len(set(names)) < len(names):
        raise DatasetError(f"{file}: two columns have one name; give every column one of its own")
    if not table.num_rows or not names:
        raise DatasetError(f"{file}: has no rows; write some")
    return TextTable(file, {name: _text(file, name, table[name]) for name in names}, ParquetRows(file))


def _text(file: str, name: str, values: pa.ChunkedArray) -> TextColumn:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = values.type
    if pa.types.is_dictionary(kind):
        values, kind = values.cast(kind.value_type), kind.value_type
    if pa.types.is_floating(kind):
        values = pc.if_else(pc.is_nan(values), None, values)
    try:
        text = pc.cast(values, pa.large_string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
        raise DatasetError(
            f"{file}: column {name} holds {kind}; write text, numbers or times instead"
        ) from error
    return TextColumn(pc.utf8_trim_whitespace(pc.fill_null(text, "")))
