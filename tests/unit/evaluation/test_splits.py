from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from groupbench.core.errors import ConfigError
from groupbench.data.dataset import Ratings
from groupbench.evaluation.splits import (
    fold_split,
    leave_one_out,
    ratio_split,
    split_pairs,
    temporal_split,
    temporal_split_of_each,
)


def rows(n):
    return Ratings(np.arange(n) % 7, np.arange(n) % 5, np.ones(n), 7, 5)


def timed(users, times):
    users = np.array(users)
    n = len(users)
    times = None if times is None else np.array(times)
    return Ratings(users, np.arange(n) % 5, np.ones(n), 7, 5, times)


def assert_partition(split, n):
    assert sorted([*split.train, *split.held_out]) == list(range(n))
    assert (np.diff(split.train) > 0).all()
    assert (np.diff(split.held_out) > 0).all()


@given(st.integers(2, 60), st.integers(1, 99))
@example(100, 29)
def test_every_row_is_on_exactly_one_side(n, percent):
    n_train = n * percent // 100
    if not 0 < n_train < n:
        with pytest.raises(ConfigError, match="both sides"):
            ratio_split(rows(n), percent / 100, np.random.default_rng(0))
        return
    split = ratio_split(rows(n), percent / 100, np.random.default_rng(0))

    assert len(split.train) == n_train
    assert_partition(split, n)


def test_the_generator_alone_decides():
    first, again, other = (ratio_split(rows(50), 0.8, np.random.default_rng(s)) for s in (0, 0, 1))

    np.testing.assert_array_equal(first.train, again.train)
    assert not np.array_equal(first.train, other.train)


def test_every_row_is_held_out_equally_often():
    counts = np.zeros(20)
    for seed in range(500):
        counts[ratio_split(rows(20), 0.75, np.random.default_rng(seed)).held_out] += 1

    assert counts.sum() == 500 * 5
    assert (abs(counts - 125) < 5 * np.sqrt(500 * 0.25 * 0.75)).all()


@given(st.integers(2, 60), st.integers(2, 12), st.integers(0, 5))
def test_folds_are_parts_of_nearly_equal_size(n, folds, seed):
    if n < folds:
        with pytest.raises(ConfigError, match=f"folds={folds} is more than the {n} there are to part"):
            fold_split(n, folds, 0, np.random.default_rng(seed))
        return
    found = [fold_split(n, folds, fold, np.random.default_rng(seed)) for fold in range(folds)]
    sizes = [len(split.held_out) for split in found]

    for split in found:
        assert_partition(split, n)
    assert sorted(np.concatenate([split.held_out for split in found])) == list(range(n))
    assert max(sizes) - min(sizes) <= 1


def test_folds_are_drawn_anew_by_another_generator():
    first, again, other = (fold_split(40, 4, 1, np.random.default_rng(s)).held_out for s in (0, 0, 1))

    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@given(st.lists(st.integers(0, 6), min_size=2, max_size=40), st.integers(1, 99))
def test_a_temporal_split_holds_out_the_latest_rows(times, percent):
    n, ratings = len(times), timed([0] * len(times), times)
    n_train = n * percent // 100
    if not 0 < n_train < n:
        with pytest.raises(ConfigError, match="both sides"):
            temporal_split(ratings, percent / 100)
        return
    split = temporal_split(ratings, percent / 100)
    in_order = sorted(range(n), key=lambda row: (times[row], row))

    assert_partition(split, n)
    assert split.train.tolist() == sorted(in_order[:n_train])


def test_a_temporal_split_needs_timestamps():
    with pytest.raises(ConfigError, match=r"split=temporal needs timestamps.*use split=ratio"):
        temporal_split(rows(10), 0.8)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 9)), min_size=1, max_size=60), st.integers(1, 99))
@example([(0, time) for time in range(50)] * 2, 29)
def test_each_users_latest_rows_are_held_out(pairs, percent):
    users, times = zip(*pairs, strict=True)
    counts = {user: users.count(user) for user in users}
    if max(counts.values()) == 1:
        with pytest.raises(ConfigError, match="needs a rater with two items, and there is none"):
            temporal_split_of_each(timed(users, times), percent / 100)
        return
    split = temporal_split_of_each(timed(users, times), percent / 100)

    assert_partition(split, len(pairs))
    for user, n in counts.items():
        mine = sorted((row for row in range(len(pairs)) if users[row] == user), key=lambda row: times[row])
        n_train = 1 if n == 1 else min(max(n * percent // 100, 1), n - 1)
        assert [row in split.train for row in mine] == [True] * n_train + [False] * (n - n_train)


def test_a_temporal_split_of_each_needs_timestamps():
    with pytest.raises(ConfigError, match=r"split=temporal needs timestamps.*use split=kfold"):
        temporal_split_of_each(rows(10), 0.8)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 9)), min_size=1, max_size=40))
def test_leave_one_out_holds_out_the_latest_row_of_each_user_with_two(pairs):
    users, times = zip(*pairs, strict=True)
    expected = []
    for user in set(users):
        own = [row for row in range(len(users)) if users[row] == user]
        if len(own) > 1:
            expected.append(max(own, key=lambda row: (times[row], row)))
    if not expected:
        with pytest.raises(ConfigError, match="split=leave-one-out needs a user with two ratings"):
            leave_one_out(timed(users, times), np.random.default_rng(0))
        return
    split = leave_one_out(timed(users, times), np.random.default_rng(0))

    assert_partition(split, len(users))
    assert split.held_out.tolist() == sorted(expected)


def test_leave_one_out_without_timestamps_is_random_and_fair():
    users = [0, 0, 0, 0, 1, 2, 2]
    counts = np.zeros(len(users))
    for seed in range(600):
        split = leave_one_out(timed(users, None), np.random.default_rng(seed))
        assert_partition(split, len(users))
        assert sorted(np.array(users)[split.held_out]) == [0, 2]
        counts[split.held_out] += 1

    assert counts[4] == 0
    assert counts[:4] == pytest.approx(150, abs=5 * np.sqrt(600 * 0.25 * 0.75))
    assert counts[5:] == pytest.approx(300, abs=5 * np.sqrt(600 * 0.25))


def test_values_play_no_part_in_any_split():
    for split in (
        lambda r: ratio_split(r, 0.8, np.random.default_rng(3)),
        lambda r: temporal_split(r, 0.8),
        lambda r: leave_one_out(r, np.random.default_rng(3)),
    ):
        mine, theirs = (
            split(Ratings(rows(40).users, rows(40).items, values, 7, 5, np.arange(40)))
            for values in (np.ones(40), np.arange(40.0))
        )
        np.testing.assert_array_equal(mine.held_out, theirs.held_out)


SPLITS = {
    "ratio": lambda r: ratio_split(r, 0.7, np.random.default_rng(3)),
    "folds": lambda r: fold_split(len(r), 3, 1, np.random.default_rng(3)),
    "temporal": lambda r: temporal_split(r, 0.7),
    "leave-one-out": lambda r: leave_one_out(r, np.random.default_rng(3)),
}


@pytest.mark.parametrize("name", SPLITS)
def test_without_repeated_pairs_a_split_of_pairs_is_that_of_rows(name):
    order = np.random.default_rng(0).permutation(60)
    ratings = Ratings(
        order % 12, order // 12, np.ones(60), 12, 5, np.random.default_rng(1).integers(0, 9, 60)
    )
    of_rows, of_pairs = SPLITS[name](ratings), split_pairs(ratings, SPLITS[name])
    np.testing.assert_array_equal(of_rows.train, of_pairs.train)
    np.testing.assert_array_equal(of_rows.held_out, of_pairs.held_out)


@pytest.mark.parametrize("name", SPLITS)
def test_no_pair_stands_on_both_sides(name):
    rng = np.random.default_rng(2)
    ratings = Ratings(
        rng.integers(0, 9, 200), rng.integers(0, 9, 200), np.ones(200), 9, 9, rng.permutation(200)
    )
    of_rows, of_pairs = SPLITS[name](ratings), split_pairs(ratings, SPLITS[name])
    pair = ratings.users * 9 + ratings.items
    assert np.isin(pair[of_rows.held_out], pair[of_rows.train]).any()
    assert not np.isin(pair[of_pairs.held_out], pair[of_pairs.train]).any()
    assert_partition(of_pairs, 200)


def test_a_pair_is_as_late_as_its_latest_row():
    ratings = Ratings([0, 0, 0, 0], [0, 1, 2, 0], np.ones(4), 1, 3, [1, 2, 3, 4])
    split = split_pairs(ratings, lambda r: temporal_split(r, 0.5))
    assert (split.train.tolist(), split.held_out.tolist()) == ([1], [0, 2, 3])
