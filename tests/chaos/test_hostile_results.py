"""Results folders of strangers: a typed line or the right answer; nothing written elsewhere, nothing run."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groupbench import api
from groupbench.core.errors import GroupbenchError
from groupbench.core.hyperparameters import Choice, Range
from groupbench.models.tensor_files import read_tensors, write_tensors
from groupbench.report.breakdown import breakdown_frame
from groupbench.report.compare import compare_frame
from groupbench.report.render import table_frame
from groupbench.results import store
from groupbench.results.agreement import agreement, unlike_tables
from groupbench.results.archive import FILE, MANIFEST, read_archive, write_archive
from groupbench.results.environment import changes
from groupbench.results.exchange import merge
from groupbench.results.find import find_runs
from groupbench.results.inputs import RecordedInputs
from groupbench.results.store import ViewMetrics
from groupbench.runner.tuning._optuna import TrialJournal
from groupbench.runner.tuning._trial import TuningTrial
from groupbench.studies import _cache
from tests._records import make_record

pytestmark = [
    pytest.mark.slow,
    # What is left out is told in a line, which is an answer too.
    pytest.mark.filterwarnings("ignore::groupbench.core.errors.GroupbenchWarning"),
]

EXAMPLES = {
    "values of records": 1800,
    "bytes of records": 1000,
    "tables": 900,
    "journals": 600,
    "archives": 500,
    "tensors": 400,
    "measurements": 400,
}
"""How many of each are made, the same ones in every session."""

assert sum(EXAMPLES.values()) >= 5000


def examples(kind: str) -> settings:
    return settings(
        max_examples=EXAMPLES[kind],
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        [
            "../../x",
            "/etc/x",
            "",
            ".",
            "..",
            "a/b",
            "\0",
            "\x1b[31m",
            "=1+1",
            "x" * 5000,
            "NaN",
            "group",
            "user",
        ]
    )
    | st.sampled_from([10**30, -(10**400), 10**18, 1e308, -1e308, 5e-324]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)

DEEP = st.integers(5, 400).map(lambda n: json.loads("[" * n + "]" * n))


def change_one(held, draw) -> None:
    """Replace, remove, add or double one value of a tree of JSON, at any depth."""
    while held:
        keys = sorted(held) if isinstance(held, dict) else range(len(held))
        key = draw(st.sampled_from(keys))
        if isinstance(held[key], dict | list) and held[key] and draw(st.integers(0, 3)):
            held = held[key]
            continue
        how = draw(st.sampled_from(["replace", "replace", "replace", "remove", "add", "deep"]))
        if how == "remove":
            del held[key]
        elif how == "add" and isinstance(held, dict):
            held[draw(st.text(max_size=5))] = draw(JUNK)
        elif how == "add":
            held.append(held[key])
        else:
            held[key] = draw(DEEP if how == "deep" else JUNK)
        return


class Watched:
    """A folder with results of a stranger in it, and all else that must stay as it is."""

    def __init__(self, root: Path) -> None:
        self.results, self.out = root / "results", root / "out"
        self._root = root
        (root / "evil.py").write_text(f"open({str(root / 'imported')!r}, 'w').close()\n")
        config = {
            "protocol": {"name": "paper"},
            "aggregators": ["average"],
            "groups_as": "members",
            "group_weight": 1,
            "source": "itmrec-sim",
            "content_hash": "0" * 64,
            "plugins": {str(root / "evil.py"): "0" * 64},
            "evaluation": 6,
        }
        values = {"ndcg@10": 0.5, "recall@10": float("nan")}
        views = {
            "rated-group": {"entities": 2, "skipped": 0, "tau": 3.5, "entity": "group", "reason": ""},
            "rated-user": {"entities": 2, "skipped": 0, "tau": 3.5, "entity": "user", "reason": ""},
        }
        metrics = (
            ViewMetrics("rated-group", "average", values, {**values, "ndcg@10": 0.6}, values, 0.25),
            ViewMetrics("rated-user", "none", values, values, values, 0.0),
        )
        environment = {
            "groupbench": "0",
            "packages": {"numpy": "1"},
            "threads": 1,
            "code": {"commit": "", "state": "clean", "sha256": "0"},
        }
        self.records = [
            make_record(
                method,
                0,
                dataset="d",
                config=config,
                views=views,
                metrics=metrics,
                environment=environment,
                seconds={"fit": 1.0},
                peak_mb={"fit": 2.0},
                tuning={"trials": 3, "seed": 0} if method == "ease" else {},
                hyperparameters={"n": 3},
                finished="2026-01-01T00:00:00.000+00:00",
            )
            for method in ("svd", "ease")
        ]
        self.tables = {
            "entities": pa.table(
                {
                    "view": ["rated-group"] * 2 + ["rated-user"] * 2,
                    "aggregator": ["average"] * 2 + ["none"] * 2,
                    "entity": ["g", "h", "u", "v"],
                    "ndcg@10": [0.25, 0.75, 0.5, 0.5],
                    "recall@10": [None, None, None, float("nan")],
                }
            ),
            "groups": pa.table({"group": ["g", "h"], "size": [2, 3], "members": [["u"], ["v", "w"]]}),
            "top": pa.table(
                {
                    "view": ["rated-group", "rated-user"],
                    "aggregator": ["average", "none"],
                    "entity": ["g", "u"],
                    "rank": [1, 1],
                    "item": ["i", "i"],
                }
            ),
        }
        for record in self.records:
            self.folder = store.folder_of(self.results, "d", "paper", record.method, record.key)
            store.write(self.folder, record, self.tables)
        self.before = self.state()

    def state(self) -> dict[str, tuple[int, int]]:
        """All that lies outside of the folders of results."""
        found = {}
        for file in sorted(self._root.rglob("*")):
            below = file.relative_to(self._root).parts[0]
            if below not in ("results", "out"):
                found[str(file)] = (file.lstat().st_size, file.lstat().st_mtime_ns)
        return found

    def shows(self) -> None:
        """Read the results in every way, write what can be written of them, and look around."""
        records = answers(api.load_records, self.results)
        if records is not None:
            answers(table_frame, records, views="all", aggregator="all", ties="all")
            answers(compare_frame, self.results, records, "svd", "ease")
            answers(breakdown_frame, self.results, records, by="size", aggregator="all")
        for record in answers(find_runs, [str(self.results)], self.results) or []:
            answers(RecordedInputs(plugins=[]).plugins, record)
            answers(unlike_tables, self.folder, record)
            answers(changes, self.records[0], record)
            answers(agreement, self.records[0], record)
        answers(merge, [self.results], self.out)
        shutil.rmtree(self.out, ignore_errors=True)
        assert self.state() == self.before


def answers(reader, *arguments, **options):
    """What `reader` returns, or None where it refuses in a typed line; any other error fails the test."""
    with suppress(GroupbenchError):
        return reader(*arguments, **options)
    return None


@pytest.fixture
def watched(tmp_path, monkeypatch) -> Watched:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # A disk that loses power is not tested here.
    return Watched(tmp_path)


def test_what_is_not_hostile_is_shown(watched):
    assert len(api.load_records(watched.results)) == 2
    assert len(compare_frame(watched.results, api.load_records(watched.results), "svd", "ease"))
    assert unlike_tables(watched.folder, watched.records[1]) == []
    watched.shows()
    answers(api.table, watched.results, significance=True)


def test_the_values_of_a_record(watched):
    file = watched.folder / "run.json"
    whole = file.read_text()

    @examples("values of records")
    @given(st.data())
    def reads(data):
        held = json.loads(whole)
        for _ in range(data.draw(st.integers(1, 3))):
            change_one(held, data.draw)
        file.write_text(json.dumps(held))
        watched.shows()

    reads()


def test_the_bytes_of_a_record(watched, mutated):
    file = watched.folder / "run.json"

    @examples("bytes of records")
    @given(mutated(file.read_bytes()) | st.just(b'{"seed": ' + b"9" * 5000 + b"}"))
    def reads(data):
        file.write_bytes(data)
        found = answers(store.read, watched.folder)
        if found is not None:
            assert store.RunRecord.from_json(found.to_json()).key == found.key
            watched.shows()

    reads()


CELLS = st.one_of(
    st.lists(st.none() | st.floats(), max_size=4),
    st.lists(
        st.none() | st.sampled_from(["g", "h", "u", "v", "rated-group", "average", "=1", "\x1b"]), max_size=4
    ),
    st.lists(st.integers(-5, 2**40), max_size=4),
    st.lists(st.none() | st.lists(st.sampled_from(["u", "v"]), max_size=2), max_size=4),
    st.lists(st.binary(max_size=3), max_size=4),
    st.lists(st.booleans(), max_size=4),
    st.lists(st.datetimes(), max_size=4),
)


def test_the_tables_beside_a_record(watched, mutated):
    @examples("tables")
    @given(st.sampled_from(sorted(watched.tables)), st.data())
    def reads(name, data):
        table, file = watched.tables[name], watched.folder / f"{name}.parquet"
        how = data.draw(st.sampled_from(["column", "column", "column", "rows", "double", "bytes", "folder"]))
        if file.is_dir():
            file.rmdir()
        if how == "folder":
            file.unlink(missing_ok=True)
            file.mkdir()
        elif how == "bytes":
            pq.write_table(table, file)
            file.write_bytes(data.draw(mutated(file.read_bytes())))
        else:
            names = table.column_names
            column = data.draw(st.sampled_from(names))
            if how == "column":
                cells = [*data.draw(CELLS), *[None] * len(table)][: len(table)]
                table = table.set_column(names.index(column), column, pa.array(cells))
            elif how == "rows":
                rows = data.draw(st.lists(st.integers(0, len(table) - 1), max_size=6))
                table = table.take(pa.array(rows, pa.int64()))
            else:
                table = table.append_column(column, table[column])
            pq.write_table(table, file)
        watched.shows()
        if file.is_dir():
            file.rmdir()
        pq.write_table(watched.tables[name], file)

    reads()


SPACE = {"k": Range(1, 100, whole=True), "rate": Range(1e-4, 1e-1, log=True), "loss": Choice(("a", "b"))}


def opened(file: Path) -> TrialJournal:
    defaults = {"k": 10, "rate": 0.01, "loss": "a"}
    return TrialJournal(file, "name", SPACE, defaults, stream=("x",), lower_is_better=False)


def uses_journal(file: Path) -> None:
    journal = opened(file)
    try:
        assert all(0 <= trial.seconds < float("inf") for trial in journal.trials)
        journal.best(10)
        journal.prunable([0.5])
        assert journal.ask().keys() == SPACE.keys()
    finally:
        journal.close()


def test_journals_of_trials(watched, mutated):
    file = watched.results / "studies" / "d" / "paper" / "svd.log"
    journal = opened(file)
    for value in (0.25, 0.5):
        journal.settle(TuningTrial(journal.ask(), "done", [value], 1.0))
    journal.close()
    whole = file.read_bytes()

    @examples("journals")
    @given(st.data())
    def reads(data):
        if data.draw(st.booleans()):
            file.write_bytes(data.draw(mutated(whole)))
        else:
            lines = [json.loads(line) for line in whole.splitlines()]
            for _ in range(data.draw(st.integers(1, 2))):
                change_one(lines, data.draw)
            file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        answers(uses_journal, file)
        assert watched.state() == watched.before

    reads()


def test_archives(watched, mutated):
    folder = watched.results.parent / "results" / "packed"
    write_archive(watched.records, folder, "x")
    texts = [record.to_json() for record in watched.records]
    manifest = json.loads((folder / MANIFEST).read_text())

    @examples("archives")
    @given(st.data())
    def reads(data):
        held = json.loads(texts[0])
        change_one(held, data.draw)
        column = data.draw(
            st.sampled_from([[json.dumps(held), texts[1]], [texts[0]] * 2, [None], [], [b"x"], [1.5]])
        )
        pq.write_table(pa.table({"record": column}), folder / FILE)
        if data.draw(st.integers(0, 3)) == 0:
            (folder / FILE).write_bytes(data.draw(mutated((folder / FILE).read_bytes())))
        named = {**manifest, "sha256": store.hashlib.sha256((folder / FILE).read_bytes()).hexdigest()}
        (folder / MANIFEST).write_text(json.dumps(named))
        if answers(lambda: list(read_archive(folder))):
            answers(api.table, folder, views="all", aggregator="all")
            answers(merge, [folder], watched.out)
            shutil.rmtree(watched.out, ignore_errors=True)
        assert watched.state() == watched.before

    reads()


def test_tensors(watched, mutated):
    import torch

    file = watched.results / "model.safetensors"
    write_tensors(file, {"a": torch.zeros(3), "b": torch.ones(2, 2)}, {"n": 1}, "kind-1")
    whole = file.read_bytes()

    @examples("tensors")
    @given(mutated(whole))
    def reads(data):
        file.write_bytes(data)
        found = answers(read_tensors, file, "kind-1")
        assert found is None or isinstance(found[1], dict)

    reads()


def test_measurements(watched):
    file = watched.results / "profile.json"
    whole = {"losses": {"total": [1.0, None]}, "confusions": {"rows": {"model": [[1, 2], [3, 4]]}}}

    @examples("measurements")
    @given(st.data())
    def reads(data):
        held = json.loads(json.dumps(whole))
        for _ in range(data.draw(st.integers(1, 2))):
            change_one(held, data.draw)
        file.write_text(json.dumps(held))
        found = answers(_cache._read, file)
        if found is not None:
            assert all(np.ndim(c) == 2 for by_name in found.confusions.values() for c in by_name.values())

    reads()
