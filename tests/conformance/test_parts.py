"""What is no method is checked too, and its templates pass as they are."""

from __future__ import annotations

import pytest

from groupbench.core import registry
from groupbench.core.entry import Entry
from groupbench.core.errors import ConfigError
from groupbench.core.plugins import load_plugin
from groupbench.evaluation.views import VIEWS
from groupbench.metrics import METRICS
from groupbench.models.recommender import Recommender
from groupbench.testing import PARTS, check, check_part, method_template, part_template


@pytest.mark.parametrize(
    "name",
    [
        *registry.aggregators,
        *registry.sequential_aggregators,
        *METRICS,
        *VIEWS,
        "itmrec-sim",
        "reviews-sim",
        "tfidf",
    ],
)
def test_what_is_built_in_passes(name):
    assert [one for one in check_part(name) if not one.passed] == []


@pytest.mark.parametrize("kind", PARTS)
def test_templates_pass(tmp_path, kind):
    name, file = f"template-{kind}", tmp_path / f"{kind}.py"
    file.write_text(part_template(kind, name))
    load_plugin(file)
    held = {
        "aggregator": registry.aggregators,
        "metric": METRICS,
        "dataset": registry.datasets,
        "view": VIEWS,
    }
    try:
        assert [one for one in check_part(name) if not one.passed] == []
    finally:
        held[kind]._values.pop(name)


def test_templates_of_groups_and_networks_pass(tmp_path):
    for options in ({"group": True}, {"torch": True}, {"group": True, "torch": True}):
        name = f"template-{'-'.join(options)}"
        file = tmp_path / f"{name}.py"
        file.write_text(method_template(name, **options))
        load_plugin(file)
        try:
            outcomes = check(registry.methods[name])
            assert [one for one in outcomes if not one.passed] == []
            assert len(outcomes) > 10
        finally:
            registry.methods._values.pop(name)


class NoScore(Recommender):
    """It lacks what every recommender has."""

    def fit(self, train, *, rng):
        return self


class Choosy(NoScore):
    """It says what it cannot do."""

    def skip(self, train):
        return "needs times"

    def score(self, users):
        raise AssertionError


def learn(train, rng):
    """A function is no method."""


def test_what_is_no_method_is_said_with_its_place():
    for make, says in ((NoScore, "has no score; define it in NoScore"), (learn, "cannot be made")):
        (outcome,) = check(Entry("broken", make))
        assert not outcome.passed
        assert says in outcome.message
        assert "test_parts.py:" in outcome.message


def test_a_method_that_skips_the_small_data_is_not_blamed():
    (outcome,) = check(Entry("choosy", Choosy))
    assert outcome.passed
    assert outcome.message.endswith("needs times")


def test_names_that_are_there_nowhere_get_near_ones():
    with pytest.raises(ConfigError, match="unknown name to check 'averge'; did you mean 'average'"):
        check_part("averge")
