"""Search spaces are declared beside the defaults, and every built-in method's are sound."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from groupbench.cli import _describe as describe
from groupbench.core import registry
from groupbench.core.entry import Entry
from groupbench.core.errors import PluginError
from groupbench.core.hyperparameters import Choice, Range, search_space, tunable
from groupbench.core.plugins import load_plugin


@dataclass
class Model:
    """A method's fields, tunable and not."""

    factors: int = tunable(10, low=5, high=20)
    rate: float = tunable(0.1, low=0.01, high=1, log=True)
    kind: str | None = tunable(None, choices=(None, "a", "b"))
    seed: int = 3


def entry(**presets) -> Entry:
    return Entry("model", Model, presets)


def test_a_tunable_field_is_a_field_like_any_other():
    assert entry().parameters() == {"factors": 10, "rate": 0.1, "kind": None, "seed": 3}
    assert entry().create(factors=7) == Model(factors=7)


def test_the_space_holds_what_is_tunable_and_not_fixed():
    assert search_space(Model) == {
        "factors": Range(5, 20, whole=True),
        "rate": Range(0.01, 1, log=True),
        "kind": Choice((None, "a", "b")),
    }
    assert search_space(Model, {"rate", "kind", "seed"}).keys() == {"factors"}
    assert search_space(lambda: None) == {}


@pytest.mark.parametrize(
    ("value", "inside"),
    [(5, True), (20, True), (21, False), (5.0, False), (None, False), ("5", False)],
)
def test_what_lies_in_a_range_of_whole_numbers(value, inside):
    assert (value in Range(5, 20, whole=True)) is inside


def test_what_lies_elsewhere():
    assert 0.5 in Range(0, 1)
    assert 1.5 not in Range(0, 1)
    assert None in Choice((None, "a"))
    assert "b" not in Choice((None, "a"))


@pytest.mark.parametrize(
    ("default", "where", "said"),
    [
        (1, {"low": 2, "high": 3}, "default 1 is not in its own search space"),
        (1.0, {"low": 0.0}, "low and high, or choices"),
        (1.0, {"low": 0.0, "high": 2.0, "choices": (1.0, 2.0)}, "and not both"),
        (1.0, {}, "low and high, or choices"),
        (1.0, {"low": 1.0, "high": 1.0}, "low must be below high"),
        (1.0, {"low": 0.0, "high": 1.0, "log": True}, "above 0 on the log scale"),
        ("a", {"choices": ("a",)}, "fewer than two"),
        ("a", {"choices": ("a", "a")}, "repeat"),
        ("a", {"choices": ("b", "c")}, "default 'a' is not in"),
        ("a", {"choices": ("a", None)}, "a file cannot hold it"),
    ],
)
def test_an_unsound_space_is_refused(default, where, said):
    with pytest.raises(ValueError, match=said):
        tunable(default, **where)


def test_a_plugin_with_an_unsound_space_is_blamed_by_line(tmp_path):
    file = tmp_path / "unsound.py"
    file.write_text("from groupbench import tunable\nx = tunable(9, low=1, high=5)\n")
    with pytest.raises(PluginError, match=r"default 9 is not in .*fix the file"):
        load_plugin(file)


@pytest.mark.parametrize("name", list(registry.methods))
def test_both_ends_of_a_method_s_space_are_values_it_takes(name):
    found = registry.methods[name]
    space = search_space(found.make, found.presets)
    assert not space.keys() & found.presets.keys()
    for key, domain in space.items():
        ends = domain.values if isinstance(domain, Choice) else (domain.low, domain.high)
        assert found.parameters()[key] in domain
        for end in ends:
            assert getattr(found.create(**{key: end}), key) == end


def test_methods_that_learn_can_be_tuned():
    families = {"surprise", "implicit_mf", "implicit_knn", "linear"}
    methods = [held for held in registry.methods.values() if held.family in families]
    without = {held.name for held in methods if not search_space(held.make, held.presets)}
    assert len(methods) > 20
    assert without == {"slope-one"}


def test_a_name_s_page_shows_its_space():
    page = describe.explanation("svd")
    assert "n_factors: Count = 100  (tuned in 10 to 200, log)" in page
    assert "biased: bool = True\n" in page
    assert "(tuned in msd | cosine | pearson | pearson_baseline)" in describe.explanation("knn-basic")
