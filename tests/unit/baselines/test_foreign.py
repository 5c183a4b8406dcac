"""Models of other libraries: what their classes take can be set, what they cannot score is last."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from groupbench.baselines._foreign import ForeignRecommender, Library, mean_of_pairs
from groupbench.cli._describe import models_of
from groupbench.core.errors import ConfigError, MethodError
from groupbench.core.hyperparameters import search_space, tunable
from groupbench.core.registry import EntryRegistry, methods
from groupbench.data.dataset import Ratings
from groupbench.runner.config import make_config


class Half:
    """Scores the half of the items that the user knows best.

    More words.
    """

    def __init__(self, k=3, rate=0.5, weights=None):
        self.k = k


class Broken(Half):
    pass


@dataclass
class HalfRecommender(ForeignRecommender):
    def _fit_model(self, train, seed):
        if self.model is Broken:
            raise ModuleNotFoundError("No module named 'dgl'")
        self.seed = seed

    def _score_user(self, user):
        scores = np.arange(self._n_items) * 1.0 + self.k
        scores[::2] = np.nan
        return scores


def library(name="numpy"):
    return Library(
        name,
        HalfRecommender,
        lambda: {"Half": Half, "Broken": Broken},
        lambda model: {"k": 3, "rate": 0.5, "weights": None},
        {"Half": {"k": tunable(3, low=1, high=9)}},
    )


def test_what_the_class_takes_is_a_hyperparameter():
    entry = library().entry("Half")
    assert (entry.name, entry.version) == ("numpy:Half", np.__version__)
    assert entry.parameters() == {"k": 3, "rate": 0.5}
    assert entry.summary == "Scores the half of the items that the user knows best."
    assert entry.create(k=5).k == 5
    assert list(search_space(entry.make)) == ["k"]
    with pytest.raises(ConfigError, match=r"numpy:Half\.k: .*\(got 'x'\)"):
        entry.create(k="x")
    with pytest.raises(ConfigError, match="unknown parameter of numpy:Half 'weights'"):
        entry.create(weights=1)
    with pytest.raises(ConfigError, match="unknown model of numpy 'Halve'; did you mean 'Half'"):
        library().entry("Halve")


def test_two_models_have_the_code_of_their_adapter_and_parameters_of_their_own():
    shelf = library()
    assert shelf.entry("Half").source_hash == shelf.entry("Broken").source_hash
    assert len(shelf.entry("Half").source_hash) == 64
    assert shelf.entry("Half").make is shelf.entry("Half").make
    assert shelf.entry("Half").make is not shelf.entry("Broken").make


def test_what_cannot_be_scored_comes_last_and_cold_users_score_0(training):
    made = library().entry("Half").create().fit(training, rng=np.random.default_rng(0))
    cold = training.ratings.n_users - 1
    scores = made.score(np.array([0, cold]))
    assert scores.shape == (2, training.ratings.n_items)
    assert (scores[1] == 0).all()
    assert len(set(scores[0, ::2])) == 1
    assert scores[0, ::2].max() < scores[0, 1::2].min()


def test_a_library_that_a_model_lacks_is_named(training):
    with pytest.raises(MethodError, match="Broken needs more libraries: No module named 'dgl'; install them"):
        library().entry("Broken").create().fit(training, rng=np.random.default_rng(0))


def test_a_library_that_is_not_there_is_a_reason_to_skip(training):
    shelf = library("no-such-library")
    assert shelf.names() == []
    entry = shelf.entry("Anything")
    assert entry.version == ""
    why = "no-such-library is not installed; install it with: pip install no-such-library"
    assert entry.create().skip(training) == why


def test_names_of_a_namespace():
    made = EntryRegistry("method", "groupbench.testing", "groupbench.nothing")
    made._loaded = True
    made.open_namespace(library())
    assert "numpy:Half" in made
    assert made["numpy:Half"].name == "numpy:Half"
    assert list(made) == []
    assert made.is_built_in("numpy:Half")
    with pytest.raises(ConfigError, match="unknown method 'scipy:Half'"):
        made["scipy:Half"]


def test_options_name_them(monkeypatch):
    monkeypatch.setitem(methods.namespaces, "numpy", library())
    config = make_config(methods=["numpy:Half"], set=["numpy:Half.k=5"])
    assert config.method_names() == ["numpy:Half"]
    assert config.set == {"numpy:Half": {"k": 5}}


def test_they_are_listed(monkeypatch):
    monkeypatch.setitem(methods.namespaces, "numpy", library())
    assert models_of("numpy").splitlines() == [
        "methods of numpy",
        "  numpy:Half    Scores the half of the items that the user knows best.",
        "  numpy:Broken  Broken of numpy.",
    ]
    with pytest.raises(ConfigError, match="unknown library 'numpi'; did you mean 'numpy'"):
        models_of("numpi")
    monkeypatch.setitem(methods.namespaces, "none", library("none"))
    with pytest.raises(ConfigError, match="none is not installed; install it with: pip install none"):
        models_of("none")


def test_pairs_with_several_ratings_have_their_mean():
    rows = Ratings(np.array([1, 0, 1]), np.array([2, 0, 2]), np.array([1.0, 5.0, 4.0]), 2, 3)
    mean = mean_of_pairs(rows)
    assert (mean.users.tolist(), mean.items.tolist(), mean.values.tolist()) == ([0, 1], [0, 2], [5.0, 2.5])
