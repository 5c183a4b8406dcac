"""What jobs print, `log.txt` in their folders: of what is too long the beginning and the end."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

MAX_BYTES = 8 * 2**20
"""Bytes of a log that are kept."""


def cut(folder: Path) -> None:
    """Cut the log of a job that is running, once it is twice as long as what is kept of it."""
    with suppress(OSError):
        descriptor = _opened(folder)
        try:
            if os.fstat(descriptor).st_size > 2 * MAX_BYTES:
                # What is printed from now on is appended there.
                os.ftruncate(descriptor, MAX_BYTES)
        finally:
            os.close(descriptor)


def finish(folder: Path) -> None:
    """Keep the two ends of the log of a job that has ended, with a line between them that says so."""
    with suppress(OSError), open(_opened(folder), "r+b") as log:
        if os.fstat(log.fileno()).st_size < MAX_BYTES:
            return
        note = f"\n[... cut here: a log keeps {MAX_BYTES // 2**20} MiB ...]\n".encode()
        log.seek(-MAX_BYTES // 2, os.SEEK_END)
        end = log.read()
        log.seek(MAX_BYTES // 2 - len(note))
        log.write(note + end)
        log.truncate()


def _opened(folder: Path) -> int:
    return os.open(folder / "log.txt", os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
