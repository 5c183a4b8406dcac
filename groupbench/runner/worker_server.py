"""The process that workers are forked from: `python -m groupbench.runner.worker_server FD`.

It imports what every job needs, once, and nothing that a job brings along; it has one thread, never runs a
job itself, and forks a clean worker for whoever asks over the socket FD. It waits for no worker of its own
accord, so that the number of one that ended stays taken until it is asked for.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import sys
import traceback
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn

from groupbench.core.errors import PluginError
from groupbench.runner.channel import Channel
from groupbench.runner.process_tree import MARK
from groupbench.runner.worker import fork_guard, serve

_MODULES = (
    "groupbench.data.formation",
    "groupbench.results.schema",
    "groupbench.runner.execution",
    "groupbench.runner.serialization",
    "pandas",
    "pyarrow.pandas_compat",
    "pyarrow.parquet",
    "pydantic.dataclasses",
    "pydantic.type_adapter",
    "scipy.sparse",
    "sklearn.cluster",
    "threadpoolctl",
)
"""What nearly every job imports while it runs: to form groups, evaluate and write."""


def main(descriptor: int) -> None:
    """Fork workers until the parent closes the connection.

    The first message is how many threads there are: with several, nobody should fork. A request has a number,
    which its answer repeats, and asks for a worker, whose socket comes with it, or for how one ended.
    """
    fork_guard(descriptor)
    _prepare()
    channel = Channel(descriptor)
    ended: dict[int, int] = {}
    with suppress(EOFError, OSError):  # The parent is gone.
        channel.send(json.dumps({"threads": len(os.listdir("/proc/self/task"))}).encode())
        while True:
            message, socket = channel.wait()
            request = json.loads(message)
            answer: dict[str, Any]
            if socket is None:
                answer = {"code": _exit_code(request["pid"], ended)}
            else:
                answer = _forked(request["environment"], socket, channel)
                ended.pop(answer.get("pid") or 0, None)
            channel.send(json.dumps({"number": request["number"], **answer}).encode())


def _prepare() -> None:
    """Import what jobs need, and find what is the same for all of them."""
    from groupbench.core import provenance
    from groupbench.core.registry import aggregators, methods, text_encoders
    from groupbench.evaluation.protocols import PROTOCOLS
    from groupbench.evaluation.views import VIEWS
    from groupbench.metrics import METRICS

    for name in _MODULES:
        import_module(name)
    for registered in (aggregators, methods, text_encoders, METRICS, PROTOCOLS, VIEWS):
        with suppress(PluginError):  # It is raised again in the job that meets it.
            len(registered)
    provenance.environment()
    gc.collect()


def _exit_code(worker: int, ended: dict[int, int]) -> int | None:
    """The exit code of a worker, negative for a signal; None while it runs.

    An answer may be lost where the parent is interrupted, and is asked for again.
    """
    if worker not in ended:
        process, status = os.waitpid(worker, os.WNOHANG)
        if process:
            ended[worker] = os.waitstatus_to_exitcode(status)
    return ended.get(worker)


def _forked(environment: dict[str, str], socket: int, channel: Channel) -> dict[str, Any]:
    """Fork a worker that serves the socket; the number of its process, or the error of the system."""
    try:
        if (worker := os.fork()) == 0:
            _become_worker(environment, socket, channel)
    except OSError as error:
        return {"errno": error.errno, "strerror": error.strerror}
    finally:
        os.close(socket)
    return {"pid": worker}


def _become_worker(environment: dict[str, str], socket: int, channel: Channel) -> NoReturn:
    status = 1
    try:
        channel.close()
        os.setsid()
        _bear(environment[MARK])
        os.environ.clear()
        os.environ.update(environment)
        sys.modules["numpy"].random.seed()  # As in a process of its own: from what the system gives.
        serve(socket)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _bear(mark: str) -> None:
    """Show the mark in `/proc/PID/environ`, where the kernel shows what the process started with."""
    getenv = ctypes.CDLL(None).getenv
    getenv.restype = ctypes.c_void_p
    ctypes.memmove(getenv(MARK.encode()), mark.encode(), len(os.environ[MARK]))


if __name__ == "__main__":
    main(int(sys.argv[1]))
