"""Workers read the data sets that the run has loaded, and load what it has not."""

from __future__ import annotations

import mmap
from dataclasses import fields, replace

import pytest

from groupbench.data.dataset import Dataset
from groupbench.data.loading import load
from groupbench.runner import dataset_cache, pool
from groupbench.runner.config import make_config
from groupbench.runner.dataset_cache import DatasetCache
from groupbench.runner.plan import plan_jobs
from groupbench.runner.serialization import deserialize


@pytest.fixture(scope="module")
def dataset():
    return load("itmrec-sim", None)


@pytest.fixture
def job(dataset, tmp_path):
    (job,) = plan_jobs(make_config(methods=["item-mean"], seeds=1), {"itmrec-sim": dataset}, tmp_path)
    return replace(job, source="nowhere")


def test_a_file_holds_the_data_set_once(job, dataset):
    with DatasetCache({"nowhere": dataset}) as held:
        file = held.file(job)
        assert held.file(job) is file
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            assert deserialize(data).content_hash == dataset.content_hash
    assert file.closed


def test_a_worker_takes_the_data_set_from_the_run(job, dataset):
    done = [outcome(job, {"nowhere": dataset}), outcome(replace(job, key="other"), {"nowhere": dataset})]
    assert [(e.status, e.reason) for e in done] == [("done", "")] * 2


def test_one_worker_gets_several_data_sets(job, dataset, tmp_path):
    changed = replace(dataset, name="changed", ratings=dataset.ratings.take(slice(0, 3000)))
    (other,) = plan_jobs(make_config(methods=["item-mean"], seeds=1), {"changed": changed}, tmp_path)
    jobs = [job, other, replace(job, key="again")]
    loaded = {"nowhere": dataset, "changed": changed}
    events = pool.run_jobs(jobs, workers=1, threads=1, timeout=600, loaded=loaded)
    assert [e.status for e in events if isinstance(e, pool.JobOutcome)] == ["done"] * 3


def test_what_was_not_loaded_is_left_to_the_worker(job):
    with DatasetCache({}) as held:
        assert held.file(job) is None
    ended = outcome(job, {})
    assert ended.status == "failed"
    assert "nowhere" in ended.reason
    assert outcome(replace(job, source="itmrec-sim"), {}).status == "done"


def test_a_full_disk_leaves_it_to_the_worker(job, dataset, monkeypatch):
    def full():
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(dataset_cache, "TemporaryFile", full)
    with DatasetCache({"nowhere": dataset}) as held:
        assert held.file(job) is None
    assert outcome(replace(job, source="itmrec-sim"), {"itmrec-sim": dataset}).status == "done"


class Special(Dataset):
    """A data set of a kind that workers do not know."""


def test_what_no_parcel_can_hold_is_left_to_the_worker(job, dataset):
    held = {field.name: getattr(dataset, field.name) for field in fields(dataset) if field.init}
    for odd in (Special(**held), replace(dataset, notes=(object(),))):
        assert outcome(replace(job, source="itmrec-sim"), {"itmrec-sim": odd}).status == "done"
        job = replace(job, key="again")


def outcome(job, loaded):
    _, ended = pool.run_jobs([job], workers=1, threads=1, timeout=600, loaded=loaded)
    return ended


def test_a_disk_that_fills_while_it_is_written_leaves_it_to_the_worker(job, dataset, monkeypatch):
    monkeypatch.setattr(dataset_cache, "TemporaryFile", lambda: open("/dev/full", "w+b"))  # noqa: SIM115
    with DatasetCache({"nowhere": dataset}) as held:
        assert held.file(job) is None
