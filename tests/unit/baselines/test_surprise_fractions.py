"""Surprise's methods that hold ratings in integers of C, on ratings with fractions."""

from __future__ import annotations

import numpy as np
import pytest

from groupbench.baselines._surprise_method import whole_factor
from groupbench.core.errors import MethodError
from groupbench.core.registry import methods
from groupbench.data.dataset import Ratings
from groupbench.data.groups import Groups
from groupbench.models.recommender import TrainingData


def training(values: np.ndarray) -> TrainingData:
    """300 ratings of 30 users and 20 items; `values` by number of a star, 0 to 9."""
    rng = np.random.default_rng(3)
    users, items = np.divmod(rng.choice(600, 300, replace=False), 20)
    ratings = Ratings(users, items, values[rng.integers(0, 10, 300)], 30, 20)
    return TrainingData(ratings, (values.min(), values.max()), Groups.from_labels(np.zeros(30, dtype=int)))


def scores(name: str, values: np.ndarray) -> np.ndarray:
    return methods[name].create().fit(training(values), rng=np.random.default_rng(5)).score(np.arange(30))


@pytest.mark.parametrize("name", ["slope-one", "co-clustering"])
@pytest.mark.parametrize("unit", [0.5, 0.1, 1 / 3, 0.125, 2.0])
def test_scores_scale_with_the_ratings(name, unit):
    stars = np.arange(1.0, 11.0)
    np.testing.assert_allclose(scores(name, stars * unit), scores(name, stars) * unit, rtol=1e-9)


@pytest.mark.parametrize("name", ["slope-one", "co-clustering"])
def test_ratings_that_no_factor_makes_whole_are_skipped(name):
    values = np.random.default_rng(1).random(10)
    method = methods[name].create()
    assert "cuts off fractions, and no factor up to 1,000,000" in method.skip(training(values))
    with pytest.raises(MethodError, match="round the ratings"):
        method.fit(training(values), rng=np.random.default_rng(5))
    assert methods["svd"].create().skip(training(values)) == ""


def test_the_factor_is_the_smallest_one():
    assert whole_factor(np.array([1.0, -4.0])) == 1
    assert whole_factor(np.array([0.5, 3.0])) == 2
    assert whole_factor(np.array([0.1, 0.25, 1 / 3])) == 60
    assert whole_factor(np.array([2.0**30 + 1])) == 0
    assert whole_factor(np.array([1e-7])) == 0
