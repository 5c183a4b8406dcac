"""Exposure against loops over single lists and items, and its place in the figures of a view."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from groupbench.core.registry import aggregators, methods
from groupbench.core.stopwatch import Stopwatch
from groupbench.data.dataset import Features, Ratings
from groupbench.evaluation.evaluate import evaluate
from groupbench.evaluation.task import Task
from groupbench.evaluation.views import CUTOFFS, VIEWS
from groupbench.metrics import TIES, Exposure, _exposure
from tests.conftest import Table

KS = (1, 3, 5)
PER_LIST = ("novelty", "popularity_share", "diversity")


def featured(train, n_features=4, seed=0):
    """Real-valued features, some negative; the first two items have none."""
    values = np.random.default_rng(seed).normal(size=(train.ratings.n_items, n_features))
    values[:2] = 0
    return replace(train, item_features=Features(tuple(map(str, range(n_features))), values))


def exposure_of(train):
    return Exposure(train.ratings, train.item_features)


def some_lists(n_items, n_lists=40, depth=7, seed=1):
    """Lists of all lengths from 0 to `depth`, one of them with an item that occurs twice."""
    rng = np.random.default_rng(seed)
    top = np.array([rng.permutation(n_items)[:depth] for _ in range(n_lists)])
    top[np.arange(depth) >= rng.integers(0, depth + 1, (n_lists, 1))] = -1
    top[0], top[1], top[2] = -1, 0, [5, 5, 6, 7, -1, -1, -1]
    return top


def expected(train, top, k):
    """Novelty, popularity share and diversity of one list, item by item."""
    rows = [int((train.ratings.items == i).sum()) for i in range(train.ratings.n_items)]
    places = math.ceil(len(rows) / 5)
    last = sorted(rows)[-places]
    above = sum(n > last for n in rows)
    share = (places - above) / rows.count(last)
    head = [1.0 if n > last else share if n == last else 0.0 for n in rows]
    items = [i for i in top[:k] if i >= 0]
    chosen = [(rows[i] + 1) / (sum(rows) + len(rows)) for i in items]
    vectors = [train.item_features.values[i] for i in items if train.item_features.values[i].any()]
    apart = [1 - a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a, b in combinations(vectors, 2)]
    return {
        "novelty": -np.mean(np.log2(chosen)) if items else math.nan,
        "popularity_share": np.mean([head[i] for i in items]) if items else math.nan,
        "diversity": np.mean(apart) if apart else math.nan,
    }


@pytest.mark.parametrize("cells", [1, 100, 1 << 20])
@pytest.mark.parametrize("n_items", [20, 23])
def test_lists_are_worth_what_their_items_are_one_by_one(training_factory, monkeypatch, cells, n_items):
    monkeypatch.setattr(_exposure, "_CELLS", cells)
    train = featured(training_factory(n_items=n_items, repeats=9))
    top = some_lists(n_items)
    found = exposure_of(train).of_lists(top, KS)

    assert set(found) == {f"{name}@{k}" for name in PER_LIST for k in KS}
    for k in KS:
        lists = [expected(train, row, k) for row in top]
        for name in PER_LIST:
            values = [one[name] for one in lists]
            np.testing.assert_allclose(found[f"{name}@{k}"], values, atol=1e-12, err_msg=f"{name}@{k}")
    assert np.isnan(found["novelty@5"][0])
    assert np.isnan(found["diversity@5"][1])


def test_figures_worked_out_by_hand():
    items = np.array([0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2])
    ratings = Ratings(np.arange(11), items, np.ones(11), 11, 5)
    features = Features(("a", "b"), np.array([[2.0, 0], [3, 0], [0, 1], [1, 1], [0, 0]]))
    exposure = Exposure(ratings, features)
    found = exposure.of_lists(np.array([[0, 1, 2], [4, 3, -1]]), (2, 3))

    # Of 11 + 5 rows, items 0 to 4 have 8, 4, 2, 1 and 1: 1, 2, 3, 4 and 4 bits.
    np.testing.assert_allclose(found["novelty@2"], [1.5, 4])
    np.testing.assert_allclose(found["novelty@3"], [2, 4])
    np.testing.assert_allclose(found["popularity_share@3"], [1 / 3, 0])
    np.testing.assert_allclose(found["diversity@2"], [0, np.nan])
    np.testing.assert_allclose(found["diversity@3"], [2 / 3, np.nan])
    assert exposure.of_all(np.array([[0, 1, 2], [4, 3, -1]]), (1, 2, 3)) == {
        "coverage@1": 0.4,
        "coverage@2": 0.8,
        "coverage@3": 1.0,
    }


def test_the_head_does_not_depend_on_the_numbers_of_items():
    items = np.array([3, 3, 3, 7, 7, 1, 1, 9, 9, 4])
    ratings = Ratings(np.arange(10), items, np.ones(10), 10, 15)
    found = Exposure(ratings, None).of_lists(np.arange(15)[:, None], (1,))["popularity_share@1"]

    # Three places: one for item 3, two for the three items with two rows.
    expected = np.zeros(15)
    expected[3], expected[[1, 7, 9]] = 1, 2 / 3
    np.testing.assert_allclose(found, expected)
    new = np.random.default_rng(0).permutation(15)
    moved = Exposure(replace(ratings, items=new[items]), None).of_lists(new[:, None], (1,))
    np.testing.assert_array_equal(moved["popularity_share@1"], found)


def test_equal_features_are_no_less_than_not_diverse(training):
    features = Features(("a",) * 3, np.full((20, 3), 1 / 3))
    found = Exposure(training.ratings, features).of_lists(np.arange(20)[None, :], (20,))

    assert 0 <= found["diversity@20"][0] < 1e-12


def test_cold_items_are_the_most_novel_and_the_number_of_rows_of_others_is_not_infinite(training):
    found = exposure_of(training).of_lists(np.arange(20)[:, None], (1,))["novelty@1"]

    assert 19 not in training.ratings.items
    assert found.argmax() == 19
    assert np.isfinite(found).all()


def test_without_features_there_is_no_diversity_and_no_list_covers_nothing(training):
    exposure = Exposure(training.ratings, None)

    assert set(exposure.of_lists(some_lists(20), (3,))) == {"novelty@3", "popularity_share@3"}
    assert exposure.of_all(np.full((4, 3), -1), (3,)) == {"coverage@3": 0.0}


# In the figures ---------------------------------------------------------------------------------------


@pytest.fixture
def task(training_factory):
    train = featured(training_factory())
    rng = np.random.default_rng(3)
    users, items = rng.integers(0, 30, 200), rng.integers(0, 20, 200)
    return Task(train, Ratings(users, items, rng.integers(1, 6, 200), 30, 20))


def judged(method, task, views=("rated-group", "rated-user", "coupled", "decoupled")):
    made = {name: aggregators[name].create() for name in ("average", "least-misery")}
    cases = [VIEWS[name].make_case(task) for name in views]
    found = evaluate(method, task, cases, made, Stopwatch())
    return {(j.case.view.name, j.aggregator): j for j in found}


def test_every_view_has_the_exposure_of_its_kept_lists(task):
    found = judged(Table(np.random.default_rng(0).normal(3, 1, (30, 20))), task)

    assert {view for view, _ in found} == {"rated-group", "rated-user", "coupled", "decoupled"}
    for one in found.values():
        lists = one.top[one.case.evaluated]
        for ties in TIES:
            means = one.means(ties)
            for k in CUTOFFS:
                shown = np.unique(lists[:, :k])
                assert means[f"coverage@{k}"] == (shown >= 0).sum() / 20
                values = [expected(task.train, row, k) for row in lists]
                for name in PER_LIST:
                    mean = np.nanmean([value[name] for value in values])
                    assert means[f"{name}@{k}"] == pytest.approx(mean, abs=1e-12)
                    assert one.values[ties][f"{name}@{k}"].shape == (len(one.top),)
        assert "coverage@3" not in one.values["expected"]


def test_coverage_counts_judged_lists_only(task):
    disliked = task.held_out.users < 25
    held_out = replace(task.held_out, values=np.where(disliked, 1.0, 5.0))
    one = judged(Table(np.random.default_rng(0).normal(3, 1, (30, 20))), replace(task, held_out=held_out))[
        "rated-user", "none"
    ]
    every, kept = np.unique(one.top[:, :20]), np.unique(one.top[one.case.evaluated][:, :20])

    assert (kept >= 0).sum() < (every >= 0).sum()
    assert one.means("expected")["coverage@20"] == (kept >= 0).sum() / 20


def test_ties_are_broken_by_item_order_under_every_rule(task):
    one = judged(Table(np.full((30, 20), 4.0)), task, ["coupled"])["coupled", "average"]

    assert (np.diff(one.top, axis=1)[one.top[:, 1:] >= 0] > 0).all()
    for name in (f"{name}@{k}" for name in (*PER_LIST, "coverage") for k in CUTOFFS):
        assert len({one.means(ties)[name] for ties in TIES}) == 1


@pytest.mark.parametrize("name", ["random", "oracle"])
def test_reference_rows_show_no_items(task, name):
    for one in judged(methods[name].create(), task, ["rated-group", "rated-user", "coupled"]).values():
        shown = {metric.partition("@")[0] for metric in one.means("expected")}
        assert shown.isdisjoint({*PER_LIST, "coverage"})
        assert {"ndcg", "precision"} <= shown


def test_a_list_that_shows_nothing_has_no_novelty_even_where_undefined_counts_as_zero(task):
    matrix = np.full((30, 20), 5.0)
    matrix[::2] = 1.0
    one = judged(Table(matrix), task, ["surprise-faq"])["surprise-faq", "none"]
    nothing = (one.top < 0).all(axis=1)

    assert 0 < nothing.sum() < len(nothing)
    assert one.top.shape == (len(nothing), max(CUTOFFS))
    np.testing.assert_array_equal(np.isnan(one.values["expected"]["novelty@10"]), nothing)
    assert not np.isnan(one.values["expected"]["recall@10"]).any()
