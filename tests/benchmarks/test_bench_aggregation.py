"""Aggregation of many small groups, and of clusters of all users of ML-100K, against loops over groups."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import rankdata

from groupbench.aggregation import MemberScores
from groupbench.core.arrays import Segments
from groupbench.core.registry import aggregators

NAMES = sorted(aggregators)


def block(sizes, width):
    rng = np.random.default_rng(0)
    segments = Segments.from_sizes(sizes)
    scores = rng.normal(3.5, 0.7, size=(int(segments.offsets[-1]), width)).clip(1, 5)
    activity = rng.integers(1, 500, len(scores)).astype(float)
    return MemberScores(scores, np.ones((len(sizes), width), bool), segments, activity, (1.0, 5.0))


@pytest.fixture(scope="module")
def small_groups():
    return block([4] * 1000, 1682)


@pytest.fixture(scope="module")
def clusters():
    rng = np.random.default_rng(1)
    return block(1 + rng.multinomial(943 - 20, rng.dirichlet(np.ones(20))), 1600)


@pytest.fixture(scope="module")
def mixed_groups():
    return block(np.random.default_rng(2).permutation(np.arange(1000) % 7 + 2), 1682)


def aggregated(benchmark, name, members, rounds=3):
    """Time an aggregator that is alone: in every round nothing was made for another one before."""
    strategy = aggregators[name].create()
    return benchmark.pedantic(
        strategy.aggregate, setup=lambda: ((replace(members),), {}), rounds=rounds, iterations=1
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_thousand_groups_of_four(benchmark, name, small_groups):
    assert np.isfinite(aggregated(benchmark, name, small_groups)).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_thousand_groups_of_two_to_eight(benchmark, name, mixed_groups):
    assert np.isfinite(aggregated(benchmark, name, mixed_groups)).all()


@pytest.mark.parametrize("name", NAMES)
def test_twenty_clusters_of_all_users(benchmark, name, clusters):
    assert np.isfinite(aggregated(benchmark, name, clusters)).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_hundred_groups_without_preferences(benchmark, name):
    members = block([4] * 100, 1682)
    members = replace(members, scores=np.full_like(members.scores, 3.0))
    out = aggregated(benchmark, name, members, rounds=1)
    assert (np.ptp(out, axis=1) == 0).all()


def each_group(members):
    return np.split(members.scores, members.segments.offsets[1:-1])


def borda_by_loop(members):
    return np.stack([(rankdata(rows, axis=1) - 1).sum(axis=0) for rows in each_group(members)])


def copeland_by_loop(members):
    out = []
    for rows in each_group(members):
        margins = np.zeros((members.width, members.width))
        for row in rows:
            margins += np.sign(row[:, None] - row)
        out.append(np.sign(margins).sum(axis=1))
    return np.stack(out)


def plurality_by_loop(members, depth=20):
    out = []
    for rows in each_group(members):
        left = rows.copy()
        total = (rankdata(rows, axis=1) - 1).sum(axis=0)
        placed = (rankdata(total) - 1) / members.width
        for turn in range(depth, 0, -1):
            votes = (left == left.max(axis=1, keepdims=True)).sum(axis=0)
            winners = votes == votes.max()
            placed[winners] = turn
            left[:, winners] = -np.inf
        out.append(placed)
    return np.stack(out)


def rrf_by_loop(members, k=60):
    reciprocal = np.concatenate([[0], np.cumsum(1 / (k + np.arange(1, members.width + 1)))])
    out = []
    for rows in each_group(members):
        first, last = (rankdata(-rows, axis=1, method=how).astype(int) for how in ("min", "max"))
        out.append(((reciprocal[last] - reciprocal[first - 1]) / (last - first + 1)).sum(axis=0))
    return np.stack(out)


def leximin_by_loop(members):
    out = []
    for rows in each_group(members):
        ordered = np.sort(rows, axis=0)
        same = np.unique(ordered, axis=1, return_inverse=True)[1]
        out.append(rankdata(same.ravel()) - 1)
    return np.stack(out)


def sp_greedy_by_loop(members, depth=20, delta=0.1):
    out = []
    for rows in each_group(members):
        liked = rankdata(-rows, axis=1, method="min") <= np.ceil(delta * members.width)
        mean = rows.mean(axis=0)
        placed = mean * 0.5 ** max(int(np.frexp(np.abs(mean).max())[1]), 0)
        lacking = np.ones(len(rows), dtype=bool)
        for turn in range(depth, 0, -1):
            gains = liked[lacking].sum(axis=0)
            if gains.max(initial=0) == 0:
                break
            winner = np.lexsort((mean, gains))[-1]
            placed[winner] = turn
            lacking &= ~liked[:, winner]
        out.append(placed)
    return np.stack(out)


LOOPS = {
    "borda": borda_by_loop,
    "copeland": copeland_by_loop,
    "leximin": leximin_by_loop,
    "plurality": plurality_by_loop,
    "rrf": rrf_by_loop,
    "sp-greedy": sp_greedy_by_loop,
}


@pytest.mark.parametrize("name", LOOPS)
def test_against_a_loop_over_groups(versus, name, clusters):
    strategy = aggregators[name].create()
    versus(
        f"20 clusters of 943 users, 1,600 items, {name}",
        lambda: strategy.aggregate(replace(clusters)),
        lambda: LOOPS[name](clusters),
        lambda ours, loop: np.testing.assert_allclose(ours, loop, rtol=1e-12),
        against="a loop over groups with NumPy",
        rounds=3,
    )
