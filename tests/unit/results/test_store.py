"""Records survive the way to disk and back, whole or not at all."""

from __future__ import annotations

import json
import math
import os
from dataclasses import replace
from enum import Enum
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from groupbench.core.errors import ResultError, UnreadableError
from groupbench.results import store
from groupbench.results.selection import select
from groupbench.results.store import RunRecord, ViewMetrics


class Colour(Enum):
    RED = "red"


@pytest.fixture
def record(record) -> RunRecord:
    figures = ViewMetrics(
        "rated-user", "none", {"ndcg@10": 0.1 + 0.2}, {"ndcg@10": 1.0}, {"ndcg@10": math.nan}, 0.25
    )
    return replace(record, metrics=(figures,), config={}, finished="2025-01-02T03:04:05.678+00:00")


def _place(root: Path, record: RunRecord) -> Path:
    return store.folder_of(root, record.dataset, record.protocol, record.method, record.key)


def test_there_and_back(tmp_path, record):
    folder = _place(tmp_path, record)
    assert store.read(folder) is None
    table = pa.table({"x": [1, 2]})
    store.write(folder, record, {"entities": table})
    held = store.read(folder)
    assert held.metrics[0].values == record.metrics[0].values
    assert math.isnan(held.metrics[0].worst["ndcg@10"])
    assert replace(held, metrics=()) == replace(record, metrics=())
    assert pq.read_table(folder / "entities.parquet").equals(table)
    assert {f.name for f in folder.iterdir()} == {"run.json", "entities.parquet"}


def test_each_file_appears_whole_and_the_record_last(tmp_path, record, monkeypatch):
    renamed = []
    rename = Path.replace

    def spy(self, target):
        renamed.append((target.name, self.parent == target.parent, target.exists(), self.stat().st_size > 0))
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", spy)
    store.write(tmp_path, record, {"entities": pa.table({"x": [1]}), "top": pa.table({"x": [2]})})
    assert renamed == [(name, True, False, True) for name in ("entities.parquet", "top.parquet", "run.json")]


def test_hyperparameters_of_any_type_are_written_the_same_in_every_process(tmp_path, record):
    odd = {"path": Path("a/b"), "set": frozenset("cab"), "colour": Colour.RED, "pair": (1, 2)}
    store.write(tmp_path, replace(record, hyperparameters=odd))
    held = store.read(tmp_path).hyperparameters
    assert held == {"path": "a/b", "set": ["a", "b", "c"], "colour": "red", "pair": [1, 2]}


def test_a_failed_write_leaves_the_former_record(tmp_path, record):
    store.write(tmp_path, record)

    class Torn:
        def __getattr__(self, name):
            raise OSError("no space left")

    with pytest.raises(ResultError, match="free space or choose another --results"):
        store.write(tmp_path, replace(record, seed=9), {"entities": Torn()})
    assert store.read(tmp_path).seed == 0
    assert [f.name for f in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.parametrize(
    "change",
    [
        lambda held: held.pop("seed"),
        lambda held: held.update(colour="red"),
        lambda held: held.update(schema=store.SCHEMA + 1),
        lambda held: held.update(schema=0),
        lambda held: held.update(schema=1),
        lambda held: held.pop("tuning"),
        lambda held: held.update(figures=[{"view": "rated-user"}]),
        lambda held: held.update(figures=3),
        lambda held: held["config"].update(plugins=3),
        lambda held: held["config"].update(code=["x"]),
    ],
)
def test_another_layout_is_named(tmp_path, record, change):
    store.write(tmp_path, record)
    held = json.loads((tmp_path / "run.json").read_text())
    change(held)
    (tmp_path / "run.json").write_text(json.dumps(held))
    with pytest.raises(ResultError, match=r"run\.json is not a run record"):
        store.read(tmp_path)


def test_a_record_without_tuning_of_the_first_layout_is_read_and_written_in_the_present_one(tmp_path, record):
    store.write(tmp_path, record)
    held = json.loads((tmp_path / "run.json").read_text())
    assert held.pop("tuning") == {}
    (tmp_path / "run.json").write_text(json.dumps({**held, "schema": 1}))
    old = store.read(tmp_path)
    assert (old.tuning, old.schema) == ({}, store.SCHEMA)
    assert replace(old, metrics=()) == replace(record, metrics=())
    store.write(tmp_path, old)
    assert store.read(tmp_path).metrics[0].values == record.metrics[0].values


def test_something_else_in_the_place_of_a_record(tmp_path):
    (tmp_path / "run.json").mkdir()
    with pytest.raises(UnreadableError, match=r"run\.json cannot be read: this is a folder, not a file"):
        store.read(tmp_path)


def test_records_come_in_a_fixed_order_and_damage_among_them(tmp_path, record):
    for method in ("b", "a", "c"):
        other = replace(record, method=method)
        store.write(_place(tmp_path, other), other)
    (_place(tmp_path, replace(record, method="b")) / "run.json").write_text("{")
    found = list(store.records(tmp_path))
    assert [getattr(r, "method", type(r).__name__) for r in found] == ["a", "DamagedError", "c"]


def test_of_the_same_job_the_newest_counts(record):
    later = replace(record, key="f", finished="2025-01-02T03:04:05.900+00:00")
    other_seed = replace(record, seed=1)
    assert list(select([later, record, other_seed])) == [later, other_seed]


def test_no_row_mixes_what_was_tuned_twice_on_the_same_repeat(record):
    def tuned(seed, trials, on, day):
        tuning = {"seed": on, "trials": trials}
        return replace(
            record,
            method="svd[tuned]",
            seed=seed,
            tuning=tuning,
            finished=f"2025-01-0{day}T00:00:00.000+00:00",
        )

    first = [tuned(seed, 20, 0, 1) for seed in range(3)]
    again = tuned(1, 50, 0, 2)
    nested = [tuned(seed, 20, seed, 3) for seed in (1, 2)]
    assert list(select([record, *first])) == [record, *first]
    assert list(select([*first, again])) == [again]
    assert list(select([first[0], *nested])) == [first[0], *nested]


@pytest.mark.parametrize("name", ["..", ".", "a/b", "a\\b", "x\0y", "a b", "é", ":", "x" * 1000, "é" * 200])
def test_any_label_is_one_folder_below_the_results(tmp_path, record, name):
    named = replace(record, dataset=name, protocol=name, method=name)
    folder = _place(tmp_path, named)
    assert len(folder.relative_to(tmp_path / "runs").parts) == 4
    assert ".." not in folder.parts
    store.write(folder, named)
    assert [r.method for r in store.records(tmp_path)] == [name]


def test_labels_that_differ_get_folders_that_differ():
    names = ["a", "a/b", "a%2Fb", "x" * 500, "x" * 501, "x" * 499 + "y"]
    places = {store.folder_of(Path("r"), "d", "p", name, "k") for name in names}
    assert len(places) == len(names)


def test_a_folder_that_cannot_be_made(tmp_path, record):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ResultError, match="choose another --results folder"):
        store.write(tmp_path / "file" / "below", record)


def test_a_split_of_rows_that_was_recorded_before_pairs_were_split_says_so(tmp_path, record):
    rows = {"name": "paper", "split": "ratio", "ratio": 0.8, "folds": 5}
    before = replace(record, protocol="paper", config={"protocol": rows})
    folder = _place(tmp_path, before)
    store.write(folder, before)
    (held,) = store.records(tmp_path)
    assert held.protocol == "paper+unit=rows"
    assert held.config["protocol"] == {**rows, "unit": "rows"}
    assert _place(tmp_path, held) == folder
    for now in (
        replace(record, config={"protocol": {**rows, "unit": "pairs"}}),
        replace(record, protocol="given", config={"protocol": {"name": "given"}}),
    ):
        assert RunRecord.from_json(now.to_json()).protocol == now.protocol


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", ["forbidden", "pipe", "folder"])
def test_what_cannot_be_read_is_not_called_damaged_and_never_run_over(tmp_path, record, monkeypatch, kind):
    folder = _place(tmp_path, record)
    store.write(folder, record)
    file = folder / "run.json"
    if kind == "forbidden":

        def forbidden(*_):
            raise PermissionError(13, "Permission denied", str(file))

        monkeypatch.setattr(Path, "open", forbidden)
    else:
        file.unlink()
        os.mkfifo(file) if kind == "pipe" else file.mkdir()
    for look in (store.read, store.damaged, lambda place: store.is_done(place, {})):
        with pytest.raises(UnreadableError, match=r"run\.json cannot be read: .*; check its access rights"):
            look(folder)
    (found,) = store.records(tmp_path)
    assert isinstance(found, UnreadableError)
