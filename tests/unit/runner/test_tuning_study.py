"""A study asks the same questions after any interruption and never loses a settled trial."""

from __future__ import annotations

import json
import math
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupbench.core.errors import ResultError
from groupbench.core.hyperparameters import Choice, Range
from groupbench.runner.tuning._distributions import rounded
from groupbench.runner.tuning._optuna import FEW, TrialJournal
from groupbench.runner.tuning._trial import TuningTrial

SPACE = {
    "x": Range(-1.0, 1.0),
    "scale": Range(0.001, 10.0, log=True),
    "n": Range(1, 9, whole=True),
    "kind": Choice((None, "a", True)),
}
DEFAULTS = {"x": 0.9, "scale": 1.0, "n": 5, "kind": None}


@pytest.fixture
def opened(tmp_path):
    """Opens a study in the same journal, and closes it at the end."""
    studies = []

    def call(name="s", lower_is_better=False, file=tmp_path / "deep" / "m.log", stream=("data", "m")):
        study = TrialJournal(file, name, SPACE, DEFAULTS, stream=stream, lower_is_better=lower_is_better)
        studies.append(study)
        return study

    yield call
    for study in studies:
        study.close()


def merit(asked) -> float:
    return -((asked["x"] - 0.3) ** 2) - 0.1 * math.log10(asked["scale"]) ** 2 - 0.1 * (asked["kind"] != "a")


def make(study: TrialJournal, n: int) -> list[dict]:
    """Ask and settle `n` trials; every fifth fails."""
    made = []
    for _ in range(n):
        asked = study.ask()
        fails = len(study.trials) % 5 == 4
        value = merit(asked)
        study.settle(
            TuningTrial(asked, "failed", [], 0.1, "why")
            if fails
            else TuningTrial(asked, "done", [value, value], 0.5)
        )
        made.append(asked)
    return made


def test_the_default_comes_first_and_all_lies_in_the_space(opened):
    made = make(opened(), 25)
    assert made[0] == DEFAULTS
    assert all(asked[name] in domain for asked in made for name, domain in SPACE.items())
    assert len({tuple(asked.items()) for asked in made}) == 25


def test_trials_come_back_as_they_were_settled(opened, tmp_path):
    study = opened()
    trials = [
        TuningTrial(DEFAULTS, "done", [0.1 + 0.2, 0.5], 1.25),
        TuningTrial({**DEFAULTS, "kind": "a"}, "pruned", [0.1], 0.5),
        TuningTrial({**DEFAULTS, "kind": True}, "failed", [0.4], 9.0, "ran out of é"),
    ]
    for trial in trials:
        study.settle(trial)
    study.close()
    held = opened().trials
    assert held == trials
    assert [type(v) for v in held[0].hyperparameters.values()] == [float, float, int, type(None)]


def test_an_interrupted_study_asks_what_it_would_have_asked(opened, tmp_path):
    whole = make(opened(file=tmp_path / "a.log"), 16)
    parts = []
    for n in (0, 1, 4, 7, 4):
        study = opened()
        study.ask()
        parts += make(study, n)
        study.close()
    assert parts == whole


def test_what_is_asked_depends_on_the_stream_and_on_nothing_else_around(opened, tmp_path):
    first = make(opened(file=tmp_path / "a.log"), 6)
    assert make(opened(name="other", file=tmp_path / "b.log"), 6) == first
    assert make(opened(stream=("data", "n"), file=tmp_path / "c.log"), 6)[1:] != first[1:]


def test_nothing_is_tried_twice_while_there_is_something_new(tmp_path):
    space = {"kind": Choice(("a", "b", "c", "d", "e"))}
    study = TrialJournal(tmp_path / "m.log", "s", space, {"kind": "b"}, stream=("x",), lower_is_better=False)
    tried = []
    for value in (0.1, 0.9, 0.2, 0.3, 0.4, 0.5):
        asked = study.ask()
        study.settle(TuningTrial(asked, "done", [value], 0.1))
        tried.append(asked["kind"])
    study.close()
    assert sorted(tried[:5]) == ["a", "b", "c", "d", "e"]
    assert tried[5] in tried[:5]


def test_it_learns_from_what_it_settled(opened):
    study = opened()
    make(study, 40)
    values = [trial.mean for trial in study.trials if trial.status == "done"]
    assert sum(values[-10:]) > sum(values[1:9]) / 8 * 10
    assert study.best(40).hyperparameters["kind"] == "a"
    assert abs(study.best(40).hyperparameters["x"] - 0.3) < 0.25


def test_a_kill_within_the_last_line_loses_that_line_alone(opened, tmp_path):
    file = tmp_path / "m.log"
    study = opened(file=file)
    asked = make(study, 6)
    study.close()
    text = file.read_bytes()
    start = text.rstrip(b"\n").rfind(b"\n") + 1
    for end in {start, start + 1, (start + len(text)) // 2, len(text) - 1}:
        file.write_bytes(text[:end])
        study = opened(file=file)
        assert [trial.hyperparameters for trial in study.trials] == asked[:5]
        assert study.ask() == asked[5]
        make(study, 1)
        study.close()
        again = opened(file=file)
        assert len(again.trials) == 6
        again.close()


def test_another_question_is_another_study_in_the_same_journal(opened):
    study = opened()
    make(study, 3)
    study.close()
    other = opened(name="t")
    assert other.trials == []
    make(other, 1)
    other.close()
    assert len(opened().trials) == 3


def test_one_process_at_a_time(opened):
    study = opened()
    with pytest.raises(ResultError, match="in use by another 'groupbench tune'"):
        opened()
    study.close()
    assert opened().trials == []


@pytest.mark.parametrize("text", ["not json\n", "{}\n", '{"op_code": 99, "worker_id": ""}\n[]\n'])
def test_something_else_in_the_place_of_a_journal(opened, tmp_path, text):
    (tmp_path / "m.log").write_text(text)
    with pytest.raises(ResultError, match=r"m\.log is no journal of trials"):
        opened(file=tmp_path / "m.log")


def test_a_trial_that_ended_without_a_value_is_no_trial(opened):
    study = opened()
    make(study, 1)
    study.close()
    lines = [json.loads(line) for line in study._file.read_text().splitlines()]
    for line in lines:
        line.update({"directions": []} if "directions" in line else {})
        line.pop("value", None)
    study._file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    with pytest.raises(ResultError, match="is no journal of trials"):
        opened()


def test_a_place_that_cannot_be_written_to(opened, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ResultError, match="choose another --results folder"):
        opened(file=tmp_path / "file" / "m.log")


def test_the_best_of_the_first_n(opened):
    study = opened()
    for value in (0.5, 0.7, 0.7, 0.9):
        study.settle(TuningTrial({**DEFAULTS, "x": value - 1}, "done", [value], 0.1))
    assert study.best(0) is None
    assert [study.best(n).mean for n in (1, 2, 3, 4)] == [0.5, 0.7, 0.7, 0.9]
    assert study.best(3) == study.trials[1]


def test_the_best_error_is_the_lowest_and_failures_are_no_best(opened):
    study = opened(lower_is_better=True)
    for status, value in (("failed", 0.0), ("done", 0.9), ("pruned", 0.1), ("done", 0.8)):
        study.settle(TuningTrial(DEFAULTS, status, [value], 0.1, "why" if status == "failed" else ""))
    assert study.best(4).mean == 0.8
    assert study.best(1) is None


@pytest.mark.parametrize("lower", [False, True])
def test_what_is_worse_than_the_median_so_far_is_given_up(opened, lower):
    study = opened(lower_is_better=lower)
    # The second repeat is an easier one: means over the same repeats are compared all the same.
    for number, value in enumerate((0.1, 0.2, 0.3, 0.4, 0.5)):
        assert not study.prunable([-9.0 if not lower else 9.0]), "too few to compare with"
        study.settle(TuningTrial({**DEFAULTS, "n": number + 1}, "done", [value, value + 10], 0.1))
    assert len(study.trials) == FEW
    assert study.prunable([0.29]) is not lower
    assert study.prunable([0.31]) is lower
    assert not study.prunable([0.3])
    assert study.prunable([0.31, 10.27]) is not lower
    assert not study.prunable([0.3, 10.3, 5.0]), "nobody came as far"


def test_nothing_is_printed(opened, capfd, recwarn):
    make(opened(), 12)
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list


@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6), st.floats(0, 1))
def test_a_short_number_stays_near_and_inside(a, b, share):
    low, high = sorted((a, b))
    value = min(max(low + share * (high - low), low), high)
    short = rounded(value, Range(low, high))
    assert low <= short <= high
    assert short == pytest.approx(value, rel=5.1e-4)
    assert short in (low, high) or float(f"{short:.4g}") == short


def test_whole_numbers_choices_and_zero_stay_as_they_are():
    assert rounded(123456, Range(1, 10**6, whole=True)) == 123456
    assert rounded("a", Choice(("a", "b"))) == "a"
    assert rounded(0.0, Range(0, 1)) == 0.0


def test_a_full_disk_is_one_line_and_the_trial_is_asked_again(opened, monkeypatch):
    study = opened()
    asked = study.ask()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(study._journal._storage, "create_new_trial", full)
        with pytest.raises(ResultError, match=r"cannot write .*m\.log: No space left on device; free space"):
            study.settle(TuningTrial(asked, "done", [0.5], 1.0))
    study.close()
    again = opened()
    assert again.trials == []
    assert again.ask() == asked


@pytest.mark.timeout(60)
def test_a_pipe_is_no_journal(opened, tmp_path):
    os.mkfifo(tmp_path / "m.log")
    with pytest.raises(ResultError, match="this is a pipe or a device, not a file"):
        opened(file=tmp_path / "m.log")
