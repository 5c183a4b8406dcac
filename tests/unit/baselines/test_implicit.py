"""The methods of the implicit library: its own scores, reproducible and silent."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from groupbench.core.errors import ConfigError, MethodError
from groupbench.core.registry import methods
from groupbench.core.seeding import generator, integer
from groupbench.data.dataset import Ratings
from groupbench.data.groups import Groups
from groupbench.models.recommender import TrainingData
from groupbench.testing import small_training

FACTORS = {"als": "als.AlternatingLeastSquares", "bpr": "bpr.BayesianPersonalizedRanking"}
FACTORS["lmf"] = "lmf.LogisticMatrixFactorization"
NEIGHBOURS = {
    "item-knn-cosine": "CosineRecommender",
    "item-knn-tfidf": "TFIDFRecommender",
    "item-knn-bm25": "BM25Recommender",
}
NAMES = [*FACTORS, *NEIGHBOURS]


def fitted(name, train, **parameters):
    return methods[name].create(**parameters).fit(train, rng=generator("implicit"))


def everyone(train):
    return np.arange(train.ratings.n_users)


def train_on(users, items, values, n_users, n_items):
    ratings = Ratings(np.array(users), np.array(items), np.array(values, float), n_users, n_items)
    return TrainingData(ratings, (1.0, 5.0), Groups.from_lists([[0, 1]]))


def recommended(model, matrix, users):
    """The library's own scores of every item, laid out by item."""
    ids, scores = model.recommend(users, matrix[users], N=matrix.shape[1], filter_already_liked_items=False)
    out = np.zeros((len(users), matrix.shape[1]))
    rows, columns = np.nonzero((ids >= 0) & (scores > -1e30))
    out[rows, ids[rows, columns]] = scores[rows, columns]
    return out


@pytest.mark.parametrize("positive", [None, 0.75])
@pytest.mark.parametrize("name", FACTORS)
def test_factor_scores_equal_those_of_the_library(name, positive):
    train = small_training()
    matrix = csr_matrix(train.ratings.matrix(), dtype=np.float32)
    if positive is not None:
        matrix = csr_matrix(matrix >= 4.0, dtype=np.float32)
    module, made = FACTORS[name].split(".")
    kind = getattr(importlib.import_module(f"implicit.cpu.{module}"), made)
    with threadpool_limits(1, user_api="blas"):
        model = kind(factors=8, num_threads=1, random_state=integer(generator("implicit")))
        model.fit(matrix, show_progress=False)

    ours = fitted(name, train, factors=8, positive=positive).score(everyone(train))

    expected = recommended(model, matrix, everyone(train))
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings("ignore:Method expects CSR input")
@pytest.mark.parametrize("name", NEIGHBOURS)
def test_neighbour_scores_equal_those_of_the_library(name):
    import implicit.nearest_neighbours as library

    train = small_training()
    matrix = csr_matrix(train.ratings.matrix())
    model = getattr(library, NEIGHBOURS[name])(K=5, num_threads=1)
    model.fit(matrix, show_progress=False)

    ours = fitted(name, train, K=5, positive=None).score(everyone(train))

    expected = recommended(model, matrix, everyone(train))
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(ours, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", FACTORS)
def test_another_seed_gives_other_factors(name):
    train = small_training()
    a, b = (methods[name].create().fit(train, rng=generator("seed", s)) for s in (1, 2))

    assert not np.allclose(a.score(everyone(train)), b.score(everyone(train)))


@pytest.mark.parametrize("name", NAMES)
def test_learns_two_camps(name):
    users, items = np.divmod(np.arange(40 * 20), 20)
    rng = np.random.default_rng(0)
    own = (users % 2 == items % 2) & (rng.random(len(users)) < 0.6)
    train = train_on(users[own], items[own], np.full(own.sum(), 4), 40, 20)
    scores = fitted(name, train).score(np.arange(40))

    unseen = np.ones((40, 20), dtype=bool)
    unseen[users[own], items[own]] = False
    subgroup = (np.arange(40)[:, None] % 2) == (np.arange(20) % 2)
    assert scores[unseen & subgroup].mean() > scores[unseen & ~subgroup].mean()


@pytest.mark.parametrize("name", NAMES)
def test_users_without_feedback(name):
    train = small_training()
    cold = fitted(name, train).score(np.array([30, 31]))

    np.testing.assert_array_equal(cold[0], cold[1])
    assert np.any(cold != 0) == (name in {"bpr", "lmf"})


def test_confidence_is_the_rating_unless_a_threshold_is_set():
    users, items = [0, 0, 1, 1, 2, 2], [0, 1, 0, 2, 1, 2]
    low, high = train_on(users, items, [1, 5] * 3, 3, 3), train_on(users, items, [5] * 6, 3, 3)

    weighted = [fitted("als", t, factors=2, positive=None).score(np.arange(3)) for t in (low, high)]
    assert not np.allclose(*weighted)
    binary = [fitted("als", t, factors=2, positive=0.0).score(np.arange(3)) for t in (low, high)]
    np.testing.assert_array_equal(*binary)


def test_feedback_ignores_what_is_not_positive():
    train = train_on([0, 0, 1], [0, 1, 1], [-2, 3, 4], 2, 2)

    scores = fitted("item-knn-cosine", train, positive=None).score(np.arange(2))
    np.testing.assert_allclose(scores, [[0, 3], [0, 4]])


@pytest.mark.parametrize("name", NAMES)
def test_no_feedback_is_an_error_that_says_what_to_lower(name):
    train = train_on([0, 1], [0, 1], [1, 2], 2, 2)
    with pytest.raises(MethodError, match=r"at or above 5 \(positive=1\); lower 'positive'"):
        fitted(name, train, positive=1.0)


def test_nothing_above_zero_is_an_error():
    with pytest.raises(MethodError, match="above 0; shift"):
        fitted("als", train_on([0, 1], [0, 1], [-1, 0], 2, 2), positive=None)


def test_tfidf_survives_items_without_direction():
    """A user with all items but one has inverse frequency log(N / N) = 0: their own item has no direction."""
    train = train_on([0, 0, 0, 1, 1], [0, 1, 2, 2, 3], [4] * 5, 2, 4)

    assert np.isfinite(fitted("item-knn-tfidf", train).score(np.arange(2))).all()


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("als", {"factors": 0}),
        ("bpr", {"learning_rate": -1}),
        ("item-knn-bm25", {"B": 2}),
        ("lmf", {"size": 1}),
    ],
)
def test_parameters_are_validated(name, wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        methods[name].create(**wrong)
