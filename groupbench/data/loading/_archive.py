"""Zip archives that are read in memory, and never trusted."""

from __future__ import annotations

import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath

from groupbench.core.errors import DatasetError

MAX_BYTES = 2 * 1024**3
"""Unpacked size, in bytes, above which an archive is refused."""

MAX_RATIO = 250
"""Unpacked size of a file, as a multiple of its packed size, above which it is refused."""

_SMALL = 1024**2
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


class Archive:
    """The files of a zip archive by base name; folders inside the archive do not matter.

    Args:
        path: the zip file.

    Raises:
        DatasetError: if it is no zip, truncated, encrypted, holds a link or a name that leaves the
            archive, unpacks to more than `MAX_BYTES`, or one file to over `MAX_RATIO` times its size.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except _BROKEN as error:
            raise self._broken(error) from error
        members = [m for m in self._zip.infolist() if not m.is_dir()]
        try:
            self._inspect(members)
        except DatasetError:
            self.close()
            raise
        self._members = {PurePosixPath(m.filename).name: m for m in reversed(members)}

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def read(self, name: str) -> bytes:
        """The bytes of the file called `name`."""
        member = self._members[name]
        try:
            with self._zip.open(member) as stream:
                return stream.read()
        except _BROKEN as error:
            raise self._broken(error) from error

    def close(self) -> None:
        """Close the file."""
        self._zip.close()

    def _inspect(self, members: list[zipfile.ZipInfo]) -> None:
        for member in members:
            self._inspect_one(member)
        if sum(m.file_size for m in members) > MAX_BYTES:
            raise self._refused(f"it unpacks to more than {MAX_BYTES} bytes")

    def _inspect_one(self, member: zipfile.ZipInfo) -> None:
        name = member.orig_filename
        outside = PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name.replace("\\", "/")).parts
        if outside or PureWindowsPath(name).anchor or "\0" in name:
            raise self._refused(f"its file name {name!r} leads out of the archive")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise self._refused(f"its file {name!r} is a link")
        if member.file_size > max(_SMALL, MAX_RATIO * member.compress_size):
            raise self._refused(f"its file {name!r} unpacks to over {MAX_RATIO} times its packed size")

    def _refused(self, why: str) -> DatasetError:
        return DatasetError(f"{self.path}: refused, because {why}; get the archive from its original source")

    def _broken(self, error: BaseException) -> DatasetError:
        return DatasetError(
            f"{self.path}: no readable zip archive ({error}); "
            "it may be cut off, so delete it and get it again"
        )
