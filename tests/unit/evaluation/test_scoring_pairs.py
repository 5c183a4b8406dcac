"""Scores of some items: the same as those among the scores of all, and asked for where these are too many."""

from __future__ import annotations

import numpy as np
import pytest

from groupbench.core.kernels import VARIABLE
from groupbench.core.registry import aggregators, methods
from groupbench.core.stopwatch import Stopwatch
from groupbench.data.groups import Groups
from groupbench.evaluation import score_cache
from groupbench.evaluation.scoring import ScoreSource
from groupbench.models.dmtl.recommender import DMTL
from groupbench.models.recommender import ScoresGroupPairs, ScoresPairs

SMALL = {"epochs": 2, "ensemble": 2, "min_batches": 2, "width": 16, "shared_width": 16}
OF_USERS = [
    name for name, entry in methods.items() if "dmtl" not in name and hasattr(entry.make, "score_pairs")
]
SAME = [name for name in OF_USERS if getattr(methods[name].make, "same_pairs", False)]
DMTLS = [{}, {"interactions": False}, {"attention": "members"}, {"attended": "shared"}, {"shared": False}]
HOW = ["mean-representation", "mean-score", "centroid"]


def fitted(name, training, **options):
    return methods[name].create(**options).fit(training, rng=np.random.default_rng(0))


def chosen(n, n_items):
    rng = np.random.default_rng(1)
    return rng.integers(0, n_items, (n, 3))


def assert_picked(got, whole, items):
    assert got.shape == items.shape
    np.testing.assert_allclose(got, np.take_along_axis(whole, items, 1), rtol=1e-5, atol=1e-5)


def test_the_methods_for_large_data_score_pairs():
    assert {"popularity", "als"} <= set(OF_USERS)
    assert isinstance(DMTL(), ScoresPairs)
    assert isinstance(DMTL(), ScoresGroupPairs)


@pytest.mark.parametrize("name", OF_USERS)
def test_pairs_of_users(training, name):
    model, users = fitted(name, training), np.array([3, 0, 3, 29])
    items = chosen(4, training.ratings.n_items)
    assert_picked(model.score_pairs(users, items), model.score(users), items)
    assert model.score_pairs(users[:0], items[:0]).shape == (0, 3)


@pytest.mark.parametrize("mode", ["off", "on"])
@pytest.mark.parametrize("name", SAME)
def test_pairs_that_are_said_to_be_the_same_are(training, monkeypatch, name, mode):
    monkeypatch.setenv(VARIABLE, mode)
    model, users = fitted(name, training), np.array([3, 0, 3, 29])
    items = chosen(4, training.ratings.n_items)
    whole = np.take_along_axis(model.score(users), items, 1)
    np.testing.assert_array_equal(model.score_pairs(users, items), whole)
    assert model.score_pairs(users[:0], items[:0]).shape == (0, 3)


def test_few_items_that_are_needed_once_are_scored_alone(training, monkeypatch):
    model = fitted("item-knn-cosine", training)
    users, items = np.arange(4), chosen(4, training.ratings.n_items)
    expected = np.take_along_axis(model.score(users), items, 1)
    monkeypatch.setattr(score_cache, "_FEW", 1.0)
    monkeypatch.setattr(type(model), "score_pairs", lambda self, users, items: expected)
    for again, asked in ((True, model.score(users)), (False, None)):
        monkeypatch.setattr(type(model), "score", lambda self, users, asked=asked: asked[users])
        source = ScoreSource(model, training, {}, Stopwatch(), again=again)
        ((_, found),) = source.score("user", users, items, np.ones(items.shape, dtype=bool))
        np.testing.assert_array_equal(found.scores, expected)


@pytest.mark.parametrize("options", DMTLS)
def test_pairs_of_dmtl(training, options):
    model, users = fitted("dmtl", training, **SMALL, **options), np.array([3, 0, 3, 29])
    items = chosen(4, training.ratings.n_items)
    assert_picked(model.score_pairs(users, items), model.score(users), items)
    assert model.score_pairs(users, items[:, :0]).shape == (4, 0)


@pytest.mark.parametrize("how", [*HOW, "attention"])
def test_pairs_of_groups(training, how):
    attention = {"attention": "members"} if how == "attention" else {}
    model = fitted("dmtl", training, **SMALL, **attention, group_inference=how)
    groups = Groups.from_lists([[0, 4, 9], [4, 5], [7]])
    items = chosen(3, training.ratings.n_items)
    assert_picked(model.score_group_pairs(groups, items), model.score_groups(groups), items)


def test_a_model_that_is_fitted_again_or_read_scores_pairs_anew(training, tmp_path):
    model, users = fitted("dmtl", training, **SMALL), np.arange(5)
    items = chosen(5, training.ratings.n_items)
    first = model.score_pairs(users, items)
    model.save(tmp_path / "model")
    np.testing.assert_array_equal(DMTL.load(tmp_path / "model").score_pairs(users, items), first)
    model.fit(training, rng=np.random.default_rng(1))
    assert np.abs(model.score_pairs(users, items) - first).max() > 1e-4
    assert_picked(model.score_pairs(users, items), model.score(users), items)


@pytest.mark.parametrize(("name", "entity"), [("als", "group"), ("als", "user"), ("dmtl", "group")])
def test_where_all_scores_are_too_many_pairs_are_asked_for(training, monkeypatch, name, entity):
    model = fitted(name, training, **(SMALL if name == "dmtl" else {}))
    entities, items = np.arange(4), chosen(4, training.ratings.n_items)
    average = {"average": aggregators["average"].create()}

    def scores():
        source = ScoreSource(model, training, average, Stopwatch())
        found = source.score(entity, entities, items, np.ones(items.shape, dtype=bool))
        return {name: scored.scores for name, scored in found}

    kept = scores()
    monkeypatch.setattr(score_cache, "MAX_CACHED", 0)
    (home,) = (kind for kind in type(model).__mro__[:-1] if "score" in vars(kind) and "fit" in vars(kind))
    monkeypatch.setattr(home, "score", lambda *_: pytest.fail("scored all items"))
    few = scores()
    assert list(few) == list(kept)
    for aggregator, found in few.items():
        np.testing.assert_allclose(found, kept[aggregator], rtol=1e-5, atol=1e-5)


def test_a_subclass_that_scores_in_another_way_does_so_for_pairs(training, monkeypatch):
    class Inverse(methods["popularity"].make):
        def score(self, users):
            return -super().score(users)

    monkeypatch.setattr(score_cache, "MAX_CACHED", 0)
    model = Inverse().fit(training, rng=np.random.default_rng(0))
    items = chosen(4, training.ratings.n_items)
    source = ScoreSource(model, training, {}, Stopwatch())
    ((_, found),) = source.score("user", np.arange(4), items, np.ones(items.shape, dtype=bool))
    assert (found.scores < 0).any()
    assert_picked(found.scores, model.score(np.arange(4)), items)
