"""Jobs travel as JSON, and their keys change with what decides the outcome and with nothing else."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from groupbench.core.errors import ConfigError, PluginError
from groupbench.core.plugins import load_plugin
from groupbench.core.registry import methods
from groupbench.data.loading import load
from groupbench.evaluation import evaluate
from groupbench.evaluation.protocols import PROTOCOLS, make_protocol
from groupbench.evaluation.views import VIEWS
from groupbench.metrics import METRICS
from groupbench.results import store
from groupbench.runner.config import make_config
from groupbench.runner.execution import execute
from groupbench.runner.job import Job, file_hash
from groupbench.runner.plan import plan_jobs


@pytest.fixture(scope="module")
def data():
    return load("itmrec-sim", None)


@pytest.fixture
def planned(data, tmp_path):
    """Plans jobs on the simulated data."""

    def call(dataset=data, **options) -> list[Job]:
        options = {"methods": ["svd", "random"], "seeds": 2, **options}
        return plan_jobs(make_config(**options), {"itmrec-sim": dataset}, tmp_path)

    return call


def _keys(jobs):
    return {(job.method, job.seed): job.key for job in jobs}


def test_one_job_for_each_method_and_seed_expensive_ones_first(planned):
    jobs = planned()
    assert {(job.method, job.seed) for job in jobs} == {(m, s) for m in ("svd", "random") for s in (0, 1)}
    assert [job.cost for job in jobs] == sorted((job.cost for job in jobs), reverse=True)
    assert len({job.key for job in jobs}) == len({job.folder for job in jobs}) == 4


def test_there_and_back(planned):
    (job, _) = planned(methods=["svd"], set={"svd": {"n_factors": 7}}, protocol={"tau": 4}, plugins=["a.py"])
    assert Job.from_json(job.to_json()) == job
    assert job.label == "svd[n_factors=7]"
    assert job.protocol_label == "paper+tau=4.0"
    assert job.record("failed", "why").hyperparameters["n_factors"] == 7


def test_keys_do_not_depend_on_company_order_workers_or_place(planned, data, tmp_path):
    keys = _keys(planned())
    assert _keys(planned(methods=["random", "svd", "ease"], seeds=3)).items() >= keys.items()
    assert _keys(planned(jobs=7, timeout=3, threads=2)) == keys
    assert _keys(planned(set={"svd": {"n_factors": 100}}, protocol={"ratio": 0.8})) == keys
    assert (
        _keys(plan_jobs(make_config(methods=["svd", "random"], seeds=2), {"x": data}, tmp_path / "y")) == keys
    )


def test_training_workers_are_no_part_of_a_job_and_go_to_methods_that_can(planned):
    jobs = planned(methods=["dmtl", "random"], train_workers=3)
    assert _keys(jobs) == _keys(planned(methods=["dmtl", "random"]))
    assert {(job.method, job.train_workers) for job in jobs} == {("dmtl", 3), ("random", 1)}
    assert all(Job.from_json(job.to_json()) == job for job in jobs)


def test_a_method_that_trains_in_one_process_is_refused_more(planned):
    assert planned(methods=["agree"], train_workers=1)
    with pytest.raises(ConfigError, match="agree trains in one process only; leave it out, or leave out tr"):
        planned(methods=["agree"], train_workers=2)


@pytest.mark.parametrize(
    "options",
    [
        {"protocol": {"ratio": 0.85}},
        {"protocol": {"tau": 4}},
        {"protocol": {"n_groups": 5}},
        {"set": {"svd": {"n_factors": 3}, "random": {}}},
    ],
)
def test_keys_change_with_what_is_asked_for(planned, options):
    assert _keys(planned())["svd", 0] != _keys(planned(**options))["svd", 0]


def test_keys_change_with_the_data_and_the_evaluation(planned, data, monkeypatch):
    keys = set(_keys(planned()).values())
    fewer = replace(data, ratings=data.ratings.take(slice(1, None)))
    assert keys.isdisjoint(_keys(planned(fewer)).values())
    monkeypatch.setattr(evaluate, "VERSION", evaluate.VERSION + 1)
    assert keys.isdisjoint(_keys(planned()).values())


def test_unfinished_leaves_out_success_alone(planned):
    jobs = planned()
    for job, status in zip(jobs, ("done", "failed", "timeout"), strict=False):
        store.write(job.folder, job.record(status))
    assert [job for job in jobs if not job.is_done] == jobs[1:]
    (jobs[0].folder / "run.json").write_text("{")
    assert [job for job in jobs if not job.is_done] == jobs


def test_a_part_of_a_trial_is_a_job_of_its_own_and_no_result(planned, tmp_path):
    (job, _) = planned(methods=["svd"])
    trial = job.trial({"n_factors": 7}, 1, "rated-user", "borda")
    assert Job.from_json(trial.to_json()) == trial
    assert (trial.validation, trial.views, trial.aggregators) == (1, ("rated-user",), ("borda",))
    assert trial.folder.relative_to(tmp_path).parts[:4] == ("studies", "itmrec-sim", "paper", "svd")
    others = [
        job.trial({"n_factors": 8}, 1, "rated-user", "borda"),
        job.trial({"n_factors": 7}, 0, "rated-user", "borda"),
        job.trial({"n_factors": 7}, 1, "rated-group", "borda"),
        job.trial({"n_factors": 7}, 1, "rated-user", "average"),
    ]
    assert len({held.key for held in (job, trial, *others)}) == 6


def test_a_part_of_a_trial_sees_training_rows_alone_and_keeps_its_record_only(planned, data):
    (job, _) = planned(methods=["item-mean"])
    execute(job.trial({"shrinkage": 3.0}, 0, "rated-user", "average"))
    trial = job.trial({"shrinkage": 3.0}, 0, "rated-user", "average")
    record = store.read(trial.folder)
    assert [file.name for file in trial.folder.iterdir()] == ["run.json"]
    assert {figures.view for figures in record.metrics} == set(record.views) == {"rated-user"}
    execute(job)
    whole = store.read(job.folder)
    assert record.views["rated-user"]["entities"] < whole.views["rated-user"]["entities"]
    assert list(store.records(Path(job.results))) == [whole]


def test_what_was_tuned_otherwise_is_run_again(planned):
    job = planned(methods=["svd"])[0]
    tuned = replace(job, tuning={"seed": 0, "trials": 20})
    store.write(tuned.folder, tuned.record("done"))
    assert tuned.is_done
    assert not job.is_done
    more = replace(tuned, tuning={"seed": 0, "trials": 50})
    assert more.folder == tuned.folder
    assert not more.is_done


def test_built_in_methods_share_a_process(planned):
    assert not any(job.foreign for job in planned())


@pytest.mark.parametrize(
    "options",
    [
        {"methods": ["svdd"]},
        {"set": {"svd": {"x": 1}}},
        {"set": {"svd": {"n_factors": "a"}}},
        {"protocol": {"x": 1}},
    ],
)
def test_wrong_names_and_values(planned, options):
    with pytest.raises(ConfigError):
        planned(**options)


def test_a_relative_results_folder_is_kept(data):
    (job,) = plan_jobs(make_config(methods=["svd"], seeds=1), {"itmrec-sim": data}, Path("somewhere"))
    assert job.folder.parts[:2] == ("somewhere", "runs")


def test_fewer_aggregators_are_another_job_with_the_same_figures(planned):
    all_of_them, few = (
        planned(methods=["svd"], seeds=1, **asked)[0]
        for asked in ({}, {"aggregators": ["least-misery", "average", "average"]})
    )
    assert all_of_them.key == planned(methods=["svd"], seeds=1, aggregators=["average", "all"])[0].key
    assert few.key != all_of_them.key
    assert few.aggregators == tuple(a for a in all_of_them.aggregators if a in ("average", "least-misery"))
    figures = {}
    for job in (all_of_them, few):
        execute(job)
        record = store.read(job.folder)
        assert record is not None
        figures[job.key] = {(f.view, f.aggregator): f.values["ndcg@10"] for f in record.metrics}
    kept = {k: v for k, v in figures[all_of_them.key].items() if k[1] in (*few.aggregators, "none")}
    assert figures[few.key] == kept


@pytest.mark.parametrize(
    ("names", "said"), [(["mean"], "unknown aggregator 'mean'"), ([], "name at least one")]
)
def test_aggregators_that_nobody_knows_are_refused(planned, names, said):
    with pytest.raises(ConfigError, match=said):
        planned(aggregators=names)


PLUGIN = """
from dataclasses import replace
from typing import ClassVar, Literal
from groupbench.evaluation.protocols import PROTOCOLS
from groupbench.evaluation.protocols.paper import Paper
from groupbench.evaluation.views import VIEWS
from groupbench.metrics import METRICS

VIEWS.register(replace(VIEWS["rated-group"], name="strict", tau=4.5))
{metric}

@PROTOCOLS.register
class Strict(Paper):
    views: ClassVar[tuple[str, ...]] = ("strict",)
    name: Literal["strictly"] = "strictly"
"""
METRIC = 'METRICS.register(replace(METRICS["precision"], name="halved", compute=lambda r, k: r.hits[k] / 2))'


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """Loads a plugin file with a view and a protocol, and with the given code; forgets it at the end."""
    for registry in (METRICS, VIEWS, PROTOCOLS):
        monkeypatch.setattr(registry, "_values", dict(registry))

    def call(metric=""):
        file = tmp_path / "plugin.py"
        file.write_text(PLUGIN.format(metric=metric))
        load_plugin(file)
        return file

    return call


def test_a_metric_that_is_added_makes_other_jobs(planned, plugin):
    keys = _keys(planned())
    file = plugin(METRIC)
    added = _keys(planned())
    assert not set(added.values()) & set(keys.values())
    file.write_text(file.read_text().replace("hits[k] / 2", "hits[k] / 3"))
    assert not set(_keys(planned()).values()) & {*keys.values(), *added.values()}


def test_views_and_protocols_that_are_added_count_where_they_are_used(planned, plugin):
    keys = _keys(planned())
    file = plugin()
    strict = _keys(planned(protocol={"name": "strictly"}))
    assert _keys(planned()) == keys
    file.write_text(file.read_text().replace("tau=4.5", "tau=4.0"))
    assert _keys(planned()) == keys
    assert not set(_keys(planned(protocol={"name": "strictly"})).values()) & set(strict.values())


def test_what_a_method_says_of_its_fit_is_in_the_record(planned, monkeypatch):
    (job, _) = planned(methods=["item-mean"])
    execute(job)
    assert "notices" not in store.read(job.folder).config
    monkeypatch.setattr(methods["item-mean"].make, "notices", ("the mean is all it knows",), raising=False)
    execute(job)
    assert store.read(job.folder).config["notices"] == ["the mean is all it knows"]


def test_a_plugin_that_is_edited_while_the_run_goes_on_is_refused(planned, plugin):
    file = plugin(METRIC)
    (job,) = planned(methods=["random"], seeds=1, plugins=[str(file)])
    assert job.record("done").config["plugins"] == job.plugins
    assert {"method", "metric halved"} < job.code.keys()
    file.write_text(file.read_text() + "# a comment\n")
    with pytest.raises(PluginError, match=r"plugin.py was changed while the run was going on; start the run"):
        execute(job)
    file.write_text(file.read_text().replace("hits[k] / 2", "hits[k] / 3"))
    job = replace(job, plugins={str(file): file_hash(file)})
    with pytest.raises(PluginError, match="the code of metric halved was changed while"):
        execute(job)
    assert not job.folder.exists()


@pytest.mark.parametrize("imported", ["import helper", ""])
def test_a_helper_that_is_edited_while_the_run_goes_on_is_refused(planned, tmp_path, monkeypatch, imported):
    """A helper that is imported when the method is fitted is looked at once more afterwards."""
    monkeypatch.setattr(methods, "_values", dict(methods))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "helper", raising=False)
    helper, file = tmp_path / "helper.py", tmp_path / "mine_too.py"
    helper.write_text("FACTOR = 1.0\n")
    file.write_text(HELPED.format(imported=imported))
    load_plugin(file)
    (job,) = planned(methods=["mine-too"], seeds=1, plugins=[str(file)])
    if imported == "import helper":
        helper.write_text("FACTOR = 22.0\n")
    else:
        monkeypatch.setenv("EDIT", "yes")
    with pytest.raises(PluginError, match="the code of method mine-too was changed while the run was going"):
        execute(job)
    assert not job.folder.exists()


HELPED = """
import os
from pathlib import Path
import numpy as np
import groupbench
{imported}

@groupbench.method("mine-too")
class MineToo(groupbench.Recommender):
    def fit(self, train, *, rng):
        if "EDIT" in os.environ:
            Path(__file__).with_name("helper.py").write_text("FACTOR = 333.0\\n")
        import helper
        self.items = helper.FACTOR * np.arange(train.ratings.n_items)
        return self

    def score(self, users):
        return np.tile(self.items, (len(users), 1))
"""


def test_splits_and_keys_go_by_content_whatever_a_folder_is_called(data, tmp_path):
    rows = "user,item,rating\n" + "".join(f"{u},{i},{1 + (u * i) % 5}\n" for u in range(9) for i in range(8))
    loaded = {}
    for name in ("one", "two", "itmrec-sim"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ratings.csv").write_text(rows)
        loaded[name] = load(tmp_path / name, None)
    assert {folder.seed_label for folder in loaded.values()} == {loaded["one"].content_hash}
    assert (data.seed_label, loaded["itmrec-sim"].name) == ("itmrec-sim", "itmrec-sim")
    keys = []
    for folder in loaded.values():
        config = make_config(methods=["svd"], seeds=1, protocol={"n_groups": 3})
        (job,) = plan_jobs(config, {"itmrec-sim": folder}, tmp_path)
        keys.append(job.key)
    assert len(set(keys)) == 1
    splits = [
        make_protocol({"name": "paper", "n_groups": 3}).prepare(folder, 0) for folder in loaded.values()
    ]
    assert len({task.train.ratings.users.tobytes() for task in splits}) == 1
    assert len({task.train.groups.members.tobytes() for task in splits}) == 1


def test_equal_content_that_is_drawn_otherwise_is_another_job(planned, data):
    assert not set(_keys(planned()).values()) & set(_keys(planned(replace(data, name="other"))).values())
    unregistered = [_keys(planned(replace(data, name=name, seeds_by_content=True))) for name in "ab"]
    assert unregistered[0] == unregistered[1]


def test_a_metric_that_no_file_holds_is_refused(planned, monkeypatch):
    monkeypatch.setattr(METRICS, "_values", dict(METRICS))
    exec(f"from dataclasses import replace\n{METRIC}", {"__name__": "__main__", "METRICS": METRICS})
    with pytest.raises(
        PluginError, match="what is registered is defined in __main__, where its source cannot"
    ):
        planned()
