from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groupbench.core.errors import ConfigError
from groupbench.data.dataset import Features, Ratings
from groupbench.data.formation import kmeans
from groupbench.data.formation._kmeans import _mean_vectors, _shares

N_USERS, N_ITEMS = 40, 30


@pytest.fixture
def ratings():
    """400 rows with repeated pairs; the last four users have none."""
    rng = np.random.default_rng(1)
    users, items = rng.integers(0, N_USERS - 4, 400), rng.integers(0, N_ITEMS, 400)
    return Ratings(users, items, rng.integers(1, 11, 400) / 2, N_USERS, N_ITEMS)


@pytest.fixture
def categories():
    values = (np.random.default_rng(2).random((N_ITEMS, 3)) < [0.5, 0.3, 0.07]).astype(float)
    return Features(("genre=a", "genre=b", "genre=c"), values)


@pytest.fixture
def people():
    return Features(("age", "sex=f"), np.random.default_rng(3).random((N_USERS, 2)))


def clustered(ratings, categories=None, people=None, **options):
    chosen = {"n_groups": 5, "features": "means", "scaling": "standard", "random_state": 0, **options}
    return kmeans(ratings, categories, people, **chosen)


@pytest.mark.parametrize("features", ["means", "shares"])
@pytest.mark.parametrize("scaling", ["standard", "none"])
@pytest.mark.parametrize("bare", [False, True])
def test_clusters_cover_the_users_with_training_rows_once(
    ratings, categories, people, features, scaling, bare
):
    inputs = (ratings, None, people) if bare else (ratings, categories, people)
    options = {"features": features, "scaling": scaling}
    groups = clustered(*inputs, **options)
    again = clustered(*inputs, **options)

    assert len(groups) == 5
    assert sorted(groups.members) == sorted(set(ratings.users))
    assert groups.ids == again.ids
    np.testing.assert_array_equal(groups.members, again.members)
    np.testing.assert_array_equal(groups.segments.offsets, again.segments.offsets)


def test_clusters_depend_on_the_seed_and_scaling(ratings, categories):
    def members(**options):
        return {frozenset(g.tolist()) for g in clustered(ratings, categories, **options)}

    assert len({frozenset(members(random_state=s)) for s in range(4)}) > 1
    assert members() != members(scaling="none")


def test_one_group_holds_everyone_with_rows(ratings):
    assert clustered(ratings, n_groups=1)[0].tolist() == sorted(set(ratings.users))


def test_more_groups_than_distinct_users_is_an_error_that_says_so():
    users = np.array([1, 2, 3, 5, 6, 7])
    twins = Ratings(users, np.zeros(6, dtype=int), np.array([1.0, 5, 1, 1, 5, 5]), 9, 1)

    assert {tuple(g) for g in clustered(twins, n_groups=2)} == {(1, 3, 5), (2, 6, 7)}
    with pytest.raises(ConfigError, match=r"n_groups=3, but the 6 users .* only 2 feature vectors"):
        clustered(twins, n_groups=3)


def test_statistics_of_users_are_those_of_pandas(ratings, categories):
    frame = pd.DataFrame({"user": ratings.users, "item": ratings.items, "value": ratings.values})
    values = frame.groupby("user")["value"]
    expected = pd.DataFrame({"mean": values.mean(), "std": values.std(ddof=0), "count": values.count()})
    for column, flags in zip("abc", categories.values.T, strict=True):
        means = frame[flags[frame["item"]] == 1].groupby("user")["value"].mean()
        expected[column] = means.reindex(expected.index).fillna(expected["mean"])
    assert len(means) < len(expected)
    vectors = _mean_vectors(ratings, categories)

    np.testing.assert_allclose(vectors[expected.index], expected.to_numpy())
    np.testing.assert_allclose(_mean_vectors(ratings, None)[expected.index], expected.iloc[:, :3])


def test_shares_of_users_are_those_of_pandas(ratings, categories):
    frame = pd.DataFrame({"user": ratings.users, "item": ratings.items})
    rows = frame.join(pd.DataFrame(categories.values), on="item").groupby("user")[[0, 1, 2]].mean()

    np.testing.assert_allclose(_shares(ratings, categories)[rows.index], rows.to_numpy())


def test_equal_ratings_have_no_spread_however_they_round():
    same = Ratings(
        np.repeat(np.arange(8), [1, 2, 3, 4, 5, 6, 7, 8]), np.zeros(36, dtype=int), [4.1] * 36, 8, 1
    )

    assert _mean_vectors(same, None)[:, 1].max() < 1e-14


def test_demographics_count_for_shares_only(ratings, categories, people):
    other = Features(people.names, people.values[::-1] * 3)
    alike = [clustered(ratings, categories, p, features="means").members for p in (people, other)]
    apart = [
        clustered(ratings, categories, p, features="shares", scaling="none").members for p in (people, other)
    ]

    np.testing.assert_array_equal(*alike)
    assert not np.array_equal(*apart)
