"""The files of a user's folder, by the names that its tables have in a folder of CSV files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from groupbench.core.errors import DatasetError
from groupbench.data.loading._source import Source
from groupbench.data.loading.layouts import LAYOUTS, TableFile

if TYPE_CHECKING:
    from groupbench.data.loading._card import Card
    from groupbench.data.loading._table import TextTable


class FolderSource(Source):
    """The files of a folder, some of which lie in the place of others.

    Attributes:
        tables: the file in the place of each such as `ratings.csv`; None where it has none.
    """

    def __init__(self, card: Card, path: Path, tables: Mapping[str, TableFile | None]) -> None:
        super().__init__(card, path)
        self.tables = tables

    def has(self, name: str) -> bool:
        """Whether there is the file, or one in its place."""
        file = self.tables.get(name)
        if file is None:
            return name not in self.tables and super().has(name)
        return super().has(file.name)

    def table(
        self,
        name: str,
        columns: Sequence[str] | None = None,
        *,
        separator: str = ",",
        quoted: bool = True,
        encoding: str = "utf-8-sig",
    ) -> TextTable:
        """A file, or that in its place, as a table of text; errors as of `Source.table`."""
        file = self.tables.get(name)
        if file is None:
            return super().table(name, columns, separator=separator, quoted=quoted, encoding=encoding)
        if file.columns is not None or file.older != encoding:
            data = self.read(file.name)
            columns = None if file.columns is None else file.columns[: _width(data, file.separator)]
            encoding = encoding if _is_utf8(data) else file.older
        return super().table(
            file.name, columns, separator=file.separator, quoted=file.quoted, encoding=encoding
        )

    def file(self, name: str) -> str:
        """The address of the file, or of that in its place, for messages."""
        file = self.tables.get(name)
        return super().file(name if file is None else file.name)


def tables_of(folder: Path, layout: str, names: Iterable[str]) -> dict[str, TableFile | None]:
    """What lies in a folder in the place of the files with these names, if it is a user's own.

    Raises:
        DatasetError: if one is there as CSV and as Parquet.
    """
    place = LAYOUTS[layout].place if layout else partial(_csv_or_parquet, folder)
    return {} if place is None else {name: place(name) for name in names}


def _csv_or_parquet(folder: Path, name: str) -> TableFile:
    parquet = f"{name.removesuffix('.csv')}.parquet"
    found = [file for file in (name, parquet) if (folder / file).exists()]
    if len(found) > 1:
        raise DatasetError(
            f"{folder / parquet}: lies beside {name}, and only one of them is read; delete {name} if the "
            f"Parquet file is right, else {parquet}"
        )
    return TableFile(found[0] if found else name)


def _width(data: bytes, separator: str) -> int:
    """How many values the first line has."""
    return data.lstrip().partition(b"\n")[0].count(separator.encode()) + 1


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
