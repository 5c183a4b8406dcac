"""Each way in which a method serves groups is tuned by itself, and counts as tuned by itself."""

from __future__ import annotations

import pytest

from groupbench.core.errors import ConfigError
from groupbench.data.loading import load
from groupbench.models.group_adapter import MODES, WEIGHT, served, served_by
from groupbench.results import store
from groupbench.results.store import ViewMetrics
from groupbench.runner.config import make_config
from groupbench.runner.job import Job
from groupbench.runner.plan import plan_jobs
from groupbench.runner.pool import JobOutcome
from groupbench.runner.tuning import Search, TuningOptions, as_config, write
from groupbench.runner.tuning._side_by_side import _fixed

NATURAL = {"name": "natural", "held": "rows"}


@pytest.fixture(scope="module")
def data():
    return load("itmrec-sim", None)


def planned(config, data, tmp_path):
    return {job.served: job for job in plan_jobs(config, {"itmrec-sim": data}, tmp_path) if job.seed == 0}


def config_of(**asked):
    return make_config(**{"methods": ["ease"], "protocol": NATURAL, "groups_as": list(MODES), **asked})


@pytest.fixture
def searched(data, tmp_path):
    """Searches for all modes of a config, each over after trials that get better and better."""
    opened = []

    def call(config, over=MODES, trials=3):
        for name, job in planned(config, data, tmp_path).items():
            options = TuningOptions(view="natural", trials=trials, repeats=1)
            search = Search(job, options, _fixed(config, job))
            opened.append(search)
            if job.groups_as not in over:
                continue
            search.open()
            following, value = search.begin(), 0.0
            while following is not None:
                assert following.served == name
                value += 0.1
                following = search.take(ended(following, value))
        return opened

    yield call
    for search in opened:
        search.close()


def ended(job, value):
    found = ViewMetrics("natural", "own", {"ndcg@10": value}, {"ndcg@10": value}, {"ndcg@10": value}, 0.0)
    store.write(job.folder, job.record("done", metrics=(found,), views={}))
    return JobOutcome(job, "done", "", 1.0)


def test_names_of_modes_and_back():
    for mode in MODES:
        assert served_by(served("knn-basic", mode)) == "knn-basic"
    assert served("ease", "both") == "ease[both]"
    assert served_by("ease[neither]") == "ease[neither]"


def test_each_mode_has_its_own_trials_and_journal_and_both_its_weight(searched, tmp_path):
    members, rows, both = searched(config_of())
    assert members.space.keys() == rows.space.keys() == {"l2", "positive"}
    assert both.space.keys() == {"l2", "positive", WEIGHT}
    assert both.trials[0].hyperparameters[WEIGHT] == 1
    assert len({str(search.trials[1].hyperparameters["l2"]) for search in (members, rows, both)}) == 3
    journals = {file.name for file in (tmp_path / "studies/itmrec-sim/natural+held=rows").glob("*.log")}
    assert journals == {"ease.log", "ease[rows].log", "ease[both].log"}


def test_a_trial_has_the_weight_that_was_asked_and_a_key_of_its_own(data, tmp_path):
    job = planned(config_of(), data, tmp_path)["ease[both]"]
    one, three = (job.trial({"l2": 9.0, WEIGHT: w}, 0, "natural", "average") for w in (1, 3))
    assert (one.group_weight, three.group_weight) == (1, 3)
    assert one.overrides == three.overrides == {"l2": 9.0}
    assert one.key != three.key
    assert Job.from_json(three.to_json()) == three


@pytest.mark.parametrize("asked", [{WEIGHT: 4}, {WEIGHT: 1}, {"set": {"ease[both]": {WEIGHT: 4}}}])
def test_a_weight_that_is_asked_for_is_held_fixed(searched, data, tmp_path, asked):
    config, weight = config_of(groups_as=["both"], **asked), asked.get(WEIGHT, 4)
    (both,) = searched(config)
    assert WEIGHT not in both.space
    job = planned(make_config(**as_config(config, [both])), data, tmp_path)["ease[both]"]
    assert (job.label, job.group_weight) == ("ease[both,tuned]", weight)


def test_the_file_runs_every_mode_with_what_was_found_for_it(searched, data, tmp_path):
    searches = searched(config_of())
    file = tmp_path / "tuned.toml"
    write(file, as_config(config_of(), searches))
    jobs = planned(make_config(file), data, tmp_path)
    assert [job.label for job in jobs.values()] == ["ease[tuned]", "ease[rows,tuned]", "ease[both,tuned]"]
    for search in searches:
        job, best = jobs[search.job.served], dict(search.best.hyperparameters)
        assert job.group_weight == best.pop(WEIGHT, 1)
        assert {"l2": 500.0, "positive": 0.75} | job.overrides == best
        assert job.tuning["value"] == search.best.mean


def test_the_file_runs_the_modes_that_were_asked_for(searched, data, tmp_path):
    config = config_of(methods=["ease", "member-count"], groups_as=["both"])
    searches = searched(config, over=("both",))
    jobs = planned(make_config(**as_config(config, searches)), data, tmp_path)
    assert jobs.keys() == {"ease[both]", "member-count"}
    assert as_config(config.model_copy(update={"groups_as": None}), searches)["groups_as"] is None


def test_what_was_tuned_for_members_neither_counts_nor_applies_elsewhere(searched, data, tmp_path):
    searches = searched(config_of(), over=("members",))
    jobs = planned(make_config(**as_config(config_of(), searches)), data, tmp_path)
    assert [job.label for job in jobs.values()] == ["ease[tuned]", "ease[rows]", "ease[both]"]
    assert not jobs["ease[both]"].tuning


def test_another_weight_or_mode_clears_the_tuning(searched, data, tmp_path):
    found = as_config(config_of(groups_as=["both"]), searched(config_of(groups_as=["both"])))
    weight = found["set"]["ease[both]"][WEIGHT]
    found["set"]["ease[both]"][WEIGHT] = weight + 1
    edited = planned(make_config(**found), data, tmp_path)["ease[both]"]
    assert not edited.tuning
    assert f"{WEIGHT}={weight + 1}" in edited.label
    found["set"] = {"ease[rows]": found["set"]["ease[both]"] | {WEIGHT: weight}}
    found["tuned"] = {"ease[rows]": found["tuned"]["ease[both]"]}
    moved = planned(make_config(**{**found, "groups_as": ["rows"]}), data, tmp_path)["ease[rows]"]
    assert not moved.tuning


def test_a_table_of_a_mode_stands_in_place_of_the_method_s(data, tmp_path):
    tables = {"ease": {"l2": 9.0}, "ease[both]": {"positive": 0.5, WEIGHT: 2}}
    jobs = planned(config_of(set=tables), data, tmp_path)
    assert [job.overrides for job in jobs.values()] == [{"l2": 9.0}, {"l2": 9.0}, {"positive": 0.5}]
    assert jobs["ease[both]"].label == "ease[both,group_weight=2,positive=0.5]"
    assert jobs["ease[rows]"].group_weight == 1


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"set": {"ease[both]": {WEIGHT: 0}}}, "group_weight=0: a group stands as one user or more"),
        ({"set": {"ease[both]": {WEIGHT: 1.5}}}, "group_weight=1.5"),
        ({"set": {"ease": {WEIGHT: 2}}}, "group_weight"),
        ({"set": {"eas[both]": {"l2": 1.0}}}, r"unknown .*'eas\[both\]'"),
        ({"set": {"ease[both]": {"l2": 1.0}}, "groups_as": ["rows"]}, "ease serves no groups so here"),
        ({"set": {"ease[both]": {"l3": 1.0}}}, "did you mean 'l2'"),
    ],
)
def test_wrong_tables(data, tmp_path, asked, said):
    with pytest.raises(ConfigError, match=said):
        planned(config_of(**asked), data, tmp_path)
