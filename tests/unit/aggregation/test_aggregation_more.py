"""Fusion, power means, leximin and Pareto levels against their definitions; normalized scores."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupbench.aggregation import MemberScores
from groupbench.aggregation.pareto import _chances
from groupbench.core.arrays import Segments
from groupbench.core.registry import aggregators

NORMALIZED = sorted(n for n, e in aggregators.items() if "normalize" in e.parameters())
LAW = settings(max_examples=settings.default.max_examples // 2)


def ragged(seed, max_size=6, levels=17, low=4):
    """A block with groups of 1 to `max_size` members, ties and missing candidates."""
    rng = np.random.default_rng(seed)
    sizes, width = rng.integers(1, max_size + 1, size=6), int(rng.integers(1, 12))
    scores = rng.integers(low, low + levels, size=(sizes.sum(), width)) / 4
    valid = rng.random((6, width)) < 0.8
    valid[:, 0] = True
    activity = rng.integers(1, 4, size=sizes.sum()).astype(float)
    return MemberScores(
        scores, valid, Segments.from_sizes(sizes), activity, None if seed % 2 else (1.0, 5.25)
    )


def groups_of(out, members):
    """(group scores, member scores) of each group over its candidates."""
    for group, ok in enumerate(members.valid):
        yield out[group, ok], members.scores[members.segments.rows(group, group + 1)][:, ok]


def dense(values):
    distinct = sorted(set(values))
    return [distinct.index(v) for v in values]


def places(row):
    """The places, from 0, that each candidate may have: first and one past the last."""
    return [(int((row > s).sum()), int((row >= s).sum())) for s in row]


@pytest.mark.parametrize("k", [60.0, 0.0, 3.5])
def test_rrf_sums_expected_reciprocal_places(k):
    for members in map(ragged, range(15)):
        for out, lists in groups_of(aggregators["rrf"].create(k=k).aggregate(members), members):
            expected = [
                sum(np.mean([1 / (k + 1 + p) for p in range(*places(row)[c])]) for row in lists)
                for c in range(len(out))
            ]
            np.testing.assert_allclose(out, expected, rtol=1e-13)


def test_leximin_compares_sorted_scores():
    for seed in range(30):
        members = ragged(seed, levels=3)
        out = aggregators["leximin"].create().aggregate(members)
        for row, lists in groups_of(out, members):
            keys = [tuple(sorted(c)) for c in lists.T.tolist()]
            assert row.tolist() == [sum(k < own for k in keys) + (keys.count(own) - 1) / 2 for own in keys]


@pytest.mark.parametrize("p", [-3.0, -1.0, 0.5, 1.0, 2.0])
def test_p_mean_is_the_power_mean_of_ratings(p):
    for members in map(ragged, range(0, 20, 2)):
        for out, lists in groups_of(aggregators["p-mean"].create(p=p).aggregate(members), members):
            np.testing.assert_allclose(out, np.mean(lists**p, axis=0) ** (1 / p), rtol=1e-12)


def test_p_mean_runs_from_misery_over_the_geometric_mean_to_pleasure():
    members = ragged(0)
    run = lambda name, **options: aggregators[name].create(**options).aggregate(members)  # noqa: E731
    np.testing.assert_allclose(run("p-mean", p=-5000.0), run("least-misery"), rtol=1e-3)
    np.testing.assert_allclose(run("p-mean", p=5000.0), run("most-pleasure"), rtol=1e-3)
    np.testing.assert_allclose(run("p-mean", p=0.0), run("multiplicative"), rtol=1e-12)
    means = np.stack([run("p-mean", p=p) for p in (-9.0, -1.0, 0.0, 1.0, 4.0)])
    assert (np.diff(means, axis=0) > -1e-12).all()


def pareto(lists, depth, levels, x_level):
    """(weightings with the candidate among the best, mean) pairs, as the paper says for one group."""
    size, width = lists.shape
    while levels > 2 and levels**size > 256:
        levels -= 1
    rank = np.full((size, width), depth + 0.0)
    liked = np.zeros(width, dtype=bool)
    for m, row in enumerate(lists):
        for c, (first, end) in enumerate(places(row)):
            if first < depth:
                rank[m, c], liked[c] = min((first + end - 1) / 2, depth), True
    pool = np.flatnonzero(liked)
    dominators = {
        c: sum((rank[:, d] <= rank[:, c]).all() and (rank[:, d] < rank[:, c]).any() for d in pool)
        for c in pool
    }
    limit = depth - 1
    if x_level:
        limit = sorted(dominators.values())[min(depth, len(pool)) - 1]
    pool = [c for c in pool if dominators[c] <= limit]
    chance = [Fraction(0)] * width
    if levels**size <= 256:
        weightings = list(itertools.product(range(levels), repeat=size))[1:]
    else:
        alone = np.eye(size).tolist()
        weightings = [[1] * size, *(1 - np.eye(size)).tolist(), *alone]
    for weights in weightings:
        sums = {c: float(np.dot(weights, rank[:, c])) for c in pool}
        for c in pool:
            ahead = sum(s < sums[c] for s in sums.values())
            tied = sum(s == sums[c] for s in sums.values())
            chance[c] += min(max(Fraction(depth - ahead, tied), 0), 1)
    return [(n, m) for n, m in zip(chance, lists.mean(axis=0), strict=True)]


@pytest.mark.parametrize("name", ["npo", "xpo"])
@pytest.mark.parametrize(("depth", "levels", "size"), [(20, 5, 5), (3, 5, 4), (2, 2, 6), (4, 3, 11)])
def test_pareto_levels_and_weightings(name, depth, levels, size):
    for seed in range(12):
        members = ragged(seed, max_size=size)
        out = aggregators[name].create(depth=depth, levels=levels).aggregate(members)
        for row, lists in groups_of(out, members):
            assert dense(row.tolist()) == dense(pareto(lists, depth, levels, name == "xpo"))


def test_a_dominated_candidate_is_never_above_the_one_that_dominates_it():
    scores = np.random.default_rng(8).normal(size=(4, 60))
    members = MemberScores(scores, np.ones((1, 60), bool), Segments.from_sizes([4]), np.ones(4), None)
    for name in ("npo", "xpo", "leximin", "rrf", "p-mean"):
        out = aggregators[name].create().aggregate(members)[0]
        better = (scores[:, :, None] > scores[:, None, :]).all(axis=0)
        above, below = np.nonzero(better)
        assert len(above) > 50
        assert (out[above] >= out[below]).all()


@pytest.mark.parametrize("name", NORMALIZED)
@pytest.mark.parametrize("how", ["none", "minmax", "zscore", "rank"])
class TestNormalisedLaws:
    @given(seed=st.integers(0, 10_000))
    @LAW
    def test_neither_order_nor_empty_columns_matter(self, name, how, seed):
        members, rng = ragged(seed), np.random.default_rng(seed)
        strategy = aggregators[name].create(normalize=how)
        out = strategy.aggregate(members)
        columns = rng.permutation(members.width)
        rows = np.lexsort((rng.random(len(members.scores)), members.segments.of_row))
        filled = np.where(members.valid[members.segments.of_row], members.scores, 77.0)
        other = replace(
            members,
            scores=filled[rows][:, columns],
            valid=members.valid[:, columns],
            activity=members.activity[rows],
        )
        np.testing.assert_array_equal(strategy.aggregate(other)[other.valid], out[:, columns][other.valid])

    @given(seed=st.integers(0, 10_000))
    @LAW
    def test_a_single_member_keeps_its_order(self, name, how, seed):
        members = ragged(seed, max_size=1)
        out = aggregators[name].create(normalize=how).aggregate(members)
        for row, lists in groups_of(out, members):
            assert dense(row.tolist()) == dense(lists[0].tolist())


@pytest.mark.parametrize("name", NORMALIZED)
@pytest.mark.parametrize("how", ["minmax", "zscore", "rank"])
def test_the_scales_of_members_do_not_matter(name, how):
    members = replace(ragged(3, levels=1000), scale=None)
    factor, shift = np.random.default_rng(5).integers(1, 9, size=(2, len(members.scores), 1))
    other = replace(members, scores=members.scores * factor + shift)
    strategy = aggregators[name].create(normalize=how)
    if name == "ep-fuzzda":
        strategy = replace(strategy, depth=2)
    out, same = strategy.aggregate(members)[members.valid], strategy.aggregate(other)[members.valid]
    if name == "ep-fuzzda":
        assert 0 < (out >= 1).sum() < len(out)
        np.testing.assert_array_equal(out >= 1, same >= 1)
    else:
        np.testing.assert_allclose(out, same, rtol=1e-9, atol=1e-9)


def test_normalized_values():
    scores = np.array([[1.0, 3.0, 5.0, 3.0], [2.0, 2.0, 2.0, 9.0]])
    valid = np.array([[True, True, True, False]])
    alone = MemberScores(scores[:1], valid, Segments.from_sizes([1]), np.ones(1), (1.0, 5.0))
    indifferent = replace(alone, scores=scores[1:])
    spread = np.sqrt(8 / 3)
    for how, expected, flat in [
        ("minmax", [0, 0.5, 1], 0.5),
        ("zscore", [-2 / spread, 0, 2 / spread], 0.0),
        ("rank", [0, 0.5, 1], 0.5),
    ]:
        strategy = aggregators["average"].create(normalize=how)
        np.testing.assert_allclose(strategy.aggregate(alone)[0, :3], expected, rtol=1e-12)
        assert strategy.aggregate(indifferent)[0, :3].tolist() == [flat] * 3


def test_an_indifferent_member_does_not_veto_under_least_misery():
    scores = np.array([[1.0, 2.0, 3.0], [4.0, 4.0, 4.0]])
    members = MemberScores(scores, np.ones((1, 3), bool), Segments.from_sizes([2]), np.ones(2), None)
    out = aggregators["least-misery"].create(normalize="minmax").aggregate(members)[0]
    assert out.tolist() == [0.0, 0.5, 0.5]


def test_the_score_based_strategies_can_normalize():
    assert set(NORMALIZED) >= {
        "additive",
        "average",
        "average-without-misery",
        "ep-fuzzda",
        "least-misery",
        "leximin",
        "median",
        "most-pleasure",
        "most-respected",
        "multiplicative",
        "p-mean",
    }
    assert all(
        aggregators[n].parameters()["normalize"] == ("auto" if n == "ep-fuzzda" else "none")
        for n in NORMALIZED
    )


def choices(lists, width):
    """Ranks of members, (1, n_members, width), of which each has the given columns in the first place."""
    ranks = np.full((1, len(lists), width), 2.0, dtype=np.float32)
    for member, columns in enumerate(lists):
        ranks[0, member, columns] = 0.0
    return ranks


def test_three_thirds_are_as_good_as_one():
    ranks = choices([[0, 1, 2], [0, 3, 4], [0, 5, 6], [7]], 8)
    chances = _chances(ranks, np.ones((1, 8), bool), np.eye(4, dtype=np.float32), 1)[0]
    assert chances[0] == chances[7] > chances[1] == chances[6] > 0


def test_shares_of_any_denominator_are_added_exactly():
    primes = [41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103]
    lists = [list(range(p)) for p in primes] + [[110]]
    chances = _chances(choices(lists, 112), np.ones((1, 112), bool), np.eye(16, dtype=np.float32), 1)[0]
    sums = [sum((Fraction(1, p) for p in primes if c < p), Fraction(c == 110)) for c in range(112)]
    assert dense(chances.tolist()) == dense(sums)
    assert chances[111] == 0


def test_ep_fuzzda_takes_predicted_ratings_as_they_are():
    members = ragged(5, levels=50)
    by = {how: aggregators["ep-fuzzda"].create(depth=3, normalize=how) for how in ("auto", "none", "minmax")}
    for scale, same, other in (((1.0, 5.0), "none", "minmax"), (None, "minmax", "none")):
        out = {how: strategy.aggregate(replace(members, scale=scale)) for how, strategy in by.items()}
        np.testing.assert_array_equal(out["auto"], out[same])
        assert not np.array_equal(out["auto"], out[other])
