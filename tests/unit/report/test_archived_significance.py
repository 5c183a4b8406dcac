"""Tests between rows of an archive, which keeps the values of single users and groups of the first rows."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from groupbench import api
from groupbench.core.errors import ConfigError, GroupbenchWarning, ResultError
from groupbench.report.breakdown import breakdown_frame
from groupbench.report.compare import compare_frame
from groupbench.report.leading import leading_rows
from groupbench.report.options import ResultFilter
from groupbench.report.plot_rows import value_rows
from groupbench.report.render import render, table_frame
from groupbench.report.significance import Significance
from groupbench.results import job_tables, store
from groupbench.results.agreement import unlike_tables
from groupbench.results.archive import ENTITIES, FILE, GROUPS, MANIFEST, read_archived
from groupbench.results.exchange import Packing, merge
from groupbench.results.job_tables import JobTables, TableRow
from groupbench.results.store import ViewMetrics
from tests._records import make_record, write_record

N_GROUPS = 40
LIFTS = {"first": 0.12, "second": 0.1, "third": 0.0, "fourth": -0.1}


def with_view(table, view):
    """The rows of a table of entities, and the same again in another view."""
    others = table.set_column(table.column_names.index("view"), "view", pa.array([view] * len(table)))
    return pa.concat_tables([table.cast(others.schema), others])


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
    assert "Holm's correction for 3 comparisons and the choice of the best (6 pairs)" in text
    assert "not tested, as the archive keeps no values per group: 2 rows below the first" in text
    frame = table_frame(records, metrics=["ndcg@10", "recall@10"], significance=Significance(archive))
    tested = frame[frame["p"].notna()]
    assert set(tested["method"]) == {"second"}
    assert set(tested["metric"]) == {"ndcg@10"}


def test_what_was_not_kept_is_named(archive):
    with pytest.raises(ResultError, match=r"keeps no values of .*third:average, but of first:average, "):
        compared(archive, "first", "third", metrics="ndcg@10")
    with pytest.raises(ResultError, match=r"no recall@10 .* is kept of first, but ndcg@10; name that"):
        compared(archive, "first", "second", metrics="recall@10")
    against = Significance(archive, reference="fourth")
    text = render(api.load_records(archive), format="plain", metrics="ndcg@10", significance=against)
    assert "the archive has values per user or group of first:average, second:average alone" in text


def test_an_archive_of_means_alone_says_how_to_get_tests(runs, tmp_path):
    merge([runs], tmp_path / "means", packing=Packing("x"))
    with pytest.raises(ResultError, match=r"means has means alone.*; pack it again with --significance N"):
        compared(tmp_path / "means", "first", "second")


def test_metrics_that_the_archive_lacks_and_metrics_without_values_are_told_apart(archive, runs):
    def notes(folder):
        how = Significance(folder)
        return render(
            api.load_records(folder), format="plain", metrics=["ndcg@10", "recall@10"], significance=how
        )

    assert "not tested, as no value per group is kept: recall@10" in notes(archive)
    for file in runs.rglob(ENTITIES):
        pq.write_table(pq.read_table(file).drop_columns("recall@10"), file)
    assert "not tested, as no value per group exists: recall@10" in notes(runs)


@pytest.mark.parametrize("unpacked", [False, True])
def test_scores_by_size_are_those_of_the_runs_and_rows_without_values_are_told(
    archive, runs, tmp_path, unpacked
):
    folder = archive
    if unpacked:
        folder = tmp_path / "unpacked"
        merge([archive], folder)
    with pytest.warns(GroupbenchWarning, match="values of single groups .* of 2 methods: fourth"):
        found = breakdown_frame(folder, api.load_records(folder), by="size")
    whole = breakdown_frame(runs, api.load_records(runs), by="size")
    kept = whole[whole["method"].isin(["first", "second"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, kept)
    with pytest.raises(ConfigError, match="stored ndcg@10 and cohesion of single groups"):
        breakdown_frame(folder, api.load_records(folder), by="cohesion")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda t: pa.concat_tables([t, t.slice(3, 1)]),
            "has 41 lists in rated-group, average, and 40 by run.json",
        ),
        (lambda t: t.slice(1), "has 39 lists in rated-group, average, and 40 by run.json"),
        (lambda t: t.set_column(3, "ndcg@10", pa.array([np.inf] * len(t))), "has an infinite ndcg@10"),
    ],
)
def test_values_that_no_run_writes_are_refused(runs, spoil, said):
    file = next(iter(sorted((runs / "runs").rglob(ENTITIES))))
    pq.write_table(spoil(pq.read_table(file)), file)
    with pytest.raises(ResultError, match=said):
        breakdown_frame(runs, api.load_records(runs), by="size")
    with pytest.raises(ResultError, match=said):
        pack(runs, out=runs / "archive", n=4)


def test_a_group_has_one_row(runs):
    file = next(iter(sorted((runs / "runs").rglob(GROUPS))))
    table = pq.read_table(file)
    pq.write_table(pa.concat_tables([table, table.slice(3, 1)]), file)

    for read in (partial(breakdown_frame, by="size"), partial(compare_frame, first="first", second="second")):
        with pytest.raises(ResultError, match="has two rows of the group 'g3'; delete its folder"):
            read(runs, api.load_records(runs))


def test_groups_may_have_several_lists(runs, tmp_path):
    """As where each held-out row is ranked among its own negatives."""
    for file in sorted((runs / "runs").rglob(ENTITIES)):
        table = pq.read_table(file)
        names = pa.array([f"g{int(name[1:]) // 2}" for name in table["entity"].to_pylist()])
        pq.write_table(table.set_column(table.column_names.index("entity"), "entity", names), file)
    of_runs = breakdown_frame(runs, api.load_records(runs), by="size")
    compared = partial(compare_frame, first="first", second="third")

    pack(runs, out=tmp_path / "packed", n=4)

    archived = api.load_records(tmp_path / "packed")
    assert of_runs["groups"].tolist() == [N_GROUPS] * len(LIFTS)
    pd.testing.assert_frame_equal(breakdown_frame(tmp_path / "packed", archived, by="size"), of_runs)
    (found,) = compared(runs, api.load_records(runs))["p_bootstrap"]
    assert compared(tmp_path / "packed", archived)["p_bootstrap"].tolist() == [found]


def test_a_view_without_values_is_left_out_of_a_comparison(runs, tmp_path):
    for file in runs.rglob("run.json"):
        record = store.read(file.parent)
        entries = [replace(entry, view="rated-user") for entry in record.metrics]
        views = {**record.views, "rated-user": record.views["rated-group"]}
        tables = {
            "entities": with_view(pq.read_table(file.with_name(ENTITIES)), "rated-user"),
            "groups": pq.read_table(file.with_name(GROUPS)),
        }
        write_record(runs, replace(record, metrics=(*record.metrics, *entries), views=views), tables)
    rows = ({TableRow("made", "paper", "rated-user", m, "average") for m in LIFTS}, ["ndcg@10"])
    merge([runs], tmp_path / "out", aggregators=["average"], packing=Packing("x", lambda records: rows))
    with pytest.warns(
        GroupbenchWarning, match="left out made, paper, rated-group: the archive keeps no values"
    ):
        found = compared(tmp_path / "out", "first", "second")
    assert list(found["view"]) == ["rated-user"]
    pd.testing.assert_frame_equal(found, compared(runs, "first", "second", views="rated-user"))


def test_leading_rows_are_the_best_of_each_view_by_each_metric(runs):
    rows, metrics = leading_rows(api.load_records(runs), 1, ["ndcg", "recall"], k=[10])
    assert list(metrics) == ["ndcg@10", "recall@10"]
    assert rows == {TableRow("made", "paper", "rated-group", "first", a) for a in ("average", "borda")}


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
    assert merged.notes == ("values of single users or groups are gone of new in made, paper",)


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


def table(folder, **options):
    how = Significance(folder, **options)
    return render(api.load_records(folder), format="plain", metrics="ndcg@10", significance=how)


def test_records_that_were_put_back_are_tested_as_far_as_the_archive_was(archive, runs, tmp_path):
    merge([archive], tmp_path / "back")
    assert table(tmp_path / "back") == table(archive)
    run(tmp_path / "back", "fifth", 0, lift=0.0)
    assert "not tested, as the archive keeps no values per group: 2 rows" in table(tmp_path / "back")
    (done, *_) = [r for r in api.load_records(tmp_path / "back") if r.method == "first"]
    folder = store.folder_of(tmp_path / "back", done.dataset, done.protocol, done.method, done.key)
    assert unlike_tables(folder, done) == []


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_archives_of_the_same_jobs_the_fuller_values_stay(runs, tmp_path, order):
    for name, n in (("few", 2), ("many", 4)):
        pack(runs, out=tmp_path / name, n=n)
    merge([runs], tmp_path / "none", aggregators=["average"], packing=Packing("x"))
    folders = [(tmp_path / "few", tmp_path / "none")[i] for i in order]
    assert pack(*folders, out=tmp_path / "a").notes == ()
    folders = [(tmp_path / "few", tmp_path / "many")[i] for i in order]
    pack(*folders, out=tmp_path / "b", n=4)
    assert len(compared(tmp_path / "b", "third", "fourth", metrics="ndcg@10")) == 1


def test_each_aggregator_has_its_first_rows(runs, tmp_path):
    rows = partial(leading_rows, n=2, metrics=["ndcg@10"])
    merge([runs], tmp_path / "all", packing=Packing("x", rows))
    for aggregator in ("average", "borda"):
        frame = compare_frame(
            tmp_path / "all", api.load_records(tmp_path / "all"), "first", "second", aggregator=aggregator
        )
        assert len(frame) == 1


def test_rows_with_fewer_seeds_take_no_place(runs, tmp_path):
    for method in ("lucky", "luckier"):
        run(runs, method, 0, lift=0.4)
    pack(runs, out=tmp_path / "archive")
    assert "Holm" in table(tmp_path / "archive")


def test_corrections_allow_for_rows_without_values(runs, archive):
    kept = table_frame(api.load_records(archive), metrics="ndcg@10", significance=Significance(archive))
    whole = table_frame(
        api.load_records(runs), metrics="ndcg@10", aggregator="average", significance=Significance(runs)
    )
    for frame in (kept, whole):
        frame.set_index(["method", "aggregator"], inplace=True)
    row = ("second", "average")
    assert kept.loc[row, "p"] == whole.loc[row, "p"]
    assert kept.loc[row, "p_corrected"] >= whole.loc[row, "p_corrected"]


def test_files_of_others_are_not_replaced(runs, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / GROUPS).write_text("mine")
    with pytest.raises(ResultError, match=rf"{GROUPS} is of no archive; move it away"):
        pack(runs, out=tmp_path / "out")
    assert [file.name for file in (tmp_path / "out").iterdir()] == [GROUPS]


def test_a_table_that_the_manifest_has_is_missed(archive, tmp_path):
    (archive / GROUPS).unlink()
    for what in (
        partial(compared, archive, "first", "second"),
        partial(pack, archive, out=tmp_path / "again"),
    ):
        with pytest.raises(ResultError, match=rf"{GROUPS} holds no archived values .*get the folder anew"):
            what()


def test_a_metric_that_is_gone_is_told(archive, tmp_path):
    merged = pack(archive, out=tmp_path / "again", metrics=("ndcg@10", "recall@10"))
    assert len(merged.notes) == 2
    with pytest.raises(ResultError, match=r"no recall@10 .* but ndcg@10; name that"):
        compared(tmp_path / "again", "first", "second", metrics="recall@10")


def test_a_drawing_of_values_leaves_out_rows_without_any(archive):
    records = api.load_records(archive)
    with pytest.warns(GroupbenchWarning, match=r"left out, .*: .*Fourth|left out, .*fourth"):
        drawn = value_rows(archive, records, ResultFilter.make())
    assert len(drawn.values) == len(drawn.names) == 2


def test_each_results_folder_is_read_once(archive, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        job_tables, "read_archived", lambda *given: asked.append(given[1]) or read_archived(*given)
    )
    merge([archive, archive], tmp_path / "back")
    assert len(asked) <= 4  # both tables of both folders that were named
