"""How long it takes from fitted scores to the coupled figures of 1,000 groups of 2 to 8 members.

Run with `--benchmark-only -s`. The data are ML-100K where GROUPBENCH_DATA has it, else rows of its size
and density. Values are compared with those of a plain loop before anything is timed.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import rankdata

from groupbench.data import Dataset, Ratings
from groupbench.evaluation import evaluate
from groupbench.loading import load
from groupbench.measure import Stopwatch
from groupbench.protocol import make_protocol
from groupbench.registry import aggregators, methods
from groupbench.seeding import generator
from groupbench.views import VIEWS

N_USERS, N_ITEMS, N_ROWS = 943, 1682, 100_000
TWENTY = [
    "additive",
    "approval",
    "average",
    "average-without-misery",
    "borda",
    "copeland",
    "ep-fuzzda",
    "gfar",
    "greedy-lm",
    "leximin",
    "least-misery",
    "median",
    "most-pleasure",
    "most-respected",
    "multiplicative",
    "p-mean",
    "plurality",
    "round-robin",
    "rrf",
    "xpo",
]
SECONDS = 10
"""What scores, groups and figures of twenty aggregators may take together."""
EACH = 0.25
"""Seconds that the metrics of one aggregator may take in the coupled and the decoupled view."""
FEW = 25
"""Groups that are judged one by one."""


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
    folder = Path(os.environ.get("GROUPBENCH_DATA", "."))
    dataset = load("ml-100k", folder) if (folder / "ml-100k").is_dir() else like_movielens()
    task = make_protocol({"name": "coupled"}).prepare(dataset, 0)
    return methods["svd"].create().fit(task.train, rng=generator("bench")), task


def judgements(task, *views):
    return [VIEWS[view].judge(task) for view in views]


def created(names):
    return {name: aggregators[name].create() for name in names}


PLAIN = {
    "average": lambda scores: scores.mean(axis=0).round(12),
    "median": lambda scores: np.median(scores, axis=0),
    "least-misery": lambda scores: scores.min(axis=0),
    "most-pleasure": lambda scores: scores.max(axis=0),
    "borda": lambda scores: rankdata(scores, axis=1).sum(axis=0),
    "copeland": lambda scores: np.sign(sum(np.sign(s[:, None] - s) for s in scores)).sum(axis=1),
}


def judged_plainly(scores, liked):
    """Precision, recall and NDCG at 10 of one list for one member; equal scores share what is relevant."""
    order = np.argsort(-scores)
    ranked, relevant = scores[order], liked[order].astype(float)
    start = 0
    while start < 10:
        stop = start + np.count_nonzero(ranked == ranked[start])
        relevant[start:stop] = relevant[start:stop].mean()
        start = stop
    discount = 1 / np.log2(np.arange(2, 12))
    hits, ideal = relevant[:10], discount[: liked.sum()].sum()
    return hits.sum() / 10, hits.sum() / liked.sum(), hits @ discount / ideal


def one_by_one(method, task, groups):
    """Mean and minimum over members of three metrics, (n_groups, 6), by the plain aggregators."""
    train, held_out = task.train.ratings, task.held_out
    out = {name: np.full((len(groups), 6), np.nan) for name in PLAIN}
    for place, group in enumerate(groups):
        members = task.train.groups[group]
        candidates = np.setdiff1d(np.arange(N_ITEMS), train.items[np.isin(train.users, members)])
        rows = [(held_out.users == user) & (held_out.values >= 4) for user in members]
        liked = [np.isin(candidates, held_out.items[row]) for row in rows]
        scores = method.score(members)[:, candidates]
        for name, aggregate in PLAIN.items():
            group_scores = aggregate(scores)
            values = np.array([judged_plainly(group_scores, own) for own in liked if own.any()])
            if len(values):
                out[name][place] = [*values.mean(axis=0), *values.min(axis=0)]
    return out


@pytest.mark.benchmark(group="coupled: 1,000 groups of 2 to 8, 1,682 items, 20 aggregators")
def test_twenty_aggregators(benchmark, fitted):
    method, task = fitted
    assert np.unique(task.train.groups.sizes).tolist() == [2, 3, 4, 5, 6, 7, 8]
    views, watch = judgements(task, "coupled"), Stopwatch()
    found = benchmark.pedantic(evaluate, (method, task, views, created(TWENTY), watch), rounds=1)
    assert [len(one.judgement.judged) for one in found] == [1000] * 20
    seconds = {name: round(spent, 2) for name, spent in watch.seconds.items()}
    print(f"\nML-100K: {task.train.ratings.n_users} users; seconds: {seconds}")
    assert sum(watch.seconds.values()) < SECONDS


@pytest.mark.benchmark(group="coupled: a loop over groups and members, 6 aggregators")
def test_against_a_loop_over_groups(benchmark, fitted):
    method, task = fitted
    groups = np.arange(0, 1000, 1000 // FEW)
    start = time.perf_counter()
    found = evaluate(method, task, judgements(task, "coupled"), created(PLAIN), Stopwatch())
    ours = (time.perf_counter() - start) / 1000
    expected = one_by_one(method, task, groups)
    names = [f"{prefix}{family}@10" for prefix in ("", "min-") for family in ("precision", "recall", "ndcg")]
    for one in found:
        values = np.stack([one.values["expected"][name][groups] for name in names], axis=1)
        np.testing.assert_allclose(values, expected[one.aggregator], atol=1e-12, err_msg=one.aggregator)
    benchmark.pedantic(one_by_one, (method, task, groups), rounds=1)
    if benchmark.stats is not None:
        loop = benchmark.stats["min"] / FEW
        print(
            f"\nper group: loop {1e3 * loop:.1f} ms, groupbench {1e3 * ours:.1f} ms, ratio {loop / ours:.0f}"
        )


@pytest.mark.benchmark(group="coupled and decoupled: 1,000 groups of 2 to 8, 1,682 items, all aggregators")
def test_all_aggregators(benchmark, fitted):
    method, task = fitted
    views, chosen, watch = judgements(task, "coupled", "decoupled"), created(aggregators.all()), Stopwatch()

    def run():
        watch.seconds.clear()
        return evaluate(method, task, views, chosen, watch)

    found = benchmark.pedantic(run, rounds=2)

    assert len(found) == 2 * len(chosen)
    for one in found:
        mean, low, high = (one.means("expected")[f"{p}ndcg@10"] for p in ("", "min-", "max-"))
        assert 0 <= low < mean < high <= 1
    each = {name: round(spent / len(chosen), 3) for name, spent in watch.seconds.items() if name != "score"}
    print(f"\n{len(chosen)} aggregators: score {watch.seconds['score']:.2f} s; seconds for each: {each}")
    assert each["metrics"] < EACH
