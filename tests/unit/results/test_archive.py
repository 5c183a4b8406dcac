"""Records packed in one file: the same records, or an error that names the file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from groupbench import api
from groupbench.core.errors import ResultError
from groupbench.results import store
from groupbench.results.archive import (
    ENTITIES,
    FILE,
    LEADERBOARD,
    MANIFEST,
    read_archive,
    read_archived,
    shipped,
    write_archive,
)
from groupbench.results.exchange import Packing, merge
from groupbench.results.store import ViewMetrics

VALUES = {"ndcg@10": 0.5, "recall@10": float("nan")}


@pytest.fixture
def record(record):
    held = [
        ViewMetrics("v", a, VALUES, VALUES, {**VALUES, "ndcg@10": 0.25}, 0.1) for a in ("average", "borda")
    ]
    return replace(record, metrics=tuple(held))


@pytest.fixture
def others(record):
    return [replace(record, key=f"{seed}", seed=seed, tuning={"trials": 3}) for seed in (3, 1, 2)]


def test_records_come_back_in_order_and_the_manifest_counts_them(tmp_path, record, others):
    write_archive([*others, record], tmp_path, "groupbench merge a b --pack")
    found = list(read_archive(tmp_path))
    assert [r.seed for r in found] == [0, 1, 2, 3]
    assert repr(found[0]) == repr(record)
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    assert manifest["command"] == "groupbench merge a b --pack"
    (held,) = manifest["holds"]
    assert held == {
        "dataset": "data",
        "protocol": "paper",
        "records": 4,
        "methods": 1,
        "tuned": 1,
        "seeds": [0, 1, 2, 3],
    }


def test_the_same_records_give_the_same_bytes(tmp_path, record, others):
    write_archive([record, *others], tmp_path / "a", "x")
    write_archive([*others, record], tmp_path / "b", "x")
    assert (tmp_path / "a" / FILE).read_bytes() == (tmp_path / "b" / FILE).read_bytes()


def test_lists_of_the_same_groups_take_next_to_no_room(tmp_path, record):
    rng = np.random.default_rng(0)
    groups = [f"{number}" for number in rng.choice(10**6, 20_000, replace=False)]
    sizes = []
    for jobs in (1, 40):
        entities = pa.table({"entity": groups * jobs, "ndcg@10": [0.5] * (jobs * len(groups))})
        write_archive([record], tmp_path / f"{jobs}", "x", {ENTITIES: entities})
        sizes.append((tmp_path / f"{jobs}" / ENTITIES).stat().st_size)
        assert read_archived(tmp_path / f"{jobs}", ENTITIES, ["entity"]).equals(entities)
    assert sizes[1] < 1.5 * sizes[0]


def test_merging_packs_what_a_table_then_reads(tmp_path, record, others):
    superseded = replace(record, key="old", finished="2024-01-01T00:00:00.000+00:00")
    for held in [superseded, record, *(replace(other, tuning={}) for other in others)]:
        folder = store.folder_of(tmp_path / "in", held.dataset, held.protocol, held.method, held.key)
        store.write(folder, held)
    merged = merge([tmp_path / "in"], tmp_path / "out", aggregators=["average"], packing=Packing("x"))
    assert (merged.written, merged.there, merged.repeated) == (4, 0, 1)
    assert len(list(read_archive(tmp_path / "out"))) == 4
    records = api.load_records(tmp_path / "out")
    assert {r.seed for r in records} == {0, 1, 2, 3}
    assert all([f.aggregator for f in r.metrics] == ["average"] for r in records)
    assert sorted(f.name for f in (tmp_path / "out").iterdir()) == [MANIFEST, FILE]


def test_an_archive_is_not_replaced_by_one_that_lacks_its_jobs(tmp_path, record, others):
    write_archive([replace(other, tuning={}) for other in others], tmp_path / "out", "x")
    store.write(tmp_path / "in" / "runs" / "data" / "paper" / "svd" / record.key, record)
    packing = Packing("y")
    with pytest.raises(
        ResultError, match=r"out is an archive with 3 jobs that would be lost \(data, paper, "
    ):
        merge([tmp_path / "in"], tmp_path / "out", packing=packing)
    assert len(list(read_archive(tmp_path / "out"))) == 3
    merge([tmp_path / "in", tmp_path / "out"], tmp_path / "out", packing=packing)
    assert [r.seed for r in read_archive(tmp_path / "out")] == [0, 1, 2, 3]


def test_packed_results_merge_with_runs_and_may_be_unpacked(tmp_path, record, others):
    other = replace(others[0], tuning={})
    write_archive([record, other], tmp_path / "packed", "x")
    newer = replace(record, key="new", finished="2025-06-01T00:00:00.000+00:00")
    store.write(
        store.folder_of(tmp_path / "in", newer.dataset, newer.protocol, newer.method, newer.key), newer
    )
    merged = merge([tmp_path / "packed", tmp_path / "in"], tmp_path / "out", packing=Packing("y"))
    assert (merged.written, merged.repeated) == (2, 1)
    assert {(r.seed, r.key) for r in read_archive(tmp_path / "out")} == {(0, "new"), (3, "3")}
    merge([tmp_path / "packed"], tmp_path / "unpacked")
    kept = api.load_records(tmp_path / "unpacked")
    assert sorted(map(repr, kept)) == sorted(map(repr, (record, other)))


def _cut(folder):
    held = (folder / FILE).read_bytes()
    (folder / FILE).write_bytes(held[: len(held) // 2])


def _swap(folder):
    write_archive(list(read_archive(folder))[:1], folder / "other", "x")
    (folder / "other" / FILE).replace(folder / FILE)


@pytest.mark.parametrize(
    "damage",
    [
        _cut,
        _swap,
        lambda folder: (folder / MANIFEST).unlink(),
        lambda folder: (folder / MANIFEST).write_text("[]"),
        lambda folder: (folder / MANIFEST).write_text("{"),
    ],
)
def test_damage_is_named(tmp_path, damage, record, others):
    write_archive([record, *others], tmp_path, "x")
    damage(tmp_path)
    with pytest.raises(ResultError, match=rf"{FILE} holds no archived records .*get the folder anew"):
        api.load_records(tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path, record):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultError, match=r"cannot write .*file"):
        write_archive([record], tmp_path / "file", "x")


def test_the_results_that_come_with_groupbench_go_by_their_name(tmp_path, monkeypatch, record):
    monkeypatch.chdir(tmp_path)
    manifest = json.loads((shipped() / MANIFEST).read_text())
    records = api.load_records(Path(LEADERBOARD))
    assert len(records) == manifest["records"]
    assert {r.protocol.removesuffix("+unit=rows") for r in records} >= {
        "paper",
        "paper+ratio=0.85",
        "natural",
        "given",
    }
    write_archive([record], tmp_path / LEADERBOARD, "x")
    assert len(api.load_records(Path(LEADERBOARD))) == 1
