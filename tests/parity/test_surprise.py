"""Our matrix scores against Surprise's own `predict`, cell by cell."""

from __future__ import annotations

import zipfile

import numpy as np
import pandas as pd
import pytest
import surprise
from hypothesis import given
from hypothesis import strategies as st

from groupbench.baselines._surprise_neighbors import Neighbors, RatingsOf, ranked
from groupbench.baselines._surprise_scores import score_matrix
from groupbench.baselines._surprise_trainset import build_trainset
from groupbench.core.arrays import Segments
from groupbench.core.errors import ConfigError, MethodError
from groupbench.core.registry import methods
from groupbench.data.dataset import Ratings
from groupbench.data.groups import Groups
from groupbench.models.recommender import TrainingData

SEED = {"random_state": 7}
PLAIN = {
    "svd": surprise.SVD(n_factors=5, n_epochs=4, **SEED),
    "svd-unbiased": surprise.SVD(n_factors=5, n_epochs=4, biased=False, **SEED),
    "svdpp": surprise.SVDpp(n_factors=5, n_epochs=3, **SEED),
    "nmf": surprise.NMF(n_factors=4, n_epochs=6, **SEED),
    "nmf-biased": surprise.NMF(n_factors=2, n_epochs=4, biased=True, **SEED),
    "slope-one": surprise.SlopeOne(),
    "co-clustering": surprise.CoClustering(n_cltr_u=3, n_cltr_i=2, n_epochs=5, **SEED),
    "baseline-als": surprise.BaselineOnly(bsl_options={"method": "als"}, verbose=False),
    "baseline-sgd": surprise.BaselineOnly(bsl_options={"method": "sgd"}, verbose=False),
}
NEAREST = [surprise.KNNBasic, surprise.KNNWithMeans, surprise.KNNWithZScore, surprise.KNNBaseline]
SIMILARITIES = ["msd", "cosine", "pearson", "pearson_baseline"]
NAMES = ["svd", "svdpp", "nmf", "slope-one", "co-clustering", "baseline-only"] + [
    f"knn-{kind}{based}" for kind in ("basic", "means", "zscore", "baseline") for based in ("", "-item")
]


def random_ratings(seed, n_users=25, n_items=18, n_rows=200, n_repeats=12) -> Ratings:
    """Whole-star ratings with few values, hence many equal similarities; the last ids stay cold."""
    rng = np.random.default_rng(seed)
    pairs = rng.choice((n_users - 2) * (n_items - 2), n_rows, replace=False)
    pairs = rng.permutation(np.append(pairs, pairs[:n_repeats]))
    users, items = pairs // (n_items - 2), pairs % (n_items - 2)
    return Ratings(users, items, rng.integers(1, 6, len(pairs)).astype(float), n_users, n_items)


def nearest(make, name, k=3, min_k=1, **similarity):
    return make(k=k, min_k=min_k, sim_options={"name": name, **similarity}, verbose=False)


def training(ratings, scale=(1.0, 5.0)) -> TrainingData:
    return TrainingData(ratings, scale, Groups.from_labels(np.zeros(ratings.n_users, dtype=int)))


def predictions(algo, users, items, clip=False):
    return np.array([[algo.predict(u, i, clip=clip).est for i in items] for u in users])


def assert_equal_to_predict(algo, ratings):
    """All known pairs, and one unknown user and item, by inner id and unclipped as well as clipped."""
    trainset = build_trainset(ratings, (1.0, 5.0))
    algo.fit(trainset)
    users = np.append(np.arange(trainset.n_users), -1)
    items = np.append(np.arange(trainset.n_items), -1)
    ours = score_matrix(algo, users, items)
    raw_users = [trainset.to_raw_uid(u) for u in users[:-1]] + ["nobody"]
    raw_items = [trainset.to_raw_iid(i) for i in items[:-1]] + ["nothing"]
    np.testing.assert_allclose(ours, predictions(algo, raw_users, raw_items), rtol=0, atol=1e-9)
    clipped = predictions(algo, raw_users, raw_items, clip=True)
    np.testing.assert_allclose(np.clip(ours, 1.0, 5.0), clipped, rtol=0, atol=1e-9)
    np.testing.assert_allclose(
        score_matrix(algo, users[[3, -1, 0]]), ours[[3, -1, 0], :-1], rtol=0, atol=1e-9
    )


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("algo", PLAIN.values(), ids=PLAIN)
def test_plain_models(algo, seed):
    assert_equal_to_predict(algo, random_ratings(seed))


@pytest.mark.parametrize("user_based", [True, False])
@pytest.mark.parametrize("name", SIMILARITIES)
@pytest.mark.parametrize("make", NEAREST)
def test_nearest_neighbours(make, name, user_based):
    for seed, (k, min_k) in enumerate([(1, 1), (3, 2), (40, 1)]):
        algo = nearest(make, name, k, min_k, user_based=user_based, min_support=2, shrinkage=10)
        assert_equal_to_predict(algo, random_ratings(seed))


@given(
    st.integers(0, 10_000), st.sampled_from(NEAREST), st.sampled_from(SIMILARITIES), st.booleans(),
    st.integers(1, 12), st.integers(1, 4), st.integers(1, 4), st.sampled_from([2, 5]),
)  # fmt: skip
def test_nearest_neighbours_on_any_data(seed, make, name, user_based, k, min_k, min_support, levels):
    rng = np.random.default_rng(seed)
    n_rows = int(rng.integers(20, 160))
    users, items = rng.integers(0, 12, n_rows), rng.integers(0, 9, n_rows)
    ratings = Ratings(users, items, rng.integers(1, levels + 1, n_rows).astype(float), 12, 9)
    algo = nearest(make, name, k, min_k, user_based=user_based, min_support=min_support)
    assert_equal_to_predict(algo, ratings)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("user_based", [True, False])
@pytest.mark.parametrize("make", NEAREST)
def test_similarities_that_are_not_numbers(make, user_based, seed):
    """Rounding makes some `pearson` of decimal ratings NaN; heapq's choice then hangs on the lists' order."""
    rng = np.random.default_rng(seed)
    users, items = rng.integers(0, 12, 70), rng.integers(0, 9, 70)
    ratings = Ratings(users, items, rng.choice([3.3, 1.7, 4.1], 70, p=[0.8, 0.1, 0.1]), 12, 9)
    algo = nearest(make, "pearson", k=2, user_based=user_based)
    assert_equal_to_predict(algo, ratings)
    assert np.isnan(algo.sim).any()


@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 6))
def test_ranks_keep_the_order_and_what_is_equal(seed, n, n_levels):
    values = np.random.default_rng(seed).integers(0, n_levels, (4, n)) / 7
    levels, ranks = ranked(values)
    np.testing.assert_array_equal(np.take_along_axis(levels, ranks, 1), values)
    pairs, rank_pairs = values[:, :, None] < values[:, None], ranks[:, :, None] < ranks[:, None]
    np.testing.assert_array_equal(pairs, rank_pairs)


def test_long_lists_of_many_raters_need_wide_integers():
    rng = np.random.default_rng(0)
    n_x, k = 2047, 3
    raters = rng.integers(0, n_x, 2**20)
    rated = RatingsOf(Segments.from_sizes([len(raters)]), raters, rng.normal(size=len(raters)))
    similarity = rng.integers(0, 900, (n_x, n_x)) / 7
    zeros = np.zeros(n_x)
    form = Neighbors(similarity, rated, zeros, np.zeros(1), np.ones(n_x), k, 1, None, True)
    for x in (0, 5):
        nearest = np.argsort(-similarity[x, raters], kind="stable")[:k]
        weights = similarity[x, raters[nearest]]
        expected = weights @ rated.deviations[nearest] / weights.sum()
        np.testing.assert_allclose(form.scores(np.array([x])), [[expected]])


def test_trainset_equals_the_one_surprise_builds():
    ratings = random_ratings(2)
    frame = pd.DataFrame({"user": ratings.users, "item": ratings.items, "rating": ratings.values})
    theirs = surprise.Dataset.load_from_df(frame, surprise.Reader(rating_scale=(1, 5))).build_full_trainset()
    ours = build_trainset(ratings, (1, 5))
    for name in ("ur", "ir", "n_users", "n_items", "n_ratings", "rating_scale", "global_mean",
                 "_raw2inner_id_users", "_raw2inner_id_items"):  # fmt: skip
        assert getattr(ours, name) == getattr(theirs, name), name
    assert list(ours.all_ratings()) == list(theirs.all_ratings())


def expected_of(name, ratings, seed):
    """What Surprise says for every user and item index, fitted without our code."""
    method = methods[name].create()
    frame = pd.DataFrame({"user": ratings.users, "item": ratings.items, "rating": ratings.values})
    trainset = surprise.Dataset.load_from_df(
        frame, surprise.Reader(rating_scale=(1, 5))
    ).build_full_trainset()
    make = getattr(surprise, method.algorithm)
    if name.startswith("knn"):
        algo = make(sim_options={"user_based": not name.endswith("-item")}, verbose=False)
    elif name == "baseline-only":
        algo = make(verbose=False)
    elif name == "slope-one":
        algo = make()
    else:
        algo = make(random_state=seed)
    return predictions(algo.fit(trainset), range(ratings.n_users), range(ratings.n_items))


@pytest.mark.parametrize("name", NAMES)
def test_methods_have_the_defaults_of_surprise(name):
    ratings = random_ratings(4)
    seed = int(np.random.default_rng(11).integers(2**31 - 1))
    np.random.seed(99)  # noqa: NPY002 the global state must not matter
    method = methods[name].create().fit(training(ratings), rng=np.random.default_rng(11))
    ours = method.score(np.arange(ratings.n_users))
    np.testing.assert_allclose(ours, expected_of(name, ratings, seed), rtol=0, atol=1e-9)


def test_options_reach_surprise():
    ratings = random_ratings(6)
    method = methods["knn-baseline"].create(
        k=2, min_k=2, similarity="pearson_baseline", user_based=False, min_support=2, shrinkage=3,
        bsl_method="sgd", bsl_n_epochs=3, bsl_reg=0.1, bsl_learning_rate=0.05,
    )  # fmt: skip
    ours = method.fit(training(ratings), rng=np.random.default_rng(0)).score(np.arange(ratings.n_users))
    algo = surprise.KNNBaseline(
        k=2, min_k=2, verbose=False,
        sim_options={"name": "pearson_baseline", "user_based": False, "min_support": 2, "shrinkage": 3},
        bsl_options={"method": "sgd", "n_epochs": 3, "reg": 0.1, "learning_rate": 0.05},
    )  # fmt: skip
    algo.fit(build_trainset(ratings, (1.0, 5.0)))
    expected = predictions(algo, range(ratings.n_users), range(ratings.n_items))
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-9)


def test_cached_ratings_change_nothing_in_svdpp():
    data = training(random_ratings(8))
    plain, cached = (
        methods["svdpp"].create(cache_ratings=c).fit(data, rng=np.random.default_rng(1)).score(np.arange(25))
        for c in (False, True)
    )
    np.testing.assert_array_equal(plain, cached)


@pytest.mark.parametrize("name", NAMES)
def test_equal_ratings_give_finite_scores(name):
    ratings = random_ratings(1)
    same = Ratings(ratings.users, ratings.items, np.full(len(ratings), 4.0), ratings.n_users, ratings.n_items)
    method = methods[name].create().fit(training(same), rng=np.random.default_rng(0))
    scores = method.score(np.arange(same.n_users))
    np.testing.assert_allclose(scores, 4.0, rtol=0, atol=1.0 if name in ("svd", "svdpp", "nmf") else 1e-9)


def test_too_large_similarities_are_refused_before_they_are_computed():
    n = 30_000
    ratings = Ratings(np.arange(n) % 10, np.arange(n), np.full(n, 3.0), 10, n)
    with pytest.raises(MethodError, match=r"30000 items needs 20\.1 GiB.*set user_based=True"):
        methods["knn-basic-item"].create().fit(training(ratings), rng=np.random.default_rng(0))
    with pytest.raises(MethodError, match=r"SlopeOne on 30000 items needs 13\.4 GiB.*use svd"):
        methods["slope-one"].create().fit(training(ratings), rng=np.random.default_rng(0))


def test_what_surprise_cannot_fit_is_a_method_error():
    rng = np.random.default_rng(0)
    with pytest.raises(MethodError, match="at least one training rating"):
        methods["svd"].create().fit(training(random_ratings(0).take(slice(0, 0))), rng=rng)
    with pytest.raises(MethodError, match=r"diverged; lower the learning rates"):
        methods["svd"].create(lr_all=50.0).fit(training(random_ratings(0)), rng=rng)
    same = Ratings(np.arange(6) % 3, np.arange(6) % 2, np.full(6, 4.0), 3, 2)
    with pytest.raises(MethodError, match=r"KNNBasic divided by zero.*use another similarity"):
        methods["knn-basic"].create(similarity="pearson_baseline").fit(training(same), rng=rng)
    with pytest.raises(ConfigError, match=r"knn-basic\.k: .*greater than or equal to 1"):
        methods["knn-basic"].create(k=0)
    with pytest.raises(MethodError, match="no matrix form for NormalPredictor; use one of SVD, "):
        score_matrix(surprise.NormalPredictor().fit(build_trainset(random_ratings(0), (1, 5))), np.arange(2))


def sampled_cells_agree(algo, ratings, n_cells=400):
    trainset = build_trainset(ratings, (1.0, 5.0))
    algo.fit(trainset)
    rng = np.random.default_rng(0)
    users = rng.choice(trainset.n_users, 20, replace=False)
    items = rng.integers(0, trainset.n_items, (20, n_cells // 20))
    ours = np.take_along_axis(score_matrix(algo, users), items, axis=1)
    theirs = [
        predictions(algo, [trainset.to_raw_uid(u)], [trainset.to_raw_iid(i) for i in row])[0]
        for u, row in zip(users.tolist(), items.tolist(), strict=True)
    ]
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)


def real_algorithms():
    yield from PLAIN.values()
    for make in NEAREST:
        yield nearest(make, "msd", 40, user_based=True)
        yield nearest(make, "pearson_baseline", 40, user_based=False)


def by_index(users, items, values) -> Ratings:
    user_ids, users = np.unique(users, return_inverse=True)
    item_ids, items = np.unique(items, return_inverse=True)
    return Ratings(users, items, values, len(user_ids), len(item_ids))


@pytest.mark.data
def test_itmrec_with_its_repeated_pairs(real_data):
    with zipfile.ZipFile(real_data / "itmrec" / "ITM-Rec.zip") as archive:
        name = next(n for n in archive.namelist() if n.rsplit("/", 1)[-1] == "ratings.csv")
        with archive.open(name) as file:
            frame = pd.read_csv(file).rename(columns=str.strip)
    ratings = by_index(frame["UserID"], frame["Item"], frame["Rating"].to_numpy(dtype=float))
    assert len(ratings) - len(ratings.unique()) >= 400
    for algo in real_algorithms():
        sampled_cells_agree(algo, ratings)


@pytest.mark.data
def test_movielens(real_data):
    rows = np.loadtxt(real_data / "ml-100k" / "u.data", dtype=np.int64)
    ratings = by_index(rows[:, 0], rows[:, 1], rows[:, 2].astype(float))
    for algo in real_algorithms():
        sampled_cells_agree(algo, ratings)
