"""Jobs on a Ray cluster: the same worker processes, on whatever node has room.

What a job does to its own process is reported as in a local run. A node or a process of Ray's that gets lost
is no job's fault: the job begins anew elsewhere. Data sets travel once, through Ray's object store. Records
and tables come back and are written here, so that nodes need no folder in common, and a job that was not
finished leaves nothing behind.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from groupbench.core import provenance
from groupbench.core.errors import ConfigError, GroupbenchError, ResultError
from groupbench.core.files import open_own
from groupbench.results import store
from groupbench.runner.pool import JobOutcome
from groupbench.runner.ray_node import JobRequest, JobResult, Needs, needs, serve
from groupbench.runner.serialization import serialize

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset
    from groupbench.runner.job import Job

MAX_ATTEMPTS = 3
"""How often a job begins whose node gets lost each time; it may be what brings nodes down."""

_POLL = 1.0
"""Seconds between looks at how many cores the cluster has."""

_GRACE = 10.0
"""Seconds that nodes have to end what they do when a run is interrupted."""

_CONNECT_TIMEOUT = 5.0
"""Seconds that a cluster has to answer at its address."""

_FRAME, _SETTINGS = 9, 4
"""Bytes of the head of a frame of HTTP/2, and the kind of the first one that a server sends (RFC 9113)."""

_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, _SETTINGS, 0, 0, 0, 0, 0])
"""What a client of HTTP/2 says first, with empty settings."""


class Cluster:
    """An executor of jobs on the nodes of a Ray cluster.

    Args:
        ray: the module, connected.
        loaded: the data sets by the name they were asked for.
    """

    def __init__(self, ray: Any, loaded: Mapping[str, Dataset]) -> None:
        self._ray = ray
        self._loaded = loaded
        self._serve = ray.remote(serve)
        self._sent: dict[tuple[str, str, str], tuple[Any, int]] = {}
        self._running: dict[Any, tuple[JobRequest, int]] = {}

    def capacity(self, threads: int) -> int:
        """How many jobs with so many threads the cores of all nodes are enough for."""
        return max(1, int(self._ray.cluster_resources().get("CPU", 0)) // threads)

    def run(
        self, jobs: Sequence[Job], *, workers: int | None, threads: int, timeout: float
    ) -> Generator[Job | JobOutcome, None, None]:
        """Run jobs as every `Executor` does; a job starts when it is sent, and may have to wait for room.

        Without `workers` their number follows that of the cluster's cores.

        Raises:
            ConfigError: if no node is large enough for one of the jobs.
        """
        queue = jobs if isinstance(jobs, deque) else deque(jobs)
        self._require_room(queue, threads)
        try:
            while queue or self._running:
                while queue and len(self._running) < (workers or self.capacity(threads)):
                    job = queue.popleft()
                    self._start(JobRequest.of(job, threads, timeout), MAX_ATTEMPTS)
                    yield job
                yield from self._ended()
        finally:
            self._stop()

    def _require_room(self, jobs: Sequence[Job], threads: int) -> None:
        nodes = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        for wanted, job in {self._needs(job, threads): job for job in jobs}.items():
            if not any(_has_room(node, wanted) for node in nodes):
                raise ConfigError(
                    f"{job.label} on {job.dataset} needs {wanted}, which no node of the cluster has; "
                    "add a larger node, or lower --threads"
                )

    def _start(self, request: JobRequest, attempts: int) -> None:
        wanted = self._needs(request.job, request.threads)
        remote = self._serve.options(
            num_cpus=wanted.cpus,
            num_gpus=wanted.gpus,
            memory=wanted.memory,
            max_retries=0,
            name=request.job.label,
        )
        data, _ = self._data(request.job)
        self._running[remote.remote(request, data)] = (request, attempts)

    def _ended(self) -> Iterator[JobOutcome]:
        """Outcomes of jobs that ended; waits a moment for the first. Jobs that got lost begin anew."""
        ready, _ = self._ray.wait(list(self._running), timeout=_POLL)
        for reference in ready:
            request, attempts = self._running.pop(reference)
            try:
                result = self._ray.get(reference)
            except self._ray.exceptions.RayError as error:
                if attempts > 1:
                    self._start(request, attempts - 1)
                else:
                    yield JobOutcome(request.job, "killed", _lost(error), 0.0, by_method=False)
            else:
                yield _received(request.job, result)

    def _stop(self) -> None:
        """End what is running, and wait until it has ended."""
        running = list(self._running)
        self._running.clear()
        for reference in running:
            self._ray.cancel(reference)
        if running:
            self._ray.wait(running, num_returns=len(running), timeout=_GRACE)

    def _needs(self, job: Job, threads: int) -> Needs:
        return needs(job, threads, self._data(job)[1])

    def _data(self, job: Job) -> tuple[Any, int]:
        """A job's data set in the object store, and its bytes."""
        if job.content not in self._sent:
            data = serialize(self._loaded[job.source])
            self._sent[job.content] = self._ray.put(np.frombuffer(data, dtype=np.uint8)), len(data)
        return self._sent[job.content]


@contextmanager
def connected(address: str | None) -> Iterator[Any]:
    """The module `ray`, connected to a cluster; disconnected afterwards unless it was connected before.

    Args:
        address: `HOST:PORT` of the cluster; None for that of RAY_ADDRESS, else one on this machine, which is
            started where there is none.

    Raises:
        ConfigError: if Ray is not installed, or no cluster answers.
    """
    try:
        import ray
    except ImportError as error:
        raise ConfigError("executor ray: Ray is not installed; in a clone, pip install '.[ray]'") from error
    if ray.is_initialized():
        yield ray
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        _require_answer(address or os.environ.get("RAY_ADDRESS", ""))
        with _own_sigterm():
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError) as error:
        first = str(error).partition("\n")[0]
        raise ConfigError(
            f"no Ray cluster answers at {address or 'RAY_ADDRESS or on this machine'}: {first}; "
            "start one with 'ray start --head' and give its HOST:PORT as --address"
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


@contextmanager
def _own_sigterm() -> Iterator[None]:
    """Give SIGTERM its meaning back afterwards: Ray's is to print addresses and to abort."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def _require_answer(address: str) -> None:
    """Raise `OSError` or `ValueError` if nothing like Ray listens there, which Ray needs minutes to find out.

    Ray's servers speak gRPC: asked for in the words of HTTP/2, they answer with a frame of settings.
    """
    place = address.rpartition("://")[2]
    host, colon, port = place.rpartition(":")
    if not colon:
        return
    with socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_TIMEOUT) as server:
        if os.environ.get("RAY_USE_TLS", "0") != "0":
            return
        server.sendall(_GREETING)
        answer = b""
        end = time.monotonic() + _CONNECT_TIMEOUT
        while len(answer) < _FRAME:
            server.settimeout(max(end - time.monotonic(), 0.01))
            try:
                data = server.recvmsg(_FRAME - len(answer))[0]
            except TimeoutError:
                raise TimeoutError(f"what listens there says nothing for {_CONNECT_TIMEOUT:g} s") from None
            if not data:
                break
            answer += data
    if len(answer) < _FRAME or answer[3] != _SETTINGS:
        raise ConnectionError(f"what listens there is not Ray, it says {answer!r}")


def _received(job: Job, result: JobResult) -> JobOutcome:
    """Write what came back from a node, as if it had been made here."""
    try:
        _write_log(job, result.log)
        if result.record is not None:
            _require_same_code(result.record)
            # The node knows plugins by other paths.
            local = job.record("done")
            record = replace(result.record, config=local.config, family=local.family)
            store.write(job.folder, record, result.tables)
    except GroupbenchError as error:
        return JobOutcome(job, "failed", str(error), result.seconds, by_method=False)
    return JobOutcome(job, result.status, result.reason, result.seconds, by_method=result.by_method)


def _write_log(job: Job, log: bytes) -> None:
    file = job.folder / "log.txt"
    try:
        if log:
            store.make_own(job.folder)
            with open(open_own(file, os.O_WRONLY | os.O_TRUNC), "wb") as handle:
                handle.write(log)
        else:
            file.unlink(missing_ok=True)
    except OSError as error:
        raise ResultError(f"cannot write {file}: {error.strerror}") from error


def _require_same_code(record: store.RunRecord) -> None:
    if record.environment["code"]["sha256"] != provenance.code()["sha256"]:
        raise ConfigError("a node has other code of groupbench; install the same version on every node")


def _has_room(node: Mapping[str, float], wanted: Needs) -> bool:
    needed = {"CPU": wanted.cpus, "GPU": wanted.gpus, "memory": wanted.memory}
    return all(node.get(name, 0) >= amount for name, amount in needed.items())


def _lost(error: Exception) -> str:
    cause = getattr(error, "cause", None) or error
    first = str(cause).strip().partition("\n")[0]
    return f"lost its node or Ray process {MAX_ATTEMPTS} times, at last by {type(cause).__name__}: {first}"
