"""Files that appear whole or not at all, in folders that several processes write to."""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_MARK = b"PAR1"


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A temporary path that is renamed over `target` at the end, or removed on error.

    Raises:
        OSError: if the file cannot be brought to the disk.
    """
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}.tmp")
    try:
        yield temporary
        with temporary.open("rb") as handle:
            os.fsync(handle.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until no other writer is in `folder`, and remove what writers that were killed left there.

    The lock ends with its process. Where the file system knows no locks, nothing is removed: what lies
    there may be another writer's.

    Raises:
        OSError: if the folder cannot be opened.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if _locked(descriptor):
            for left in folder.glob(".*.tmp"):
                left.unlink(missing_ok=True)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError:
        return False
    return True


def write_parquet(table: Any, file: Path) -> None:
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
    """Whether a file begins and ends as parquet does; one that was cut off does not."""
    try:
        with file.open("rb") as handle:
            first = handle.read(len(_MARK))
            handle.seek(-2 * len(_MARK), os.SEEK_END)
            return first == handle.read()[len(_MARK) :] == _MARK
    except OSError:
        return False
