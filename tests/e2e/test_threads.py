"""Workers have the threads that their jobs allow."""

from __future__ import annotations

from dataclasses import replace

import pytest

from groupbench.core import provenance
from groupbench.data.loading import load
from groupbench.results import store
from groupbench.runner import pool
from groupbench.runner.config import make_config
from groupbench.runner.job import Job
from groupbench.runner.plan import plan_jobs


@pytest.fixture
def planned(tmp_path):
    data = load("itmrec-sim", None)

    def call(*methods, **options) -> list[Job]:
        config = make_config(methods=list(methods), seeds=1, **options)
        return plan_jobs(config, {"itmrec-sim": data}, tmp_path)

    return call


def test_workers_have_the_threads_of_their_jobs_and_records_say_so(planned):
    jobs = planned("bpr", "item-mean", "popularity")
    ended = [
        e for e in pool.run_jobs(jobs, workers=1, threads=2, timeout=600) if isinstance(e, pool.JobOutcome)
    ]
    assert [e.status for e in ended] == ["done"] * 3
    records = [store.read(job.folder) for job in jobs]
    assert {r.name: (r.environment["threads"], r.environment["deterministic"]) for r in records} == {
        "bpr": (1, True),
        "item-mean": (2, True),
        "popularity": (2, True),
    }


def test_a_record_says_when_it_cannot_be_repeated(planned):
    (job,) = planned("bpr", set={"bpr": {"num_threads": 2, "iterations": 2}}, deterministic=False)
    list(pool.run_jobs([job], workers=1, threads=1, timeout=600))
    record = store.read(job.folder)
    assert record.environment["deterministic"] is False
    assert record.environment["threads"] == 1
    assert record.environment["code"] == provenance.code()


def test_one_idle_worker_makes_room_for_one_with_other_threads(planned):
    """Never more processes than asked for, whatever the order of jobs."""
    jobs = [
        replace(job, one_thread=odd)
        for odd, job in zip((0, 1, 0), planned("random", "item-mean", "popularity"), strict=True)
    ]
    started = [
        e for e in pool.run_jobs(jobs, workers=1, threads=2, timeout=600) if isinstance(e, pool.JobOutcome)
    ]
    assert [e.status for e in started] == ["done"] * 3
    threads = [store.read(e.job.folder).environment["threads"] for e in started]
    assert threads == [2, 1, 2]
