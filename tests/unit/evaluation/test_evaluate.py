"""Figures against references worked out list by list, and what must not change them."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace
from itertools import combinations, groupby, product

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from groupbench.core.registry import aggregators, methods
from groupbench.core.stopwatch import Stopwatch
from groupbench.data.dataset import Ratings
from groupbench.data.groups import Groups
from groupbench.evaluation import evaluate as evaluation
from groupbench.evaluation import score_cache
from groupbench.evaluation.evaluate import evaluate, refusal
from groupbench.evaluation.task import Task
from groupbench.evaluation.views import CUTOFFS, VIEWS
from groupbench.metrics import TIES
from groupbench.models.recommender import TrainingData
from tests.conftest import Both, GroupTable, Plain, Table

N_USERS, N_ITEMS = 14, 12
MEANS = {"average": np.mean, "least-misery": np.min, "most-pleasure": np.max}
METRICS = ("precision", "precision_capped", "recall", "ndcg", "hit", "mrr")
RATED = ("rated-group", "rated-user", "rated-rows", "surprise-faq")
GROUP_VIEWS = [name for name in RATED if VIEWS[name].entity == "group"]


def make_task(seed=0, lists=None, n_held=50):
    """Overlapping groups, one user in none, two users without training rows, repeated held-out pairs."""
    rng = np.random.default_rng(seed)
    n_rows = 60
    users, items = rng.integers(0, N_USERS - 2, n_rows), rng.integers(0, N_ITEMS, n_rows)
    train_rows = Ratings(users, items, rng.integers(1, 6, n_rows), N_USERS, N_ITEMS)
    users, items = rng.integers(0, N_USERS, n_held), rng.integers(0, N_ITEMS, n_held)
    # Users 3 and 4 like nothing, so that there are lists without a relevant candidate.
    values = np.where((users == 3) | (users == 4), rng.integers(1, 4, n_held), rng.integers(1, 6, n_held))
    held_out = Ratings(users, items, values, N_USERS, N_ITEMS)
    members = lists or [[5, 0, 12], [1, 5, 13, 2], [3, 4], [6, 7, 8, 9, 10], [2]]
    groups = Groups.from_lists(members, [f"g{i}" for i in range(len(members))])
    return Task(TrainingData(train_rows, (1.0, 5.0), groups), held_out)


def cases(task, names=RATED, tau=None):
    return [VIEWS[name].make_case(task, tau) for name in names]


def judged(method, task, names=RATED, chosen=tuple(MEANS), tau=None):
    made = {name: aggregators[name].create() for name in chosen}
    found = evaluate(method, task, cases(task, names, tau), made, Stopwatch())
    return {(j.case.view.name, j.aggregator): j for j in found}


def scores(seed=0, low=0.0, high=6.0):
    return np.random.default_rng(100 + seed).uniform(low, high, (N_USERS, N_ITEMS))


def random_method(kind, seed=0):
    groups = {f"g{i}": row for i, row in enumerate(scores(seed + 50)[:5])}
    return {
        "users": lambda: Table(scores(seed)),
        "groups": lambda: GroupTable(groups),
        "both": lambda: Both(rows=groups, matrix=scores(seed)),
    }[kind]()


# References -------------------------------------------------------------------------------------------


def arrangements(relevant):
    """Every way to place the relevant candidates of a block of equal scores, all equally likely."""
    for places in combinations(range(len(relevant)), sum(relevant)):
        yield [p in places for p in range(len(relevant))]


def orders(candidates):
    """The relevance along every order of (score, relevant) pairs by descending score."""
    ranked = sorted(candidates, key=lambda c: -c[0])
    blocks = [[relevant for _, relevant in block] for _, block in groupby(ranked, key=lambda c: c[0])]
    for choice in product(*map(arrangements, blocks)):
        yield [relevant for block in choice for relevant in block]


def textbook(name, k, order, n_relevant):
    head = order[:k]
    places = [p for p, relevant in enumerate(head, start=1) if relevant]
    ideal = sum(1 / math.log2(p + 1) for p in range(1, min(k, n_relevant) + 1))
    above, below = {
        "precision": (len(places), k),
        "precision_capped": (len(places), min(k, len(order))),
        "recall": (len(places), n_relevant),
        "ndcg": (sum(1 / math.log2(p + 1) for p in places), ideal),
        "hit": (float(bool(places)), 1),
        "mrr": (1 / places[0] if places else 0.0, 1),
    }[name]
    return above / below if below else math.nan


def reference(view, case, score_of):
    """Every metric of every list under every tie rule, from the scores of single candidates."""
    combine = {"expected": np.mean, "best": np.max, "worst": np.min}
    lists = case.lists
    out = {ties: defaultdict(list) for ties in combine}
    for place, entity in enumerate(lists.entities):
        line = lists.block(np.array([place]))
        every = [
            (score_of(entity, i), t >= case.tau) for i, t in zip(line.items[0], line.truth[0], strict=True)
        ]
        ranked = [c for c in every if not view.estimates_only or c[0] >= case.tau]
        n_relevant = sum(relevant for _, relevant in every)
        possible = list(orders(ranked))
        for name, k in product(METRICS, CUTOFFS):
            source = view.synonyms.get(name, name)
            values = [textbook(source, k, order, n_relevant) for order in possible]
            for ties, how in combine.items():
                value = how(values)
                zero = view.without_relevant == "zero" and math.isnan(value)
                out[ties][f"{name}@{k}"].append(0.0 if zero else value)
    return out


def assert_matches(found, score_of):
    view = found.case.view
    for ties, columns in reference(view, found.case, score_of).items():
        for name, expected in columns.items():
            values = found.values[ties][name]
            np.testing.assert_allclose(values, expected, atol=1e-12, err_msg=f"{view.name} {name} {ties}")
            kept = np.array(expected)[found.case.evaluated]
            assert found.means(ties)[name] == pytest.approx(np.nanmean(kept))


@pytest.mark.parametrize("seed", range(3))
def test_user_views_are_what_the_scores_of_each_user_give(seed):
    matrix = scores(seed)
    found = judged(Table(matrix), make_task(seed, n_held=120))

    for view in ("rated-user", "surprise-faq"):
        assert_matches(found[view, "none"], lambda user, item: matrix[user, item])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("aggregator", MEANS)
def test_group_views_are_what_the_aggregated_scores_give(seed, aggregator):
    task, matrix = make_task(seed), scores(seed)
    found = judged(Table(matrix), task)

    for view in GROUP_VIEWS:
        assert_matches(
            found[view, aggregator], lambda g, item: MEANS[aggregator](matrix[task.train.groups[g], item])
        )


def test_tied_scores_are_what_all_their_orders_give():
    matrix = np.floor(scores())
    found = judged(Table(matrix), make_task())

    assert_matches(found["rated-user", "none"], lambda user, item: matrix[user, item])
    assert found["rated-user", "none"].values["expected"]["tied_share@5"].max() > 0


def test_the_kept_lists_are_the_best_candidates_in_order():
    task, matrix = make_task(), scores()
    found = judged(Table(matrix), task)["rated-user", "none"]

    for user, top in zip(found.case.lists.entities, found.top, strict=True):
        rated = np.unique(task.held_out.items[task.held_out.users == user])
        best = sorted(rated, key=lambda item: -matrix[user, item])
        assert top.tolist() == best + [-1] * (max(CUTOFFS) - len(best))


def test_candidates_that_are_not_recommended_are_not_kept_either():
    matrix = scores()
    found = judged(Table(matrix), make_task())["surprise-faq", "none"]

    for user, top in zip(found.case.lists.entities, found.top, strict=True):
        assert (matrix[user, top[top >= 0]] >= 3.5).all()
    assert (found.top[:, 0] >= 0).any()


@pytest.mark.parametrize("seed", range(3))
def test_errors_are_those_of_sklearn_over_all_rows(seed):
    task, matrix = make_task(seed), scores(seed, -1, 8)
    rows = task.held_out.unique()
    guesses = np.clip(matrix[rows.users, rows.items], 1, 5)
    found = judged(Table(matrix), task)["rated-user", "none"]

    assert not found.case.evaluated.all()
    for ties in TIES:
        means = found.means(ties)
        assert means["rmse"] == pytest.approx(root_mean_squared_error(rows.values, guesses), rel=1e-12)
        assert means["mae"] == pytest.approx(mean_absolute_error(rows.values, guesses), rel=1e-12)


def test_errors_are_reported_for_predicted_ratings_only():
    assert "rmse" not in judged(Plain(scores()), make_task())["rated-user", "none"].values["expected"]
    assert "rmse" not in judged(Table(scores()), make_task())["rated-group", "average"].values["expected"]


# What must not change figures -------------------------------------------------------------------------


def by_entity(found, rename=lambda entity: entity):
    """Values of every list by the (renamed) owner and metric, for one view and aggregator."""
    return {
        (rename(entity), ties, name): values[place]
        for place, entity in enumerate(found.case.lists.entities.tolist())
        for ties, columns in found.values.items()
        for name, values in columns.items()
    }


def assert_same(found, expected, rename=lambda view, entity: entity):
    assert found.keys() == expected.keys()
    for key in expected:
        renamed = by_entity(expected[key], lambda entity, view=key[0]: rename(view, entity))
        assert by_entity(found[key]) == pytest.approx(renamed, rel=1e-12, nan_ok=True)
        assert found[key].means("expected") == pytest.approx(expected[key].means("expected"), nan_ok=True)


def rearranged(task, users=None, items=None, lists=None, ids=None):
    """The same task with other numbers for users and items, or other lists of members."""
    users = np.arange(N_USERS) if users is None else users
    items = np.arange(N_ITEMS) if items is None else items
    train, groups = task.train, task.train.groups

    def renumbered(rows):
        return replace(rows, users=users[rows.users], items=items[rows.items])

    members = [users[m] for m in groups] if lists is None else lists
    new = Groups.from_lists(members, groups.ids if ids is None else ids)
    return Task(replace(train, ratings=renumbered(train.ratings), groups=new), renumbered(task.held_out))


@pytest.mark.parametrize("kind", ["users", "groups", "both"])
def test_numbers_of_users_do_not_matter(kind):
    task, method = make_task(), random_method(kind)
    new = np.random.default_rng(1).permutation(N_USERS)
    other = random_method(kind)
    if kind != "groups":
        other.matrix = method.matrix[np.argsort(new)]
    assert_same(
        judged(other, rearranged(task, users=new)),
        judged(method, task),
        lambda view, entity: int(new[entity]) if VIEWS[view].entity == "user" else entity,
    )


def test_numbers_of_items_do_not_matter():
    task, matrix = make_task(), scores()
    new = np.random.default_rng(2).permutation(N_ITEMS)
    expected = judged(Table(matrix), task)
    found = judged(Table(matrix[:, np.argsort(new)]), rearranged(task, items=new))

    assert_same(found, expected)
    for key, held in expected.items():
        np.testing.assert_array_equal(found[key].top, np.where(held.top < 0, -1, new[held.top]))


@pytest.mark.parametrize("kind", ["users", "groups", "both"])
def test_the_order_of_groups_does_not_matter(kind):
    # Group methods serve a user through the first group, so the user of two groups stays out here.
    task = make_task(lists=[[5, 0, 12], [1, 13, 2], [3, 4], [6, 7, 8, 9, 10], [11]])
    order = np.array([3, 0, 4, 1, 2])
    groups = task.train.groups
    other = rearranged(task, lists=[groups[g] for g in order], ids=[groups.ids[g] for g in order])
    place = np.argsort(order)

    assert_same(
        judged(random_method(kind), other),
        judged(random_method(kind), task),
        lambda view, entity: int(place[entity]) if VIEWS[view].entity == "group" else entity,
    )


@pytest.mark.parametrize("kind", ["users", "groups", "both"])
def test_the_order_of_members_does_not_matter(kind):
    task = make_task()
    other = rearranged(task, lists=[m[::-1] for m in task.train.groups])
    chosen = tuple(aggregators)
    expected = judged(random_method(kind), task, chosen=chosen)
    found = judged(random_method(kind), other, chosen=chosen)

    assert_same(found, expected)


@pytest.mark.parametrize("kind", ["users", "groups", "both"])
@pytest.mark.parametrize(
    ("block", "chunk", "kept"), [(1, 1, 0), (40, 30, 0), (60, 20, 10**6), (10**6, 50, 0)]
)
def test_blocks_do_not_matter(monkeypatch, kind, block, chunk, kept):
    expected = judged(random_method(kind), make_task(), chosen=tuple(aggregators))
    monkeypatch.setattr(evaluation, "BLOCK", block)
    monkeypatch.setattr(score_cache, "CHUNK", chunk)
    monkeypatch.setattr(score_cache, "MAX_CACHED", kept)
    found = judged(random_method(kind), make_task(), chosen=tuple(aggregators))

    assert found.keys() == expected.keys()
    for key, held in expected.items():
        np.testing.assert_array_equal(found[key].top, held.top)
        for ties, columns in held.values.items():
            for name, values in columns.items():
                np.testing.assert_array_equal(found[key].values[ties][name], values)


@pytest.mark.parametrize("name", ["random", "oracle"])
def test_blocks_do_not_matter_to_reference_rows(monkeypatch, name):
    expected = judged(methods[name].create(), make_task())
    monkeypatch.setattr(evaluation, "BLOCK", 1)

    assert_same(judged(methods[name].create(), make_task()), expected)


def test_views_of_the_same_candidates_do_not_touch_each_other():
    task, method = make_task(), random_method("users")
    together = judged(method, task)
    alone = {key: value for name in RATED for key, value in judged(method, task, [name]).items()}

    assert_same(together, alone)


# Bounds -----------------------------------------------------------------------------------------------


def test_a_constant_scorer_is_the_random_row():
    task = make_task()
    constant = judged(Table(np.full((N_USERS, N_ITEMS), 4.0)), task, chosen=tuple(aggregators))
    random = judged(methods["random"].create(), task)

    assert {view for view, _ in constant} == {view for view, _ in random} == set(RATED)
    for (view, _), found in constant.items():
        expected = random[view, "none"].means("expected")
        means = found.means("expected")
        assert {name: means[name] for name in expected} == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(20))
def test_no_scorer_passes_the_oracle(seed):
    task = make_task(seed)
    oracle = judged(methods["oracle"].create(), task)
    found = judged(Table(scores(seed)), task)
    names = [f"{name}@{k}" for name in ("precision", "recall", "ndcg") for k in CUTOFFS]

    for (view, aggregator), one in found.items():
        for name in names:
            best = oracle[view, "none"].values["expected"][name]
            value = one.values["best"][name]
            assert (np.isnan(best) | (value <= best + 1e-12)).all(), (view, aggregator, name)


def test_reference_rows_are_the_same_under_every_tie_rule():
    for name in ("random", "oracle"):
        for found in judged(methods[name].create(), make_task()).values():
            assert found.means("best") == pytest.approx(found.means("expected"), nan_ok=True)
            assert found.means("worst") == pytest.approx(found.means("expected"), nan_ok=True)


def test_expectations_lie_between_the_worst_and_the_best():
    found = judged(Table(np.floor(scores() / 2)), make_task(), chosen=tuple(aggregators))
    strictly = 0
    for one in found.values():
        for name, expected in one.values["expected"].items():
            if name.startswith("tied_share") or name in ("rmse", "mae"):
                continue
            worst, best = one.values["worst"][name], one.values["best"][name]
            defined = ~np.isnan(expected)
            assert (worst[defined] <= expected[defined] + 1e-12).all()
            assert (expected[defined] <= best[defined] + 1e-12).all()
            strictly += np.count_nonzero(worst[defined] + 1e-6 < best[defined])

    assert strictly > 100


@pytest.mark.parametrize("aggregator", [*MEANS, "median", "additive"])
def test_a_group_of_one_is_its_member(aggregator):
    task = make_task(lists=[[u] for u in range(N_USERS)])
    found = judged(Table(scores()), task, ["rated-group", "rated-user"], [aggregator])
    group, user = found["rated-group", aggregator], found["rated-user", "none"]

    np.testing.assert_array_equal(group.top, user.top)
    for name, values in group.values["expected"].items():
        np.testing.assert_array_equal(values, user.values["expected"][name])


# Who is judged how ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (
            "users",
            {(v, a) for v in GROUP_VIEWS for a in MEANS} | {("rated-user", "none"), ("surprise-faq", "none")},
        ),
        ("groups", {(v, "own") for v in [*GROUP_VIEWS, "rated-user"]}),
        ("both", {(v, a) for v in GROUP_VIEWS for a in [*MEANS, "own"]} | {("rated-user", "none")}),
    ],
)
def test_what_is_judged_follows_from_what_a_method_offers(kind, expected):
    assert judged(random_method(kind), make_task()).keys() == expected


def test_views_of_predicted_ratings_serve_no_other_scores():
    faq, user = cases(make_task(), ["surprise-faq", "rated-user"])

    assert not refusal(Table(scores()), faq.view)
    assert not refusal(methods["oracle"].create(), faq.view)
    assert refusal(Plain(scores()), faq.view)
    assert not refusal(Plain(scores()), user.view)


def test_own_group_scores_are_judged_as_they_are():
    method = random_method("groups")
    task = make_task()
    found = judged(method, task)

    for view in GROUP_VIEWS:
        assert_matches(found[view, "own"], lambda g, item: method.rows[task.train.groups.ids[g]][item])


def test_a_group_method_serves_users_through_their_first_group():
    method, task = random_method("groups"), make_task(n_held=120)
    first = {}
    for name, members in zip(task.train.groups.ids, task.train.groups, strict=True):
        for user in members.tolist():
            first.setdefault(user, name)

    assert 11 not in first
    assert_matches(
        judged(method, task)["rated-user", "own"],
        lambda user, item: method.rows[first[user]][item] if user in first else 0.0,
    )


def test_users_without_training_rows_are_judged_too():
    task = make_task()
    found = judged(Table(scores()), task)["rated-user", "none"]

    assert {N_USERS - 2, N_USERS - 1}.isdisjoint(task.train.ratings.users)
    assert N_USERS - 2 in found.case.lists.entities[found.case.evaluated]


def test_another_threshold_changes_what_is_relevant():
    found = judged(Table(scores()), make_task(), tau=5.0)

    assert_matches(found["rated-user", "none"], lambda user, item: scores()[user, item])
    assert found["rated-rows", "average"].case.tau == 5.0


def test_time_is_charged_to_each_phase():
    watch = Stopwatch()
    made = {"average": aggregators["average"].create()}
    evaluate(Table(scores()), make_task(), cases(make_task()), made, watch)

    assert [name for name in watch.seconds if name != "import"] == ["score", "aggregate", "metrics"]
    assert all(seconds > 0 for seconds in watch.seconds.values())
