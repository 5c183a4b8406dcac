"""Sequential groups against their definitions, one group and round at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from groupbench.aggregation import MemberScores
from groupbench.aggregation.sequential import (
    LTP,
    SDAA,
    SIAA,
    disagreement,
    discounted_utility,
    dmae,
    play,
    satisfaction,
)
from groupbench.core.arrays import Segments
from groupbench.core.errors import ConfigError
from groupbench.core.registry import aggregators

STRATEGIES = [SDAA(depth=3), SIAA(depth=3, b=0.3), LTP(depth=3)]


def block(seed=0, sizes=(3, 1, 4, 2), width=14, scale=(1.0, 5.0)):
    rng = np.random.default_rng(seed)
    n = sum(sizes)
    valid = rng.random((len(sizes), width)) < 0.9
    return MemberScores(
        rng.uniform(1, 5, (n, width)),
        valid,
        Segments.from_sizes(sizes),
        rng.integers(1, 9, n).astype(float),
        scale,
    )


def each_group(members):
    for group, ok in enumerate(members.valid):
        rows = members.segments.rows(group, group + 1)
        yield rows, ok, members.scores[rows][:, ok]


def best(values, depth):
    return np.argsort(-values, kind="stable")[:depth]


def sat(lists, group_scores, depth):
    chosen = best(group_scores, depth)
    return np.array([row[chosen].sum() / np.sort(row)[::-1][:depth].sum() for row in lists])


def test_satisfaction_is_the_share_of_the_own_best_list():
    members = block()
    scores = aggregators["average"].create().aggregate(members)
    out = satisfaction(members, scores, 4)
    for (rows, ok, lists), group_scores in zip(each_group(members), scores, strict=True):
        np.testing.assert_allclose(out[rows], sat(lists, group_scores[ok], 4), rtol=1e-9)
    assert (out <= 1 + 1e-12).all()
    assert out[3] == pytest.approx(1.0)


def test_satisfaction_shares_tied_places():
    lists = np.array([[5.0, 1.0, 2.0, 4.0]])
    members = MemberScores(lists, np.ones((1, 4), bool), Segments.from_sizes([1]), np.ones(1), None)
    assert satisfaction(members, np.array([[2.0, 1.0, 1.0, 0.0]]), 2) == pytest.approx((5 + 1.5) / 9)
    assert discounted_utility(members, np.array([[2.0, 1.0, 1.0, 0.0]]), 2) == pytest.approx(
        5 + 1.5 / np.log2(3)
    )
    worthless = replace(members, scores=np.zeros((1, 4)))
    assert satisfaction(worthless, np.array([[2.0, 1.0, 1.0, 0.0]]), 2) == 1.0


def rounds_by_loop(lists, ok, depth, rounds, score):
    """Group scores per round by `score(lists, last, history)` over the candidates that are left."""
    waiting, history, out = np.flatnonzero(ok), [], []
    for _ in range(rounds):
        held = lists[:, waiting]
        values = score(held, history)
        out.append((waiting, values))
        history.append(sat(held, values, depth))
        waiting = np.delete(waiting, best(values, depth))
    return out


def sdaa(held, history):
    if not history:
        return held.mean(axis=0)
    last = history[-1]
    share = last.max() - last.min()
    return (1 - share) * held.mean(axis=0) + share * held[last.argmin()]


def siaa(held, history):
    if not history:
        return held.mean(axis=0)
    weights = 0.7 * (1 - np.mean(history, axis=0)) + 0.3 * (history[-1].max() - history[-1])
    return weights @ held / weights.sum() if weights.sum() > 1e-9 else held.mean(axis=0)


@pytest.mark.parametrize(("aggregator", "score"), [(SDAA(depth=3), sdaa), (SIAA(depth=3, b=0.3), siaa)])
@pytest.mark.parametrize("seed", range(4))
def test_satisfaction_steers_the_next_round(aggregator, score, seed):
    members = block(seed)
    played = list(play(aggregator, members, 3, 3))
    for group, (rows, ok, _) in enumerate(each_group(members)):
        lists = members.scores[rows]
        for (now, out, _), (waiting, values) in zip(
            played, rounds_by_loop(lists, ok, 3, 3, score), strict=True
        ):
            assert np.flatnonzero(now.valid[group]).tolist() == waiting.tolist()
            np.testing.assert_allclose(out[group, waiting], values, rtol=1e-6)


def ltp_by_loop(lists, ok, depth, rounds):
    """The candidates of each round in order, from the published algorithm with beta 0."""
    got, waiting, out = np.zeros(len(lists)), np.flatnonzero(ok), []
    for done in range(rounds):
        low, high = (f(lists[:, waiting], axis=1)[:, None] for f in (np.min, np.max))
        relevance = (lists - low) / np.where(high > low, high - low, 1)
        sessions, chosen, mean = max(done, 1), [], lists.mean(axis=0)
        for _ in range(min(depth, len(waiting))):
            held = got / sessions
            gains = {}
            for c in set(waiting) - set(chosen):
                total = held.sum() + relevance[:, c].sum()
                free = total / len(lists) - held
                gains[c] = (round(np.maximum(0, np.minimum(relevance[:, c], free)).sum(), 9), mean[c])
            chosen.append(max(gains, key=gains.get))
            got = got + relevance[:, chosen[-1]]
        out.append([int(c) for c in chosen])
        waiting = np.array([c for c in waiting if c not in chosen])
    return out, got


@pytest.mark.parametrize("seed", range(5))
def test_ltp_continues_with_what_members_got(seed):
    members = block(seed)
    played = list(play(LTP(depth=3, normalize="minmax"), members, 3, 3))
    for group, (rows, ok, _) in enumerate(each_group(members)):
        lists, got = ltp_by_loop(members.scores[rows], ok, 3, 3)
        for (now, out, _), chosen in zip(played, lists, strict=True):
            order = np.argsort(-np.where(now.valid[group], out[group], -9), kind="stable")
            assert order[: len(chosen)].tolist() == chosen
        np.testing.assert_allclose(played[-1][2].total[rows], got, rtol=1e-9)


def test_the_first_round_of_ltp_is_ep_fuzzda():
    members = block(3)
    strategy = LTP(depth=4, excess=0.5)
    scores, _ = strategy.step(members, strategy.start(members))
    same = aggregators["ep-fuzzda"].create(depth=4, excess=0.5).aggregate(members)
    np.testing.assert_array_equal(scores, same)


@pytest.mark.parametrize("aggregator", STRATEGIES, ids=lambda a: type(a).__name__)
class TestLaws:
    def test_rounds_never_repeat_a_candidate(self, aggregator):
        members = block(1)
        for now, scores, _ in play(aggregator, members, 4, 3):
            assert scores.shape == members.valid.shape
            assert np.isfinite(scores[now.valid]).all()
        assert np.count_nonzero(members.valid) - np.count_nonzero(now.valid) == 9 * len(members.valid)

    def test_the_order_of_members_does_not_matter(self, aggregator):
        members = block(2)
        rows = np.array([2, 0, 1, 3, 7, 5, 4, 6, 9, 8])
        other = replace(members, scores=members.scores[rows], activity=members.activity[rows])
        for (_, a, left), (_, b, right) in zip(
            play(aggregator, members, 3, 3), play(aggregator, other, 3, 3), strict=True
        ):
            np.testing.assert_array_equal(a, b)
            np.testing.assert_array_equal(left.total[rows], right.total)

    def test_groups_do_not_matter_to_each_other(self, aggregator):
        members = block(4)
        together = [scores for _, scores, _ in play(aggregator, members, 3, 3)]
        alone = replace(
            members,
            scores=members.scores[4:8],
            valid=members.valid[2:3],
            segments=Segments.from_sizes([4]),
            activity=members.activity[4:8],
        )
        for whole, (now, part, _) in zip(together, play(aggregator, alone, 3, 3), strict=True):
            np.testing.assert_array_equal(whole[2:3][now.valid], part[now.valid])

    def test_a_single_member_gets_its_own_order(self, aggregator):
        members = block(5, sizes=(1, 1))
        for now, scores, _ in play(aggregator, members, 3, 3):
            for row, own, ok in zip(scores, now.scores, now.valid, strict=True):
                assert np.argsort(row[ok]).tolist() == np.argsort(own[ok]).tolist()

    def test_a_state_of_other_members_is_refused(self, aggregator):
        with pytest.raises(ConfigError, match=r"10 members.*start anew"):
            aggregator.step(block(0, sizes=(2, 2)), aggregator.start(block()))


def test_sequential_strategies_are_fairer_over_time_than_the_average():
    rng = np.random.default_rng(0)
    majority, minority = rng.uniform(1, 5, (2, 60, 80))
    scores = np.stack([majority, majority + rng.normal(0, 0.2, majority.shape), minority], axis=1)
    members = MemberScores(
        scores.reshape(-1, 80), np.ones((60, 80), bool), Segments.from_sizes([3] * 60), np.ones(180), None
    )
    valid, total, average = members.valid.copy(), np.zeros(180), aggregators["average"].create()
    for _ in range(4):
        now = replace(members, valid=valid)
        scores = average.aggregate(now)
        total += satisfaction(now, scores, 5)
        lists = np.argsort(-np.where(valid, scores, -1), axis=1)[:, :5]
        np.put_along_axis(valid, lists, False, axis=1)
    plain = disagreement(total / 4, members.segments).mean()
    for aggregator in (SDAA(depth=5), SIAA(depth=5), LTP(depth=5)):
        total = np.zeros(180)
        for now, scores, _ in play(aggregator, members, 4, 5):
            total += satisfaction(now, scores, 5)
        assert disagreement(total / 4, members.segments).mean() < plain


def test_dmae_is_the_distance_from_equal_parts():
    groups = Segments.from_sizes([2, 3, 1, 2])
    utilities = np.array([3.0, 1.0, 2.0, 2.0, 2.0, 7.0, 0.0, 0.0])
    np.testing.assert_allclose(dmae(utilities, groups), [0.25, 0, 0, 0], atol=1e-15)
    np.testing.assert_array_equal(disagreement(utilities, groups), [2, 0, 0, 0])


def test_impossible_parameters_are_refused():
    with pytest.raises(ConfigError, match=r"SIAA\.b.*give"):
        SIAA(b=1.5)
    with pytest.raises(ConfigError, match=r"SDAA\.depth.*give"):
        SDAA(depth=0)
    with pytest.raises(ConfigError, match=r"ep-fuzzda\.excess.*give"):
        LTP(excess=3.0)


@pytest.mark.parametrize("strategy", [SDAA(depth=10), SIAA(depth=10)])
def test_large_scores_play_like_small_ones(strategy):
    small = block(3, scale=None)
    large = replace(small, scores=small.scores * 2.0**40)
    for (_, one, state), (_, other, same) in zip(
        play(strategy, small, 3, 2), play(strategy, large, 3, 2), strict=True
    ):
        np.testing.assert_allclose(other, one * 2.0**40, rtol=1e-9)
        np.testing.assert_allclose(same.last, state.last, rtol=1e-9)
        assert (same.last >= 0).all()
        assert (same.last <= 1).all()
