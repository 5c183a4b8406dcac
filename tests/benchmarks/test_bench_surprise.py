"""All 943 x 1682 scores of ML-100K: matrix form against Surprise's loop over `predict`.

Surprise predicts a share of the matrix, in cells drawn uniformly; the same cells must have equal scores.
Our time includes turning the fitted model into arrays. Training is short: how long scores take does not
depend on it.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import surprise

from groupbench.baselines._surprise_scores import score_matrix
from groupbench.baselines._surprise_trainset import build_trainset

N_CELLS = 4_000
KNN = {"k": 40, "verbose": False}
ALGORITHMS = {
    "SVD": surprise.SVD(n_epochs=2, random_state=0),
    "SVDpp": surprise.SVDpp(n_epochs=1, random_state=0),
    "NMF": surprise.NMF(n_epochs=2, random_state=0),
    "SlopeOne": surprise.SlopeOne(),
    "CoClustering": surprise.CoClustering(n_epochs=2, random_state=0),
    "BaselineOnly": surprise.BaselineOnly(verbose=False),
} | {
    f"{make.__name__}-{'user' if user_based else 'item'}": make(sim_options={"user_based": user_based}, **KNN)
    for make in (surprise.KNNBasic, surprise.KNNWithMeans, surprise.KNNWithZScore, surprise.KNNBaseline)
    for user_based in (True, False)
}
BARS = {"NMF": 20, "CoClustering": 20, "BaselineOnly": 20}


@pytest.fixture(scope="module")
def trainset(movielens):
    return build_trainset(movielens.ratings, movielens.scale)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_score_matrix(versus, name, movielens, trainset):
    algo = ALGORITHMS[name].fit(trainset)
    rng = np.random.default_rng(1)
    users = rng.integers(0, trainset.n_users, N_CELLS)
    items = rng.integers(0, trainset.n_items, N_CELLS)
    raw = [
        (trainset.to_raw_uid(u), trainset.to_raw_iid(i))
        for u, i in zip(users.tolist(), items.tolist(), strict=True)
    ]

    def predict():
        return [algo.predict(user, item, clip=False).est for user, item in raw]

    def equal(ours, estimates):
        np.testing.assert_allclose(ours[users, items], estimates, rtol=0, atol=1e-9)

    versus(
        f"all scores of {movielens.title}, {name}",
        partial(score_matrix, algo, np.arange(trainset.n_users)),
        predict,
        equal,
        against="scikit-surprise",
        bar=BARS.get(name, 100),
        share=N_CELLS / (trainset.n_users * trainset.n_items),
    )
