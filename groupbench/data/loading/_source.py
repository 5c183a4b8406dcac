"""The original files of a data set: where they lie, and that they are what they should be."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from groupbench.core import files
from groupbench.core.errors import ConfigError, DatasetError
from groupbench.data.loading._archive import Archive
from groupbench.data.loading._card import Card
from groupbench.data.loading._parquet import read_parquet
from groupbench.data.loading._table import TextTable, read_table

ENVIRONMENT = "GROUPBENCH_DATA"
"""Names the folder with one sub-folder of original files per data set."""


class Source:
    """What a loader is given: the original files by name, checked against their sha256.

    Attributes:
        card: title, licence and checksums.
        path: the folder or the archive that holds the files; None where there is none.
        notes: what the loader changed or left out, and which files no checksum covers.
    """

    def __init__(self, card: Card, path: Path | None) -> None:
        self.card = card
        self.path = path
        self.notes: list[str] = []
        self._archive: Archive | None = None

    def note(self, text: str) -> None:
        """Tell something that the user of the data should know."""
        self.notes.append(text)

    def has(self, name: str) -> bool:
        """Whether there is a file called `name`."""
        return name in self._opened() if self._zipped() else (self.folder / name).exists()

    def read(self, name: str) -> bytes:
        """The bytes of a file.

        Raises:
            DatasetError: if it is missing or differs from its checksum.
        """
        file = self.file(name)
        if not self.has(name):
            raise DatasetError(f"{file}: there is no such file; {remedy(self.card)}")
        data = self._opened().read(name) if self._zipped() else read_bytes(self.folder / name)
        sealed = self._zipped() and self.card.sha256
        if self.card.downloads and not sealed and not self.card.files.get(name):
            self.note(f"{name} is as found: no checksum of it is known")
        verify(data, self.card.files.get(name, ""), file, remedy(self.card))
        return data

    def table(
        self,
        name: str,
        columns: Sequence[str] | None = None,
        *,
        separator: str = ",",
        quoted: bool = True,
        encoding: str = "utf-8-sig",
    ) -> TextTable:
        """A file as a table of text; see `read_table` for the arguments and errors.

        Of `.parquet` files no argument counts; errors are those of `read_parquet`.
        """
        data = self.read(name)
        if name.endswith(".parquet"):
            return read_parquet(data, self.file(name))
        return read_table(
            data, self.file(name), columns, separator=separator, quoted=quoted, encoding=encoding
        )

    def file(self, name: str) -> str:
        """The file's address for messages."""
        return str(self.folder / name)

    def close(self) -> None:
        """Close the archive, if one is open."""
        if self._archive is not None:
            self._archive.close()

    @property
    def folder(self) -> Path:
        """The folder or the archive that holds the files; a `DatasetError` where there is none."""
        if self.path is None:
            raise DatasetError(f"{self.card.name}: has no files here; {remedy(self.card)}")
        return self.path

    def _zipped(self) -> bool:
        return not self.folder.is_dir()

    def _opened(self) -> Archive:
        if self._archive is None:
            path = self.folder
            verify(read_bytes(path), self.card.sha256, str(path), remedy(self.card))
            self._archive = Archive(path)
        return self._archive


def read_bytes(path: Path) -> bytes:
    """The bytes of a file; a `DatasetError` if it cannot be read."""
    try:
        return files.read_bytes(path)
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror}); check its access rights") from error


def verify(data: bytes, expected: str, file: str, what_to_do: str) -> None:
    """Raise a `DatasetError` that names both checksums unless the sha256 of `data` is `expected`."""
    if expected and (found := hashlib.sha256(data).hexdigest()) != expected:
        raise DatasetError(f"{file}: its sha256 is {found}, not {expected}, so it was changed; {what_to_do}")


def remedy(card: Card) -> str:
    """Where to get the files of a data set, and where to put them."""
    location = f"<folder>/{card.name}/, where <folder> is named by --data-dir or {ENVIRONMENT}"
    sim = "--dataset itmrec-sim needs no file"
    if not card.downloads:
        return f"put its files into {location}; {sim}"
    where = card.addresses[0] if card.addresses else card.homepage or "its original source"
    what, them = (card.archive, "it, as it is,") if card.archive else (", ".join(card.files), "them")
    return f"get {what} from {where} and put {them} into {location}; {sim}"


def locate(card: Card, data_dir: Path | None = None) -> Path | None:
    """The folder or archive with the files of a data set, or None: in `data_dir`, else the cache.

    Raises:
        ConfigError: if `data_dir`, or the folder that the environment names, is no folder.
        DatasetError: if the data set's folder lies in `data_dir` but lacks a file; in the cache, that is
            a download which was cut off.
    """
    if card.simulated:
        return None
    for root in _roots(data_dir):
        folder = root / card.name
        if card.archive and (folder / card.archive).exists() and not (folder / card.archive).is_dir():
            return folder / card.archive
        missing = [name for name in card.files if not (folder / name).exists()]
        if folder.is_dir() and len(missing) < max(len(card.files), 1):
            if missing and root == cache_folder():
                continue
            if missing:
                raise DatasetError(f"{folder}: lacks {', '.join(missing)}; {remedy(card)}")
            return folder
    return None


def cache_folder() -> Path:
    """Where downloads are kept for this user."""
    import pooch

    return Path(pooch.os_cache("groupbench"))


def _roots(data_dir: Path | None) -> Iterator[Path]:
    named = data_dir or os.environ.get(ENVIRONMENT)
    if named:
        named = files.expanded(named)
        if not Path(named).is_dir():
            option = "--data-dir" if data_dir else ENVIRONMENT
            raise ConfigError(f"{option} {named}: there is no such folder; make it or name another")
        yield Path(named)
    yield cache_folder()
