"""Workers are shared, limited in number, and gone when the caller loses interest."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

import pytest

from groupbench.data.loading import load
from groupbench.results import store
from groupbench.runner import pool
from groupbench.runner.config import make_config
from groupbench.runner.job import Job
from groupbench.runner.plan import plan_jobs
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
    before = _children()
    with closing(_run(jobs, workers=2)) as events:
        next(events), next(events)
        assert len(_children() - before) == 2
    end = time.monotonic() + 300
    while _children() - before and time.monotonic() < end:
        time.sleep(0.05)
    assert _children() == before


def _children() -> set[str]:
    return {
        pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()
    }


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
