"""Whole runs: how much they take beyond the fits of their methods, and what several workers save."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from groupbench.core.kernels import VARIABLE
from groupbench.core.plugins import load_plugin
from groupbench.data.loading import load
from groupbench.results import store
from groupbench.runner.config import make_config
from groupbench.runner.plan import plan_jobs
from groupbench.runner.pool import JobOutcome, run_jobs
from groupbench.runner.processes import WorkerServers

RUN = [sys.executable, "-c", "from groupbench.cli import main; main()", "run", "--quiet", "--no-references"]
WORKERS = 2
BUSY = '''
"""A method that keeps one core busy for two seconds."""

import time

from groupbench.models.recommender import Recommender
from groupbench.core.registry import method


@method("busy")
class Busy(Recommender):
    """Scores everything alike, after two seconds of a core."""

    def fit(self, train, *, rng):
        self._shape = train.ratings.n_items
        end = time.process_time() + 2.0
        while time.process_time() < end:
            pass
        return self

    def score(self, users):
        import numpy as np

        return np.zeros((len(users), self._shape))
'''


def ran(results, *options):
    """The records of a run into an empty folder."""
    subprocess.run([*RUN, "--results", str(results), *options], check=True)
    return [json.loads(file.read_text()) for file in results.rglob("run.json")]


@pytest.mark.timeout(3600)
def test_beyond_the_fits(benchmark, compared, tmp_path):
    """All methods on MovieLens 100K, under the default protocol: the limit are the seconds of their fits."""
    folder = Path(os.environ.get("GROUPBENCH_DATA", "."))
    if not (folder / "ml-100k").is_dir():
        pytest.skip("GROUPBENCH_DATA has no ml-100k")
    options = ["--methods", "all", "--dataset", "ml-100k", "--seeds", "1", "--jobs", str(WORKERS)]
    records = benchmark.pedantic(ran, (tmp_path, *options, "--data-dir", str(folder)), rounds=1)
    fits = sum(record["seconds"].get("fit", 0.0) for record in records)
    assert all(record["status"] == "done" for record in records)
    assert fits > 0
    if benchmark.stats is not None:
        compared(
            what=f"run --methods all --dataset ml-100k --jobs {WORKERS}; the limit is its own fits",
            peer=f"the fits by {WORKERS}",
            seconds=benchmark.stats.stats.median,
            peer_seconds=fits / WORKERS,
            peak_mb=0.0,
            peer_peak_mb=0.0,
            share=1.0,
            bar=0.87,
        )


@pytest.mark.timeout(1800)
def test_four_workers(versus, tmp_path_factory):
    """Sixteen jobs of two seconds, each in a process of its own because their method is not built in."""
    plugin = tmp_path_factory.mktemp("plugin") / "busy.py"
    plugin.write_text(BUSY)
    options = ["--methods", "busy", "--dataset", "itmrec-sim", "--seeds", "16", "--plugin", str(plugin)]

    def run(workers):
        records = ran(tmp_path_factory.mktemp("results"), *options, "--jobs", str(workers))
        return {record["key"]: json.dumps(record["figures"]) for record in records}

    def equal(ours, theirs):
        assert len(ours) == 16
        assert ours == theirs

    versus(
        "16 equal jobs of 2 s, --jobs 4",
        partial(run, 4),
        partial(run, 1),
        equal,
        against="the same with --jobs 1",
        bar=3,
        rounds=1,
    )


QUICK = BUSY.replace("two seconds", "no time").replace("2.0", "0.0").replace("busy", "quick")
JOBS = 9


@pytest.mark.timeout(1800)
def test_a_job_of_a_plugin(compared, benchmark, tmp_path, monkeypatch):
    """What a process of its own costs a job: the seconds between two of them, less those of a shared process.

    The peer is a process that is started anew and imports all. The first job of each run is left out, which
    waits until libraries are imported anyway. Kernels are used as by default, where they pay: not here.
    """
    monkeypatch.setenv(VARIABLE, "auto")
    (tmp_path / "quick.py").write_text(QUICK)
    load_plugin(tmp_path / "quick.py")
    data = load("itmrec-sim", None)
    config = make_config(
        methods=["quick"], seeds=JOBS, aggregators=["average"], plugins=[str(tmp_path / "quick.py")]
    )

    def ended(name, *, foreign):
        """Median seconds between the ends of jobs, and what they found by their keys."""
        jobs = [
            replace(one, foreign=foreign) for one in plan_jobs(config, {data.name: data}, tmp_path / name)
        ]
        times = []
        for event in run_jobs(jobs, workers=1, threads=1, timeout=600, loaded={data.name: data}):
            if isinstance(event, JobOutcome):
                assert event.status == "done"
                times.append(time.perf_counter())
        return float(np.median(np.diff(times))), {job.key: store.read(job.folder).metrics for job in jobs}

    shared, expected = ended("shared", foreign=False)
    own, found = benchmark.pedantic(ended, ("own",), {"foreign": True}, rounds=1)
    with monkeypatch.context() as patch:
        patch.setattr(WorkerServers, "prepare", lambda self, threads: self._servers.setdefault(threads))
        anew, found_anew = ended("anew", foreign=True)
    assert found == found_anew == expected
    if benchmark.stats is not None:
        compared(
            what=f"what a process of its own costs a job of a plugin that takes {shared:.2f} s",
            peer="a process that is started anew",
            seconds=own - shared,
            peer_seconds=anew - shared,
            peak_mb=0.0,
            peer_peak_mb=0.0,
            share=1.0,
            bar=8,
        )
