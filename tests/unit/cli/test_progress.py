"""What is said of the time that a run will still take, and of who leads."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from groupbench.cli import _display
from groupbench.cli._progress import Progress
from groupbench.cli._time_left import Estimate, Leader, Steps, format_duration
from groupbench.cli._trials import Trials, leader, trials_left
from groupbench.results import store
from groupbench.runner.tuning._trial import TuningTrial
from tests._records import make_record


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
    return make_record(
        method,
        seed,
        name=name or method,
        metrics=(
            store.ViewMetrics("rated-group", aggregator, values, values, values, 0.0),
            store.ViewMetrics("rated-user", "none", {"ndcg@10": 1.0}, {}, {}, 0.0),
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
    assert format_duration(seconds) == words


def test_steps_take_as_long_as_those_before():
    steps = Steps(0.0)
    steps.follow(0, 4, 0.0)
    assert steps.left(5.0) is None
    steps.follow(1, 4, 10.0)
    assert steps.left(10.0) == (30.0, True)
    assert steps.left(14.0) == (26.0, True)
    assert steps.left(1000.0) == (20.0, True)


@dataclass
class Made:
    """As much of a search as is shown of it."""

    name: str
    means: tuple[float, ...]
    total: int = 4
    metric: str = "ndcg@10"
    unsuited: str = ""
    at_work: bool = False
    seconds: float = 2.0
    cost: float = 1.0
    limit: float | None = None

    @property
    def job(self):
        return SimpleNamespace(
            method=self.name, served=self.name, dataset="made", protocol_label="paper", cost=self.cost
        )

    @property
    def options(self):
        return SimpleNamespace(
            trials=self.total, metric=self.metric, view="rated-group", timeout_per_method=self.limit
        )

    @property
    def trials(self):
        return [TuningTrial({"k": i}, "done", (mean,), 1.0) for i, mean in enumerate(self.means)]

    @property
    def best(self):
        choose = min if self.metric == "rmse" else max
        return choose(self.trials, key=lambda trial: trial.mean, default=None)

    @property
    def over(self):
        return bool(self.unsuited) or len(self.means) == self.total


def test_trials_of_one_method_follow_each_other():
    searches = [
        Made("svd", (0.5,) * 5, 20, seconds=10.0, cost=2.0),
        Made("ease", (0.5,) * 10, 10, seconds=4.0),
        Made("random", (), unsuited="has no hyperparameter to tune", seconds=0.0),
    ]
    assert trials_left(searches, 8) == (30.0, True)
    more = Made("als", (), 20, seconds=0.0, cost=4.0)
    assert trials_left([*searches, more], 1) == (86.0, False)
    assert trials_left([Made("svd", (0.5,) * 5, 20, seconds=10.0, limit=12.0)], 1) == (2.0, True)
    assert trials_left(searches[2:], 1) is None


def test_a_log_is_told_now_and_then_how_tuning_goes(monkeypatch):
    monkeypatch.setattr(_display, "PULSE", 0.0)
    log = io.StringIO()
    with Trials(stream=log) as shown:
        shown.begin(1)
        for search in (
            Made("random", (), unsuited="has no hyperparameter to tune"),
            Made("svd", (0.5,)),
            Made("ease", (0.6, 0.7)),
            Made("item-mean", (0.9, 0.8)),
            Made("svd", (0.5, 0.4, 0.55, 0.5)),
        ):
            shown.report(search)
    lines = log.getvalue().splitlines()
    assert "svd" in lines[-2]
    assert "4 trials, 2.0 s: ndcg@10 0.5000 -> 0.5500 with k=2" in lines[-2]
    best = "best so far: ease ndcg@10 0.700 on validation rows (2 of 4 trials; made, paper, rated-group)"
    assert lines[-1] == f"progress: 8/12 0:00:00, about a few seconds left; {best}"
    assert log.getvalue().replace("\n", "").isprintable()


def test_an_error_leads_where_it_is_small():
    searches = [Made(name, means, metric="rmse") for name, means in (("svd", (0.9,)), ("als", (1.1,)))]
    assert leader(searches)[0].startswith("best so far: svd rmse 0.900 ")
    assert leader([Made("item-mean", (0.9,))]) == []


def test_a_log_is_told_of_jobs_and_of_steps(monkeypatch):
    monkeypatch.setattr(_display, "PULSE", 0.0)
    log = io.StringIO()
    with Progress(stream=log) as shown:
        shown.tell("made: a note")
        shown.step("measuring svd", 0, 2)
        shown.step("measuring svd", 1, 2)
    assert log.getvalue().splitlines()[:2] == ["made: a note", "progress: 0/2 0:00:00"]
    assert "progress: 1/2 0:00:00, about a few seconds left" in log.getvalue()


def test_what_leads_ends_as_a_short_table():
    leader = Leader()
    for method, value in (("svd", 0.7), ("ease", 0.8), *((f"m{n}", n / 100) for n in range(9))):
        leader.note(record(method, value))
    title, *rows = leader.table()
    assert title.startswith("ndcg@10 of rated-group, ")
    assert [row.split() for row in rows[:2]] == [["1.", "ease", "0.800"], ["2.", "svd", "0.700"]]
    assert len(rows) == 5
