"""Compiled loops against the NumPy code that defines them, and against the least that any program has to do.

The least is one fused loop: it gathers the members' scores of all items, averages them and keeps the ten best
of each group. It knows no candidates, ties, truth or metrics. Scores of members are the same table for both.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from groupbench.aggregation import MemberTable, find_top
from groupbench.core.arrays import Segments
from groupbench.core.kernels import VARIABLE
from groupbench.core.registry import aggregators
from groupbench.core.stopwatch import Stopwatch
from groupbench.evaluation.evaluate import evaluate
from groupbench.evaluation.views import VIEWS
from groupbench.metrics import TIES
from tests.benchmarks.test_bench_grouprec import ASKED, N_GROUPS, coupled  # noqa: F401

BARS = {"copeland": 20}


def evaluated(task, method, names, metrics, ties):
    chosen = {name: aggregators[name].create() for name in names}
    return evaluate(
        method, task, [VIEWS["coupled"].make_case(task)], chosen, Stopwatch(), metrics=metrics, ties=ties
    )


def assert_same(ours, theirs):
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one.top, other.top, err_msg=one.aggregator)
        for ties, values in other.values.items():
            for name, expected in values.items():
                found = one.values[ties][name]
                np.testing.assert_array_equal(found, expected, err_msg=f"{one.aggregator} {name}")


def without_kernels(monkeypatch, work):
    with monkeypatch.context() as patch:
        patch.setenv(VARIABLE, "off")
        return work()


@pytest.mark.parametrize("name", sorted(aggregators))
def test_one_aggregator(versus, movielens, coupled, name, monkeypatch):  # noqa: F811
    work = partial(evaluated, *coupled, [name], ASKED, ["expected"])
    versus(
        f"1,000 groups of 4, {movielens.title}, coupled, {name}",
        work,
        partial(without_kernels, monkeypatch, work),
        assert_same,
        against="the same with GROUPBENCH_KERNELS=off",
        bar=BARS.get(name),
        rounds=3,
    )


def test_all_aggregators(versus, movielens, coupled, monkeypatch):  # noqa: F811
    work = partial(evaluated, *coupled, list(aggregators), None, TIES)
    versus(
        f"1,000 groups of 4, {movielens.title}, coupled, all aggregators, metrics and tie rules",
        work,
        partial(without_kernels, monkeypatch, work),
        assert_same,
        against="the same with GROUPBENCH_KERNELS=off",
        rounds=1,
    )


@pytest.fixture(scope="module")
def fused():
    import numba

    @numba.njit("void(f8[:,::1], i8[:,::1], f8[:,::1], u4[:,::1])", error_model="numpy")
    def best_ten(table, members, best, items):
        for g in range(len(members)):
            for place in range(10):
                best[g, place] = -np.inf
            for c in range(table.shape[1]):
                score = 0.0
                for m in range(members.shape[1]):
                    score += table[members[g, m], c]
                score /= members.shape[1]
                if score > best[g, 9]:
                    place = 9
                    while place > 0 and best[g, place - 1] < score:
                        best[g, place], items[g, place] = best[g, place - 1], items[g, place - 1]
                        place -= 1
                    best[g, place], items[g, place] = score, c

    return best_ten


@pytest.fixture(scope="module")
def members(coupled):  # noqa: F811
    task, method = coupled
    groups, n_items = task.train.groups, task.train.ratings.n_items
    table = np.ascontiguousarray(method.score(np.arange(task.train.ratings.n_users)))
    items = np.broadcast_to(np.arange(n_items), (N_GROUPS, n_items))
    segments, lengths = Segments(groups.segments.offsets), np.full(N_GROUPS, n_items)
    activity = np.ones(len(groups.members))
    return MemberTable(table, groups.members, items, lengths, segments, activity, None)


def least(fused, members):
    best, items = np.empty((N_GROUPS, 10)), np.empty((N_GROUPS, 10), np.uint32)
    fused(members.table, np.array(members.rows).reshape(N_GROUPS, 4), best, items)
    return best


def test_the_best_ten_by_mean(versus, movielens, members, fused):
    average = aggregators["average"].create()
    versus(
        f"the best ten of 1,000 groups of 4, {movielens.title}, by mean; the limit is a fused loop",
        partial(find_top, average, members, 10),
        partial(least, fused, members),
        lambda ours, best: np.testing.assert_allclose(-ours[0][:, :10], best, rtol=1e-12),
        against="a fused loop, compiled by Numba",
    )


def test_everything_against_the_least(versus, movielens, coupled, members, fused):  # noqa: F811
    def equal(ours, best):
        assert [one.aggregator for one in ours] == list(aggregators)
        assert np.isfinite(best).all()

    versus(
        f"1,000 groups of 4, {movielens.title}, all aggregators, metrics and tie rules; "
        "the limit is a fused loop for one",
        partial(evaluated, *coupled, list(aggregators), None, TIES),
        partial(least, fused, members),
        equal,
        against="a fused loop, compiled by Numba",
        bar=0.01,
        rounds=3,
    )
