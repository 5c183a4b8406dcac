"""How long it takes to form and describe 1,000 groups of 4 on data of ML-100K's size.

Run with `pytest tests/benchmarks/test_bench_formation.py -o addopts=--import-mode=importlib`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groupbench.data import Ratings
from groupbench.formation import KINDS, describe, form
from groupbench.formation._pearson import Correlations

N_USERS, N_ITEMS, N_ROWS = 943, 1682, 100_000


@pytest.fixture(scope="module")
def ratings():
    rng = np.random.default_rng(0)
    popularity = rng.lognormal(0, 1.3, N_ITEMS)
    activity = rng.lognormal(0, 1.0, N_USERS)
    chance = np.log(np.outer(activity, popularity)) + rng.gumbel(size=(N_USERS, N_ITEMS))
    users, items = np.divmod(np.argpartition(-chance, N_ROWS, axis=None)[:N_ROWS], N_ITEMS)
    taste = rng.normal(size=(N_USERS, 3)) @ rng.normal(size=(3, N_ITEMS))
    values = np.clip(np.rint(3.5 + 0.6 * taste[users, items] + rng.normal(0, 0.8, N_ROWS)), 1, 5)
    return Ratings(users, items, values, N_USERS, N_ITEMS)


@pytest.mark.parametrize("relate", ["any", "all"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_thousand_groups_of_four(benchmark, kind, relate, ratings):
    def run():
        return form(kind, ratings, sizes=4, n_groups=1000, rng=np.random.default_rng(0), relate=relate)

    groups = benchmark.pedantic(run, rounds=3)
    assert (groups.sizes == 4).all()
    assert len(groups) == 1000


def test_describe_a_thousand_groups(benchmark, ratings):
    groups = form("random", ratings, sizes=4, n_groups=1000, rng=np.random.default_rng(0))
    found = benchmark.pedantic(describe, (groups, ratings), rounds=3)
    assert np.nanmax(np.abs(found.cohesion)) <= 1


def test_pandas_finds_the_same_correlations(benchmark, ratings):
    table = pd.DataFrame({"user": ratings.users, "item": ratings.items, "value": ratings.values})
    by_item = table.pivot_table(index="item", columns="user", values="value").reindex(columns=range(N_USERS))
    expected = benchmark.pedantic(by_item.corr, kwargs={"min_periods": 5}, rounds=1).to_numpy()
    found = np.full((N_USERS, N_USERS), np.nan)
    for rows, others, values in Correlations(ratings.matrix(), min_corated=5).pairs(np.arange(N_USERS)):
        found[rows, others] = values

    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)
