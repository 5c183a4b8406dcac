"""The objective of a DMTL by the data and the question, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from groupbench.core.registry import methods
from groupbench.data.loading import load
from groupbench.evaluation.protocols import make_protocol
from groupbench.models.dmtl import auto as auto_module
from groupbench.models.dmtl.auto import AutoDMTL, objective_for
from groupbench.models.dmtl.ranking.recommender import RankingDMTL
from groupbench.models.dmtl.recommender import DMTL


@dataclass
class ShortRating(DMTL):
    """What `AutoDMTL` takes for ratings, with less training."""

    epochs: int = 2
    ensemble: int = 1


@dataclass
class ShortRanking(RankingDMTL):
    """What it takes for choices, likewise."""

    epochs: int = 2


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(auto_module, "DMTL", ShortRating)
    monkeypatch.setattr(auto_module, "RankingDMTL", ShortRanking)


@pytest.mark.parametrize(
    ("protocol", "question", "objective"),
    [
        ("paper", "order-rated", "rating"),
        ("coupled", "find-chosen", "ranking"),
        ("natural", "find-chosen", "ranking"),
    ],
)
def test_the_protocol_says_what_is_asked(protocol, question, objective):
    train = make_protocol({"name": protocol}).prepare(load("itmrec-sim"), 0).train
    assert train.question == question
    assert objective_for(train)[0] == objective


def test_given_splits_ask_what_is_chosen():
    assert make_protocol({"name": "given"}).question == "find-chosen"


def test_the_data_say_what_can_be_learned(training):
    equal = replace(training.ratings, values=np.full(len(training.ratings), 3.0))
    none = training.ratings.take(slice(0, 0))
    asked = replace(training, question="order-rated")
    assert objective_for(asked) == ("rating", "rated items are put in order, and ratings differ")
    assert objective_for(replace(asked, ratings=equal)) == ("ranking", "all ratings of users are equal")
    assert objective_for(replace(asked, ratings=none)) == ("ranking", "users have no ratings")
    assert objective_for(training)[0] == "rating"


@pytest.mark.parametrize(
    ("question", "model"),
    [("order-rated", ShortRating()), ("find-chosen", ShortRanking())],
    ids=["rating", "ranking"],
)
@pytest.mark.usefixtures("short")
def test_it_scores_as_the_model_that_it_takes(training, question, model):
    train = replace(training, question=question)
    auto = AutoDMTL().fit(train, rng=np.random.default_rng(1))
    model = replace(model, device="cpu").fit(train, rng=np.random.default_rng(1))
    users = np.arange(train.ratings.n_users)
    np.testing.assert_array_equal(auto.score(users), model.score(users))
    np.testing.assert_array_equal(auto.score_groups(train.groups), model.score_groups(train.groups))
    assert auto.predicts_ratings == model.predicts_ratings
    assert auto.notices[0].startswith(f"objective={'rating' if question == 'order-rated' else 'ranking'}: ")


@pytest.mark.usefixtures("short")
def test_an_objective_can_be_asked_for(training):
    auto = methods["dmtl-auto"].create(objective="both")
    auto.fit(replace(training, question="order-rated"), rng=np.random.default_rng(0))
    assert isinstance(auto.model, RankingDMTL)
    assert auto.model.objective == "both"
    assert auto.notices == ("objective=both: it was asked for",)
    equal = replace(training.ratings, values=np.full(len(training.ratings), 3.0))
    assert "all are equal" in AutoDMTL(objective="rating").skip(replace(training, ratings=equal))
    assert AutoDMTL().skip(replace(training, ratings=equal)) == ""
