"""Reference rows and non-personal baselines."""

from __future__ import annotations

import numpy as np
import pytest

from groupbench.core.registry import methods
from groupbench.core.seeding import generator
from groupbench.data.dataset import Ratings
from groupbench.data.groups import Groups
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
