"""How long it takes from fitted scores to the coupled and decoupled figures of 1,000 groups.

Run with `--benchmark-only -s`. The matrix has the size and the density of ML-100K; the model is EASE.
"""

from __future__ import annotations

import numpy as np
import pytest

from groupbench.data import Dataset, Ratings
from groupbench.evaluation import evaluate
from groupbench.measure import Stopwatch
from groupbench.protocol import make_protocol
from groupbench.registry import aggregators, methods
from groupbench.seeding import generator
from groupbench.views import VIEWS

N_USERS, N_ITEMS, N_ROWS = 943, 1682, 100_000
BAR = 0.25
"""Seconds that the metrics of one aggregator may take in both views."""


def like_movielens():
    """Ratings with popular items, active users and two tastes."""
    rng = np.random.default_rng(0)
    weights = np.outer(rng.lognormal(0, 1.0, N_USERS), rng.lognormal(0, 1.6, N_ITEMS)).ravel()
    pairs = rng.choice(len(weights), N_ROWS, replace=False, p=weights / weights.sum())
    users, items = pairs // N_ITEMS, pairs % N_ITEMS
    taste = (rng.normal(size=(N_USERS, 2)) @ rng.normal(size=(2, N_ITEMS)))[users, items]
    values = np.clip(np.rint(3.5 + 0.7 * taste + rng.normal(0, 0.8, N_ROWS)), 1, 5)
    ids = [tuple(map(str, range(n))) for n in (N_USERS, N_ITEMS)]
    return Dataset("bench", "Bench", Ratings(users, items, values, N_USERS, N_ITEMS), *ids, (1.0, 5.0))


@pytest.fixture(scope="module")
def fitted():
    task = make_protocol({"name": "coupled"}).prepare(like_movielens(), 0)
    return methods["ease"].create().fit(task.train, rng=generator("bench")), task


@pytest.mark.benchmark(group="coupled and decoupled: 1,000 groups of 2 to 8, 1,682 items, all aggregators")
def test_all_aggregators(benchmark, fitted):
    method, task = fitted
    judgements = [VIEWS[name].judge(task) for name in ("coupled", "decoupled")]
    chosen = {name: entry.create() for name, entry in aggregators.all().items()}
    watch = Stopwatch()

    def run():
        watch.seconds.clear()
        return evaluate(method, task, judgements, chosen, watch)

    found = benchmark.pedantic(run, rounds=2)

    assert len(found) == 2 * len(chosen)
    for one in found:
        mean, low, high = (one.means("expected")[f"{p}ndcg@10"] for p in ("", "min-", "max-"))
        assert 0 <= low < mean < high <= 1
    each = {name: round(spent / len(chosen), 3) for name, spent in watch.seconds.items() if name != "score"}
    print(f"\n{len(chosen)} aggregators: score {watch.seconds['score']:.2f} s; seconds for each: {each}")
    assert each["metrics"] < BAR
