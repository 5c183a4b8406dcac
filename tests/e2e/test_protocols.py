"""The protocols coupled, natural and given on the command line, and on the original data."""

from __future__ import annotations

import json

import pytest

from groupbench import api

CUTS = ["hit@5", "ndcg@5", "hit@10", "ndcg@10"]
SHOWN = ["precision@10", "recall@10", "ndcg@10"]
REFERENCES = "random,popularity,item-mean,oracle"
BARE = '''
import numpy as np
from groupbench import Dataset, Ratings, dataset
from groupbench.data.dataset import GivenSplit, HeldOutRows
from groupbench.data.groups import Groups

@dataset("bare")
def bare(source):
    """Held-out rows of pairs of users, without sampled negatives."""
    def rows(start, n):
        return Ratings(np.arange(n) % 20, (np.arange(n) * 7 + start) % 30, np.ones(n), 20, 30)
    return Dataset("bare", "Bare", rows(0, 90), tuple(map(str, range(20))), tuple(map(str, range(30))),
        (1.0, 1.0), groups=Groups.from_lists([[i, (i + 1) % 20] for i in range(20)]),
        group_ratings=rows(1, 60), given=GivenSplit(groups=HeldOutRows(rows(5, 40))))
'''


@pytest.fixture
def figures(cli):
    """Runs a protocol and returns its figures by view, method, aggregator and metric, as means over seeds."""

    def call(*arguments: object):
        ended = cli("run", *arguments)
        assert ended.returncode == 0, ended
        assert "0 failed" in ended.stdout
        frame = api.load_results(cli.folder / "results")
        return frame.groupby(["view", "method", "aggregator", "metric"])["value"].mean()

    return call


def records(cli):
    return [json.loads(file.read_text()) for file in cli.folder.glob("results/runs/*/*/*/*/run.json")]


# Simulated data -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("groups", ["similar", "random", "natural"])
def test_coupled(cli, figures, groups):
    options = (
        "--protocol",
        "coupled",
        "--groups",
        groups,
        "--option",
        "n_groups=60",
        "--option",
        "sizes=[2,4]",
    )
    found = figures("--dataset", "itmrec-sim", *options, "--seeds", "1", "--methods", REFERENCES)

    coupled = found.xs("ndcg@10", level="metric")["coupled"]
    average = {method: coupled[method, "average"] for method in ("popularity", "item-mean")}
    assert coupled["random", "none"] < max(average.values()) < coupled["oracle", "none"]
    assert 0 < found["decoupled", "popularity", "average", "min-ndcg@10"] <= 1
    assert not found.index.isin([("decoupled", "oracle", "none", "ndcg@10")]).any()
    reasons = {r["method"]: r["views"]["decoupled"]["reason"] for r in records(cli)}
    assert reasons["popularity"] == ""
    assert "by the base method's own predictions" in reasons["random"]
    assert reasons["random"] == reasons["oracle"]


@pytest.mark.parametrize("churn", [0, 0.3])
def test_sequential(cli, figures, churn):
    options = ("--protocol", "sequential", "--n-groups", "60", "--option", "rounds=3", "--option", "items=4")
    churned = ("--option", f"churn={churn}") if churn else ()
    few = ("--aggregators", "average,least-misery,sdaa,siaa,ltp", "--seeds", "2")
    found = figures(*options, *churned, *few, "--methods", "svd,popularity,random,oracle")

    rounds = found["sequential", "svd"]
    assert set(rounds.index.unique("aggregator")) == {"average", "least-misery", "sdaa", "siaa", "ltp"}
    assert rounds["siaa", "dis_o@3"] < rounds["average", "dis_o@3"] < rounds["least-misery", "dis_o@3"]
    assert rounds["least-misery", "sat_o@3"] < rounds["average", "sat_o@3"] < 1
    reasons = {r["method"]: r["views"] for r in records(cli)}
    assert "base method's own predictions" in reasons["random"]["sequential"]["reason"]
    if churn:
        assert "use churn=0" in reasons["svd"]["sequential-coupled"]["reason"]
    else:
        coupled = found.xs("ndcg@10", level="metric")["sequential-coupled"]
        assert coupled["random", "none"] < coupled["popularity", "siaa"] < coupled["oracle", "none"]
    shown = cli("table", "--view", "sequential", "--aggregator", "all", "--format", "csv").stdout
    assert "sat_o@3" in shown
    assert "siaa" in shown
    assert "sat_o@2" in cli("table", "--view", "sequential", "--metrics", "sat_o", "--k", "1,2").stdout


@pytest.mark.parametrize(
    "name", ["sequential", "siaa", "SDAA", "ltp", "sat_o", "dmae@3", "sequential-coupled"]
)
def test_names_of_sequential_are_explained(cli, name):
    ended = cli("explain", name)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert name.partition("@")[0].casefold() in ended.stdout


@pytest.mark.parametrize("held", ["groups", "rows"])
def test_natural(cli, figures, held):
    options = ("--protocol", "natural", "--option", f"held={held}", "--seeds", "2")
    found = figures("--dataset", "itmrec-sim", *options, "--methods", REFERENCES)["natural"]

    ndcg = found.xs("ndcg@10", level="metric")
    assert ndcg["random", "none"] < ndcg["popularity", "average"] < ndcg["oracle", "none"] == pytest.approx(1)
    assert 0 < found["item-mean", "average", "mae"] < found["item-mean", "average", "rmse"] < 2
    assert {r["protocol"] for r in records(cli)} == {"natural" if held == "groups" else "natural+held=rows"}


def test_aggregate(cli, figures):
    few = ("--aggregators", "average,least-misery,borda", "--seeds", "1")
    found = figures("--protocol", "aggregate", *few, "--methods", "known-ratings,random,oracle")

    first = found.xs("first_choice", level="metric")["aggregate"]
    assert first["random", "none"] < first["known-ratings", "average"] < first["oracle", "none"] < 1
    agreement = found.xs("first_choice", level="metric")["agreement"]
    for name in ("average", "least-misery", "borda"):
        assert agreement["oracle", name] == pytest.approx(first["known-ratings", name])
    by_size = cli("table", "--by", "options", "--view", "aggregate", "--metrics", "first_choice").stdout
    assert "first_choice by options of the group" in by_size
    assert "made by these" in cli("table", "--view", "agreement").stdout


def test_first_and_second_choices_of_answers_from_elsewhere(cli):
    """Two groups choose from three items that all rated; the first is answered by its second choice."""
    folder = cli.folder / "trip"
    folder.mkdir()
    ratings = [(u, i, 1 + (int(u[1]) + j) % 5) for u in ("u0", "u1", "u2", "u3") for j, i in enumerate("abc")]
    tables = {
        "ratings.csv": ["user,item,rating", *(",".join(map(str, row)) for row in ratings)],
        "groups.csv": ["group,user", "g,u0", "g,u1", "h,u2", "h,u3"],
        "group_ratings.csv": ["group,item,rating", "g,c,5", "g,b,4", "h,a,5", "h,b,4"],
    }
    for name, lines in tables.items():
        (folder / name).write_text("\n".join(lines) + "\n")
    (cli.folder / "answers.csv").write_text("entity,item,score\ng,b,2\ng,c,1\nh,a,2\nh,b,1\n")
    options = ("--dataset", folder, "--protocol", "aggregate", "--option", "offered=rated")
    ended = cli("score", "answers.csv", *options, "--name", "told")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "aggregate: 6 candidates, 2 without a score: ranked last, tied" in ended.stdout

    frame = api.load_results(cli.folder / "results").set_index(["view", "aggregator", "metric"])["value"]
    assert frame["aggregate", "own", "first_choice"] == 0.5
    assert frame["aggregate", "own", "kendall"] == 0
    assert frame["aggregate", "own", "hit@1"] == 1
    # u0 rates a, b, c 1, 2, 3 and u1 2, 3, 4; u2 3, 4, 5 and u3 4, 5, 1.
    assert frame["agreement", "average", "first_choice"] == 0
    assert frame["agreement", "least-misery", "kendall"] == pytest.approx((1 / 3 + 1 / 3) / 2)


@pytest.mark.parametrize(
    "name", ["aggregate", "agreement", "first_choice", "kendall", "known-ratings", "options"]
)
def test_names_of_aggregation_are_explained(cli, name):
    ended = cli("explain", name)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert name in ended.stdout


def test_tables_of_every_view_can_be_shown(cli, figures):
    figures(
        "--dataset", "itmrec-sim", "--protocol", "coupled", "--seeds", "1", "--methods", "random,popularity"
    )
    ended = cli("table", "--view", "all", "--metrics", "ndcg@10,min-ndcg@10", "--format", "csv")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "decoupled" in ended.stdout
    assert "min-ndcg@10" in ended.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--protocol", "copled"), "unknown protocol 'copled'; did you mean 'coupled'"),
        (("--protocol", "natural", "--ratio", "0.7"), "ratio=0.7 is of a split by time; add --option split="),
        (("--protocol", "natural", "--option", "fold=3"), "did you mean 'folds'"),
        (
            ("--protocol", "coupled", "--option", "group_features=means"),
            "of the protocol coupled 'group_features'",
        ),
        (
            ("--protocol", "coupled", "--groups", "kmeans"),
            "groups='kmeans': input should be 'random', 'similar'",
        ),
        (("--protocol", "paper", "--option", "sizes=[2]"), "option of the protocol paper 'sizes'"),
        (("--protocol", "coupled", "--aggregators", "sdaa"), "sdaa looks back on earlier rounds; use --pro"),
        (("--protocol", "sequential", "--aggregators", "sdda"), "did you mean 'sdaa'"),
        (("--protocol", "sequential", "--set", "siaa.b=2"), "siaa.b: 2.0 is no fraction"),
        (("--protocol", "sequential", "--option", "churn=1"), "churn=1: input should be less than 1"),
        (("--protocol", "aggregate", "--option", "coverage=0"), "coverage=0: input should be greater than 0"),
        (("--methods", "known-ratings", "--set", "known-ratings.base=ease"), "known-ratings.base: ease does"),
        (("--protocol", "sequential", "--option", "items=50"), "take 250 items, and itmrec-sim has 70"),
    ],
)
def test_wrong_options_are_refused(cli, options, said):
    assert said in cli.refused("run", "--methods", "random", *options)
    assert not (cli.folder / "results").exists()


def test_data_without_a_split_of_its_own_say_so(cli):
    said = cli.refused("run", "--methods", "random", "--seeds", "1", "--protocol", "given")

    assert "itmrec-sim came without a split; use --protocol paper or natural" in said
    assert not (cli.folder / "results").exists()


def test_views_that_do_not_apply_are_left_out_with_their_reason(cli, figures):
    (cli.folder / "bare.py").write_text(BARE)
    found = figures(
        *("--plugin", "bare.py", "--dataset", "bare", "--seeds", "1"),
        *("--methods", "random,popularity-groups,oracle"),
    )
    ended = cli("table", "--metrics", "ndcg@50")
    asked = cli("table", "--metrics", "ndcg@50", "--view", "sampled-group")

    assert set(found.index.get_level_values("view")) == {"full-group"}
    assert (
        0
        < found["full-group", "random", "none", "ndcg@50"]
        < found["full-group", "oracle", "none", "ndcg@50"]
    )
    for record in records(cli):
        assert {view for view, facts in record["views"].items() if facts["entities"]} == {"full-group"}
    assert (ended.returncode, ended.stdout.count("protocol given, view ")) == (0, 1)
    assert "not evaluated: bare, protocol given: view full-user: no held-out user rows came" in ended.stdout
    assert (
        "view sampled-group: the held-out rows came without sampled negatives; see full-group" in ended.stdout
    )
    assert "skipped: oracle, popularity-groups, random: view sampled-group: the held-out" in asked.stdout


def test_the_table_says_what_the_oracle_bounds(cli, figures):
    small = ("--protocol", "coupled", "--option", "n_groups=40")
    figures("--dataset", "itmrec-sim", *small, "--seeds", "1", "--methods", "random,oracle")

    assert "oracle: no list has a higher ndcg@10" in cli("table", "--view", "coupled").stdout
    assert "oracle: " not in cli("table", "--view", "decoupled").stdout


# Original data ------------------------------------------------------------------------------------------


@pytest.mark.data
def test_itm_rec_natural(figures, real_data):
    options = ("--data-dir", real_data, "--dataset", "itmrec", "--protocol", "natural", "--seeds", "5")
    found = figures(*options, "--methods", REFERENCES)["natural"]

    expected = {"popularity": (0.197, 0.488, 0.441), "item-mean": (0.188, 0.445, 0.336)}
    for method, values in expected.items():
        assert [found[method, "average", m] for m in SHOWN] == pytest.approx(values, abs=0.02), method


POPULAR = {
    "mafengwo": {
        ("sampled-group", "popularity-groups", "own"): (0.4855, 0.3551, 0.6184, 0.3979),
        ("sampled-group", "popularity", "average"): (0.0995, 0.0541, 0.1804, 0.0803),
        ("sampled-user", "popularity-groups", "own"): (0.0995, 0.0574, 0.1650, 0.0784),
        ("sampled-user", "popularity", "none"): (0.6359, 0.4577, 0.7433, 0.4926),
    },
    "camra2011": {
        ("sampled-group", "popularity-groups", "own"): (0.5900, 0.4028, 0.7743, 0.4626),
        ("sampled-group", "popularity", "average"): (0.5854, 0.4006, 0.7763, 0.4624),
        ("sampled-user", "popularity-groups", "own"): (0.6236, 0.4215, 0.7915, 0.4762),
        ("sampled-user", "popularity", "none"): (0.6233, 0.4206, 0.7894, 0.4746),
    },
}
"""Tie-aware figures of popularity by group rows and by user rows, computed apart from this program."""


@pytest.mark.data
@pytest.mark.parametrize("name", POPULAR)
def test_popularity_among_sampled_negatives(cli, figures, real_data, name):
    found = figures(
        *("--data-dir", real_data, "--dataset", name, "--protocol", "given", "--seeds", "1"),
        *("--methods", "popularity,popularity-groups,random,oracle"),
    )

    for place, values in POPULAR[name].items():
        assert [found[(*place, m)] for m in CUTS] == pytest.approx(values, abs=0.00006), place
    expected = (5 / 101, 0.0292, 10 / 101, 0.0450)
    assert [found["sampled-group", "random", "none", m] for m in CUTS] == pytest.approx(expected, abs=0.00006)
    assert [found["sampled-group", "oracle", "none", m] for m in CUTS] == [1, 1, 1, 1]
    compared = cli("compare", "popularity", "random", "--view", "sampled-group", "--format", "csv")
    assert compared.returncode == 0, compared
    assert "sampled-group" in compared.stdout


@pytest.mark.data
def test_popularity_among_all_places_of_weeplaces(cli, figures, real_data):
    found = figures(
        *("--data-dir", real_data, "--dataset", "weeplaces", "--seeds", "1"),
        *("--methods", "popularity-groups"),
    )["full-group", "popularity-groups", "own"]
    (record,) = records(cli)

    expected = {"ndcg@20": 0.0628, "recall_capped@20": 0.1257, "ndcg@50": 0.0738, "recall_capped@50": 0.1763}
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=0.00006)
    assert found["recall@20"] == pytest.approx(0.1253, abs=0.00006)
    assert record["views"]["full-group"]["entities"] == 4547
    assert record["views"]["full-user"]["entities"] == 1729
    assert max(record["peak_mb"].values()) < 1000


@pytest.mark.data
def test_groupfm_coupled_leaves_out_groups_that_saw_everything(cli, figures, real_data):
    options = (
        "--data-dir",
        real_data,
        "--dataset",
        "groupfm",
        "--protocol",
        "coupled",
        "--option",
        "sizes=[2,8]",
    )
    found = figures(*options, "--seeds", "1", "--n-groups", "200", "--methods", "random,popularity,oracle")

    assert found["coupled", "random", "none", "ndcg@3"] < found["coupled", "oracle", "none", "ndcg@3"]
    (counted,) = {r["views"]["coupled"]["entities"] + r["views"]["coupled"]["skipped"] for r in records(cli)}
    assert counted < 200
