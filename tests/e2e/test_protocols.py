"""The protocols coupled, natural and given on the command line, and on the original data."""

from __future__ import annotations

import json

import pytest

from groupbench import api

CUTS = ["hit@5", "ndcg@5", "hit@10", "ndcg@10"]
SHOWN = ["precision@10", "recall@10", "ndcg@10"]
REFERENCES = "random,popularity,item-mean,oracle"


@pytest.fixture
def figures(cli):
    """Runs a protocol and returns its figures by view, method, aggregator and metric, as means over seeds."""

    def call(*arguments: object, timeout: float = 240):
        ended = cli("run", *arguments, timeout=timeout)
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


@pytest.mark.parametrize("held", ["groups", "rows"])
def test_natural(cli, figures, held):
    options = ("--protocol", "natural", "--option", f"held={held}", "--seeds", "2")
    found = figures("--dataset", "itmrec-sim", *options, "--methods", REFERENCES)["natural"]

    ndcg = found.xs("ndcg@10", level="metric")
    assert ndcg["random", "none"] < ndcg["popularity", "average"] < ndcg["oracle", "none"] == pytest.approx(1)
    assert 0 < found["item-mean", "average", "mae"] < found["item-mean", "average", "rmse"] < 2
    assert {r["protocol"] for r in records(cli)} == {"natural" if held == "groups" else "natural+held=rows"}


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
        (("--protocol", "natural", "--ratio", "0.8"), "option of the protocol natural 'ratio'"),
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
    ],
)
def test_wrong_options_are_refused(cli, options, said):
    assert said in cli.refused("run", "--methods", "random", *options)
    assert not (cli.folder / "results").exists()


def test_data_without_a_split_of_its_own_say_so(cli):
    ended = cli("run", "--methods", "random", "--seeds", "1", "--protocol", "given")

    assert ended.returncode == 1
    assert "itmrec-sim came without a split; use --protocol paper or natural" in ended.stdout


# Original data ------------------------------------------------------------------------------------------


@pytest.mark.data
def test_itm_rec_natural(figures, real_data):
    options = ("--data-dir", real_data, "--dataset", "itmrec", "--protocol", "natural", "--seeds", "5")
    found = figures(*options, "--methods", REFERENCES)["natural"]

    expected = {"popularity": (0.197, 0.488, 0.441), "item-mean": (0.188, 0.445, 0.336)}
    for method, values in expected.items():
        assert [found[method, "average", m] for m in SHOWN] == pytest.approx(values, abs=0.02), method


@pytest.mark.data
def test_mafengwo_given(figures, real_data):
    found = figures(
        *("--data-dir", real_data, "--dataset", "mafengwo", "--seeds", "1"),
        *("--methods", "popularity,popularity-groups,random,oracle"),
    )["sampled-group"]

    expected = {
        ("popularity-groups", "own"): (0.4855, 0.3551, 0.6184, 0.3979),
        ("popularity", "average"): (0.0995, 0.0541, 0.1804, 0.0803),
        ("random", "none"): (5 / 101, 0.0292, 10 / 101, 0.0450),
        ("oracle", "none"): (1, 1, 1, 1),
    }
    for (method, aggregator), values in expected.items():
        assert [found[method, aggregator, m] for m in CUTS] == pytest.approx(values, abs=0.0005), method


@pytest.mark.data
def test_camra2011_given(figures, real_data):
    options = ("--data-dir", real_data, "--dataset", "camra2011", "--seeds", "1", "--methods", "popularity")
    found = figures(*options)["sampled-group"]["popularity", "average"]

    assert [found[m] for m in CUTS] == pytest.approx((0.5854, 0.4006, 0.7763, 0.4624), abs=0.0005)


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
