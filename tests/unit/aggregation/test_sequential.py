"""Sequential groups against their definitions, one group and round at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from groupbench.aggregation import MemberScores
from groupbench.aggregation.sequential import Relevance, State, play, without
from groupbench.core.arrays import Segments
from groupbench.core.errors import ConfigError
from groupbench.core.registry import aggregators, sequential_aggregators

SDAA, SIAA, LTP = (sequential_aggregators[name].make for name in ("sdaa", "siaa", "ltp"))
STRATEGIES = [SDAA(), SIAA(b=0.3), LTP()]


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
        yield group, rows, np.flatnonzero(ok)


def best(values, depth):
    return np.argsort(-values, kind="stable")[:depth]


def sat(lists, chosen, depth):
    return np.array([row[chosen].sum() / np.sort(row)[::-1][:depth].sum() for row in lists])


def rounds_of(members, n):
    return [members] * n


def satisfaction(members, shown, valid=None):
    found = Relevance.of(members, members.width)
    return found.satisfaction(shown, members.valid if valid is None else valid)


def test_satisfaction_is_the_share_of_the_own_best_list():
    members = block()
    shown = play(SDAA(), [members], 4)[0]
    out = satisfaction(members, shown)
    for group, rows, waiting in each_group(members):
        lists = members.scores[rows]
        own = [np.sort(row[waiting])[::-1][:4].sum() for row in lists]
        np.testing.assert_allclose(out[rows], lists[:, shown[group]].sum(axis=1) / own, rtol=1e-9)
    assert (out <= 1 + 1e-12).all()
    assert out[3] == pytest.approx(1.0)


def test_satisfaction_is_of_what_is_left():
    members = block(1)
    first, second = play(SIAA(), rounds_of(members, 2), 3)
    left = without(members.valid, first)
    short = Relevance.of(members, 6).satisfaction(second, left)
    np.testing.assert_array_equal(short, satisfaction(replace(members, valid=left), second))


def test_worthless_candidates_and_short_lists_satisfy():
    lists = np.array([[5.0, 1.0, 2.0, 4.0]])
    members = MemberScores(lists, np.ones((1, 4), bool), Segments.from_sizes([1]), np.ones(1), None)
    shown = np.array([[3, 2, -1]])
    assert satisfaction(members, shown) == pytest.approx(6 / 9)
    assert Relevance.of(members, 3).discounted(shown) == pytest.approx(4 + 2 / np.log2(3))
    assert satisfaction(replace(members, scores=np.zeros((1, 4))), shown) == 1.0
    assert satisfaction(members, np.array([[-1, -1]])) == 1.0


def rounds_by_loop(lists, waiting, depth, rounds, score):
    """What is shown per round by `score(lists, history)` over the candidates that are left."""
    history, out = [], []
    for _ in range(rounds):
        held = lists[:, waiting]
        chosen = best(score(held, history), depth)
        out.append(waiting[chosen].tolist())
        history.append(sat(held, chosen, depth))
        waiting = np.delete(waiting, chosen)
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


@pytest.mark.parametrize(("aggregator", "score"), [(SDAA(), sdaa), (SIAA(b=0.3), siaa)])
@pytest.mark.parametrize("seed", range(4))
def test_satisfaction_steers_the_next_round(aggregator, score, seed):
    members = block(seed)
    shown = play(aggregator, rounds_of(members, 3), 3)
    for group, rows, waiting in each_group(members):
        expected = rounds_by_loop(members.scores[rows], waiting, 3, 3, score)
        assert shown[:, group].tolist() == expected


def ltp_by_loop(lists, waiting, depth, rounds):
    """The candidates of each round in order, from the published algorithm with beta 0."""
    got, out = np.zeros(len(lists)), []
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
    return out


@pytest.mark.parametrize("seed", range(5))
def test_ltp_continues_with_what_members_got(seed):
    members = block(seed)
    shown = play(LTP(normalize="minmax"), rounds_of(members, 3), 3)
    for group, rows, waiting in each_group(members):
        assert shown[:, group].tolist() == ltp_by_loop(members.scores[rows], waiting, 3, 3)


def test_ltp_counts_the_relevance_of_what_is_shown():
    members, shown = block(2), np.array([[0, 3], [1, -1], [2, 5], [-1, -1]])
    got = LTP(normalize="none").receive(members, shown)
    worth = np.where(members.row_valid, members.scores, 0.0)
    expected = [
        sum(row[c] for c in shown[g] if c >= 0) for row, g in zip(worth, members.segments.of_row, strict=True)
    ]
    np.testing.assert_allclose(got, expected, rtol=1e-9)


def test_the_first_round_of_ltp_is_ep_fuzzda():
    members = block(3)
    scores = LTP(excess=0.5).score(members, State.start(members), 4)
    same = aggregators["ep-fuzzda"].create(depth=4, excess=0.5).aggregate(members)
    np.testing.assert_array_equal(scores, same)


@pytest.mark.parametrize("aggregator", STRATEGIES, ids=lambda a: type(a).__name__)
class TestLaws:
    def test_rounds_never_repeat_a_candidate(self, aggregator):
        members = block(1)
        shown = play(aggregator, rounds_of(members, 6), 3)
        for group, _, waiting in each_group(members):
            placed = shown[:, group][shown[:, group] >= 0]
            assert len(placed) == len(set(placed.tolist())) == len(waiting)
            assert set(placed.tolist()) == set(waiting.tolist())

    def test_the_order_of_members_does_not_matter(self, aggregator):
        members = block(2)
        rows = np.array([2, 0, 1, 3, 7, 5, 4, 6, 9, 8])
        other = replace(members, scores=members.scores[rows], activity=members.activity[rows])
        shown = [play(aggregator, rounds_of(one, 3), 3) for one in (members, other)]
        np.testing.assert_array_equal(*shown)

    def test_groups_do_not_matter_to_each_other(self, aggregator):
        members = block(4)
        alone = replace(
            members,
            scores=members.scores[4:8],
            valid=members.valid[2:3],
            segments=Segments.from_sizes([4]),
            activity=members.activity[4:8],
        )
        together = play(aggregator, rounds_of(members, 3), 3)
        np.testing.assert_array_equal(together[:, 2:3], play(aggregator, rounds_of(alone, 3), 3))

    def test_a_single_member_gets_its_own_order(self, aggregator):
        members = block(5, sizes=(1, 1))
        shown = play(aggregator, rounds_of(members, 3), 3)
        for group, _, waiting in each_group(members):
            own = waiting[best(members.scores[group, waiting], 9)]
            assert shown[:, group].ravel().tolist() == own.tolist()

    def test_equal_scores_come_in_the_order_that_is_given(self, aggregator):
        members = replace(block(6), scores=np.ones((10, 14)))
        order = np.tile(np.random.default_rng(0).permutation(14), (4, 1))
        shown = play(aggregator, rounds_of(members, 2), 3, order=order)
        for group, _, waiting in each_group(members):
            expected = waiting[np.argsort(order[group, waiting])][:6]
            assert shown[:, group].ravel().tolist() == expected.tolist()

    def test_whoever_joins_changes_what_comes_but_not_what_was(self, aggregator):
        members, other = block(7), block(8)
        new = np.zeros((3, 10), dtype=bool)
        new[2, [0, 4]] = True
        scores = members.scores.copy()
        scores[[0, 4]] = other.scores[[0, 4]]
        rounds = [members, members, replace(members, scores=scores)]
        shown = play(aggregator, rounds, 3, new=new)
        before = play(aggregator, rounds_of(members, 3), 3)
        np.testing.assert_array_equal(shown[:2], before[:2])
        np.testing.assert_array_equal(shown[:, [1, 3]], before[:, [1, 3]])

    def test_rounds_of_other_sizes_are_refused(self, aggregator):
        with pytest.raises(ConfigError, match=r"4 members.*of 10.*takes the place"):
            play(aggregator, [block(), block(0, sizes=(2, 2))], 3)


def test_new_members_start_level_with_those_who_stayed():
    state = State(2, np.array([1.0, 2.0, 6.0, 3.0, 4.0]), np.array([0.5, 1.0, 0.0, 0.2, 0.4]))
    segments = Segments.from_sizes([3, 2])
    found = state.with_new(np.array([True, False, False, True, True]), segments)
    assert found.total.tolist() == [4.0, 2.0, 6.0, 0.0, 0.0]
    assert found.last.tolist() == [0.5, 1.0, 0.0, 0.0, 0.0]
    assert state.with_new(np.zeros(5, bool), segments) is state


def test_sequential_strategies_are_fairer_over_time_than_the_average():
    rng = np.random.default_rng(0)
    majority, minority = rng.uniform(1, 5, (2, 60, 80))
    scores = np.stack([majority, majority + rng.normal(0, 0.2, majority.shape), minority], axis=1)
    members = MemberScores(
        scores.reshape(-1, 80), np.ones((60, 80), bool), Segments.from_sizes([3] * 60), np.ones(180), None
    )

    def apart(shown):
        valid, total = members.valid, np.zeros(180)
        for lists in shown:
            total += satisfaction(members, lists, valid)
            valid = without(valid, lists)
        return np.ptp(total.reshape(-1, 3), axis=1).mean()

    averages = aggregators["average"].create().aggregate(members)
    plain = apart(np.argsort(-averages, axis=1)[:, :20].reshape(60, 4, 5).swapaxes(0, 1))
    for strategy in (SDAA(), SIAA(), LTP()):
        assert apart(play(strategy, rounds_of(members, 4), 5)) < plain


def test_impossible_parameters_are_refused():
    with pytest.raises(ConfigError, match=r"siaa\.b.*give"):
        SIAA(b=1.5)
    with pytest.raises(ConfigError, match=r"ep-fuzzda\.excess.*give"):
        LTP(excess=3.0)
    with pytest.raises(ConfigError, match=r"parameter of sdaa"):
        sequential_aggregators["sdaa"].create(c=1)


@pytest.mark.parametrize("strategy", [SDAA(), SIAA()])
def test_large_scores_play_like_small_ones(strategy):
    small = block(3, scale=None)
    large = replace(small, scores=small.scores * 2.0**40)
    shown = [play(strategy, rounds_of(one, 3), 2) for one in (small, large)]
    np.testing.assert_array_equal(*shown)
    np.testing.assert_allclose(satisfaction(large, shown[0][0]), satisfaction(small, shown[0][0]), rtol=1e-9)
