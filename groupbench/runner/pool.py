"""Worker processes that take one job at a time: a crash, a hang or a kill costs that job and no other."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, cast

from groupbench.core.errors import ResultError
from groupbench.core.exit_status import cause, is_from_outside
from groupbench.results.store import Status
from groupbench.runner import logs
from groupbench.runner.channel import Channel, ChannelError
from groupbench.runner.dataset_cache import Data, DatasetCache, in_memory
from groupbench.runner.job import Job
from groupbench.runner.process_tree import end_tree
from groupbench.runner.processes import WorkerServers, new_mark

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset

_POLL = 0.2
"""Seconds between looks at dead and late workers."""

_GRACE = 5.0
"""Seconds that a worker which hung up has to end."""


class JobOutcome:
    """How a job ended.

    Attributes:
        job: the job.
        status: how it ended.
        reason: one line on why it is not done.
        seconds: wall-clock seconds.
        by_method: whether the method, with its hyperparameters, is to blame where it is not done: not for a
            full disk, a kill from outside or a short timeout, which another try may not meet.
    """

    def __init__(
        self, job: Job, status: Status, reason: str, seconds: float, *, by_method: bool = True
    ) -> None:
        self.job = job
        self.status = status
        self.reason = reason
        self.seconds = seconds
        self.by_method = by_method


class _Worker:
    def __init__(self, threads: int, servers: WorkerServers) -> None:
        self.threads = threads
        self._mark = new_mark()
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = servers.start(theirs, self._mark, threads)
        self.channel = Channel(ours.detach())
        self._job: Job | None = None
        self._started = 0.0
        self._sent: set[tuple[str, str, str]] = set()

    def start(self, job: Job, data: Data | None) -> None:
        self._job, self._started = job, time.monotonic()
        known = data is None or job.content in self._sent
        with suppress(OSError), ExitStack() as stack:
            file = None if known else data
            if isinstance(file, bytes | memoryview):
                file = stack.enter_context(in_memory(file))
            self.channel.send(job.to_json(), file)
            self._sent.add(job.content)

    def outcome(self, timeout: float) -> JobOutcome | None:
        """What the worker says of its job, or became of it; None while it has `timeout` seconds yet."""
        alive = self.alive()  # Before the look, since a message may be its last act.
        try:
            if (message := self.channel.poll()) is not None:
                return self._said(message)
        except ChannelError as error:
            return self._killed(f"{error}; the method writes to what is not its own")
        except (EOFError, OSError):
            return self._gone()
        if not alive:
            return self._gone()
        if time.monotonic() - self._started < timeout:
            return None
        late = f"no result after {timeout:g} s; raise --timeout to give it longer"
        return self._ended("timeout", late, by_method=False)

    def alive(self) -> bool:
        return self._process.poll() is None

    def reusable(self, outcome: JobOutcome) -> bool:
        ended_well = outcome.status in ("done", "failed") and not outcome.job.foreign
        return ended_well and self.alive() and self.channel.is_clean

    def cap_log(self) -> None:
        """Keep what the job prints from filling the disk."""
        if self._job is not None:
            logs.cut(self._job.folder)

    def kill(self) -> None:
        """End the worker and whatever it started."""
        end_tree(self._process.pid, self._mark)
        self._process.wait()
        self.channel.close()

    def _said(self, message: bytes) -> JobOutcome:
        try:
            said = json.loads(message)
            status, reason, by_method = str(said["status"]), str(said["reason"]), bool(said["by_method"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return self._killed(f"its process says {message[:60]!r} instead of how the job ended")
        if status == "done" and not self._is_done():
            return self._ended("failed", "its process says that it is done, but there is no whole record")
        ended = cast(Status, status) if status in ("done", "killed") else "failed"
        return self._ended(ended, reason, by_method=by_method)

    def _gone(self) -> JobOutcome:
        """The outcome of a worker that went away: its exit code tells why."""
        try:
            code = self._process.wait(_GRACE)
            reason, by_method = cause(code), not is_from_outside(code)
        except subprocess.TimeoutExpired:
            reason, by_method = "the process closed its connection to the run", True
        return self._killed(reason, by_method=by_method)

    def _killed(self, reason: str, *, by_method: bool = True) -> JobOutcome:
        if self._is_done():
            return self._ended("done", "")
        return self._ended("killed", reason, by_method=by_method)

    def _is_done(self) -> bool:
        assert self._job is not None
        try:
            return self._job.is_done
        except ResultError:
            return False

    def _ended(self, status: Status, reason: str, *, by_method: bool = True) -> JobOutcome:
        assert self._job is not None
        return JobOutcome(self._job, status, reason, time.monotonic() - self._started, by_method=by_method)


class WorkerPool:
    """Worker processes on this machine, of which those that did their job well take another."""

    def __init__(self) -> None:
        self._busy: list[_Worker] = []
        self._idle: list[_Worker] = []
        self._servers = WorkerServers()

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
            if worker.reusable(outcome):
                self._idle.append(worker)
            else:
                worker.kill()
            logs.finish(outcome.job.folder)
            yield outcome

    def close(self) -> None:
        """End all processes, whatever they do."""
        while workers := self._busy or self._idle:
            workers.pop().kill()
        self._servers.close()

    def prepare(self, threads: int) -> None:
        """Begin to start what workers with this many threads come from."""
        self._servers.prepare(threads)

    def _worker(self, threads: int) -> _Worker:
        """A worker with this many threads: an idle one, or a new one instead of an idle one."""
        for index, worker in enumerate(self._idle):
            if worker.threads == threads:
                return self._idle.pop(index)
        if self._idle:
            self._idle.pop().kill()
        return _Worker(threads, self._servers)


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
        if queue:
            pool.prepare(1 if queue[0].one_thread else threads)
        while queue or pool:
            while queue and len(pool) < limit:
                job = queue.popleft()
                pool.start(job, threads, cache.file(job))
                yield job
            yield from pool.ended(timeout)


def _finished(busy: Sequence[_Worker], timeout: float) -> list[tuple[_Worker, JobOutcome]]:
    # A dead worker's end of the socket can live on in a process that it forked, so its end is looked for too.
    wait([worker.channel.fileno() for worker in busy], timeout=_POLL)
    for worker in busy:
        worker.cap_log()
    looks = [(worker, worker.outcome(timeout)) for worker in busy]
    return [(worker, outcome) for worker, outcome in looks if outcome is not None]
