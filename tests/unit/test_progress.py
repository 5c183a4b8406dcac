"""What is said of the time that a run will still take, and of who leads."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from groupbench import store
from groupbench.cli._estimate import Estimate, Leader, spoken
from groupbench.cli._progress import clock


@dataclass(frozen=True)
class Work:
    """As much of a job as an estimate looks at."""

    method: str
    seed: int
    root: Path
    cost: float = 1.0
    dataset: str = "made"

    @property
    def key(self):
        return f"{self.method}-{self.seed}"

    @property
    def folder(self):
        return self.root / self.method / self.key


def record(method, ndcg, seed=0, aggregator="average", name=None, seconds=2.0):
    values = {"ndcg@10": ndcg}
    return store.RunRecord(
        key=f"{method}-{seed}",
        status="done",
        reason="",
        dataset="made",
        simulated=True,
        protocol="paper",
        method=method,
        name=name or method,
        family="f",
        seed=seed,
        figures=(
            store.Figures("rated-group", aggregator, values, values, values, 0.0),
            store.Figures("rated-user", "none", {"ndcg@10": 1.0}, {}, {}, 0.0),
        ),
        views={"rated-group": {}, "rated-user": {}},
        seconds={"fit": seconds / 2, "metrics": seconds / 2},
    )


def test_nothing_is_said_before_anything_is_known(tmp_path):
    jobs = [Work("svd", seed, tmp_path) for seed in range(3)]
    estimate = Estimate(jobs, 2)
    estimate.start(jobs[0], 0.0)
    assert estimate.left(5.0) is None


def test_other_seeds_of_a_method_say_how_long_it_takes(tmp_path):
    jobs = [Work("svd", seed, tmp_path) for seed in range(5)]
    estimate = Estimate(jobs, 2)
    estimate.start(jobs[0], 0.0)
    estimate.end(jobs[0], 10.0, done=True)
    assert estimate.left(10.0) == (20.0, True)
    estimate.start(jobs[1], 10.0)
    assert estimate.left(16.0) == (17.0, True)
    assert estimate.left(1000.0) == (15.0, True)


def test_the_longest_job_counts_however_many_workers_there_are(tmp_path):
    jobs = [
        Work("slow", 0, tmp_path, cost=9.0),
        Work("quick", 0, tmp_path),
        Work("slow", 1, tmp_path, cost=9.0),
    ]
    estimate = Estimate(jobs, 100)
    estimate.start(jobs[1], 0.0)
    estimate.end(jobs[1], 2.0, done=True)
    assert estimate.left(2.0) == (18.0, False)


def test_other_methods_are_guessed_by_their_cost_on_the_same_data_set(tmp_path):
    jobs = [
        Work("a", 0, tmp_path),
        Work("b", 0, tmp_path, cost=30.0),
        Work("c", 0, tmp_path, dataset="other"),
    ]
    estimate = Estimate(jobs[:2], 1)
    estimate.start(jobs[0], 0.0)
    estimate.end(jobs[0], 2.0, done=True)
    assert estimate.left(2.0) == (60.0, False)
    mixed = Estimate(jobs, 1)
    mixed.start(jobs[0], 0.0)
    mixed.end(jobs[0], 2.0, done=True)
    assert mixed.left(2.0) is None


def test_a_failed_job_says_nothing_of_others(tmp_path):
    jobs = [Work("svd", seed, tmp_path) for seed in range(2)]
    estimate = Estimate(jobs, 1)
    estimate.start(jobs[0], 0.0)
    estimate.end(jobs[0], 0.1, done=False)
    assert estimate.left(1.0) is None


def test_earlier_results_are_used_and_damaged_ones_are_not(tmp_path):
    jobs = [Work("svd", seed, tmp_path) for seed in (7, 8)]
    store.write(tmp_path / "svd" / "earlier", record("svd", 0.5, seconds=6.0))
    (tmp_path / "svd" / "torn").mkdir()
    (tmp_path / "svd" / "torn" / "run.json").write_text("{")
    assert Estimate(jobs, 1).left(0.0) == (12.0, True)


def test_nothing_is_left_when_all_is_done(tmp_path):
    assert Estimate([], 1).left(0.0) == (0.0, True)


def test_the_leader_has_the_highest_mean_and_is_no_reference_row():
    leader = Leader()
    assert leader.lines() == []
    for found in (
        record("svd", 0.7),
        record("svd", 0.5, seed=1),
        record("ease", 0.65),
        record("oracle", 1.0, aggregator="none"),
        record("svd", 0.9, aggregator="borda"),
    ):
        leader.note(found)
    assert leader.lines() == ["best so far: ease ndcg@10 0.650 (1 seed; made, paper, rated-group)"]
    leader.note(record("agree", 0.8, aggregator="own"))
    assert leader.lines()[0].startswith("best so far: agree (own) ndcg@10 0.800")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "a few seconds"), (44, "40 s"), (100, "2 min"), (3600, "60 min"), (7900, "2 h 12 min")],
)
def test_durations_in_words(seconds, words):
    assert spoken(seconds) == words


def test_clocks():
    assert (clock(7.9), clock(3723)) == ("0:07", "1:02:03")


def test_a_terminal_shows_what_runs_what_is_left_and_who_leads(tmp_path):
    ours, theirs = pty.openpty()
    program = Path(sys.executable).with_name("groupbench")
    call = [program, "run", "--methods", "svd,random", "--seeds", "3", "--jobs", "1"]
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
    with subprocess.Popen(call, cwd=tmp_path, env=environment, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                read = os.read(ours, 4096)
            except OSError:
                break
            if not read:
                break
            shown += read
    os.close(ours)
    text = shown.decode()
    assert process.returncode == 0, text
    for words in ("running: svd seed 0", " left", "best so far: svd ndcg@10", "[6/6] done", "6 jobs: 6 run"):
        assert words in text
