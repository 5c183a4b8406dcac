"""What a machine of a cluster must have free for a job, and does with it: all as in a local run.

A job has one worker process there; its record and tables come back.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groupbench.core import registry
from groupbench.core.errors import PluginError
from groupbench.core.files import scratch
from groupbench.results import store
from groupbench.runner import pool

if TYPE_CHECKING:
    from groupbench.runner.job import Job

COPIES = 10
"""How often a job may hold its data set at a time: split, as matrices, as what a method makes of it."""

_GIB = 2**30

LOG = 2**20
"""Last bytes of a job's output that come back."""

COMMAND = "GROUPBENCH_COMMAND"
"""The environment variable from which records take the command."""

_pool = pool.WorkerPool()
"""The worker of this process, which serves one request at a time, and lives on between them."""


@dataclass(frozen=True)
class Needs:
    """What must be free where a job starts.

    Attributes:
        cpus: cores.
        gpus: graphics processors.
        memory: bytes.
    """

    cpus: int
    gpus: int
    memory: int

    def __str__(self) -> str:
        gpus = f" and {self.gpus} GPU" if self.gpus else ""
        return f"{self.cpus} CPU, {self.memory / _GIB:.1f} GiB of memory{gpus}"


def needs(job: Job, threads: int, data: int) -> Needs:
    """A core a thread, the `memory_gib` of the method and that for the data set, and a GPU for `device=cuda`.

    Each training worker takes as much.

    Args:
        job: the job.
        threads: threads of its process, unless it is held to one.
        data: bytes of its data set.
    """
    entry = registry.methods[job.method]
    device = {**entry.parameters(), **job.overrides}.get("device")
    memory = float(getattr(entry.make, "memory_gib", 1.0))
    return Needs(
        cpus=(1 if job.one_thread else threads) * job.train_workers,
        gpus=int(device == "cuda") * job.train_workers,
        memory=(int(memory * _GIB) + COPIES * data) * job.train_workers,
    )


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
        """A request, with its plugins and their private neighbours (`_*.py`) as they are now.

        Raises:
            PluginError: if one of these files cannot be read.
        """
        plugins = tuple(_files(Path(plugin)) for plugin in job.plugins)
        return cls(job, plugins, threads, timeout, os.environ.get(COMMAND, ""))

    def unpack(self, folder: Path) -> Job:
        """The job with its results and plugins below `folder`, from where no other job can take them."""
        files = []
        for number, contents in enumerate(self.plugins):
            plugin = folder / f"plugin{number}"
            plugin.mkdir()
            for name, content in contents.items():
                (plugin / name).write_bytes(content)
            files.append(str(plugin / next(iter(contents))))
        foreign = self.job.foreign or bool(files)
        return replace(
            self.job,
            results=str(folder),
            plugins=dict(zip(files, self.job.plugins.values(), strict=True)),
            foreign=foreign,
        )


@dataclass(frozen=True)
class JobResult:
    """What comes back.

    Attributes:
        status: how the job ended.
        reason: one line on why it is not done.
        seconds: wall-clock seconds of the job.
        log: the end of what it printed.
        by_method: whether the method is to blame where it is not done, as of `JobOutcome`.
        record: its record, if it is done.
        tables: the content of the parquet files beside the record, by name.
    """

    status: store.Status
    reason: str
    seconds: float
    log: bytes
    by_method: bool = True
    record: store.RunRecord | None = None
    tables: dict[str, bytes] = field(default_factory=dict)


def serve(request: JobRequest, data: Any) -> JobResult:
    """Do a job in a worker process of this machine; called in the main thread of a process of its own.

    Args:
        request: the job.
        data: its data set as of `serialize`, as any object with a buffer of bytes.
    """
    if request.command:
        os.environ[COMMAND] = request.command
    # Ray cancels by an interrupt, which a node that was started in the background would ignore.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with scratch("groupbench-node-") as folder:
        job = request.unpack(folder)
        ended = _ended(job, request, memoryview(data))
        record = store.read(job.folder) if ended.status == "done" else None
        tables = {} if record is None else {f.stem: f.read_bytes() for f in job.folder.glob("*.parquet")}
        facts = ended.status, ended.reason, ended.seconds, _log(job), ended.by_method
        return JobResult(*facts, record, tables)


def _ended(job: Job, request: JobRequest, data: memoryview) -> pool.JobOutcome:
    try:
        _pool.start(job, request.threads, data)
        while True:
            for outcome in _pool.ended(request.timeout):
                return outcome
    except BaseException:
        _pool.close()
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
