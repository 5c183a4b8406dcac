"""Worker processes that take one job at a time: a crash, a hang or a kill costs that job and no other."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import send_handle
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Self, cast

from groupbench.results.store import Status
from groupbench.runner.job import Job
from groupbench.runner.serialization import serialize
from groupbench.runner.worker import FILE_FOLLOWS

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")

_POLL = 0.2
"""Seconds between looks at dead and late workers."""

_GRACE = 5.0
"""Seconds that a worker which hung up has to end."""

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
        self._files: dict[tuple[str, str], IO[bytes] | None] = {}
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
        file = self._open.enter_context(TemporaryFile())  # noqa: SIM115
        file.write(serialize(dataset))
        file.flush()
        return file


class JobOutcome:
    """How a job ended: its status, one line of reason, and wall-clock seconds."""

    def __init__(self, job: Job, status: Status, reason: str, seconds: float) -> None:
        self.job = job
        self.status = status
        self.reason = reason
        self.seconds = seconds


class _Worker:
    def __init__(self, threads: int) -> None:
        self.threads = threads
        ours, theirs = socket.socketpair()
        with theirs:
            environment = {**os.environ, **dict.fromkeys(_THREAD_VARIABLES, str(threads))}
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "groupbench.runner.worker", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
        self.pipe = Connection(ours.detach())
        self._job: Job | None = None
        self._started = 0.0
        self._sent: set[tuple[str, str]] = set()

    def start(self, job: Job, data: Data | None) -> None:
        self._job, self._started = job, time.monotonic()
        with suppress(OSError):
            if data is not None and job.content not in self._sent:
                self._send(data)
                self._sent.add(job.content)
            self.pipe.send_bytes(job.to_json())

    def _send(self, data: Data) -> None:
        if isinstance(data, bytes | memoryview):
            self.pipe.send_bytes(data)
        else:
            self.pipe.send_bytes(FILE_FOLLOWS)
            send_handle(self.pipe, data.fileno(), self._process.pid)

    def seconds(self) -> float:
        return time.monotonic() - self._started

    def outcome(self) -> JobOutcome:
        """What the worker says of its job; of one that went away what it wrote or its exit code."""
        with suppress(EOFError, OSError, ValueError):
            if self.pipe.poll():
                message = json.loads(self.pipe.recv_bytes())
                return self._ended(message["status"], message["reason"])
        try:
            reason = _cause(self._process.wait(_GRACE))
        except subprocess.TimeoutExpired:
            reason = "the process closed its connection to the run"
        assert self._job is not None
        is_done = self._job.is_done
        return self._ended("done", "") if is_done else self._ended("killed", reason)

    def late(self, timeout: float) -> JobOutcome:
        return self._ended("timeout", f"no result after {timeout:g} s; raise --timeout to give it longer")

    def alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """End the worker and whatever it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self.pipe.close()

    def _ended(self, status: str, reason: str) -> JobOutcome:
        assert self._job is not None
        return JobOutcome(self._job, cast(Status, status), reason, self.seconds())


class WorkerPool:
    """Worker processes on this machine, of which those that did their job well take another."""

    def __init__(self) -> None:
        self._busy: list[_Worker] = []
        self._idle: list[_Worker] = []

    def __len__(self) -> int:
        """Jobs that are being done."""
        return len(self._busy)

    def start(self, job: Job, threads: int, data: Data | None = None) -> None:
        """Give a job to a process.

        Args:
            job: what to do.
            threads: threads of the process, unless the job is held to one.
            data: the job's data set as of `serialize`, itself or in a file; None for a process that loads
                it itself.
        """
        worker = self._worker(1 if job.one_thread else threads)
        self._busy.append(worker)
        worker.start(job, data)

    def ended(self, timeout: float) -> Iterator[JobOutcome]:
        """Outcomes of jobs that ended, or have taken `timeout` seconds; waits a moment for the first."""
        for worker, outcome in _finished(self._busy, timeout):
            self._busy.remove(worker)
            if worker.alive() and outcome.status in ("done", "failed") and not outcome.job.foreign:
                self._idle.append(worker)
            else:
                worker.kill()
            yield outcome

    def close(self) -> None:
        """End all processes, whatever they do."""
        while workers := self._busy or self._idle:
            workers.pop().kill()

    def _worker(self, threads: int) -> _Worker:
        """A worker with this many threads: an idle one, or a new one instead of an idle one."""
        for index, worker in enumerate(self._idle):
            if worker.threads == threads:
                return self._idle.pop(index)
        if self._idle:
            self._idle.pop().kill()
        return _Worker(threads)


def capacity(threads: int) -> int:
    """One job a core: threads are few, and rarely all busy."""
    return len(os.sched_getaffinity(0))


def run_jobs(
    jobs: Sequence[Job],
    *,
    workers: int | None,
    threads: int,
    timeout: float,
    loaded: Mapping[str, Dataset] | None = None,
) -> Generator[Job | JobOutcome, None, None]:
    """Run jobs in processes on this machine; yield each job when it starts and its outcome when it ends.

    Args:
        jobs: in the order in which to start them; what the caller adds to a deque meanwhile is run too.
        workers: processes at a time; None for one a core.
        threads: BLAS and OpenMP threads of each process, but for jobs that are held to one; figures are the
            same for any number of workers because this does not depend on it.
        timeout: seconds after which a job is ended.
        loaded: data sets by the name they were asked for; processes load the others themselves.
    """
    queue = jobs if isinstance(jobs, deque) else deque(jobs)
    limit = workers or capacity(threads)
    pool = WorkerPool()
    with DatasetCache(loaded or {}) as cache, closing(pool):
        while queue or pool:
            while queue and len(pool) < limit:
                job = queue.popleft()
                pool.start(job, threads, cache.file(job))
                yield job
            yield from pool.ended(timeout)


def _finished(busy: Sequence[_Worker], timeout: float) -> list[tuple[_Worker, JobOutcome]]:
    # A dead worker's end of the pipe can live on in a process that it forked, so its end is looked for too.
    ready = wait([worker.pipe for worker in busy], timeout=_POLL)
    ended = [worker for worker in busy if worker.pipe in ready or not worker.alive()]
    late = [worker for worker in busy if worker not in ended and worker.seconds() >= timeout]
    return [(w, w.outcome()) for w in ended] + [(w, w.late(timeout)) for w in late]


def _cause(code: int) -> str:
    if code >= 0:
        return f"the process left with exit status {code} in the middle of the job"
    names = {s.value: s.name for s in signal.Signals}
    name = names.get(-code, f"signal {-code}")
    hints = {"SIGKILL": " (out of memory?)", "SIGSEGV": " (a crash in compiled code)"}
    return f"the process was ended by {name}{hints.get(name, '')}"
