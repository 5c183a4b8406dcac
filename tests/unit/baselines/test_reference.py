"""Reference rows and non-personal baselines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupbench.core.registry import methods
from groupbench.core.seeding import generator
from groupbench.data.dataset import Ratings
from groupbench.data.groups import Groups
from groupbench.data.loading import load
from groupbench.evaluation.protocols import make_protocol
from groupbench.models.recommender import ReferenceRow, TrainingData


@pytest.fixture
def few():
    """Three items: rated 5 and 3, rated 1 twice by one user, never rated. The global mean is 2.5."""
    ratings = Ratings(np.array([0, 1, 1, 1]), np.array([0, 0, 1, 1]), np.array([5.0, 3, 1, 1]), 3, 3)
    return TrainingData(ratings, (1.0, 5.0), Groups.from_lists([[0, 1, 2]]))


def scores(name, train, **parameters):
    made = methods[name].create(**parameters).fit(train, rng=generator("reference"))
    return made.score(np.array([2, 0]))


def test_popularity_counts_rows(few):
    np.testing.assert_array_equal(scores("popularity", few), [[2, 2, 0], [2, 2, 0]])


@pytest.mark.parametrize(
    ("tau", "expected"),
    [
        (None, [1, 0, 0]),  # 3.5 of 1 to 5
        (3.0, [2, 0, 0]),
        (5.0, [1, 0, 0]),
        (5.5, [2, 2, 0]),  # nothing is liked, so every row counts
        (1.0, [2, 2, 0]),  # everything is
    ],
)
def test_popularity_of_what_was_liked_counts_rows_from_tau_on(few, tau, expected):
    assert scores("popularity-liked", replace(few, tau=tau)).tolist() == [expected, expected]


@given(
    rows=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4), st.integers(1, 5)), min_size=1),
    tau=st.none() | st.floats(0, 6),
)
def test_what_was_liked_is_counted_as_by_hand(rows, tau):
    users, items, values = np.array(rows).T
    train = TrainingData(
        Ratings(users, items, values.astype(float), 3, 5), (1.0, 5.0), Groups.from_lists([[0]]), tau=tau
    )
    liked = [item for _, item, value in rows if value >= (3.5 if tau is None else tau)]
    counted = liked or list(items)
    assert scores("popularity-liked", train)[0].tolist() == [counted.count(item) for item in range(5)]


@pytest.mark.parametrize(("options", "tau"), [({}, 3.5), ({"tau": 2}, 2), ({"name": "natural"}, 4)])
def test_methods_are_told_the_tau_of_the_protocol(options, tau):
    protocol = make_protocol(options)
    assert protocol.prepare(load("itmrec-sim"), 0).train.tau == tau
    assert protocol.threshold((1.0, 9.0)) == (tau if "tau" in options else 1 + 2 * (tau - 1))


def test_item_mean_falls_back_to_the_global_mean(few):
    np.testing.assert_allclose(scores("item-mean", few), [[4, 1, 2.5], [4, 1, 2.5]])


def test_item_mean_shrinks_towards_the_global_mean(few):
    expected = [(8 + 2 * 2.5) / 4, (2 + 2 * 2.5) / 4, 2.5]
    np.testing.assert_allclose(scores("item-mean", few, shrinkage=2.0), [expected, expected])


def test_only_means_are_predicted_ratings():
    assert methods["item-mean"].make.predicts_ratings
    assert not methods["popularity"].make.predicts_ratings


def test_random_ties_all_candidates_and_oracle_gives_a_copy_of_the_truth():
    truth = np.array([[1.0, 4.0], [5.0, 2.0]])
    random, oracle = (methods[name].create() for name in ("random", "oracle"))

    assert isinstance(random, ReferenceRow)
    assert isinstance(oracle, ReferenceRow)
    assert len(np.unique(random.score_truth(truth))) == 1
    assert random.score_truth(truth).shape == truth.shape
    np.testing.assert_array_equal(oracle.score_truth(truth), truth)
    assert not np.shares_memory(oracle.score_truth(truth), truth)
