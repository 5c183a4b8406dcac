"""Fewer figures than all: what is asked for is the same, and nothing else is there."""

from __future__ import annotations

import re

import numpy as np
import pytest

from groupbench.core.errors import ConfigError
from groupbench.core.registry import aggregators, methods
from groupbench.core.stopwatch import Stopwatch
from groupbench.evaluation.evaluate import evaluate
from groupbench.evaluation.task import Task
from groupbench.evaluation.views import VIEWS
from groupbench.metrics import EVERYTHING, EXPOSURES, TIES, MetricRequest, definitions, make_request
from tests.conftest import Table, make_training, with_answers, with_rounds

VIEWS_TRIED = ("rated-group", "rated-user", "rated-rows", "surprise-faq", "coupled", "decoupled")
N_USERS, N_ITEMS = 30, 20


@pytest.fixture(scope="module")
def task():
    rows = make_training(seed=1).ratings
    return Task(make_training(), rows)


def judged(method, task, names=VIEWS_TRIED, **asked):
    chosen = {name: aggregators[name].create() for name in ("average", "least-misery")}
    views = [VIEWS[name].make_case(task, 3.0) for name in names]
    found = evaluate(method, task, views, chosen, Stopwatch(), **asked)
    return {(one.case.view.name, one.aggregator): one for one in found}


def tied_scores():
    return Table(np.random.default_rng(0).integers(1, 6, (N_USERS, N_ITEMS)).astype(float))


def assert_part(few, everything, metrics, ties):
    """The same figures, of these metrics under these tie rules alone."""
    assert set(few.values) == set(ties)
    for rule in ties:
        known = everything.values[rule]
        assert set(few.values[rule]) == metrics & set(known)
        for name, values in few.values[rule].items():
            np.testing.assert_array_equal(values, known[name], err_msg=name)
        for name, mean in few.means(rule).items():
            np.testing.assert_array_equal(mean, everything.means(rule)[name])


@pytest.mark.parametrize("ties", [TIES, ("expected",), ("worst", "best")])
@pytest.mark.parametrize("name", ["expected", "each"])
def test_a_part_of_the_figures_is_the_same_as_among_all(task, name, ties):
    everything = judged(tied_scores(), task)
    names = {name for one in everything.values() for name in one.values["expected"]}
    asked = [{name} for name in sorted(names) if name.endswith("@5") or "@" not in name]
    for metrics in asked if name == "each" else [{"ndcg@10", "min-recall@3", "zrecall@20", "rmse"}]:
        found = judged(tied_scores(), task, metrics=metrics, ties=ties)
        assert found.keys() == everything.keys()
        for place, few in found.items():
            assert_part(few, everything[place], metrics, ties)


def test_every_metric_that_can_be_asked_for_is_tried_above(task):
    rounds = judged(tied_scores(), with_rounds(task), ["sequential"])
    answers = judged(tied_scores(), with_answers(task), ["aggregate"])
    found = [one for some in (judged(tied_scores(), task), rounds, answers) for one in some.values()]
    names = {name.partition("@")[0] for one in found for name in [*one.values["expected"], *one.overall]}
    assert names == set(definitions())


@pytest.mark.parametrize("exposure", EXPOSURES, ids=lambda one: one.name)
def test_exposure_is_judged_alone(task, exposure):
    name = f"{exposure.name}@5"
    everything, few = judged(tied_scores(), task), judged(tied_scores(), task, metrics=[name])
    for place, one in few.items():
        assert list(one.means("expected")) == [name]
        np.testing.assert_array_equal(one.means("expected")[name], everything[place].means("expected")[name])


def test_reference_rows_and_cutoffs_that_no_view_has(task):
    oracle = methods["oracle"].create()
    (few,) = judged(oracle, task, ["rated-group"], metrics=["ndcg@7", "hit@1"], ties=["expected"]).values()
    assert few.means("expected") == {"ndcg@7": 1.0, "hit@1": 1.0}
    assert few.top.shape == (len(few.case.evaluated), 7)


def test_lists_are_the_first_of_those_that_are_kept_otherwise(task):
    everything = judged(tied_scores(), task)
    for place, few in judged(tied_scores(), task, metrics=["precision@5"]).items():
        np.testing.assert_array_equal(few.top, everything[place].top[:, :5])


def test_names_are_read_like_everywhere():
    assert make_request([" NDCG@10 ", "bounded_recall@5", "min-ndcg@3", "rmse"]) == MetricRequest(
        frozenset({"ndcg@10", "recall_capped@5", "min-ndcg@3", "rmse"})
    )
    assert make_request(None) == EVERYTHING
    assert make_request(["rmse", "hit@10", "hit@2"]).cutoffs((3, 5)) == (2, 10)
    assert EVERYTHING.cutoffs((3, 5)) == (3, 5)


@pytest.mark.parametrize(
    ("metrics", "ties", "message"),
    [
        (["ndgc@10"], TIES, "did you mean 'ndcg'"),
        (["ndcg"], TIES, "write it as ndcg@10"),
        (["ndcg@0"], TIES, "cutoff K of 1 or more"),
        (["rmse@10"], TIES, "leave out '@10'"),
        (["ndcg@10"], ["luck"], "tie rule 'luck'"),
    ],
)
def test_what_cannot_be_asked_for(metrics, ties, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        make_request(metrics, ties)
