"""The process in which jobs run: `python -m groupbench.runner.worker FD`, one job after the other.

It talks over the socket FD, so that whatever a method prints goes to the job's log and nowhere else.
"""

from __future__ import annotations

import errno
import json
import mmap
import os
import select
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from groupbench.core.errors import CrashError, GroupbenchError, MethodError
from groupbench.core.files import open_own
from groupbench.runner.channel import Channel
from groupbench.runner.process_tree import MARK, adopt_orphans, end_tree

if TYPE_CHECKING:
    from groupbench.runner.job import Job

REASON = 500
"""Characters of a reason that are kept; the log has the rest."""


def serve(descriptor: int) -> None:
    """Do jobs, and cache the data sets that come with them, until the parent closes the connection."""
    fork_guard(descriptor)
    _prefer_as_victim()
    adopt_orphans()
    from groupbench.runner.job import Job

    channel = Channel(descriptor)
    while True:
        try:
            message, file = channel.wait()
        except EOFError:
            return
        if file is not None:
            _cache_file(file)
        channel.send(json.dumps(_outcome(Job.from_json(message))).encode())


def _cache_file(descriptor: int) -> None:
    """Cache the data set in a file; what cannot be deserialized is left to the job to load."""
    with open(descriptor, "rb") as file, suppress(Exception):
        # It stays open: all workers share the memory in which the arrays lie.
        _cache(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _cache(data: bytes | mmap.mmap) -> None:
    from groupbench.runner.execution import cache
    from groupbench.runner.serialization import deserialize

    cache(deserialize(data))


def _outcome(job: Job) -> dict[str, str | bool]:
    from groupbench.results import store

    try:
        if job.is_done:  # Another run in the same results folder was faster.
            return _said("done")
    except GroupbenchError as error:
        return _said("failed", str(error), by_method=False)
    log = job.folder / "log.txt"
    try:
        store.make_own(job.folder)
        _redirect(log)
    except OSError as error:
        return _said("failed", f"cannot write {log}: {_why(error)}", by_method=False)
    try:
        from groupbench.runner.execution import execute

        execute(job)
        outcome = _said("done")
    except CrashError as error:
        outcome = _said("killed", str(error), by_method=error.by_method)
    except GroupbenchError as error:
        outcome = _said("failed", str(error), by_method=isinstance(error, MethodError))
    except BaseException as error:
        with suppress(Exception):  # The log may be what is full.
            traceback.print_exc()
        by_machine = isinstance(error, OSError | MemoryError | KeyboardInterrupt)
        reason = traceback.format_exception_only(error)[-1]
        outcome = _said("failed", reason, by_method=not by_machine)
    with suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    with suppress(OSError):
        if log.stat().st_size == 0:
            log.unlink()
    return outcome


def _why(error: OSError) -> str:
    is_link = error.errno == errno.ELOOP and error.strerror == os.strerror(errno.ELOOP)
    return "it is a link; remove it" if is_link else str(error.strerror)


def _said(status: str, reason: str = "", *, by_method: bool = True) -> dict[str, str | bool]:
    """The message of how a job ended; `by_method` as in a `JobOutcome`."""
    return {"status": status, "reason": _one_line(reason), "by_method": by_method}


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
    return line if len(line) <= REASON else line[: REASON - 4] + " ..."


def _redirect(log: Path) -> None:
    descriptor = open_own(log, os.O_WRONLY | os.O_TRUNC | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


def fork_guard(descriptor: int) -> None:
    """Fork a process that ends this one, and all that it starts, once the other end of the socket is closed.

    A thread could not: compiled code may hold the interpreter's lock for minutes.
    """
    if os.fork() == 0:
        closed = select.poll()
        closed.register(descriptor, 0)
        closed.poll()
        end_tree(os.getpgid(0), os.environ.get(MARK, ""))


def _prefer_as_victim() -> None:
    """When memory runs out the kernel should end the worker, not the run that supervises it."""
    try:
        Path("/proc/self/oom_score_adj").write_text("1000")
    except OSError:
        return


if __name__ == "__main__":
    serve(int(sys.argv[1]))
