"""Files that appear whole or not at all, in folders that several processes write to."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

from groupbench.core.errors import ConfigError, ResultError, UnreadableError

UNFINISHED = ".*.tmp"
"""Pattern of the names of files that are being written."""

LOCK_SECONDS = 60.0
"""How long to wait for a lock that another process holds."""

_MARK = b"PAR1"


def open_own(file: Path, flags: int) -> int:
    """A descriptor of a file to write in place, made if it is missing; never of what a link leads to.

    Raises:
        OSError: if it cannot be opened, or a link, a pipe or the like lies in its place.
    """
    require_regular(file)
    descriptor = os.open(file, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "no file but a pipe, a device or the like", str(file))
    return descriptor


def require_below(folder: Path, root: Path) -> None:
    """Raise an `OSError` if a link leads from `folder`, or from one that it lies in, out of `root`."""
    if not folder.resolve().is_relative_to(root.resolve()):
        raise OSError(errno.ELOOP, f"a link leads out of {root}; remove the link", str(folder))


def expanded(path: str | os.PathLike[str]) -> str:
    """A path as the user means it: with `~` and `~name` as home folders.

    Raises:
        ConfigError: if it begins with `~` and there is no such home.
    """
    found = os.path.expanduser(path)
    if found.startswith("~"):
        raise ConfigError(f"{path}: there is no such home folder; write ./{path} if it is called that")
    return found


def require_regular(file: Path) -> None:
    """Raise an `OSError` if there is something that is no file: a pipe would be waited for."""
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(file.stat().st_mode):
            kind = "a folder" if file.is_dir() else "a pipe or a device"
            raise OSError(errno.EINVAL, f"this is {kind}, not a file", str(file))


def require_readable(file: Path) -> None:
    """Raise an `UnreadableError` if there is something that the system does not let be read as a file."""
    try:
        with suppress(FileNotFoundError, NotADirectoryError):
            require_regular(file)
            file.open("rb").close()
    except OSError as error:
        raise UnreadableError(
            f"{file} cannot be read: {error.strerror or error}; check its access rights, or move it away"
        ) from error


def read_bytes(file: Path) -> bytes:
    """The bytes of a file; an `OSError` if it cannot be read or is none."""
    require_regular(file)
    return file.read_bytes()


def read_text(file: Path, encoding: str = "utf-8") -> str:
    """The text of a file; errors as of `read_bytes`, and `UnicodeDecodeError` if it is no text."""
    return read_bytes(file).decode(encoding)


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A temporary path that is renamed over `target` at the end, or removed on error.

    Raises:
        OSError: if the file cannot be brought to the disk, or `target` is a device or the like.
    """
    require_regular(target)
    temporary = _temporary(target)
    try:
        yield temporary
        with temporary.open("rb") as handle:
            os.fsync(handle.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def writing(target: Path, remedy: str = "choose another file") -> Iterator[Path]:
    """As `replacing`, for a file that a user named: folders are made, links are followed.

    Raises:
        ResultError: if it cannot be written; the message ends with the `remedy`.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target.resolve()) as temporary:
            yield temporary
    except OSError as error:
        raise ResultError(f"cannot write {target}: {error.strerror or error}; {remedy}") from error


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A temporary folder to fill that is renamed to `target` at the end, or removed on error.

    Raises:
        ConfigError: if `target` holds something already, or has no name of its own, such as `.`.
        ResultError: if it cannot be written.
    """
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise ConfigError(f"{target} is there already; choose another folder, or remove it")
    if not target.name:
        raise ConfigError(f"{target} cannot be replaced by a new folder; give the new one a name")
    temporary = _temporary(target)
    try:
        temporary.mkdir(parents=True)
        yield temporary
        if target.exists():
            target.rmdir()
        temporary.rename(target)
    except OSError as error:
        raise ResultError(
            f"cannot write {target}: {error.strerror or error}; free space or choose another folder"
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _temporary(target: Path) -> Path:
    return target.with_name(f".{target.name}.{uuid.uuid4().hex}.tmp")


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until no other writer is in `folder`, and remove what writers that were killed left there.

    The lock ends with its process. Where the file system knows no locks, nothing is removed: what lies
    there may be another writer's.

    Raises:
        OSError: if the folder cannot be opened, or another process holds its lock for `LOCK_SECONDS`.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if _locked_in_time(descriptor):
            for left in folder.glob(UNFINISHED):
                left.unlink(missing_ok=True)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def scratch(prefix: str) -> Iterator[Path]:
    """A new temporary folder whose name begins with `prefix`, removed at the end.

    Folders of this prefix whose process was killed are removed as well: nobody holds their lock.

    Raises:
        OSError: if no folder can be made.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        with suppress(OSError):
            _remove_if_left(left)
    folder, descriptor = _held(prefix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def _held(prefix: str) -> tuple[Path, int]:
    """A new folder and its lock; another process may take it for left behind before it is locked."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix))
        with suppress(FileNotFoundError):
            descriptor = os.open(folder, os.O_RDONLY)
            _locked(descriptor)
            if folder.exists():
                return folder, descriptor
            os.close(descriptor)


def _remove_if_left(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if _locked(descriptor, fcntl.LOCK_NB):
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(descriptor)


def _locked_in_time(descriptor: int) -> bool:
    """Wait for a lock; False where the file system knows none."""
    end = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= end:
                why = f"another process has locked it for {LOCK_SECONDS:g} s"
                raise OSError(errno.EAGAIN, why) from error
            time.sleep(0.02)
        except OSError:
            return False
        else:
            return True


def _locked(descriptor: int, how: int = 0) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | how)
    except OSError:
        return False
    return True


def write_parquet(table: pa.Table | bytes, file: Path) -> None:
    """Write a `pyarrow.Table`, or the bytes of one that was written elsewhere.

    Raises:
        OSError: if it cannot be written.
    """
    if isinstance(table, bytes):
        file.write_bytes(table)
        return
    import pyarrow.parquet as pq

    pq.write_table(table, file, compression="zstd")


def is_whole_parquet(file: Path) -> bool:
    """Whether a file begins and ends as parquet does; one that was cut off does not.

    Raises:
        UnreadableError: if nobody can tell.
    """
    require_readable(file)
    try:
        with file.open("rb") as handle:
            first = handle.read(len(_MARK))
            handle.seek(-2 * len(_MARK), os.SEEK_END)
            return first == handle.read()[len(_MARK) :] == _MARK
    except OSError:
        return False
