"""Models of other libraries: what their classes take can be set, what they cannot score is last."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest

from groupbench.baselines._foreign import ForeignRecommender, mean_of_pairs
from groupbench.baselines._foreign_library import Library
from groupbench.cli._describe import models_of
from groupbench.core.environments import VARIABLE
from groupbench.core.errors import ConfigError, MethodError
from groupbench.core.hyperparameters import search_space, tunable
from groupbench.core.registry import EntryRegistry, methods
from groupbench.data.dataset import Ratings
from groupbench.data.loading import load
from groupbench.evaluation.protocols import make_protocol
from groupbench.results.environment import ENVIRONMENT
from groupbench.runner.config import make_config
from groupbench.runner.keys import code_hashes, job_keys
from tests import _toy_models


@dataclass
class HalfRecommender(ForeignRecommender):
    pass


@pytest.fixture(autouse=True)
def _no_environments(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(tmp_path))


def library(name="numpy"):
    driver = SimpleNamespace(
        LIBRARY=name, load=lambda: None, describe=_toy_models.describe, fit=_toy_models.fit
    )
    adapter = type("HalfRecommender", (HalfRecommender,), {"driver": driver, "__module__": __name__})
    return Library(adapter, {"Half": {"k": tunable(3, low=1, high=9)}})


def test_what_the_class_takes_is_a_hyperparameter():
    entry = library().entry("Half")
    assert (entry.name, entry.version) == ("numpy:Half", np.__version__)
    assert entry.parameters() == {"k": 3, "rate": 0.5}
    assert entry.summary == "Scores the half of the items."
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
    assert shelf.entry("Half").source_hash == shelf.entry("Lacks").source_hash
    assert len(shelf.entry("Half").source_hash) == 64
    assert shelf.entry("Half").make is shelf.entry("Half").make
    assert shelf.entry("Half").make is not shelf.entry("Lacks").make


def test_what_cannot_be_scored_comes_last_and_cold_users_score_0(training):
    made = library().entry("Half").create().fit(training, rng=np.random.default_rng(0))
    cold = training.ratings.n_users - 1
    scores = made.score(np.array([0, cold]))
    assert scores.shape == (2, training.ratings.n_items)
    assert (scores[1] == 0).all()
    assert len(set(scores[0, ::2])) == 1
    assert scores[0, ::2].max() < scores[0, 1::2].min()


def test_a_library_that_a_model_lacks_is_named(training):
    with pytest.raises(MethodError, match="Lacks needs more libraries: No module named 'dgl'; install them"):
        library().entry("Lacks").create().fit(training, rng=np.random.default_rng(0))


def test_a_library_that_is_not_there_is_a_reason_to_skip(training):
    shelf = library("no-such-library")
    assert shelf.names() == []
    entry = shelf.entry("Anything")
    assert entry.version == ""
    why = "no-such-library is not installed; install it with: pip install no-such-library"
    assert entry.create().skip(training).startswith(why)
    assert entry.create().skip(training).endswith("groupbench env make no-such-library")


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
    assert models_of("numpy").splitlines()[:3] == [
        "methods of numpy",
        "  numpy:Half     Scores the half of the items.",
        "  numpy:Lacks    Lacks of numpy.",
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


def test_a_library_that_is_installed_without_what_it_asks_for_is_so_in_any_version():
    shelf = library("recbole")
    assert shelf._steps(["numpy<2"]) == [["recbole", "numpy<2"]]
    apart = Library(shelf.adapter, {}, packages=("torch",), apart=("recbole>=1.2",))
    assert apart._steps(["numpy<2"]) == [["--no-deps", "recbole>=1.2"], ["torch", "numpy<2"]]
    assert apart._steps(["recbole==1.2.0"]) == [["--no-deps", "recbole==1.2.0"], ["torch"]]


def test_the_environment_is_part_of_the_key():
    data = load("itmrec-sim", None)
    entry = library().entry("Half")
    protocol = make_protocol({"name": "paper"})

    def key(**environment):
        moved = replace(entry, environment=environment)
        made = job_keys(
            data, protocol, moved, {}, ("members", 1), aggregators={}, one_thread=False, seeds=[0]
        )
        return made[0], code_hashes(moved, {}, protocol).get(ENVIRONMENT)

    here, one, other = key(), key(numpy="1.26.4"), key(numpy="2.4.6")
    assert len({here[0], one[0], other[0]}) == 3
    assert here[1] is None
    assert one[1] != other[1]
