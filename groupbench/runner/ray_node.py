"""What a machine of a cluster does with a job: one worker process, as in a local run, and all comes back."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groupbench.core.errors import PluginError
from groupbench.core.files import scratch
from groupbench.results import store
from groupbench.runner import pool

if TYPE_CHECKING:
    from groupbench.runner.job import Job

LOG = 2**20
"""Last bytes of a job's output that come back."""

COMMAND = "GROUPBENCH_COMMAND"
"""The environment variable from which records take the command."""

_crew = pool.WorkerPool()
"""The worker of this process, which serves one order at a time, and lives on between them."""


@dataclass(frozen=True)
class JobRequest:
    """A job for another machine, with the files it needs.

    Attributes:
        job: what to do.
        plugins: the files of each plugin of the job by name, the plugin itself first.
        threads: BLAS and OpenMP threads, unless the job is held to one.
        timeout: seconds after which the job is ended.
        command: the command that the record names.
    """

    job: Job
    plugins: tuple[dict[str, bytes], ...]
    threads: int
    timeout: float
    command: str

    @classmethod
    def of(cls, job: Job, threads: int, timeout: float) -> JobRequest:
        """The order for a job, with its plugins and their private neighbours (`_*.py`) as they are now.

        Raises:
            PluginError: if one of these files cannot be read.
        """
        plugins = tuple(_files(Path(plugin)) for plugin in job.plugins)
        return cls(job, plugins, threads, timeout, os.environ.get(COMMAND, ""))

    def unpacked(self, place: Path) -> Job:
        """The job with its results and plugins below `place`, from where no other job can take them."""
        files = []
        for number, contents in enumerate(self.plugins):
            folder = place / f"plugin{number}"
            folder.mkdir()
            for name, content in contents.items():
                (folder / name).write_bytes(content)
            files.append(str(folder / next(iter(contents))))
        foreign = self.job.foreign or bool(files)
        return replace(self.job, results=str(place), plugins=tuple(files), foreign=foreign)


@dataclass(frozen=True)
class JobResult:
    """What comes back.

    Attributes:
        status: how the job ended.
        reason: one line on why it is not done.
        seconds: wall-clock seconds of the job.
        log: the end of what it printed.
        record: its record, if it is done.
        tables: the content of the parquet files beside the record, by name.
    """

    status: store.Status
    reason: str
    seconds: float
    log: bytes
    record: store.RunRecord | None = None
    tables: dict[str, bytes] = field(default_factory=dict)


def serve(order: JobRequest, data: Any) -> JobResult:
    """Do a job in a worker process of this machine; called in the main thread of a process of its own.

    Args:
        order: the job.
        data: its data set as of `parcel.pack`, as any object with a buffer of bytes.
    """
    if order.command:
        os.environ[COMMAND] = order.command
    # Ray cancels by an interrupt, which a node that was started in the background would ignore.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with scratch("groupbench-node-") as folder:
        job = order.unpacked(folder)
        ended = _ended(job, order, memoryview(data))
        record = store.read(job.folder) if ended.status == "done" else None
        tables = {} if record is None else {f.stem: f.read_bytes() for f in job.folder.glob("*.parquet")}
        return JobResult(ended.status, ended.reason, ended.seconds, _log(job), record, tables)


def _ended(job: Job, order: JobRequest, data: memoryview) -> pool.JobOutcome:
    try:
        _crew.start(job, order.threads, data)
        while True:
            for outcome in _crew.ended(order.timeout):
                return outcome
    except BaseException:
        _crew.close()
        raise


def _files(plugin: Path) -> dict[str, bytes]:
    try:
        return {file.name: file.read_bytes() for file in (plugin, *sorted(plugin.parent.glob("_*.py")))}
    except OSError as error:
        raise PluginError(
            f"plugin {plugin}: cannot read {error.filename}: {error.strerror}; put it back"
        ) from error


def _log(job: Job) -> bytes:
    log = job.folder / "log.txt"
    return log.read_bytes()[-LOG:] if log.exists() else b""
