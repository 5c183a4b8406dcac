from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from groupbench.data import Ratings
from groupbench.errors import ConfigError
from groupbench.splits import ratio_split


def rows(n):
    return Ratings(np.arange(n) % 7, np.arange(n) % 5, np.ones(n), 7, 5)


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
    assert sorted([*split.train, *split.held_out]) == list(range(n))
    assert (np.diff(split.train) > 0).all()
    assert (np.diff(split.held_out) > 0).all()


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


def test_values_play_no_part():
    other = Ratings(rows(40).users, rows(40).items, np.arange(40.0), 7, 5)
    mine, theirs = (ratio_split(r, 0.8, np.random.default_rng(3)) for r in (rows(40), other))

    np.testing.assert_array_equal(mine.held_out, theirs.held_out)
