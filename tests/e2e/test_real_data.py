"""On the original data the chain gives the figures that Surprise and an ideal ranking are known to give."""

from __future__ import annotations

import pytest

from groupbench import api

pytestmark = pytest.mark.data
PLACES = ["precision@10", "recall@10", "precision_capped@10"]
EXPECTED = {
    0.8: {"random": (0.487, 0.662, 0.587), "svd": (0.586, 0.729, 0.685), "oracle": (0.694, 0.815, 0.794)},
    0.85: {"random": (0.450, 0.730, 0.600), "svd": (0.530, 0.794, 0.680), "oracle": (0.619, 0.870, 0.769)},
}
RMSE = {0.8: 0.936, 0.85: 0.929}


@pytest.mark.parametrize("ratio", EXPECTED)
def test_movielens_users(cli, real_data, ratio):
    call = ("run", "--data-dir", real_data, "--dataset", "ml-100k", "--tau", "4", "--seeds", "1")
    ended = cli(*call, "--methods", "random,item-mean,svd,oracle", "--ratio", ratio, timeout=600)
    assert ended.returncode == 0, ended
    frame = api.load_results(cli.folder / "results")
    held = frame[frame["view"] == "rated-user"].set_index(["method", "metric"])["value"]
    for method, figures in EXPECTED[ratio].items():
        assert [held[method, place] for place in PLACES] == pytest.approx(figures, abs=0.02), method
    assert held["svd", "rmse"] == pytest.approx(RMSE[ratio], abs=0.01)
    assert held["random", "precision@10"] < held["item-mean", "precision@10"] < held["oracle", "precision@10"]
    assert ("oracle", "rmse") not in held.index


def test_itm_rec_users_are_saturated_and_the_table_says_so(cli, real_data):
    call = ("run", "--data-dir", real_data, "--dataset", "itmrec", "--tau", "4", "--seeds", "1")
    ended = cli(*call, "--methods", "random,item-mean,svd,oracle")
    assert ended.returncode == 0, ended
    tables = cli("table").stdout.split("\n\n")
    users = "".join(t for t in tables if t.startswith(("method", "-")) and "aggregator" not in t)
    groups = "".join(t for t in tables if t.startswith(("method", "-")) and "aggregator" in t)
    assert "saturated: random and oracle differ by at most 5% in precision@10, recall@10" in users
    assert "saturated" not in groups


def test_itm_rec_natural_groups(cli, real_data):
    call = ("run", "--data-dir", real_data, "--dataset", "itmrec", "--groups", "natural", "--seeds", "1")
    assert cli(*call, "--methods", "random,svd,oracle").returncode == 0
    frame = api.load_results(cli.folder / "results")
    shown = frame[(frame["view"] == "rated-group") & (frame["metric"] == "ndcg@10")].set_index("method")
    average = shown[shown["aggregator"].isin(["average", "none"])]["value"]
    assert average["random"] < average["svd"] < average["oracle"] == pytest.approx(1.0)
