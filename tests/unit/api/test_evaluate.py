"""Methods in this process: what they are worth, and what they recommend to whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import groupbench as gb
from groupbench.aggregation import MemberScores
from groupbench.api._recommend import shares
from groupbench.core.arrays import Segments
from groupbench.core.errors import ConfigError, MethodError
from groupbench.core.registry import aggregators
from groupbench.models.recommender import Recommender


@dataclass
class Constant(Recommender):
    """The same score for the items with an even index, and a lower one for all others."""

    low: float = 0.0
    """Score of the others."""

    def fit(self, train, *, rng):
        self.n_items = train.ratings.n_items
        return self

    def score(self, users):
        return np.tile(np.where(np.arange(self.n_items) % 2, self.low, 1.0), (len(users), 1))


@pytest.fixture(scope="module")
def data():
    return gb.load("itmrec-sim")


def members_of(scores):
    scores = np.array(scores)
    valid = np.ones((1, scores.shape[1]), dtype=bool)
    return MemberScores(scores, valid, Segments.from_sizes([len(scores)]), np.ones(len(scores)), None)


def test_a_class_an_instance_and_a_name(data):
    asked = {"views": "rated-user", "metrics": "ndcg@10", "seeds": 2}
    by_class, by_instance = (gb.evaluate(method, data, **asked) for method in (Constant, Constant(0.5)))
    assert list(by_class["method"].unique()) == ["Constant"]
    assert list(by_class["seed"]) == [0, 1]
    assert by_class["value"].equals(by_instance["value"])
    named = gb.evaluate("ease", data, **asked)
    assert (named["value"] > by_class["value"]).all()
    assert list(named.columns[:4]) == ["dataset", "protocol", "view", "method"]


def test_the_instance_that_is_given_stays_unfitted(data):
    method = Constant()
    gb.evaluate(method, data, views="rated-user", metrics="ndcg@10", seeds=1)
    gb.fit(method, data)
    assert not hasattr(method, "n_items")


def test_tie_rules_bound_what_is_expected(data):
    frame = gb.evaluate(
        Constant, data, view="rated-user", metrics="ndcg@10", ties="worst,expected,best", seeds=1
    )
    assert frame["value"].is_monotonic_increasing
    assert list(frame["ties"]) == ["worst", "expected", "best"]


@pytest.mark.parametrize(
    ("method", "options", "error", "said"),
    [
        ("eas", {}, ConfigError, "did you mean 'ease'"),
        (dict, {}, TypeError, "method cannot be <class 'dict'>; give a registered name"),
        ("ease", {"view": "user-rated"}, ConfigError, "rated-user"),
        ("ease", {"metric": "ndgc@10"}, ConfigError, "ndcg"),
        ("ease", {"view": "sampled-user"}, ConfigError, "sampled-user"),
        ("ease", {"data_dirs": 1}, TypeError, "did you mean 'data_dir'"),
    ],
)
def test_what_cannot_be_evaluated(method, options, error, said):
    with pytest.raises(error, match=said):
        gb.evaluate(method, **{"seeds": 1, **options})


def test_recommended_are_the_best_items_that_nobody_rated(data):
    fitted = gb.fit("ease", data)
    users = [data.user_ids[0], data.user_ids[5]]
    frame = fitted.recommend(users, 4)
    rated = {data.item_ids[i] for i in data.ratings.items[np.isin(data.ratings.users, [0, 5])]}
    assert len(frame) == 4
    assert not set(frame["item"]) & rated
    assert frame["score"].is_monotonic_decreasing
    parts = frame[[f"share of {user}" for user in users]].sum(axis=1)
    assert np.allclose(frame["base"] + parts, frame["score"])
    assert set(fitted.recommend(users, 1000, rated=True)["item"]) == set(data.item_ids)


def test_a_hyperparameter_counts(data):
    assert gb.fit("ease", data, l2=7.0).method.l2 == 7.0
    with pytest.raises(ConfigError, match="parameter of ease 'l3'"):
        gb.fit("ease", data, l3=7.0)
    with pytest.raises(TypeError, match="give them to its class"):
        gb.fit(Constant(), data, low=1.0)
    with pytest.raises(TypeError, match="reference row"):
        gb.fit("oracle", data)


@pytest.mark.parametrize(
    ("members", "options", "said"),
    [
        (["1001", "nobody"], {}, "unknown user of itmrec-sim 'nobody'"),
        (["1001", 1001], {}, "nobody twice"),
        ([], {}, "at least one"),
        (3, {}, r"recommend\(\): members cannot be 3; give ids of users"),
        ([1001], {"k": "x"}, r"recommend\(\): k cannot be 'x'; give the number of items"),
        ([1001], {"aggregator": "averge"}, "did you mean 'average'"),
    ],
)
def test_who_cannot_be_recommended_to(data, members, options, said):
    with pytest.raises(ConfigError, match=said):
        gb.fit(Constant, data).recommend(members, **options)


def test_a_method_that_cannot_learn_from_the_data_says_why(data):
    class Choosy(Constant):
        def skip(self, train):
            return "needs times"

    with pytest.raises(MethodError, match="Choosy: needs times"):
        gb.fit(Choosy, data)


def test_shares_of_an_average_are_what_each_adds_to_it():
    scores = [[1.0, 5.0, 3.0], [2.0, 2.0, 5.0]]
    score, base, parts = shares(aggregators["average"].create(), members_of(scores))
    assert score.tolist() == [1.5, 3.5, 4.0]
    assert base.tolist() == [3.0, 3.0, 3.0]
    assert parts.tolist() == [[-1.0, 1.0, 0.0], [-0.5, -0.5, 1.0]]


def test_who_has_a_veto_has_the_share():
    score, base, parts = shares(aggregators["least-misery"].create(), members_of([[2.0, 4.0], [5.0, 2.0]]))
    assert score.tolist() == [2.0, 2.0]
    assert base.tolist() == [3.0, 3.0]
    assert parts.tolist() == [[-1.0, 0.25], [0.0, -1.25]]


@pytest.mark.parametrize("name", ["borda", "average-without-misery", "copeland"])
def test_shares_add_up_under_every_aggregator(name):
    scores = np.random.default_rng(0).normal(size=(4, 6))
    score, base, parts = shares(aggregators[name].create(), members_of(scores))
    assert np.allclose(base + parts.sum(axis=0), score)
