"""The processes of workers: forked from one that has imported what jobs need, or started anew."""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from contextlib import suppress
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Protocol

from groupbench.runner.channel import Channel, Descriptor
from groupbench.runner.process_tree import MARK, end_tree

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")

_SINGLE = {"JE_ARROW_MALLOC_CONF": "background_thread:false"}
"""Keeps libraries from starting threads when they are imported: who has several should not be forked."""

_START_SECONDS = 300.0
_ANSWER_SECONDS = 60.0
"""How long a server may take, to start and to answer, until it is given up."""

_TRIES = 2
"""Servers that are tried one after the other, since one may have been killed."""

_LOOK = 0.2
_MOMENT = 0.002
"""Seconds between looks at a server that should answer, and at a worker that should end."""


class WorkerProcess(Protocol):
    """A process that may end at any time, as a `subprocess.Popen`."""

    @property
    def pid(self) -> int:
        """Its number, which is that of its session, too."""

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code once it has ended, or a `subprocess.TimeoutExpired`."""


def new_mark() -> str:
    """A new value for `MARK`; all are of one length."""
    return uuid.uuid4().hex


def start(module: str, end: socket.socket, mark: str, threads: int, **more: str) -> WorkerProcess:
    """Start a module in a process and a session of its own, with one end of a connection as its argument.

    Raises:
        OSError: if the system allows no further process.
    """
    return subprocess.Popen(
        [sys.executable, "-P", "-m", f"groupbench.runner.{module}", str(end.fileno())],
        pass_fds=[end.fileno()],
        stdin=subprocess.DEVNULL,
        env={**_environment(mark, threads), **more},
        start_new_session=True,
    )


def _environment(mark: str, threads: int) -> dict[str, str]:
    return {**os.environ, **dict.fromkeys(_THREAD_VARIABLES, str(threads)), MARK: mark}


class ServerGoneError(OSError):
    """The server has ended, or does not answer."""


class WorkerServer:
    """The process that workers are forked from, which starts at once; see `groupbench.runner.worker_server`.

    Args:
        threads: BLAS and OpenMP threads of its workers.

    Attributes:
        is_unfit: whether it turned out that it cannot be forked, and another could neither.

    Raises:
        OSError: if the system allows no further process.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._mark = new_mark()
        self._numbers = itertools.count()
        self._is_ready = False
        self._is_gone = False
        self.is_unfit = False
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = start("worker_server", theirs, self._mark, threads, **_SINGLE)
        self._channel = Channel(ours.detach())

    def fork(self, end: socket.socket, mark: str) -> WorkerProcess:
        """A worker in a session of its own with one end of a connection; waits until the server has started.

        Raises:
            ServerGoneError: if the server has ended, or cannot be forked.
            OSError: if the system allows no further process.
        """
        if not self._is_ready:
            self.is_unfit = self._answer(_START_SECONDS).get("threads") != 1
            self._is_ready = True
        if self.is_unfit:
            raise ServerGoneError("it has several threads")
        environment = _environment(mark, self._threads)
        answer = self._ask({"environment": environment}, end)
        if "errno" in answer:
            raise OSError(answer["errno"], answer["strerror"])
        return _Forked(self, int(answer["pid"]))

    def exit_code(self, pid: int) -> int | None:
        """The exit code of a worker; None while it runs.

        Raises:
            ServerGoneError: if nobody can tell.
        """
        code = self._ask({"pid": pid}).get("code")
        return None if code is None else int(code)

    def close(self) -> None:
        """End the server, and all that it started."""
        end_tree(self._process.pid, self._mark)
        self._process.wait()
        self._channel.close()

    def _ask(self, request: dict[str, Any], file: Descriptor | None = None) -> dict[str, Any]:
        number = next(self._numbers)
        if self._is_gone:
            raise ServerGoneError("it has ended")
        try:
            self._channel.send(json.dumps({"number": number, **request}).encode(), file)
            while True:
                # An interrupt may have left the answer to an earlier request.
                if (answer := self._answer(_ANSWER_SECONDS)).get("number") == number:
                    return answer
        except OSError as error:
            self._is_gone = True
            raise ServerGoneError(str(error)) from error

    def _answer(self, seconds: float) -> dict[str, Any]:
        end = time.monotonic() + seconds
        try:
            while (message := self._channel.poll()) is None:
                # Its end of the connection may live on in a process that it forked, so both are looked at.
                if self._process.poll() is not None or time.monotonic() > end:
                    raise ServerGoneError(f"it has ended, or gives no answer in {seconds:g} s")
                wait([self._channel.fileno()], _LOOK)
            return dict(json.loads(message))
        except (OSError, EOFError, ValueError) as error:
            raise ServerGoneError(str(error)) from error


class _Forked:
    """A worker that was forked from a server, which alone can say how it ended."""

    def __init__(self, server: WorkerServer, pid: int) -> None:
        self.pid = pid
        self._server = server
        self._code: int | None = None

    def poll(self) -> int | None:
        if self._code is None:
            try:
                self._code = self._server.exit_code(self.pid)
            except ServerGoneError:
                # Whoever ended the server is taken to have ended the worker, too.
                self._code = None if _runs(self.pid) else -signal.SIGKILL
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        end = time.monotonic() + (float("inf") if timeout is None else timeout)
        while (code := self.poll()) is None:
            if time.monotonic() >= end:
                raise subprocess.TimeoutExpired("worker", timeout or 0.0)
            time.sleep(_MOMENT)
        return code


def _runs(pid: int) -> bool:
    with suppress(OSError):
        return Path("/proc", str(pid), "stat").read_bytes().rpartition(b")")[2].split()[0] not in b"ZX"
    return False


class WorkerServers:
    """Where workers come from: a server for each number of threads, or where it cannot be, a new process."""

    def __init__(self) -> None:
        self._servers: dict[int, WorkerServer | None] = {}

    def prepare(self, threads: int) -> None:
        """Begin to start the server of workers with so many threads, if there can be one."""
        if threads not in self._servers:
            # Libraries with several threads are not to be forked, and systems without /proc do not say.
            able = threads == 1 and os.path.isdir("/proc/self/task")
            self._servers[threads] = WorkerServer(threads) if able else None

    def start(self, end: socket.socket, mark: str, threads: int) -> WorkerProcess:
        """A worker with one end of a connection, that bears a mark.

        Raises:
            OSError: if the system allows no further process.
        """
        for _ in range(_TRIES):
            self.prepare(threads)
            if (server := self._servers[threads]) is None:
                break
            try:
                return server.fork(end, mark)
            except ServerGoneError:
                server.close()
                del self._servers[threads]
                if server.is_unfit:
                    break
        self._servers[threads] = None
        return start("worker", end, mark, threads)

    def close(self) -> None:
        """End the servers."""
        while self._servers:
            _, server = self._servers.popitem()
            if server is not None:
                server.close()
