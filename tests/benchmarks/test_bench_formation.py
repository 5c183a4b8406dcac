"""1,000 groups of 4 formed and described on ML-100K; its correlations against those of pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groupbench.data.formation import KINDS, Criteria, describe, form
from groupbench.data.formation._pearson import Correlations


@pytest.fixture(scope="module")
def ratings(movielens):
    return movielens.ratings


@pytest.mark.parametrize("relate", ["any", "all"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_thousand_groups_of_four(benchmark, kind, relate, ratings):
    def run():
        return form(
            kind, ratings, sizes=4, n_groups=1000, rng=np.random.default_rng(0), criteria=Criteria(relate)
        )

    groups = benchmark.pedantic(run, rounds=3)
    assert (groups.sizes == 4).all()
    assert len(groups) == 1000


def test_describe_a_thousand_groups(benchmark, ratings):
    groups = form("random", ratings, sizes=4, n_groups=1000, rng=np.random.default_rng(0))
    found = benchmark.pedantic(describe, (groups, ratings), rounds=3)
    assert np.nanmax(np.abs(found.cohesion)) <= 1


def test_correlations(versus, movielens, ratings):
    table = pd.DataFrame({"user": ratings.users, "item": ratings.items, "value": ratings.values})
    n_users = ratings.n_users

    def ours():
        found = np.full((n_users, n_users), np.nan)
        for rows, others, values in Correlations(ratings.matrix(), min_corated=5).pairs(np.arange(n_users)):
            found[rows, others] = values
        return found

    def theirs():
        by_item = table.pivot_table(index="item", columns="user", values="value")
        return by_item.reindex(columns=range(n_users)).corr(min_periods=5).to_numpy()

    versus(
        f"correlations of all pairs of users, {movielens.title}",
        ours,
        theirs,
        lambda ours, theirs: np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9),
        against="pandas",
        rounds=3,
    )
