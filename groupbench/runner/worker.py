"""The process in which jobs run: `python -m groupbench.runner.worker FD`, one job after the other.

It talks over the socket FD, so that whatever a method prints goes to the job's log and nowhere else.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import traceback
from multiprocessing.connection import Connection
from pathlib import Path

from groupbench.errors import GroupbenchError
from groupbench.runner.jobs import Job


def main(descriptor: int) -> None:
    """Serve jobs until the parent closes the connection or dies."""
    threading.Thread(target=_leave_with, args=(os.getppid(),), daemon=True).start()
    _prefer_as_victim()
    pipe = Connection(descriptor)
    while True:
        try:
            job = Job.from_json(pipe.recv_bytes())
        except EOFError:
            return
        pipe.send_bytes(json.dumps(_outcome(job)).encode())


def _outcome(job: Job) -> dict[str, str]:
    log = job.folder / "log.txt"
    job.folder.mkdir(parents=True, exist_ok=True)
    _redirect(log)
    try:
        from groupbench.runner.execute import execute

        execute(job)
        outcome = {"status": "done", "reason": ""}
    except GroupbenchError as error:
        outcome = {"status": "failed", "reason": str(error)}
    except BaseException as error:
        traceback.print_exc()
        outcome = {"status": "failed", "reason": f"{type(error).__name__}: {error}".strip(": ")}
    sys.stdout.flush()
    sys.stderr.flush()
    if log.stat().st_size == 0:
        log.unlink()
    return outcome


def _redirect(log: Path) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


def _leave_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _prefer_as_victim() -> None:
    """When memory runs out the kernel should end the worker, not the run that supervises it."""
    try:
        Path("/proc/self/oom_score_adj").write_text("1000")
    except OSError:
        return


if __name__ == "__main__":
    main(int(sys.argv[1]))
