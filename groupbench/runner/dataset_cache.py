"""Data sets of a run as open files, from which its workers read them sooner than from the original files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Self

from groupbench.runner.serialization import pieces

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset
    from groupbench.runner.job import Job

Data = bytes | memoryview | IO[bytes]
"""A serialized data set, itself or in a file."""


class DatasetCache:
    """Data sets that the run has loaded, as files from which its workers read them sooner.

    The files have no name, and are gone with the last process that has them open.

    Args:
        loaded: the data sets by the name they were asked for.
    """

    def __init__(self, loaded: Mapping[str, Dataset]) -> None:
        self._loaded = loaded
        self._files: dict[tuple[str, str, str], IO[bytes] | None] = {}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def file(self, job: Job) -> IO[bytes] | None:
        """The job's data set; None if the run has not loaded it, it cannot be serialized or the disk is full.

        The job loads it itself then.
        """
        if job.content not in self._files:
            self._files[job.content] = None
            if job.source in self._loaded:
                with suppress(Exception):
                    self._files[job.content] = self._written(self._loaded[job.source])
        return self._files[job.content]

    def _written(self, dataset: Dataset) -> IO[bytes]:
        file = TemporaryFile()  # noqa: SIM115
        try:
            file.writelines(pieces(dataset))
            file.flush()
        except BaseException:
            with suppress(OSError):  # It tries once more to write what did not fit.
                file.close()
            raise
        return self._open.enter_context(file)


def in_memory(data: bytes | memoryview) -> IO[bytes]:
    """A new file with this content that is on no disk."""
    file = open(os.memfd_create("groupbench"), "w+b")  # noqa: SIM115
    file.write(data)
    file.flush()
    return file
