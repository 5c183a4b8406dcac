"""What tuning finds is a config whose rows count as tuned there, with those values, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from groupbench.core.errors import ConfigError
from groupbench.data.loading import load
from groupbench.runner.config import make_config
from groupbench.runner.plan import plan_jobs
from groupbench.runner.tuning import TuningOptions, as_config, write
from groupbench.runner.tuning._trial import TuningTrial

FOUND = {
    "svd": {"n_factors": 34, "n_epochs": 20, "lr_all": 0.007034, "reg_all": 0.1 + 0.2},
    "rp3beta": {"alpha": 1.0, "beta": 0.3, "topk": 50, "positive": None},
}


@pytest.fixture(scope="module")
def data():
    return load("itmrec-sim", None)


def jobs_of(config, data, tmp_path):
    return {job.method: job for job in plan_jobs(config, {"itmrec-sim": data}, tmp_path) if job.seed == 0}


def search(job, values):
    """A search that is over: one trial with these values and a failed one, or none."""
    trials = (
        []
        if values is None
        else [TuningTrial(values, "done", [0.5], 1.5), TuningTrial({}, "failed", [], 2.0)]
    )
    best = trials[0] if trials else None
    options = TuningOptions(view="rated-group", trials=2)
    return SimpleNamespace(job=job, options=options, trials=trials, seconds=3.5, best=best)


@pytest.fixture
def found(data, tmp_path):
    """Makes the config of a tuning of three methods, of which one could not be tuned."""

    def call(values=FOUND, **asked):
        usual = {"methods": ["svd", "rp3beta", "random"], "set": {"svd": {"biased": False}}}
        config = make_config(**usual | asked)
        jobs = jobs_of(config, data, tmp_path)
        return as_config(config, [search(jobs[name], values.get(name)) for name in config.method_names()])

    return call


def test_a_run_of_what_was_found(found, data, tmp_path):
    file = tmp_path / "tuned.toml"
    write(file, found())
    config = make_config(file)
    jobs = jobs_of(config, data, tmp_path)
    assert {name: job.label for name, job in jobs.items()} == {
        "svd": "svd[tuned]",
        "rp3beta": "rp3beta[tuned]",
        "random": "random",
    }
    record = jobs["svd"].record("done")
    assert record.hyperparameters.items() >= {**FOUND["svd"], "biased": False}.items()
    assert jobs["rp3beta"].record("done").hyperparameters["positive"] is None
    wanted = {"trials": 2, "failed": 1, "seconds": 3.5, "value": 0.5, "metric": "ndcg@10"}
    wanted |= {"view": "rated-group", "dataset": "itmrec-sim", "protocol": "paper", "seed": 0}
    assert record.tuning.items() >= wanted.items()
    assert jobs["random"].record("done").tuning == {}


def test_python_can_pass_it_on_without_a_file(found, data, tmp_path):
    jobs = jobs_of(make_config(**found()), data, tmp_path)
    assert jobs["svd"].label == "svd[tuned]"


def test_defaults_that_won_count_as_tuned_and_have_a_row_of_their_own(found, data, tmp_path):
    same = {"rp3beta": {"alpha": 1.0, "beta": 0.6, "topk": 100, "positive": None}}
    config = make_config(**found(same, set={}))
    plain = jobs_of(make_config(methods=["rp3beta"]), data, tmp_path)["rp3beta"]
    tuned = jobs_of(config, data, tmp_path)["rp3beta"]
    assert (plain.label, tuned.label) == ("rp3beta", "rp3beta[tuned]")
    assert plain.key == tuned.key
    assert plain.folder != tuned.folder


@pytest.mark.parametrize(
    "change",
    [
        {"svd": {"n_factors": 35}},
        {"svd": {"biased": True}},
        {"svd": {"init_mean": 0.1}},
        {"svd": {"reg_all": 0.3}},
    ],
)
def test_any_other_value_clears_the_tuning_of_that_method_alone(found, data, tmp_path, change):
    file = tmp_path / "tuned.toml"
    write(file, found())
    jobs = jobs_of(make_config(file, set=change), data, tmp_path)
    assert jobs["svd"].tuning == {}
    assert jobs["svd"].label.startswith("svd[")
    assert "tuned" not in jobs["svd"].label
    assert jobs["rp3beta"].label == "rp3beta[tuned]"


def test_the_same_value_set_by_hand_changes_nothing(found, data, tmp_path):
    file = tmp_path / "tuned.toml"
    write(file, found())
    config = make_config(file, set={"svd": {"n_factors": 34, "init_mean": 0.0}})
    assert jobs_of(config, data, tmp_path)["svd"].label == "svd[tuned]"


def test_a_value_edited_or_removed_in_the_file_clears_the_tuning(found, data, tmp_path):
    file = tmp_path / "tuned.toml"
    write(file, found())
    text = file.read_text()
    for edited in (text.replace("n_factors = 34", "n_factors = 40"), text.replace("n_factors = 34", "")):
        assert edited != text
        file.write_text(edited)
        assert jobs_of(make_config(file), data, tmp_path)["svd"].tuning == {}


def test_elsewhere_the_file_is_refused(found, data, tmp_path):
    config = make_config(**found())
    other = replace(data, name="other")
    with pytest.raises(ConfigError, match=r"tuned\.svd was found on itmrec-sim under paper, not on other"):
        plan_jobs(config, {"other": other}, tmp_path)
    with pytest.raises(ConfigError, match=r"under paper\+ratio=0\.7; tune there"):
        jobs_of(make_config(**{**found(), "protocol": {"ratio": 0.7}}), data, tmp_path)


def test_some_of_the_methods_can_be_run(found, data, tmp_path):
    config = make_config(**{**found(), "methods": ["rp3beta", "ease"]})
    assert {name: job.label for name, job in jobs_of(config, data, tmp_path).items()} == {
        "rp3beta": "rp3beta[tuned]",
        "ease": "ease",
    }


def test_plugins_protocol_and_fixed_values_go_along(found):
    made = found(plugins=["mine.py"], protocol={"n_groups": 7})
    assert made["plugins"] == ["mine.py"]
    assert make_config(**made).resolved_protocol().label == "paper+n_groups=7"
    assert made["set"]["svd"]["biased"] is False
    assert "random" not in made["set"]


def test_a_file_that_tuning_wrote_is_replaced_and_no_other(found, tmp_path):
    file = tmp_path / "tuned.toml"
    write(file, found())
    write(file, found({}))
    assert make_config(file).tuned == {}
    file.write_text("methods = ['svd']\n")
    with pytest.raises(ConfigError, match="was not written by 'groupbench tune'"):
        write(file, found())
    with pytest.raises(ConfigError, match="was not written by"):
        write(tmp_path, found())
    with pytest.raises(ConfigError, match="no folder to write to"):
        write(tmp_path / "nowhere" / "tuned.toml", found())
    assert [entry.name for entry in tmp_path.iterdir()] == ["tuned.toml"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"trials": 0}, r"tuned\.svd\.trials=0"),
        ({"digest": None}, r"tuned\.svd\.digest"),
        ({"colour": "red"}, r"tuned\.svd\.colour='red'"),
    ],
)
def test_a_table_that_tuning_would_not_write(found, change, said):
    made = found()
    made["tuned"]["svd"] |= change
    with pytest.raises(ConfigError, match=said):
        make_config(**made)
