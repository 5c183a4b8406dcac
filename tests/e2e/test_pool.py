"""Workers are shared, limited in number, and gone when the caller loses interest."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

from groupbench.data.loading import load
from groupbench.results import store
from groupbench.runner import pool
from groupbench.runner.config import make_config
from groupbench.runner.job import Job
from groupbench.runner.plan import plan_jobs
from groupbench.runner.process_tree import MARK
from groupbench.runner.processes import WorkerServers, new_mark
from groupbench.runner.worker import REASON, _one_line


@pytest.fixture
def jobs(tmp_path):
    config = make_config(methods=["random", "item-mean", "popularity"], seeds=2)
    return plan_jobs(config, {"itmrec-sim": load("itmrec-sim", None)}, tmp_path)


def _run(jobs, workers, timeout=600):
    return pool.run_jobs(jobs, workers=workers, threads=1, timeout=timeout)


def test_every_job_starts_in_order_and_ends_once(jobs):
    running, most = set(), 0
    started, ended = [], []
    for event in _run(jobs, workers=2):
        if isinstance(event, Job):
            started.append(event)
            running.add(event.key)
        else:
            running.remove(event.job.key)
            ended.append(event)
        most = max(most, len(running))
    assert started == jobs
    assert most == 2
    assert sorted(e.job.key for e in ended) == sorted(j.key for j in jobs)
    assert {(e.status, e.reason) for e in ended} == {("done", "")}
    assert all(store.read(job.folder).status == "done" for job in jobs)


def test_nothing_to_do():
    assert list(_run([], workers=0)) == []


def test_a_job_that_is_out_of_time(jobs):
    (started, ended) = _run(jobs[:1], workers=1, timeout=0.01)
    assert started == jobs[0]
    assert (ended.status, ended.reason) == (
        "timeout",
        "no result after 0.01 s; raise --timeout to give it longer",
    )
    assert store.read(jobs[0].folder) is None


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for processes in /proc")
def test_closing_ends_the_workers(jobs):
    before = _sessions()
    with closing(_run(jobs, workers=2)) as events:
        next(events), next(events)
        # Two workers, and what they are forked from.
        assert _soon(lambda: len(_sessions() - before) == 3)
    assert _soon(lambda: _sessions() == before)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for processes in /proc")
def test_workers_go_on_when_what_they_come_from_is_killed(jobs):
    mine = _sessions()
    with closing(_run(jobs, workers=2)) as events:
        started = [next(events), next(events)]
        (server,) = {int(pid) for pid in _children(os.getpid())} & (_sessions() - mine)
        os.kill(server, signal.SIGKILL)
        ended = [event for event in events if not isinstance(event, Job)]
    assert started == jobs[:2]
    assert {(e.status, e.reason) for e in ended} == {("done", "")}
    assert len(ended) == len(jobs)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for processes in /proc")
def test_a_worker_bears_a_mark_of_its_own_though_it_is_forked():
    servers, mark = WorkerServers(), new_mark()
    ours, theirs = socket.socketpair()
    try:
        with ours, theirs:
            worker = servers.start(theirs, mark, 1)
            assert not isinstance(worker, subprocess.Popen)
            environment, shown = Path(f"/proc/{worker.pid}/environ"), f"{MARK}={mark}".encode()
            assert _soon(lambda: shown in environment.read_bytes().split(b"\0"))
            assert os.getsid(worker.pid) == worker.pid
            assert worker.poll() is None
            os.kill(worker.pid, signal.SIGUSR1)
            assert worker.wait(60) == worker.poll() == -signal.SIGUSR1
    finally:
        servers.close()


def test_workers_with_several_threads_are_not_forked():
    servers = WorkerServers()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        worker = servers.start(theirs, new_mark(), 2)
    assert isinstance(worker, subprocess.Popen)
    assert worker.wait(60) in (0, -signal.SIGKILL)  # Its connection was closed.
    servers.close()


def _soon(holds) -> bool:
    end = time.monotonic() + 300
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)
    return holds()


def _sessions() -> set[int]:
    """Leaders of sessions among the processes that come from this one, and are not ending."""
    found, waiting = set(), _children(os.getpid())
    while waiting:
        pid = waiting.pop()
        with suppress(OSError):
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            found |= {pid} if os.getsid(pid) == pid and state not in "ZX" else set()
        waiting += _children(pid)
    return found


def _children(parent: int) -> list[int]:
    with suppress(OSError):
        tasks = Path(f"/proc/{parent}/task").iterdir()
        return [int(pid) for task in tasks for pid in (task / "children").read_text().split()]
    return []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain", "plain"),
        (" two\n  lines\t", "two lines"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("\udcff", r"\udcff"),
        ("é ±", "é ±"),
    ],
)
def test_a_reason_is_one_printable_line(text, line):
    assert _one_line(text) == line
    line.encode()


def test_a_long_reason_is_cut():
    cut = _one_line("x" * 10_000)
    assert len(cut) == REASON
    assert cut.endswith("x ...")
