"""What functions are called with: the names that commands have, in both spellings, and near names."""

from __future__ import annotations

import inspect

import pytest

import groupbench as gb
from groupbench.api import _keywords
from groupbench.core.errors import ConfigError
from groupbench.core.options import Options


class Shown(Options):
    """Some options."""

    views: str = "all"
    seeds: int = 5


@_keywords.with_keywords(Shown)
def draw(dataset=None, **options):
    return {"dataset": dataset, **options}


def test_the_signature_names_every_option():
    assert str(inspect.signature(draw)) == "(dataset=None, *, seeds=5, views='all')"
    assert {"methods", "dataset", "protocol", "seeds", "tau", "jobs"} <= set(
        inspect.signature(gb.run).parameters
    )


@pytest.mark.parametrize(
    ("given", "named"), [("view", "views"), ("views", "views"), ("datasets", "dataset"), ("seeds", "seeds")]
)
def test_both_spellings_are_the_same(given, named):
    assert draw(**{given: "x"})[named] == "x"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"vews": 1}, r"unknown argument of draw\(\) 'vews'; did you mean 'views'"),
        ({"seed": 3}, "did you mean 'seeds'"),
        ({"view": "a", "views": "b"}, "views is given twice"),
    ],
)
def test_what_a_function_does_not_have(given, said):
    for kind in (TypeError, ConfigError):
        with pytest.raises(kind, match=said):
            draw(**given)


def test_the_face_is_all_that_a_name_completes_to():
    assert dir(gb) == sorted(gb.__all__)
    assert set(gb._HOMES) == set(gb.__all__)
    assert all(getattr(gb, name) is not None for name in gb.__all__)
