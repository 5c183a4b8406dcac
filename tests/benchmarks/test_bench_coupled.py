"""From fitted scores to the coupled figures of 1,000 groups of 2 to 8, against a loop over groups."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from scipy.stats import rankdata

from groupbench.core.registry import aggregators, methods
from groupbench.core.seeding import generator
from groupbench.core.stopwatch import Stopwatch
from groupbench.evaluation.evaluate import evaluate
from groupbench.evaluation.protocols import make_protocol
from groupbench.evaluation.views import VIEWS

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
FEW = 25
"""Groups that are judged one by one."""


@pytest.fixture(scope="module")
def fitted(movielens):
    task = make_protocol({"name": "coupled"}).prepare(movielens, 0)
    return methods["svd"].create().fit(task.train, rng=generator("bench")), task


def cases(task, *views):
    return [VIEWS[view].make_case(task) for view in views]


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
        candidates = np.setdiff1d(np.arange(train.n_items), train.items[np.isin(train.users, members)])
        rows = [(held_out.users == user) & (held_out.values >= 4) for user in members]
        liked = [np.isin(candidates, held_out.items[row]) for row in rows]
        scores = method.score(members)[:, candidates]
        for name, aggregate in PLAIN.items():
            group_scores = aggregate(scores)
            values = np.array([judged_plainly(group_scores, own) for own in liked if own.any()])
            if len(values):
                out[name][place] = [*values.mean(axis=0), *values.min(axis=0)]
    return out


def test_against_a_loop_over_groups(versus, movielens, fitted):
    method, task = fitted
    groups = np.arange(0, 1000, 1000 // FEW)
    names = [f"{prefix}{family}@10" for prefix in ("", "min-") for family in ("precision", "recall", "ndcg")]

    def equal(ours, loop):
        for one in ours:
            values = np.stack([one.values["expected"][name][groups] for name in names], axis=1)
            np.testing.assert_allclose(values, loop[one.aggregator], atol=1e-12, err_msg=one.aggregator)

    versus(
        f"1,000 groups of 2 to 8, {movielens.title}, coupled, 6 aggregators",
        partial(
            evaluate,
            *(method, task, cases(task, "coupled"), created(PLAIN), Stopwatch()),
            metrics=names,
            ties=["expected"],
        ),
        partial(one_by_one, method, task, groups),
        equal,
        against="a loop over groups with NumPy",
        share=FEW / 1000,
        rounds=3,
    )


def test_twenty_aggregators(benchmark, fitted):
    method, task = fitted
    assert np.unique(task.train.groups.sizes).tolist() == [2, 3, 4, 5, 6, 7, 8]
    views, watch = cases(task, "coupled"), Stopwatch()
    found = benchmark.pedantic(evaluate, (method, task, views, created(TWENTY), watch), rounds=1)
    assert [len(one.case.evaluated) for one in found] == [1000] * 20
    benchmark.extra_info["seconds"] = watch.seconds


def test_all_aggregators(benchmark, fitted):
    method, task = fitted
    views, chosen, watch = cases(task, "coupled", "decoupled"), created(aggregators), Stopwatch()
    found = benchmark.pedantic(evaluate, (method, task, views, chosen, watch), rounds=1)

    assert len(found) == 2 * len(chosen)
    for one in found:
        mean, low, high = (one.means("expected")[f"{p}ndcg@10"] for p in ("", "min-", "max-"))
        assert 0 <= low < mean < high <= 1
    benchmark.extra_info["seconds"] = watch.seconds
