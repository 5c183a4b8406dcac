"""Seconds for all 943 x 1682 scores of ML-100K: matrix form against Surprise's loop over `predict`.

Surprise is timed on `N_CELLS` cells drawn uniformly from the matrix and scaled to all of them; the same cells
must have equal scores first. Our time includes turning the fitted model into arrays. Training is short: how
long scores take does not depend on it. Without the real files, random ratings of the same size and a similar
popularity curve stand in.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
import surprise
from threadpoolctl import threadpool_limits

from groupbench.baselines._surprise_scores import score_matrix
from groupbench.baselines._surprise_trainset import build_trainset
from groupbench.data import Ratings

N_USERS, N_ITEMS, N_ROWS, N_CELLS = 943, 1682, 100_000, 10_000
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


@pytest.fixture(scope="module")
def trainset():
    file = Path(os.environ.get("GROUPBENCH_DATA", "")) / "ml-100k" / "u.data"
    if file.is_file():
        users, items, values = np.loadtxt(file, dtype=np.int64)[:, :3].T
        users, items = users - 1, items - 1
    else:
        rng = np.random.default_rng(0)
        weights = np.outer(np.geomspace(1, 0.03, N_USERS), np.geomspace(1, 0.002, N_ITEMS)).ravel()
        pairs = rng.choice(len(weights), N_ROWS, replace=False, p=weights / weights.sum())
        users, items, values = pairs // N_ITEMS, pairs % N_ITEMS, rng.integers(1, 6, N_ROWS)
    return build_trainset(Ratings(users, items, values.astype(float), N_USERS, N_ITEMS), (1.0, 5.0))


def surprise_seconds(algo, trainset, users, items):
    """Surprise's unclipped estimates of the given cells, and the seconds its loop took."""
    cells = [
        (trainset.to_raw_uid(u), trainset.to_raw_iid(i))
        for u, i in zip(users.tolist(), items.tolist(), strict=True)
    ]
    start = time.perf_counter()
    estimates = [algo.predict(user, item, clip=False).est for user, item in cells]
    return np.array(estimates), time.perf_counter() - start


@pytest.mark.parametrize("name", ALGORITHMS)
def test_full_matrix(name, trainset, benchmark):
    algo = ALGORITHMS[name].fit(trainset)
    everybody = np.arange(trainset.n_users)
    rng = np.random.default_rng(1)
    users = rng.integers(0, trainset.n_users, N_CELLS)
    items = rng.integers(0, trainset.n_items, N_CELLS)
    with threadpool_limits(1):
        estimates, seconds = surprise_seconds(algo, trainset, users, items)
        np.testing.assert_allclose(score_matrix(algo, everybody)[users, items], estimates, rtol=0, atol=1e-9)
        benchmark.pedantic(score_matrix, (algo, everybody), rounds=3)
    theirs = seconds * trainset.n_users * trainset.n_items / N_CELLS
    ours = benchmark.stats.stats.min
    benchmark.extra_info.update(surprise_seconds_scaled=theirs, sampled_cells=N_CELLS, ratio=theirs / ours)
    print(f"\n{name}: ours {ours:.3f} s, Surprise {theirs:.1f} s (scaled), {theirs / ours:.0f} times")
    assert ours < theirs
