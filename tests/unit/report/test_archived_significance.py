"""Tests between rows of an archive, which keeps the values of single users and groups of the first rows."""

from __future__ import annotations

import shutil
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from groupbench import api
from groupbench.core.errors import ResultError
from groupbench.report.compare import compare_frame
from groupbench.report.leading import leading_rows
from groupbench.report.render import render, table_frame
from groupbench.report.significance import Significance
from groupbench.results.archive import ENTITIES, FILE, GROUPS, MANIFEST
from groupbench.results.exchange import Packing, merge
from groupbench.results.job_tables import JobTables, TableRow
from groupbench.results.store import ViewMetrics
from tests._records import make_record, write_record

N_GROUPS = 40
LIFTS = {"first": 0.12, "second": 0.1, "third": 0.0, "fourth": -0.1}


def run(root, method, seed, *, lift, tables=True):
    """A job with NDCG and recall of groups without common members in one view, of two aggregators."""
    rng = np.random.default_rng([seed, *method.encode()])
    values = np.random.default_rng(seed).uniform(0.2, 0.6, N_GROUPS) + lift + rng.normal(0, 0.03, N_GROUPS)
    names = [f"g{i}" for i in range(N_GROUPS)]
    means = {"ndcg@10": values.mean(), "recall@10": values.mean() / 2}
    entries = [ViewMetrics("rated-group", a, means, means, means, 0.0) for a in ("average", "borda")]
    facts = {
        "entities": N_GROUPS,
        "skipped": 0,
        "tau": 3.5,
        "definition": "",
        "reason": "",
        "entity": "group",
    }
    record = make_record(method, seed, metrics=tuple(entries), views={"rated-group": facts})
    entities = pa.table(
        {
            "view": ["rated-group"] * 2 * N_GROUPS,
            "aggregator": ["average"] * N_GROUPS + ["borda"] * N_GROUPS,
            "entity": names * 2,
            "ndcg@10": [*values, *values],
            "recall@10": [*(values / 2), *(values / 2)],
        }
    )
    members = [[f"u{2 * i}", f"u{2 * i + 1}"] for i in range(N_GROUPS)]
    groups = pa.table({"group": names, "size": [2] * N_GROUPS, "members": members})
    write_record(root, record, {"entities": entities, "groups": groups} if tables else {})


@pytest.fixture
def runs(tmp_path):
    for method, lift in LIFTS.items():
        for seed in range(3):
            run(tmp_path / "runs", method, seed, lift=lift)
    return tmp_path / "runs"


def pack(*folders, out, n=2, metrics=("ndcg@10",)):
    rows = partial(leading_rows, n=n, metrics=list(metrics))
    return merge(list(folders), out, aggregators=["average"], packing=Packing("made by hand", rows))


@pytest.fixture
def archive(runs, tmp_path):
    pack(runs, out=tmp_path / "archive")
    return tmp_path / "archive"


def compared(folder, first, second, **options):
    return compare_frame(folder, api.load_records(folder), first, second, aggregator="average", **options)


def test_the_first_rows_compare_as_the_runs_themselves_do(runs, archive):
    pd.testing.assert_frame_equal(
        compared(archive, "first", "second", metrics="ndcg@10"),
        compared(runs, "first", "second", metrics="ndcg@10"),
    )


def test_a_table_tests_the_rows_that_are_kept_and_counts_the_others(archive):
    records = api.load_records(archive)
    text = render(records, format="plain", metrics="ndcg@10", significance=Significance(archive))
    assert "Holm's correction for 1 comparison and the choice of the best (6 pairs)" in text
    assert "not tested, as the archive keeps no values per group: 2 rows below the first" in text
    frame = table_frame(records, metrics=["ndcg@10", "recall@10"], significance=Significance(archive))
    tested = frame[frame["p"].notna()]
    assert set(tested["method"]) == {"second"}
    assert set(tested["metric"]) == {"ndcg@10"}


def test_what_was_not_kept_is_named(archive):
    with pytest.raises(ResultError, match=r"keeps no values of .*third average in rated-group"):
        compared(archive, "first", "third", metrics="ndcg@10")
    with pytest.raises(ResultError, match=r"keeps no recall@10 .*name another metric"):
        compared(archive, "first", "second", metrics="recall@10")
    against = Significance(archive, reference="fourth")
    text = render(api.load_records(archive), format="plain", metrics="ndcg@10", significance=against)
    assert "no significance test: the archive keeps no values" in text


def test_leading_rows_are_the_best_of_each_view_by_each_metric(runs):
    rows, metrics = leading_rows(api.load_records(runs), 1, ["ndcg", "recall"], k=[10])
    assert list(metrics) == ["ndcg@10", "recall@10"]
    best = {TableRow("made", "paper", "rated-group", "first", a) for a in ("average", "borda")}
    assert len(rows) == 1
    assert rows < best


def test_an_archive_that_is_unpacked_packs_to_the_same_bytes(archive, tmp_path):
    merge([archive], tmp_path / "unpacked")
    pack(tmp_path / "unpacked", out=tmp_path / "again")
    for name in (FILE, ENTITIES, GROUPS):
        assert (tmp_path / "again" / name).read_bytes() == (archive / name).read_bytes()


def test_an_archive_packs_with_runs_that_came_later(archive, runs, tmp_path):
    for seed in range(3):
        run(tmp_path / "later", "between", seed, lift=0.11)
    merged = pack(archive, tmp_path / "later", out=tmp_path / "both")
    assert merged.notes == ()
    records = api.load_records(tmp_path / "both")
    places = {r.method: JobTables(tmp_path / "both").places(r) for r in records}
    assert {method for method, there in places.items() if there} == {"first", "between"}


def test_values_that_are_gone_are_told(runs, tmp_path):
    for seed in range(3):
        run(tmp_path / "bare", "new", seed, lift=0.3, tables=False)
    merged = pack(runs, tmp_path / "bare", out=tmp_path / "archive")
    assert merged.notes == ("no values of single users or groups are left of new in made, paper",)


def test_packing_without_tests_removes_values_that_lay_there(archive, runs):
    merge([runs], archive, aggregators=["average"], packing=Packing("x"))
    assert sorted(file.name for file in archive.iterdir()) == [MANIFEST, FILE]


def _cut(file):
    file.write_bytes(file.read_bytes()[:-20])


def _without_a_column(file):
    pq.write_table(pq.read_table(file).drop_columns("entity"), file)


@pytest.mark.parametrize("damage", [_cut, _without_a_column, lambda file: file.write_bytes(b"")])
def test_damaged_values_are_named(archive, damage):
    damage(archive / ENTITIES)
    with pytest.raises(ResultError, match=rf"{ENTITIES} holds no archived values .*get the folder anew"):
        compared(archive, "first", "second", metrics="ndcg@10")


def test_one_content_under_two_names_keeps_the_values_of_both(runs, tmp_path):
    for file in list((runs / "runs" / "made").glob("*/*/*/run.json")):
        other = runs / "runs" / "other" / file.parent.relative_to(runs / "runs" / "made")
        shutil.copytree(file.parent, other)
        (other / "run.json").write_text(file.read_text().replace('"dataset":"made"', '"dataset":"other"'))
    pack(runs, out=tmp_path / "both")
    frame = compare_frame(tmp_path / "both", api.load_records(tmp_path / "both"), "first", "second")
    assert list(frame["dataset"]) == ["made", "other"]
    assert set(frame["entities"]) == {N_GROUPS}
