from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import pearsonr

from groupbench.data.dataset import Ratings
from groupbench.data.formation import Criteria, _pearson, _statistics, describe, form, kmeans
from groupbench.data.formation._pearson import Correlations
from groupbench.data.groups import Groups


def dense(ratings):
    """The mean rating of each pair, NaN where there is none."""
    found = np.full((ratings.n_users, ratings.n_items), np.nan)
    for user, item in set(zip(ratings.users.tolist(), ratings.items.tolist(), strict=True)):
        found[user, item] = ratings.values[(ratings.users == user) & (ratings.items == item)].mean()
    return found


def plain(table, a, b, min_corated):
    """Pearson of two users, NaN where there is none."""
    both = ~np.isnan(table[a]) & ~np.isnan(table[b])
    x, y = table[a, both], table[b, both]
    if both.sum() < min_corated or len(set(x)) == 1 or len(set(y)) == 1:
        return np.nan
    return pearsonr(x, y).statistic


def all_pairs(ratings, min_corated, rows=None):
    """Correlations as a table of (asked for, all) users, NaN where there is none."""
    rows = np.arange(ratings.n_users) if rows is None else np.asarray(rows)
    table = np.full((len(rows), ratings.n_users), np.nan)
    for positions, others, values in Correlations(ratings.matrix(), min_corated=min_corated).pairs(rows):
        assert np.isnan(table[positions, others]).all()
        table[positions, others] = values
    return table


@st.composite
def some_ratings(draw):
    n_users, n_items = draw(st.integers(1, 6)), draw(st.integers(1, 8))
    n = draw(st.integers(0, 40))
    stars = draw(
        st.sampled_from([[1.0, 5.0], [1.0, 2.0, 3.0, 4.0, 5.0], [0.5, 3.5, 5.0], [0.1, 0.3, 4.1], [7.0]])
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    users, items = rng.integers(0, n_users, n), rng.integers(0, n_items, n)
    return Ratings(users, items, rng.choice(stars, n), n_users, n_items)


@given(some_ratings(), st.integers(2, 4))
def test_correlations_are_those_of_scipy_over_co_rated_items(ratings, min_corated):
    table = dense(ratings)
    users = range(ratings.n_users)
    expected = [[plain(table, a, b, min_corated) for b in users] for a in users]

    np.testing.assert_allclose(all_pairs(ratings, min_corated), np.array(expected), rtol=0, atol=1e-9)


@given(some_ratings(), st.lists(st.integers(0, 5), max_size=5), st.integers(1, 30))
def test_rows_asked_for_and_block_size_change_nothing(ratings, rows, budget):
    rows = np.array([row % ratings.n_users for row in rows], dtype=int)
    whole = all_pairs(ratings, 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_pearson, "CO_RATINGS_AT_ONCE", budget)
        np.testing.assert_array_equal(all_pairs(ratings, 2, rows), whole[rows])


@given(some_ratings(), st.sampled_from([1, 4, 10**6]))
def test_each_pair_is_correlated_once_to_the_same_bit(ratings, budget):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_pearson, "CO_RATINGS_AT_ONCE", budget)
        correlations = Correlations(ratings.matrix(), min_corated=2)
        every = list(correlations.pairs(np.arange(ratings.n_users)))
        once = list(correlations.each_pair())
    for (first, second, values), found in zip(every, once, strict=True):
        for whole, half in zip((first, second, values), found, strict=True):
            np.testing.assert_array_equal(half, whole[first < second])


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 1e3), (1e-3, 0.0), (1e4, -5e4)])
def test_the_scale_of_the_ratings_does_not_matter(training, scale, shift):
    rows = training.ratings
    other = Ratings(rows.users, rows.items, rows.values * scale + shift, rows.n_users, rows.n_items)

    np.testing.assert_allclose(all_pairs(other, 3), all_pairs(rows, 3), rtol=0, atol=1e-9)


def test_many_ratings_keep_their_digits():
    rng = np.random.default_rng(0)
    values = np.vstack([rng.normal(size=(3, 20_000)), np.full((1, 20_000), 4.1)])
    values[1] = 3 + values[0] * 1e-3
    users, items = np.indices(values.shape)
    ratings = Ratings(users.ravel(), items.ravel(), values.ravel(), *values.shape)
    table = all_pairs(ratings, 5)

    np.testing.assert_allclose(table[:3, :3], np.corrcoef(values[:3]), rtol=0, atol=1e-9)
    assert np.isnan(table[3]).all()


def plain_cohesion(groups, table, min_corated):
    found = []
    for members in groups:
        pairs = [plain(table, a, b, min_corated) for i, a in enumerate(members) for b in members[:i]]
        defined = [r for r in pairs if not np.isnan(r)]
        found.append(np.mean(defined) if defined else np.nan)
    return np.array(found)


@given(
    some_ratings(),
    st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=5, unique=True), max_size=5),
    st.sampled_from([1, 20, 10**6]),
)
def test_statistics_are_those_of_plain_loops(ratings, lists, budget):
    groups = Groups.from_lists([sorted({user % ratings.n_users for user in members}) for members in lists])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_pearson, "CO_RATINGS_AT_ONCE", budget)
        found = describe(groups, ratings, min_corated=2)
    activity = [np.mean([(ratings.users == user).sum() for user in members]) for members in groups]

    assert found.size.tolist() == [len(members) for members in groups]
    np.testing.assert_allclose(found.activity, activity)
    np.testing.assert_allclose(found.cohesion, plain_cohesion(groups, dense(ratings), 2), rtol=0, atol=1e-9)


def test_clusters_and_overlapping_groups_are_described_alike(training_factory):
    ratings = training_factory(n_users=60, n_items=15, n_rows=500).ratings
    clusters = kmeans(ratings, None, None, n_groups=3, features="means", scaling="standard", random_state=0)
    formed = form("random", ratings, sizes=(2, 5), n_groups=40, rng=np.random.default_rng(0))
    table = dense(ratings)

    for groups in (clusters, formed):
        expected = plain_cohesion(groups, table, Criteria().min_corated)
        assert not np.isnan(expected).all()
        np.testing.assert_allclose(describe(groups, ratings).cohesion, expected, rtol=0, atol=1e-9)


def test_a_group_without_a_correlated_pair_has_no_cohesion(training):
    cold = training.ratings.n_users - 1
    found = describe(Groups.from_lists([[3], [0, cold]]), training.ratings)

    assert np.isnan(found.cohesion).all()
    assert found.activity[1] == (training.ratings.users == 0).sum() / 2


def test_of_large_groups_some_members_are_compared(training_factory, monkeypatch):
    ratings = training_factory(n_users=60, n_items=15, n_rows=500).ratings
    monkeypatch.setattr(_statistics, "PAIRED", 4)
    groups = Groups.from_lists([range(7), range(10, 13), range(20, 28)])
    found = describe(groups, ratings)
    compared = [[0, 1, 3, 5], [10, 11, 12], [20, 22, 24, 26]]
    expected = plain_cohesion(compared, dense(ratings), Criteria().min_corated)
    np.testing.assert_allclose(found.cohesion, expected, rtol=0, atol=1e-9)
    assert found.size.tolist() == [7, 3, 8]
