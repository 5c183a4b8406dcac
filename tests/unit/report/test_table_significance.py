"""Tests between rows of a table and of two rows, on results folders made here with known differences."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from groupbench import api
from groupbench.core.errors import ConfigError, GroupbenchWarning, ResultError
from groupbench.report import statistics
from groupbench.report.compare import compare_frame, render_comparison
from groupbench.report.ranking import rank_methods
from groupbench.report.render import render, table_frame
from groupbench.report.significance import Significance
from groupbench.results import store
from tests._records import make_record, write_record

RATIO = {"name": "paper", "split": "ratio", "ratio": 0.8, "folds": 5, "unit": "pairs"}
GIVEN = {"name": "given"}


def write_run(root, method, seed, names, values, *, view, members=None, aggregator="none", protocol=RATIO):
    """One finished job whose lists in one view have the given NDCG."""
    means = {"ndcg@10": float(np.nanmean(values)), "coverage@10": 0.5}
    facts = {"entities": len(names), "skipped": 0, "tau": 3.5, "definition": "", "reason": ""}
    record = make_record(
        method,
        seed,
        protocol=protocol["name"],
        config={"protocol": protocol},
        metrics=(store.ViewMetrics(view, aggregator, means, means, means, 0.0),),
        views={view: {**facts, "entity": "user" if members is None else "group"}},
    )
    entities = {
        "view": [view] * len(names),
        "aggregator": [aggregator] * len(names),
        "entity": names,
        "ndcg@10": values,
    }
    tables = {"entities": pa.table(entities)}
    if members is not None:
        tables["groups"] = pa.table({"group": list(members), "members": list(members.values())})
    write_record(root, record, tables)


def users(root, lifts, *, n=60, n_seeds=3, **options):
    """Runs of methods whose users' NDCG is the same noise plus a lift and noise of their own."""
    for seed in range(n_seeds):
        base = np.random.default_rng(seed).uniform(0.2, 0.6, n)
        for number, (method, lift) in enumerate(lifts.items()):
            own = np.random.default_rng([seed, number]).normal(0, 0.05, n)
            names = [f"u{i}" for i in range(n)]
            write_run(root, method, seed, names, base + lift + own, view="rated-user", **options)


def groups(root, lists, *, lift=0.1, n_seeds=1, shuffle=False, protocol=RATIO):
    """Runs of two methods over groups with the given members, formed anew in each seed if asked."""
    for seed in range(n_seeds):
        draws = np.random.default_rng(seed)
        mixed = draws.permutation(sorted({u for g in lists for u in g}))
        named = [[str(mixed[u] if shuffle else u) for u in g] for g in lists]
        members = {f"g{i}": group for i, group in enumerate(named)}
        base = draws.uniform(0.2, 0.6, len(lists))
        for number, method in enumerate(("better", "worse")):
            own = np.random.default_rng([seed, number]).normal(lift * (1 - number), 0.03, len(lists))
            options = {"members": members, "aggregator": "average", "protocol": protocol}
            write_run(root, method, seed, list(members), base + own, view="rated-group", **options)


def compared(root, first="better", second="worse", **options):
    (row,) = compare_frame(root, api.load_records(root), first, second, **options).to_dict("records")
    return row


@pytest.fixture
def ranked(tmp_path):
    users(tmp_path, {"best": 0.1, "same": 0.1, "worse": 0.05, "random": 0.0, "oracle": 0.3}, n_seeds=10)
    return tmp_path


def test_rows_that_differ_from_the_best_are_marked(ranked):
    records = api.load_records(ranked)
    lines = render(records, format="plain", metrics="ndcg@10", significance=Significance(ranked)).splitlines()
    marks = {line.split()[0]: "↓" in line for line in lines[4:9]}
    assert marks == {"oracle": False, "best": False, "same": False, "worse": True, "random": True}
    text = "\n".join(lines)
    assert "↑ ↓ higher or lower than the best method in the metric: cluster bootstrap, Holm" in text
    assert "3 comparisons and the choice of the best (6 pairs), level 0.05" in text
    assert "paired by user (60 users) over 10 seeds" in text
    assert r"$\downarrow$" in render(records, format="latex", significance=Significance(ranked))


def test_a_named_reference_has_rows_on_both_sides(ranked):
    how = Significance(ranked, reference="worse", correction="bh", test="wilcoxon")
    text = render(api.load_records(ranked), format="markdown", metrics="ndcg@10", significance=how)
    rows = {line.split("|")[1].strip(): line for line in text.splitlines() if line.startswith("| ")}
    assert "↑" in rows["best"]
    assert "**↑" in rows["best"] + rows["same"]
    assert "↓" in rows["Random (ref)"]
    assert "↑" not in rows["worse"]
    assert "Wilcoxon's signed-rank test, Benjamini & Hochberg" in text.replace("&amp;", "&")


def test_the_frame_and_csv_hold_every_verdict(ranked):
    records = api.load_records(ranked)
    frame = table_frame(records, metrics="ndcg@10", significance=Significance(ranked)).set_index("method")
    assert frame.loc["worse", "reference"] == frame["mean"].drop("oracle").idxmax()
    for method in ("worse", "random"):
        row = frame.loc[method]
        assert row["low"] < row["difference"] < row["high"] < 0
        assert row["difference"] == pytest.approx(row["mean"] - frame.loc[row["reference"], "mean"])
        assert row["p"] <= row["p_corrected"] <= 0.05
        assert row["cohen_d"] < 0
        assert (row["pairing"], row["test"]) == ("clusters", "bootstrap")
        assert row["units"] == pytest.approx(60)
    assert pd.isna(frame.loc["oracle", "p"])
    written = pd.read_csv(io.StringIO(render(records, format="csv", significance=Significance(ranked))))
    assert {"difference", "low", "high", "p_corrected", "cohen_d"} <= set(written.columns)
    assert "p_corrected" not in table_frame(records)
    assert (
        json.loads(render(records, format="json", significance=Significance(ranked)))[0]["pairing"]
        is not None
    )


def test_the_python_function_tests_too(ranked):
    frame = api.table(ranked, significance={"test": "t", "level": 0.01}, metrics="ndcg@10")
    assert set(frame["test"].dropna()) == {"t"}
    assert "p" not in api.table(ranked)
    assert api.compare("best", "random", ranked)["p_t"][0] < 0.01


def test_a_level_that_no_memory_has_replicates_for_is_refused(ranked):
    with pytest.raises(ConfigError, match=r"level=1e-09 takes more replicates .* or --test t"):
        render(api.load_records(ranked), format="plain", significance=Significance(ranked, level=1e-9))
    assert "level 1e-09" in render(
        api.load_records(ranked), format="plain", significance=Significance(ranked, test="t", level=1e-9)
    )


def test_metrics_without_a_value_per_user_are_named(ranked):
    how = Significance(ranked)
    text = render(api.load_records(ranked), format="plain", metrics=["coverage@10"], significance=how)
    assert "not tested, as no value per user exists: coverage@10" in text


def test_few_seeds_say_what_it_cannot_say(tmp_path):
    users(tmp_path, {"a": 0.1, "b": 0.0}, n_seeds=1)
    text = render(api.load_records(tmp_path), format="plain", significance=Significance(tmp_path))
    assert "fewer than 3 seeds (1): differences are between the fits that were made" in text


@pytest.mark.parametrize(("n_seeds", "said"), [(3, True), (9, True), (10, False)])
def test_seeds_that_limit_what_can_be_found_are_noted(tmp_path, n_seeds, said):
    users(tmp_path, {"a": 0.1, "b": 0.0}, n=20, n_seeds=n_seeds)
    text = render(api.load_records(tmp_path), format="plain", significance=Significance(tmp_path))
    assert (f"luck between {n_seeds} seeds has {n_seeds - 1} degrees of freedom" in text) == said


def test_one_lucky_seed_makes_no_arrow(tmp_path):
    users(tmp_path, {"steady": 0.0}, n_seeds=3)
    for seed, lift in enumerate((0.0, 0.02, 0.3)):
        names = [f"u{i}" for i in range(60)]
        base = np.random.default_rng(seed).uniform(0.2, 0.6, 60)
        write_run(tmp_path, "lucky", seed, names, base + lift, view="rated-user")
    text = render(api.load_records(tmp_path), format="plain", significance=Significance(tmp_path))
    assert "lucky" in text
    assert "steady" in text
    assert not {"↑", "↓"} & set("".join(line for line in text.splitlines() if "±" in line))
    assert compared(tmp_path, "lucky", "steady")["p_permutation"] > 0.2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"test": "chi"}, "unknown test 'chi'"),
        ({"correction": "bonferroni"}, "unknown correction"),
        ({"level": 0.0}, "level=0"),
        ({"level": 1.0}, "level=1"),
    ],
)
def test_unknown_ways_to_test_are_refused(tmp_path, changes, said):
    with pytest.raises(ConfigError, match=said):
        Significance(tmp_path, **changes)


def test_an_unknown_reference_is_refused(ranked):
    with pytest.raises(ConfigError, match="unknown row of this table 'bets'; did you mean 'best'"):
        render(api.load_records(ranked), format="plain", significance=Significance(ranked, reference="bets"))


def test_groups_that_share_no_user_are_units_of_their_own(tmp_path):
    groups(tmp_path, [[3 * g, 3 * g + 1] for g in range(20)], n_seeds=2)
    row = compared(tmp_path)
    assert (row["pairing"], row["units"]) == ("clusters", pytest.approx(20))
    assert row["unit"] == "paired by group (none of the 20 groups shares users) over 2 seeds"
    assert (row["wins"], row["ties"], row["losses"], row["entities"]) == (20, 0, 0, 20)
    assert row["p_bootstrap"] < 0.001
    assert row["low"] < 0.1 < row["high"]


def test_groups_that_share_users_form_clusters(tmp_path):
    groups(tmp_path, [pair for g in range(12) for pair in ([10 * g, 10 * g + 1], [10 * g + 1, 10 * g + 2])])
    row = compared(tmp_path)
    assert (row["pairing"], row["units"]) == ("clusters", pytest.approx(12))
    assert "(24 groups in 12 clusters)" in row["unit"]


def test_a_chain_of_groups_is_one_cluster_but_few_links(tmp_path):
    groups(tmp_path, [[g, g + 1] for g in range(60)])
    row = compared(tmp_path)
    assert row["pairing"] == "links"
    assert row["units"] == pytest.approx(60**2 / (60 + 2 * 59))
    assert "as clusters, tied through others, like 1.0" in row["unit"]
    assert np.isnan(row["p_bootstrap"])
    assert row["p_t"] < 0.001
    text = render(api.load_records(tmp_path), format="plain", significance=Significance(tmp_path))
    assert "t-test with the variance of linked groups" in text
    assert "bootstrap needs clusters" in text


def test_groups_formed_anew_in_each_seed_are_paired_by_seed(tmp_path):
    groups(tmp_path, [range(10 * g, 10 * g + 10) for g in range(10)], n_seeds=5, shuffle=True)
    row = compared(tmp_path)
    assert (row["pairing"], row["units"]) == ("seeds", 5)
    assert row["unit"].startswith("paired by seed (5 seeds): 50 groups that share users weigh like only")
    frames = [pd.read_parquet(f) for f in sorted(tmp_path.glob("runs/*/*/*/*/entities.parquet"))]
    means = np.array([frame["ndcg@10"].mean() for frame in frames])
    differences = means[:5] - means[5:]
    t = differences.mean() / np.sqrt(differences.var(ddof=1) * (1 / 5 + 0.25))
    from scipy.stats import t as t_distribution

    assert row["p_t"] == pytest.approx(2 * t_distribution.sf(t, 4))


def test_where_nothing_is_independent_there_is_no_test_but_a_reason(tmp_path):
    options = {"n_seeds": 3, "shuffle": True, "protocol": GIVEN}
    groups(tmp_path, [range(10 * g, 10 * g + 10) for g in range(10)], **options)
    row = compared(tmp_path)
    assert row["pairing"] == "none"
    assert "every seed holds out the same rows" in row["unit"]
    assert np.isnan([row["low"], row["p_t"], row["units"]]).all()
    assert row["wins"] + row["ties"] + row["losses"] == row["entities"]
    text = render(api.load_records(tmp_path), format="plain", significance=Significance(tmp_path))
    assert "no significance test: 30 groups that share users weigh like only" in text
    shown = render_comparison(
        compare_frame(tmp_path, api.load_records(tmp_path), "better", "worse"), format="plain"
    )
    assert "no test: 30 groups" in shown
    assert "p t" not in shown


def test_seeds_that_only_one_row_has_do_not_count(tmp_path):
    users(tmp_path, {"a": 0.1, "b": 0.0}, n_seeds=3)
    (extra,) = tmp_path.glob("runs/made/paper/b/b-2/run.json")
    extra.unlink()
    row = compared(tmp_path, "a", "b")
    assert row["seeds"] == 2
    assert row["difference"] == pytest.approx(row["mean_first"] - row["mean_second"])


def test_runs_that_judged_different_lists_are_not_paired(tmp_path):
    users(tmp_path, {"a": 0.1}, n=20, n_seeds=1)
    users(tmp_path, {"b": 0.0}, n=21, n_seeds=1)
    left_out = r"left out 1 record whose entities in view rated-user is 2\d instead of 2\d"
    with pytest.warns(GroupbenchWarning, match=left_out), pytest.raises(ConfigError, match="unknown"):
        compared(tmp_path, "a", "b")


def test_results_without_members_or_files_say_what_to_do(tmp_path):
    groups(tmp_path, [[g] for g in range(10)])
    for file in tmp_path.glob("runs/*/*/*/*/groups.parquet"):
        import pyarrow.parquet as pq

        pq.write_table(pq.read_table(file).drop_columns("members"), file)
    with pytest.raises(ResultError, match=r"has no column members; delete its folder"):
        compared(tmp_path)
    for file in tmp_path.glob("runs/*/*/*/*/entities.parquet"):
        file.write_text("rubbish")
    with pytest.raises(ResultError, match=r"entities.parquet cannot be read .*; delete its folder"):
        compared(tmp_path)
    for file in tmp_path.glob("runs/*/*/*/*/entities.parquet"):
        file.unlink()
    with pytest.raises(ResultError, match=r"entities.parquet is not there: .*; where these are needed"):
        compared(tmp_path)


def test_only_the_columns_asked_for_are_read(ranked, monkeypatch):
    import pyarrow.parquet as pq

    asked = []
    read = pq.ParquetFile.read

    def spy(self, columns=None, **options):
        asked.append(columns)
        return read(self, columns=columns, **options)

    monkeypatch.setattr(pq.ParquetFile, "read", spy)
    table_frame(api.load_records(ranked), metrics="ndcg@10", significance=Significance(ranked))
    assert len(asked) == 40
    assert all(columns == ["view", "aggregator", "entity", "ndcg@10"] for columns in asked)


def test_a_comparison_as_text(tmp_path):
    groups(tmp_path, [[3 * g, 3 * g + 1] for g in range(20)], n_seeds=2)
    frame = compare_frame(tmp_path, api.load_records(tmp_path), "better", "worse")
    lines = render_comparison(frame, format="plain").splitlines()
    assert lines[0] == "made (simulated data), protocol paper, view rated-group: ndcg@10, 2 seeds"
    labels = [line[2:].split("  ")[0] for line in lines[1:]]
    assert labels[:4] == ["better:average", "worse:average", "difference", "wins"]
    assert {f"p {test}" for test in statistics.TESTS} <= set(labels)
    assert labels[-2:] == ["unit", "independent"]
    assert list(pd.read_csv(io.StringIO(render_comparison(frame, format="csv"))).columns) == list(
        frame.columns
    )
    assert json.loads(render_comparison(frame, format="json"))[0]["first"] == "better:average"
    with pytest.raises(ConfigError, match="unknown format 'xml'"):
        render_comparison(frame, format="xml")


def test_who_wins_goes_by_what_is_better(ranked, monkeypatch):
    higher = compared(ranked, "best", "random")
    monkeypatch.setattr("groupbench.report.compare.lower_is_better", lambda name: True)
    lower = compared(ranked, "best", "random")
    assert higher["wins"] > higher["losses"]
    assert (lower["wins"], lower["losses"]) == (higher["losses"], higher["wins"])
    assert (lower["difference"], lower["cohen_d"]) == (higher["difference"], higher["cohen_d"])


def test_a_method_is_meant_by_its_name_where_one_row_has_it(tmp_path):
    lifts = {"svd[tuned]": 0.1, "ease[tuned]": 0.0, "ease[both,tuned]": 0.0}
    users(tmp_path, lifts, aggregator="average")
    for file in tmp_path.rglob("run.json"):
        record = store.read(file.parent)
        file.write_text(replace(record, name=record.method.partition("[")[0]).to_json())
    for name in ("svd", "SVD", "svd:average"):
        assert compared(tmp_path, name, "ease[tuned]")["first"] == "svd[tuned]:average"
    with pytest.raises(ConfigError, match=r"ease is 2 rows \(ease\[both,tuned\], ease\[tuned\]\); name one"):
        compared(tmp_path, "ease", "svd")


def test_a_group_method_is_meant_by_its_own_scores_unless_an_aggregator_is_named(tmp_path):
    groups(tmp_path, [[g] for g in range(10)], n_seeds=2)
    for file in tmp_path.rglob("better/*/run.json"):
        record = store.read(file.parent)
        (averaged,) = record.metrics
        (native,) = (replace(m, aggregator="own") for m in record.metrics)
        entities = pq.read_table(file.parent / "entities.parquet")
        column = entities.schema.get_field_index("aggregator")
        own = entities.set_column(column, "aggregator", pa.array(["own"] * len(entities)))
        tables = {
            "entities": pa.concat_tables([entities, own]),
            "groups": pq.read_table(file.parent / "groups.parquet"),
        }
        write_record(tmp_path, replace(record, metrics=(averaged, native)), tables)
    assert compared(tmp_path)["first"] == "better:own"
    assert compared(tmp_path, aggregator="average")["first"] == "better:average"
    assert compared(tmp_path, "better:average", "better")["second"] == "better:own"
    assert compared(tmp_path)["second"] == "worse:average"


@pytest.mark.parametrize(
    ("first", "options", "said"),
    [
        ("bettr", {}, "unknown row of these results 'bettr'; did you mean 'better'"),
        ("better:borda", {}, "unknown row of these results 'better:borda'"),
        ("worse", {}, "worse:average is compared with itself"),
        ("better", {"aggregator": "avrage"}, "unknown aggregator in these results 'avrage'"),
        ("better", {"metrics": ["ndcg@11"]}, "unknown metric"),
        ("better", {"metrics": ["coverage@10"]}, "have no view, metric, aggregator and seed in common"),
        ("better", {"level": 5}, "level=5"),
    ],
)
def test_comparisons_that_cannot_be_made(tmp_path, first, options, said):
    groups(tmp_path, [[g] for g in range(10)])
    with pytest.raises(ConfigError, match=said):
        compare_frame(tmp_path, api.load_records(tmp_path), first, "worse", **options)


def test_group_methods_are_ranked_by_their_own_scores_unless_an_aggregator_is_named(tmp_path):
    for method, native in {"a": 0.9, "b": 0.5, "c": 0.1}.items():
        for seed in range(3):
            figures = {"own": {"ndcg@10": native}, "average": {"ndcg@10": 1 - native}}
            metrics = tuple(
                store.ViewMetrics("rated-group", name, held, held, held, 0.0)
                for name, held in figures.items()
            )
            write_record(tmp_path, make_record(method, seed, metrics=metrics, config={"protocol": RATIO}))
    records = api.load_records(tmp_path)
    assert rank_methods(records, blocks="seeds").ranks.names == ("a", "b", "c")
    averaged = rank_methods(records, blocks="seeds", aggregator="average")
    assert averaged.ranks.names == ("c", "b", "a")


def test_ranks_over_seeds(tmp_path):
    users(tmp_path, {"a": 0.2, "b": 0.1, "c": 0.0, "random": -0.1}, n_seeds=4)
    found = rank_methods(api.load_records(tmp_path), blocks="seeds")
    assert found.ranks.names == ("a", "b", "c")
    assert list(found.ranks.ranks) == [1, 2, 3]
    assert found.ranks.n_blocks == 4
    assert "over 4 blocks of made (simulated data)" in found.title
    assert "the 4 blocks come from 1 data set and are not independent" in found.notes[0]
    named = rank_methods(api.load_records(tmp_path), blocks="seeds", methods=["a", "c", "random"])
    assert named.ranks.names == ("a", "c", "random")


def test_methods_that_are_not_everywhere_are_left_out(tmp_path):
    users(tmp_path, {"a": 0.2, "b": 0.1, "c": 0.0, "d": 0.0}, n_seeds=2)
    users(tmp_path, {"a": 0.2, "b": 0.1, "c": 0.0}, n_seeds=2, protocol=GIVEN)
    found = rank_methods(api.load_records(tmp_path))
    assert found.ranks.names == ("a", "b", "c")
    assert found.ranks.n_blocks == 2
    assert "left out, as not evaluated in every block: d" in found.notes


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, r"here are 3 \(a, b, c\) in 1: run more methods or data sets"),
        ({"blocks": "seeds", "methods": ["a", "b"]}, r"here are 2 \(a, b\) in 2"),
        ({"blocks": "folds"}, "unknown kind of blocks 'folds'"),
        ({"methods": ["a", "x"]}, "unknown method in these results 'x'"),
        ({"metric": "ndcg@11"}, "unknown metric"),
        ({"level": 2}, "level=2"),
    ],
)
def test_ranks_that_cannot_be_had(tmp_path, options, said):
    users(tmp_path, {"a": 0.2, "b": 0.1, "c": 0.0}, n_seeds=2)
    with pytest.raises(ConfigError, match=said):
        rank_methods(api.load_records(tmp_path), **options)


def one_common_seed(root):
    """Runs over groups of which only seeds can be paired, `better` with seeds that `worse` lacks."""
    groups(root, [[0, g, g + 1] for g in range(12)], n_seeds=4, shuffle=True)
    for seed in (1, 2, 3):
        shutil.rmtree(store.folder_of(root, "made", "paper", "worse", f"worse-{seed}"))


def test_rows_with_one_seed_in_common_are_not_tested_and_the_remedy_is_told(tmp_path):
    one_common_seed(tmp_path)
    row = compared(tmp_path)
    assert (row["pairing"], row["seeds"]) == ("none", 1)
    assert np.isnan([row["low"], row["p_t"], row["units"]]).all()
    text = render_comparison(pd.DataFrame([row]), format="plain")
    assert "nan" not in text
    assert "no test: " in text
    assert "there is only 1 seed for all of them; run more, such as --seeds 5" in text


def test_a_table_names_rows_that_share_too_few_seeds_with_the_reference(tmp_path):
    one_common_seed(tmp_path)
    how = Significance(tmp_path, reference="Better")
    text = render(api.load_records(tmp_path), format="plain", metrics="ndcg@10", significance=how)
    assert "not tested, as too few seeds are shared with better:average: worse:average; run the same" in text


def test_where_no_row_has_an_arrow_the_smallest_p_is_told_by_the_names_of_the_table(tmp_path):
    users(tmp_path, {"svdpp": 0.1, "ease": 0.1}, n_seeds=2)
    how = Significance(tmp_path, reference="EASE", level=0.001)
    records = api.load_records(tmp_path)
    plain = render(records, format="plain", metrics="ndcg@10", significance=how)
    assert "no row differs from ease at level 0.001: the smallest corrected p is 0." in plain
    assert "No row differs from EASE at level" in render(
        records, format="latex", metrics="ndcg@10", significance=how
    )
    found = Significance(tmp_path, reference="EASE", level=0.999)
    assert "no row differs" not in render(records, format="plain", metrics="ndcg@10", significance=found)


def test_ranks_say_whose_means_are_over_fewer_seeds(tmp_path):
    users(tmp_path, {"a": 0.2, "b": 0.1, "c": 0.0}, n_seeds=2)
    users(tmp_path, {"a": 0.2, "b": 0.1}, n_seeds=4)
    blocks = [replace(r, dataset=name) for r in api.load_records(tmp_path) for name in ("one", "two")]
    assert "means over fewer seeds than others have: c" in rank_methods(blocks).notes
