"""Results that a stranger made: no name in them is a path, no file of theirs runs, no link is followed."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from groupbench import api
from groupbench.core import files
from groupbench.core.errors import PluginError, ResultError
from groupbench.results import store
from groupbench.results.agreement import agreement, unlike_tables
from groupbench.results.archive import FILE, MANIFEST, read_archive, write_archive
from groupbench.results.exchange import MergeSummary, merge
from groupbench.results.inputs import RecordedInputs
from groupbench.results.store import RunRecord, ViewMetrics
from groupbench.results.tables import read_columns
from groupbench.runner.worker import _redirect

VALUES = {"ndcg@10": 0.5, "recall@10": float("nan")}


@pytest.fixture
def record(record):
    views = {"rated-user": {"entities": 2, "skipped": 0, "tau": 3.5, "entity": "user", "reason": ""}}
    metrics = (ViewMetrics("rated-user", "none", VALUES, VALUES, {**VALUES, "ndcg@10": 0.25}, 0.1),)
    return replace(record, metrics=metrics, views=views)


def put(root, record, tables=None):
    folder = store.folder_of(root, record.dataset, record.protocol, record.method, record.key)
    store.write(folder, record, tables)
    return folder


def spoil(folder, **changes):
    held = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**held, **changes}))


@pytest.mark.parametrize("key", ["../../x", "/tmp/x", "", ".", "..", "a/b", "a\0b", "k" * 200])
def test_a_key_is_a_name_and_no_path(tmp_path, record, key):
    spoil(put(tmp_path / "in", record), key=key)
    with pytest.raises(ResultError, match=r"run\.json is not a run record \(key: "):
        merge([tmp_path / "in"], tmp_path / "out")
    write_archive([replace(record, key=key)], tmp_path / "packed", "x")
    with pytest.raises(ResultError, match=r"holds no archived records \(key: "):
        merge([tmp_path / "packed"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"seconds": {"fit": 10**400}},
        {"seconds": {"fit": "1"}},
        {"seed": 10**30},
        {"seed": True},
        {"dataset": ""},
        {"dataset": "\ud800"},
        {"hyperparameters": {"a": json.loads("[" * 50 + "]" * 50)}},
        {"config": {"plugins": 3}},
        {"environment": {"threads": "many"}},
        {"environment": {"packages": []}},
        {"tuning": {"trials": "x"}},
        {"views": {"rated-user": []}},
    ],
)
def test_a_record_of_other_values_is_refused_in_a_line(tmp_path, record, change):
    folder = put(tmp_path, record)
    spoil(folder, **change)
    with pytest.raises(ResultError, match=r"run\.json is not a run record") as error:
        store.read(folder)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 600


@pytest.mark.parametrize("text", ["", "[]", "null", "3", '{"seed": ' + "9" * 5000 + "}", "[" * 100_000, "\0"])
def test_what_is_no_record_is_refused_in_a_line(tmp_path, text):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(ResultError, match=r"run\.json is not a run record"):
        store.read(tmp_path)


def test_what_is_not_defined_is_null_and_was_nan(tmp_path, record):
    folder = put(tmp_path, replace(record, hyperparameters={"a": float("nan"), "b": float("inf")}))
    text = (folder / "run.json").read_text()
    held = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert held["figures"][0]["values"] == {"ndcg@10": 0.5, "recall@10": None}
    assert held["hyperparameters"] == {"a": None, "b": "inf"}
    assert repr(store.read(folder).metrics) == repr(record.metrics)
    (folder / "run.json").write_text(text.replace("null", "NaN"))
    assert repr(store.read(folder).metrics) == repr(record.metrics)


def test_no_plugin_runs_because_a_record_names_it(tmp_path, record):
    plugin, other = tmp_path / "evil.py", tmp_path / "other"
    plugin.write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    sha256 = hashlib.sha256(plugin.read_bytes()).hexdigest()
    named = replace(record, config={**record.config, "plugins": {str(plugin): sha256}})
    with pytest.raises(PluginError, match=r"needs the plugin .*evil\.py, and nothing is imported because"):
        RecordedInputs().plugins(named)
    RecordedInputs().import_named([named])
    other.mkdir()
    (other / "evil.py").write_text("x = 1\n")
    for use in (lambda i: i.plugins(named), lambda i: i.import_named([named])):
        with pytest.raises(PluginError, match=r"other/evil\.py is not known to be .* instead of \w{12};"):
            use(RecordedInputs(plugins=[str(other / "evil.py")]))
    without = replace(record, config={**record.config, "plugins": [str(plugin)]})
    with pytest.raises(PluginError, match="the record holds none"):
        RecordedInputs(plugins=[str(plugin)]).plugins(without)
    assert not (tmp_path / "ran").exists()
    plugin.rename(other / "moved.py")
    assert RecordedInputs(plugins=[str(other / "moved.py")]).plugins(named) == [str(other / "moved.py")]
    assert (tmp_path / "ran").exists()


def test_no_link_is_followed_when_writing(tmp_path, record):
    mine, results = tmp_path / "mine", tmp_path / "results"
    mine.mkdir()
    (mine / "notes").write_text("notes")
    folder = put(results, record)
    (folder / "log.txt").symlink_to(mine / "notes")
    with pytest.raises(OSError, match="symbolic"):
        _redirect(folder / "log.txt")
    store.write(folder, record)
    (folder / "run.json").unlink()
    (folder / "run.json").symlink_to(mine / "notes")
    store.write(folder, record)
    assert not (folder / "run.json").is_symlink()
    away = replace(record, dataset="away")
    (results / "runs" / "away").symlink_to(mine)
    for tables in ({}, {"top": pa.table({"x": [1]})}):
        with pytest.raises(ResultError, match="a link leads out of"):
            store.write(store.folder_of(results, "away", "paper", "svd", "k"), away, tables)
    (mine / ".x.tmp").write_text("half")
    (results / "runs" / "data2").mkdir()
    (results / "runs" / "data2" / "k").symlink_to(mine)
    store.tidy(results / "runs" / "data2" / "k")
    assert sorted(f.name for f in mine.iterdir()) == [".x.tmp", "notes"]
    assert (mine / "notes").read_text() == "notes"


def test_pipes_are_no_files_to_write(tmp_path):
    os.mkfifo(tmp_path / "log.txt")
    with pytest.raises(OSError):
        files.open_own(tmp_path / "log.txt", os.O_WRONLY)


def entities(mean=0.5, **columns):
    plain = {
        "view": ["rated-user"] * 2,
        "aggregator": ["none"] * 2,
        "entity": ["u", "v"],
        "ndcg@10": [mean, 0.5],
    }
    return pa.table({**plain, **columns})


def test_tables_that_say_otherwise_than_the_record_are_named(tmp_path, record):
    folder = put(tmp_path, record, {"entities": entities()})
    assert unlike_tables(folder, record) == []
    put(tmp_path, record, {"entities": entities(0.75)})
    assert unlike_tables(folder, record) == ["entities.parquet: rated-user none ndcg@10 is 0.625, not 0.5"]
    put(tmp_path, record, {"entities": entities(view=["rated-group"] * 2)})
    assert unlike_tables(folder, record) == ["entities.parquet has no rows of rated-user none"]
    assert (
        unlike_tables(folder, replace(record, key="other"))[0] == f"its folder is {record.key}, its key other"
    )


@pytest.mark.parametrize(
    "columns",
    [{"view": [1, 2]}, {"ndcg@10": ["a", "b"]}, {"entity": [None, "v"]}, {"aggregator": [["none"]] * 2}],
)
def test_a_column_of_another_type_is_named(tmp_path, columns):
    pq.write_table(entities(**columns), tmp_path / "entities.parquet")
    (name,) = columns
    with pytest.raises(ResultError, match=rf"entities\.parquet cannot be read \(its column '{name}' h"):
        read_columns(tmp_path / "entities.parquet", ["view", "aggregator", "entity", "ndcg@10"])


def test_labels_and_facts_are_part_of_what_agrees(record):
    assert agreement(record, record).facts == ()
    views = {"rated-user": {**record.views["rated-user"], "entities": 3}, "more": {}}
    found = agreement(replace(record, method="ease", views=views, metrics=record.metrics * 2), record)
    assert found.facts == (
        "method 'ease' -> 'svd'",
        "view rated-user: entities 3 -> 2",
        "view more only in the record",
        "rated-user none stands there 2 times",
    )


def test_the_fullest_copy_wins_and_completes_a_poorer_one(tmp_path, record):
    put(tmp_path / "full", record, {"entities": entities()})
    write_archive([record], tmp_path / "packed", "x")
    for name, order in {"a": ["packed", "full"], "b": ["full", "packed"]}.items():
        merge([tmp_path / one for one in order], tmp_path / name)
        assert len(list((tmp_path / name).rglob("entities.parquet"))) == 1
    assert merge([tmp_path / "packed"], tmp_path / "c") == MergeSummary(1, 0, 0)
    assert merge([tmp_path / "full"], tmp_path / "c") == MergeSummary(1, 0, 1)
    assert len(list((tmp_path / "c").rglob("entities.parquet"))) == 1
    assert merge([tmp_path / "full"], tmp_path / "c") == MergeSummary(0, 1, 1)
    assert merge([tmp_path / "packed"], tmp_path / "c") == MergeSummary(0, 1, 1)


@pytest.mark.parametrize("step", [0, 1, 2])
def test_a_pack_is_whole_whenever_a_kill_comes(tmp_path, monkeypatch, record, step):
    write_archive([record], tmp_path, "x")
    rename, done = files.Path.replace, []

    def killed(self, target):
        if len(done) == step:
            raise KeyboardInterrupt
        done.append(target)
        return rename(self, target)

    monkeypatch.setattr(files.Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        write_archive([record, replace(record, key="f", seed=1)], tmp_path, "y")
    monkeypatch.undo()
    assert len(list(read_archive(tmp_path))) == (2 if step == 2 else 1)
    write_archive([record, replace(record, key="f", seed=1)], tmp_path, "y")
    assert len(api.load_records(tmp_path)) == 2
    assert "replaces" not in json.loads((tmp_path / MANIFEST).read_text())
    assert sorted(f.name for f in tmp_path.iterdir()) == [MANIFEST, FILE]


def test_records_of_strangers_import_nothing(tmp_path, record):
    before = {name for name in sys.modules if name.startswith("groupbench_plugin_")}
    config = {**record.config, "plugins": {str(tmp_path / "p.py"): "0"}, "source": str(tmp_path)}
    put(tmp_path, replace(record, config=config))
    assert [r.key for r in api.load_records(tmp_path)] == [record.key]
    assert isinstance(RunRecord.from_json(record.to_json()), RunRecord)
    assert {name for name in sys.modules if name.startswith("groupbench_plugin_")} == before
