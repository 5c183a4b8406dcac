"""Results of several machines: joined whole, or refused with both places named."""

from __future__ import annotations

import json
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from groupbench.core.errors import ConfigError, ResultError
from groupbench.results import store
from groupbench.results.exchange import MergeSummary, Packing, merge
from groupbench.results.store import ViewMetrics

LATER = "2025-01-02T00:00:00.000+00:00"


def figures(value, aggregator="average"):
    held = {"ndcg@10": value}
    return ViewMetrics("rated-group", aggregator, held, held, held, 0.0)


@pytest.fixture
def record(record):
    return replace(record, metrics=(figures(0.5), figures(0.25, "borda")))


def put(root, record, table=None):
    folder = store.folder_of(root, record.dataset, record.protocol, record.method, record.key)
    store.write(folder, record, {"top": pa.table({"x": [1]} if table is None else table)})
    return folder


def content(root):
    return {r.key: r for r in store.records(root)}


def test_records_of_both_arrive_with_their_tables(tmp_path, record):
    put(tmp_path / "a", record)
    put(tmp_path / "b", replace(record, key="f", seed=1), {"x": [7]})
    assert merge([tmp_path / "a", tmp_path / "b"], tmp_path / "out") == MergeSummary(2, 0, 0)
    assert content(tmp_path / "out") == {record.key: record, "f": replace(record, key="f", seed=1)}
    tables = sorted((tmp_path / "out").rglob("top.parquet"))
    assert sorted(pq.read_table(t)["x"][0].as_py() for t in tables) == [1, 7]
    left = {f.name for f in (tmp_path / "out").rglob("*") if f.is_file()}
    assert left == {"run.json", "top.parquet"}


def test_the_same_again_changes_nothing(tmp_path, record):
    put(tmp_path / "a", record)
    merge([tmp_path / "a"], tmp_path / "out")
    before = {f: f.stat().st_mtime_ns for f in (tmp_path / "out").rglob("*")}
    assert merge([tmp_path / "a", tmp_path / "a"], tmp_path / "out") == MergeSummary(0, 1, 2)
    assert {f: f.stat().st_mtime_ns for f in (tmp_path / "out").rglob("*")} == before


def test_of_equal_figures_the_newest_record_is_kept(tmp_path, record):
    put(tmp_path / "a", replace(record, finished=LATER))
    put(tmp_path / "b", replace(record, metrics=(figures(0.5 + 1e-13), figures(0.25, "borda"))))
    assert merge([tmp_path / "a", tmp_path / "b"], tmp_path / "out") == MergeSummary(1, 0, 1)
    assert content(tmp_path / "out")[record.key].finished == LATER


def test_different_figures_of_one_job_are_refused_and_nothing_is_written(tmp_path, record):
    one = put(tmp_path / "a", replace(record, finished=LATER))
    other = put(tmp_path / "b", replace(record, metrics=(figures(0.51),)), {"x": [7]})
    put(tmp_path / "b", replace(record, key="f", seed=1))
    with pytest.raises(ResultError, match=r"different scores.*--keep newest") as error:
        merge([tmp_path / "a", tmp_path / "b"], tmp_path / "out")
    assert str(one) in str(error.value)
    assert str(other) in str(error.value)
    assert "rated-group average ndcg@10 0.5 -> 0.51" in str(error.value)
    assert not (tmp_path / "out").exists()
    note = f"left out 1 of the records of {tmp_path / 'b'} for newer ones of the same jobs with other scores"
    merged = merge([tmp_path / "a", tmp_path / "b"], tmp_path / "out", keep_newest=True)
    assert merged == MergeSummary(2, 0, 1, (note,))
    assert content(tmp_path / "out")[record.key].metrics == record.metrics


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_a_job_that_is_done_counts_more_than_one_that_failed_later(tmp_path, order, record):
    put(tmp_path / "a", record)
    put(tmp_path / "b", replace(record, status="failed", reason="why", metrics=(), finished=LATER))
    assert merge([tmp_path / name for name in order], tmp_path / "out") == MergeSummary(1, 0, 1)
    assert content(tmp_path / "out")[record.key].status == "done"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"evaluation": 5}, "evaluation"),
        ({"protocol": {"name": "paper", "new": 1}}, "protocol"),
        ({"content_hash": "d"}, "data"),
    ],
)
def test_what_no_table_could_compare_is_refused(tmp_path, change, what, record):
    one = put(tmp_path / "a", record)
    other = put(tmp_path / "b", replace(record, key="f", seed=1, config={**record.config, **change}))
    with pytest.raises(ResultError, match=f"differ in their {what} ") as error:
        merge([tmp_path / "a", tmp_path / "b"], tmp_path / "out")
    assert str(one) in str(error.value)
    assert str(other) in str(error.value)
    with pytest.raises(ResultError):
        merge([tmp_path / "b"], tmp_path / "a")
    assert list(content(tmp_path / "a")) == [record.key]


def test_a_folder_that_holds_several_versions_merges_with_itself(tmp_path, record):
    changed = {**record.config, "content_hash": "d"}
    put(tmp_path / "a", record)
    put(tmp_path / "a", replace(record, key="f", seed=1, config=changed, finished=LATER))
    assert merge([tmp_path / "a"], tmp_path / "out") == MergeSummary(2, 0, 0)
    assert merge([tmp_path / "a", tmp_path / "out"], tmp_path / "out") == MergeSummary(0, 2, 4)
    packed = merge([tmp_path / "a"], tmp_path / "packed", packing=Packing("x"))
    assert (packed.written, packed.repeated) == (1, 1)
    assert "left out 1 record of other data (content c instead of d)" in packed.notes[0]


def test_equal_content_under_two_names_stays_under_both(tmp_path, record):
    put(tmp_path / "a", record)
    put(tmp_path / "b", replace(record, dataset="other", finished=LATER))
    merged = merge([tmp_path / "a", tmp_path / "b"], tmp_path / "out", keep_newest=True)
    assert merged == MergeSummary(2, 0, 0)
    assert {r.dataset for r in store.records(tmp_path / "out")} == {"data", "other"}


def test_a_whole_job_is_worth_more_than_its_packed_record(tmp_path, record):
    put(tmp_path / "a", record)
    merge([tmp_path / "a"], tmp_path / "packed", packing=Packing("x"))
    for folders in (["packed"], ["packed", "a"]):
        merge([tmp_path / name for name in folders], tmp_path / "out")
    assert list((tmp_path / "out").rglob("top.parquet"))


def test_other_data_or_protocols_go_together(tmp_path, record):
    put(tmp_path / "a", record)
    config = {**record.config, "content_hash": "d", "protocol": {"name": "coupled"}}
    put(tmp_path / "b", replace(record, key="f", dataset="other", protocol="coupled", config=config))
    assert merge([tmp_path / "a", tmp_path / "b"], tmp_path / "out").written == 2


def test_figures_alone_of_some_aggregators(tmp_path, record):
    folder = put(tmp_path / "a", replace(record, metrics=(*record.metrics, figures(0.1, "own"))))
    merge([tmp_path / "a"], tmp_path / "out", aggregators=["average"], metrics_only=True)
    (held,) = store.records(tmp_path / "out")
    assert [f.aggregator for f in held.metrics] == ["average", "own"]
    assert [f.name for f in (tmp_path / "out").rglob("*") if f.is_file()] == ["run.json"]
    assert (folder / "top.parquet").exists()


def test_folders_without_results_and_damage_are_refused(tmp_path, record):
    with pytest.raises(ConfigError):
        merge([], tmp_path / "out")
    with pytest.raises(ResultError, match="holds no results"):
        merge([tmp_path / "nothing"], tmp_path / "out")
    folder = put(tmp_path / "a", record)
    (folder / "top.parquet").write_bytes(b"torn")
    with pytest.raises(ResultError, match="damaged table"):
        merge([tmp_path / "a"], tmp_path / "out")
    assert not list((tmp_path / "out").rglob("run.json"))
    (folder / "run.json").write_text("{")
    with pytest.raises(ResultError, match="is not a run record"):
        merge([tmp_path / "a"], tmp_path / "out")


def test_an_earlier_layout_is_written_in_the_present_one(tmp_path, record):
    folder = put(tmp_path / "a", record)
    held = json.loads((folder / "run.json").read_text())
    del held["tuning"], held["joules"]
    (folder / "run.json").write_text(json.dumps(held | {"schema": 1}))
    merge([tmp_path / "a"], tmp_path / "out")
    assert content(tmp_path / "out")[record.key] == record


def test_a_tuned_row_with_the_key_of_an_untuned_one_is_another_row(tmp_path, record):
    put(tmp_path / "a", record)
    put(tmp_path / "b", replace(record, method="svd[tuned]"))
    assert merge([tmp_path / "a", tmp_path / "b"], tmp_path / "out") == MergeSummary(2, 0, 0)
    assert {r.method for r in store.records(tmp_path / "out")} == {"svd", "svd[tuned]"}
