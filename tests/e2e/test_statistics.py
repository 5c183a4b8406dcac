"""Tests in tables, comparisons and diagrams on the command line, on a run of simulated data."""

from __future__ import annotations

import csv
import io
import json

import pytest


def test_a_table_with_tests_says_how_it_was_tested(cli, finished):
    ended = cli("table", "--significance", "--results", finished)
    assert (ended.returncode, ended.stderr) == (0, "")
    group, user = (block.splitlines() for block in ended.stdout.split("\n\nitmrec-sim"))
    assert any("t-test corrected for shared training rows" in line for line in group)
    assert any(line.startswith("paired by seed (2 seeds)") for line in group)
    assert any("cluster bootstrap, Holm's correction for 3 comparisons" in line for line in user)
    assert any(line.startswith("paired by user (") for line in user)
    random = next(line for line in user if line.startswith("random (ref)"))
    assert random.count("↓") == 1, "random orders are worse than the best in NDCG"


def test_the_options_of_the_tests_reach_them(cli, finished):
    options = ("--test", "wilcoxon", "--correction", "bh", "--reference", "popularity", "--level", "0.01")
    ended = cli("table", *options, "--view", "rated-user", "--format", "csv", "--results", finished)
    rows = {r["method"]: r for r in csv.DictReader(io.StringIO(ended.stdout)) if r["metric"] == "ndcg@10"}
    assert rows["popularity"]["p"] == ""
    assert rows["svd"]["reference"] == "popularity"
    assert rows["svd"]["test"] == "wilcoxon"
    assert 0 < float(rows["svd"]["p"]) <= float(rows["svd"]["p_corrected"]) <= 1
    assert float(rows["random"]["difference"]) < 0


def test_two_rows_compared(cli, finished):
    ended = cli("compare", "svd", "random", "--results", finished)
    assert (ended.returncode, ended.stderr) == (0, "")
    for word in ("view rated-group", "view rated-user", "svd:average", "wins", "Cohen's d", "p bootstrap"):
        assert word in ended.stdout
    (row,) = json.loads(
        cli("compare", "svd", "random", "--view", "rated-user", "-f", "json", "--results", finished).stdout
    )
    assert row["wins"] + row["ties"] + row["losses"] == row["entities"]
    assert row["low"] < row["difference"] < row["high"]
    assert row["difference"] == pytest.approx(row["mean_first"] - row["mean_second"])
    assert max(row[f"p_{test}"] for test in ("bootstrap", "permutation", "t", "wilcoxon")) < 0.05


def test_a_diagram_of_average_ranks(cli, finished):
    methods = ("--methods", "svd,item-mean,popularity,random")
    ended = cli("plot", "cd", *methods, "-o", "figures/cd.svg", "--results", finished)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines()[-1] == "drawn in figures/cd.svg"
    assert "not independent" in ended.stdout
    drawn = (cli.folder / "figures/cd.svg").read_text()
    assert "ITM-Rec (simulated)" in drawn
    assert "Item mean" in drawn


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("plot", "cd"), "here are 1 (svd) in 2: run more methods or data sets"),
        (("plot", "cd", "-o", "cd.gif"), "unknown file format '.gif'"),
        (("plot", "cd", "--blocks", "folds"), "unknown kind of blocks 'folds'"),
        (("compare", "svd", "sdv"), "unknown row of these results 'sdv'; did you mean 'svd'"),
        (("compare", "svd", "svd"), "is compared with itself"),
        (("compare", "svd", "random", "--dataset", "itmrec"), "unknown dataset of these results 'itmrec'"),
        (("compare", "svd", "random", "--format", "html"), "unknown format 'html'"),
        (("table", "--significance", "--by", "size"), "--by shows no tests"),
        (("table", "--test", "chi"), "unknown test 'chi'"),
        (("table", "--correction", "bonferroni"), "unknown correction 'bonferroni'"),
        (("table", "--level", "5"), "level=5"),
        (("table", "--reference", "svdd"), "unknown row of this table 'svdd'; did you mean 'svd'"),
    ],
)
def test_what_cannot_be_tested_is_refused(cli, finished, arguments, said):
    assert said in cli.refused(*arguments, "--results", finished)
