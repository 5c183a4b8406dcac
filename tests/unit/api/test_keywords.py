"""What functions are called with: the names that commands have, in both spellings, and near names."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re

import numpy as np
import pytest

import groupbench as gb
from groupbench.api import _keywords
from groupbench.core.errors import ArgumentError, ConfigError
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


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: gb.load(), "load() needs name_or_path: a registered name, or a folder"),
        (lambda: gb.load(None), "load(): name_or_path cannot be None; give a registered name, or a folder"),
        (lambda: gb.load(3), "load(): name_or_path cannot be 3; give "),
        (lambda: gb.fit(), "fit() needs method: a registered name, a class, or an instance"),
        (lambda: gb.fit("ease", 3), "fit(): dataset cannot be 3; give a registered name, a folder, or what"),
        (lambda: gb.fit("ease", seed="x"), "fit(): seed cannot be 'x'; give a whole number"),
        (lambda: gb.fit("random"), "method=random: a reference row learns nothing; choose a method"),
        (lambda: gb.evaluate(), "evaluate() needs method: a registered name, a class, or an instance"),
        (lambda: gb.evaluate(dict), "evaluate(): method cannot be <class 'dict'>; give a registered name"),
        (lambda: gb.evaluate("ease", metrics=3), "evaluate(): metrics cannot be 3; give names such as"),
        (lambda: gb.evaluate("ease", metrics=["mrr@5", 3]), "metrics cannot be ['mrr@5', 3]; give "),
        (lambda: gb.evaluate("ease", "itmrec-sim", "x"), "too many positional arguments; write them"),
        (lambda: gb.compare("svd"), "compare() needs second: the row to subtract"),
        (lambda: gb.compare("svd", "ease", level="x"), "compare(): level cannot be 'x'; give the level"),
        (lambda: gb.table(significance="x"), "table(): significance cannot be 'x'; give whether"),
        (lambda: gb.report_page(output=3), "report_page(): output cannot be 3; give an HTML file"),
        (lambda: gb.card(format="x"), "unknown argument of card() 'format'; known: dataset"),
        (lambda: gb.run(3), "run(): methods cannot be 3; give registered names"),
        (lambda: gb.plot.bars(3), "bars(): results cannot be 3; give the results folder"),
    ],
)  # fmt: skip
def test_what_a_function_cannot_take_is_told_in_one_line(call, said):
    with pytest.raises(ArgumentError, match=re.escape(said)) as caught:
        call()
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, ConfigError)
    assert "\n" not in str(caught.value)


def test_every_argument_is_described():
    """Else an error could not say what to give."""
    functions = [getattr(gb.plot, name) for name in dir(gb.plot)]
    functions += [
        found for name in dir(gb) if inspect.isfunction(found := getattr(gb, name)) and name != "tunable"
    ]
    silent = [
        f"{function.__name__}: {name}"
        for function in map(inspect.unwrap, functions)
        for name in _keywords._hints(function)
        if _keywords._described(function, name) == f"the argument {name}"
    ]
    assert len(functions) > 12
    assert silent == []


def test_numbers_of_numpy_are_numbers():
    @_keywords.checked
    def count(n: int, share: float = 0.5) -> tuple[int, float]:
        return n, share

    assert count(np.int64(3), np.float32(1)) == (3, 1)
    with pytest.raises(ArgumentError, match=r"n cannot be 1\.5"):
        count(1.5)


def test_the_face_is_all_that_a_name_completes_to():
    # Packages that were imported are attributes as well, and no part of the face.
    for module in pkgutil.iter_modules(gb.__path__):
        if not module.name.startswith("_"):
            importlib.import_module(f"groupbench.{module.name}")
            assert module.name not in gb.__all__
    assert dir(gb) == sorted(gb.__all__)
    assert set(gb._HOMES) == set(gb.__all__)
    assert all(getattr(gb, name) is not None for name in gb.__all__)


@pytest.mark.parametrize(
    ("name", "near"), [("tabel", "table"), ("reports", "report_page"), ("repor", "report_page")]
)
def test_a_name_that_is_not_there_is_told_with_near_ones(name, near):
    with pytest.raises(
        AttributeError, match=f"unknown attribute of groupbench '{name}'; did you mean '{near}'"
    ):
        getattr(gb, name)
    assert not hasattr(gb, "__wrapped__")
