"""What a machine of a cluster makes of a job is what a local run makes of it; and what a job asks of it."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace

import pytest

from groupbench.core import plugins, registry
from groupbench.core.errors import ConfigError, PluginError
from groupbench.data.loading import load
from groupbench.results import store
from groupbench.runner import pool, ray, ray_node
from groupbench.runner.config import make_config
from groupbench.runner.executors import at_a_time, open_executor
from groupbench.runner.plan import plan_jobs
from groupbench.runner.ray_node import COPIES, JobRequest, Needs, needs, serve
from groupbench.runner.serialization import serialize

RATINGS = "user,item,rating\n" + "".join(
    f"u{u},i{i},{1 + (u * i) % 5}\n" for u in range(12) for i in range(9)
)

PLUGIN = '''
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from groupbench import Recommender, method


@method("neighbourly")
@dataclass
class Neighbourly(Recommender):
    """Scores by a number in the file beside this one."""

    def fit(self, train, *, rng):
        print("x" * 3000)
        number = float((Path(__file__).with_name("_number.py")).read_text())
        self.scores = number * np.arange(train.ratings.n_items)
        return self

    def score(self, users):
        return np.tile(self.scores, (len(users), 1))
'''


@pytest.fixture
def own_data(tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "ratings.csv").write_text(RATINGS)
    return folder


@pytest.fixture
def planned(tmp_path, own_data):
    """The jobs of methods on the folder, and the folder's data set."""

    def make(*methods, **options):
        config = make_config(
            methods=list(methods), dataset=[str(own_data)], seeds=1, protocol={"n_groups": 3}, **options
        )
        loaded = {str(own_data): load(own_data)}
        return plan_jobs(config, loaded, tmp_path / "results"), loaded[str(own_data)]

    return make


@pytest.fixture(autouse=True)
def alone():
    yield
    ray_node._pool.close()


def done_locally(jobs):
    return [
        e for e in pool.run_jobs(jobs, workers=1, threads=1, timeout=600) if isinstance(e, pool.JobOutcome)
    ]


def test_a_machine_without_the_files_delivers_the_local_record(planned, own_data, tmp_path):
    jobs, dataset = planned("item-mean", "svd")
    packed = serialize(dataset)
    assert [o.status for o in done_locally(jobs)] == ["done", "done"]
    shutil.rmtree(own_data)
    for job in jobs:
        delivery = serve(JobRequest.of(job, 1, 600.0), packed)
        assert (delivery.status, delivery.reason, delivery.log) == ("done", "", b"")
        local = store.read(job.folder)
        assert delivery.record.metrics == local.metrics
        assert delivery.record.views == local.views
        assert delivery.record.environment["threads"] == 1
        assert delivery.tables == {f.stem: f.read_bytes() for f in job.folder.glob("*.parquet")}
        assert len(delivery.tables) == 3


def test_a_process_serves_one_job_after_the_other_with_data_sent_once(planned, monkeypatch):
    jobs, dataset = planned("item-mean", "popularity", "random")
    packed = serialize(dataset)
    sent, first = [], serve(JobRequest.of(jobs[0], 1, 600.0), packed)
    (worker,) = ray_node._pool._idle
    send = worker.channel.send
    monkeypatch.setattr(
        worker.channel, "send", lambda message, file: (sent.append(file), send(message, file))
    )
    others = [serve(JobRequest.of(job, 1, 600.0), packed) for job in jobs[1:]]
    assert {d.status for d in (first, *others)} == {"done"}
    assert ray_node._pool._idle == [worker]
    assert sent == [None, None], "the data is there already"


def test_what_is_received_is_written_as_if_made_here(planned):
    (job,), dataset = planned("item-mean")
    delivery = serve(JobRequest.of(job, 1, 600.0), serialize(dataset))
    assert not job.is_done
    outcome = ray._received(job, delivery)
    assert (outcome.status, outcome.reason) == ("done", "")
    assert job.is_done
    assert {f.name for f in job.folder.iterdir()} == {
        "run.json",
        "entities.parquet",
        "groups.parquet",
        "top.parquet",
    }


def test_plugins_travel_with_their_neighbours_and_keep_their_names(planned, tmp_path):
    plugin = tmp_path / "neighbourly.py"
    plugin.write_text(PLUGIN)
    (tmp_path / "_number.py").write_text("3.0")
    plugins.load_plugin(plugin)
    try:
        (job,), dataset = planned("neighbourly", plugins=[str(plugin)])
        order = JobRequest.of(job, 1, 600.0)
        plugin.unlink()
        (tmp_path / "_number.py").unlink()
        with pytest.raises(PluginError, match=r"cannot read .*neighbourly.py: No such file"):
            JobRequest.of(job, 1, 600.0)
        delivery = serve(order, serialize(dataset))
        assert (delivery.status, delivery.reason) == ("done", "")
        assert delivery.log == b"x" * 3000 + b"\n"
        assert not ray_node._pool._idle, "or the next job would find the plugin at another path"
        plugin.write_text(PLUGIN)
        ray._received(job, delivery)
        record, here = store.read(job.folder), job.record("done")
        assert list(record.config["plugins"]) == [str(plugin)]
        assert (record.config, record.family) == (here.config, here.family)
        assert (job.folder / "log.txt").read_bytes() == delivery.log
    finally:
        del registry.methods._values["neighbourly"]


def test_a_failure_comes_back_with_its_reason_and_log(planned):
    (job,), dataset = planned("svd")
    delivery = serve(
        JobRequest.of(replace(job, overrides={"n_factors": "many"}), 1, 600.0), serialize(dataset)
    )
    assert delivery.status == "failed"
    assert "n_factors" in delivery.reason
    assert delivery.record is None
    assert delivery.tables == {}
    outcome = ray._received(job, delivery)
    assert (outcome.status, outcome.reason) == ("failed", delivery.reason)
    assert store.read(job.folder) is None


def test_a_job_out_of_time(planned):
    (job,), dataset = planned("item-mean")
    delivery = serve(JobRequest.of(job, 1, 0.01), serialize(dataset))
    assert (delivery.status, len(ray_node._pool)) == ("timeout", 0)


def test_records_of_other_code_are_refused(planned):
    (job,), dataset = planned("item-mean")
    delivery = serve(JobRequest.of(job, 1, 600.0), serialize(dataset))
    delivery.record.environment["code"]["sha256"] = "other"
    outcome = ray._received(job, delivery)
    assert outcome.status == "failed"
    assert "install the same version on every node" in outcome.reason
    assert not job.is_done


def test_the_command_of_a_record_is_that_of_the_run(planned, monkeypatch):
    monkeypatch.setenv(ray_node.COMMAND, "groupbench run --executor ray")
    (job,), dataset = planned("item-mean")
    order = JobRequest.of(job, 1, 600.0)
    monkeypatch.delenv(ray_node.COMMAND)
    assert serve(order, serialize(dataset)).record.environment["command"] == "groupbench run --executor ray"
    del os.environ[ray_node.COMMAND]


def test_what_jobs_need(planned):
    (deep, light), _ = planned("dmtl", "item-mean", set={"dmtl": {"device": "cuda"}})
    assert needs(light, 4, 1000) == Needs(4, 0, 2**30 + COPIES * 1000)
    assert needs(replace(light, one_thread=True), 4, 0).cpus == 1
    assert needs(deep, 1, 0).gpus == 1
    assert needs(replace(deep, train_workers=3), 2, 0) == Needs(6, 3, 3 * 2**30)
    assert str(needs(deep, 2, 0)) == "2 CPU, 1.0 GiB of memory and 1 GPU"


@pytest.mark.parametrize(
    ("node", "has"),
    [
        ({"CPU": 2, "memory": 5}, True),
        ({"CPU": 1, "memory": 5}, False),
        ({"CPU": 2, "memory": 4}, False),
        ({"memory": 5, "GPU": 1}, False),
        ({}, False),
    ],
)
def test_room_is_room_for_everything(node, has):
    assert ray._has_room(node, Needs(2, 0, 5)) == has
    assert not ray._has_room(node, Needs(2, 2, 5))


def test_executors_of_a_config():
    with open_executor(make_config(), {}) as local:
        assert local.capacity(1) == len(os.sched_getaffinity(0))
        assert list(local.run([], workers=None, threads=1, timeout=1.0)) == []
    with (
        pytest.raises(ConfigError, match="add --executor ray"),
        open_executor(make_config(address="a:1"), {}),
    ):
        pass
    with pytest.raises(ConfigError, match="executor='slurm'"):
        make_config(executor="slurm")


def test_fewer_jobs_at_a_time_where_each_has_more_training_workers():
    cores = len(os.sched_getaffinity(0))
    for asked, limit in (({}, None), ({"train_workers": 2}, max(1, cores // 2)), ({"train_workers": 99}, 1)):
        with open_executor(make_config(**asked), {}) as local:
            assert at_a_time(make_config(**asked), local) == limit
            assert at_a_time(make_config(**asked, jobs=3), local) == 3


def test_without_ray_its_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    config = make_config(executor="ray")
    with pytest.raises(ConfigError, match=r"in a clone, pip install '\.\[ray\]'"), open_executor(config, {}):
        pass


def test_nobody_listens():
    with pytest.raises(OSError, match="refused"):
        ray._require_answer("ray://127.0.0.1:1")
    with pytest.raises(ValueError):
        ray._require_answer("127.0.0.1:port")
    ray._require_answer("auto")
    ray._require_answer("")
