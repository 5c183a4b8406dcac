"""Data sets that the run has loaded, as files from which its worker processes read them sooner."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Self

from groupbench.runner import serialize

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groupbench.data.dataset import Dataset
    from groupbench.runner.job import Job


class DatasetCache:
    """Packed data sets in files without a name, which are gone with the last process that has them open.

    Args:
        loaded: the data sets by the name they were asked for.
    """

    def __init__(self, loaded: Mapping[str, Dataset]) -> None:
        self._loaded = loaded
        self._files: dict[str, IO[bytes] | None] = {}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def file(self, job: Job) -> IO[bytes] | None:
        """The job's data set; None if the run has not loaded it, it cannot be packed or the disk is full.

        The job loads it itself then.
        """
        if job.content_hash not in self._files:
            self._files[job.content_hash] = None
            if job.source in self._loaded:
                with suppress(Exception):
                    self._files[job.content_hash] = self._written(self._loaded[job.source])
        return self._files[job.content_hash]

    def _written(self, dataset: Dataset) -> IO[bytes]:
        file = self._open.enter_context(TemporaryFile())  # noqa: SIM115
        file.write(serialize.pack(dataset))
        file.flush()
        return file
