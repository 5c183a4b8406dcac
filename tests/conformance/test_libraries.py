"""The libraries that can be had beside groupbench, or in an environment, as far as they are there."""

from __future__ import annotations

from dataclasses import fields

import pytest

from groupbench import testing
from groupbench.core.hyperparameters import search_space
from groupbench.core.registry import methods

MODELS = ("cornac:EASE", "lenskit:knn.EASEScorer", "recbole:EASE", "grouprec:AGREE", "grouprec:GFAR")


def library_of(name):
    library = methods.namespaces[name.partition(":")[0]]
    if not library.version:
        pytest.skip(library.absence)
    return library


@pytest.mark.parametrize("name", MODELS)
def test_a_model_keeps_the_contract(name):
    library_of(name)
    assert [outcome for outcome in testing.check(methods[name]) if not outcome.passed] == []


@pytest.mark.parametrize("name", sorted(methods.namespaces))
def test_what_is_tuned_is_a_hyperparameter_whose_default_is_in_its_space(name):
    library = library_of(name)
    assert set(library.spaces) <= set(library.names())
    for model, space in library.spaces.items():
        make = methods[f"{name}:{model}"].make
        defaults = {f.name: f.default for f in fields(make)}
        found = search_space(make)
        assert set(found) == set(space), model
        assert [(model, key) for key, domain in found.items() if defaults[key] not in domain] == []
