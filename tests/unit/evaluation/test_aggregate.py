"""Aggregation as a task of its own: what members rated, what groups answered, what strategies make of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kendalltau

from groupbench.aggregation import MemberScores
from groupbench.core.arrays import Segments
from groupbench.core.errors import ConfigError
from groupbench.core.registry import aggregators, methods
from groupbench.core.stopwatch import Stopwatch
from groupbench.data import loading
from groupbench.data.dataset import Dataset, Ratings
from groupbench.data.groups import Groups
from groupbench.evaluation.evaluate import evaluate, refusal
from groupbench.evaluation.protocols import make_protocol
from groupbench.evaluation.views import VIEWS, rated_by_members
from tests.conftest import GroupTable

FEW = ("average", "least-misery", "borda", "copeland", "linear")
N_USERS, N_ITEMS = 9, 6
MEMBERS = ([0, 1, 2], [3, 4], [5, 6, 7, 8], [1, 4])


def data(seed=0, choices=False, gaps=0.0):
    """Complete tables of ratings but for some gaps, and the answers of groups on items 0 to 4."""
    rng = np.random.default_rng(seed)
    users, items = np.divmod(np.arange(N_USERS * N_ITEMS), N_ITEMS)
    kept = rng.random(len(users)) >= gaps
    ratings = Ratings(
        users[kept], items[kept], rng.integers(1, 6, len(users))[kept].astype(float), N_USERS, N_ITEMS
    )
    owners, answered = np.divmod(np.arange(len(MEMBERS) * 5), 5)
    values = rng.integers(1, 6, len(owners)).astype(float)
    joint = Ratings(owners, answered, values, len(MEMBERS), N_ITEMS)
    if choices:
        joint = replace(joint.take(answered == owners), values=np.ones(len(MEMBERS)))
    ids = tuple(map(str, range(N_USERS))), tuple(map(str, range(N_ITEMS)))
    return Dataset(
        "tables", "Tables", ratings, *ids, (1.0, 5.0), groups=Groups.from_lists(MEMBERS), group_ratings=joint
    )


def prepared(dataset, **options):
    protocol = make_protocol({"name": "aggregate", **options})
    task = protocol.prepare(dataset, 0)
    cases, _ = protocol.make_cases(task)
    return task, {case.view.name: case for case in cases}


def judged(method, task, cases):
    made = {name: aggregators[name].create() for name in FEW}
    if hasattr(method, "fit"):
        method.fit(task.train, rng=np.random.default_rng(0))
    found = evaluate(method, task, list(cases.values()), made, Stopwatch())
    return {(one.case.view.name, one.aggregator): one for one in found}


def table(dataset):
    return dataset.ratings.matrix().toarray()


def strategy(name, dataset, group, items):
    """What a strategy makes of the members' own ratings, from the definition of the aggregator alone."""
    scores = table(dataset)[np.ix_(MEMBERS[group], items)]
    activity = (table(dataset) > 0).sum(axis=1)[MEMBERS[group]].astype(float)
    valid, alone = np.ones((1, len(items)), bool), Segments.from_sizes([len(scores)])
    members = MemberScores(scores, valid, alone, activity, dataset.scale)
    return aggregators[name].create().aggregate(members)[0]


@pytest.mark.parametrize("seed", range(3))
def test_strategies_are_compared_with_the_groups_answers(seed):
    dataset = data(seed)
    task, cases = prepared(dataset)
    found = judged(methods["known-ratings"].create(base="item-mean"), task, cases)
    answers = dataset.group_ratings.matrix().toarray()
    for name in ("average", "least-misery", "borda"):
        values = found["aggregate", name].values["expected"]
        for group in range(len(MEMBERS)):
            mine, theirs = strategy(name, dataset, group, range(5)), answers[group, :5]
            top, best = np.flatnonzero(mine == mine.max()), np.flatnonzero(theirs == theirs.max())
            chance = len(set(top) & set(best)) / (len(top) * len(best))
            assert values["first_choice"][group] == pytest.approx(chance)
            assert values["kendall"][group] == pytest.approx(kendalltau(mine, theirs).statistic)
    errors = strategy("average", dataset, 0, range(5)) - answers[0, :5]
    assert found["aggregate", "average"].values["expected"]["mae"][0] == pytest.approx(np.abs(errors).mean())
    assert not any(view == "agreement" for view, _ in found)


def test_answers_of_groups_are_compared_with_every_strategy():
    dataset = data(4)
    task, cases = prepared(dataset)
    rows = np.random.default_rng(1).integers(0, 3, (len(MEMBERS), N_ITEMS)).astype(float)
    found = judged(GroupTable({str(g): row for g, row in enumerate(rows)}), task, cases)
    assert set(found) == {("aggregate", "own"), *(("agreement", name) for name in FEW if name != "linear")}
    for name in ("average", "least-misery", "copeland"):
        values = found["agreement", name].values["expected"]
        for group in range(len(MEMBERS)):
            theirs = strategy(name, dataset, group, range(5))
            if len(set(theirs)) > 1 and len(set(rows[group, :5])) > 1:
                expected = kendalltau(rows[group, :5], theirs).statistic
                assert values["kendall"][group] == pytest.approx(expected)
        assert set(values) == {"first_choice", "kendall"}


def test_the_oracle_says_how_groups_agree_with_strategies():
    task, cases = prepared(data(2))
    known = judged(methods["known-ratings"].create(base="item-mean"), task, cases)
    oracle, random = (judged(methods[name].create(), task, cases) for name in ("oracle", "random"))
    for name in ("average", "borda", "copeland"):
        one, same = (f.means("expected") for f in (known["aggregate", name], oracle["agreement", name]))
        assert one["first_choice"] == pytest.approx(same["first_choice"])
        assert one["kendall"] == pytest.approx(same["kendall"])
        assert random["agreement", name].means("expected")["kendall"] == 0
    assert oracle["aggregate", "none"].means("expected")["kendall"] == 1


def test_methods_of_users_have_no_answers_of_their_own():
    assert "made by these" in refusal(methods["item-mean"].create(), VIEWS["agreement"])
    assert not refusal(methods["item-mean"].create(), VIEWS["aggregate"])
    assert not VIEWS["agreement"].bounded


@pytest.mark.parametrize("share", [1.0, 0.7, 0.5, 0.01])
def test_options_are_what_enough_members_rated(share):
    dataset = data(5, gaps=0.3)
    rated = table(dataset) > 0
    keys = rated_by_members(dataset.ratings, dataset.groups, share)
    expected = [
        group * N_ITEMS + item
        for group, members in enumerate(MEMBERS)
        for item in range(N_ITEMS)
        if rated[members, item].any() and rated[members, item].mean() >= share - 1e-9
    ]
    assert keys.tolist() == expected
    task, cases = prepared(dataset, coverage=share)
    answered = [key for key in expected if key % N_ITEMS < 5]
    counts = np.bincount([key // N_ITEMS for key in answered], minlength=len(MEMBERS))
    assert task.options.tolist() == [key for key in answered if counts[key // N_ITEMS] > 1]
    complete = cases["agreement"].lists
    assert all(
        rated[MEMBERS[g], i].all()
        for g, i in zip(complete.entities[complete.segments.of_row], complete.items, strict=True)
    )


def test_choices_are_among_all_that_members_rated():
    task, cases = prepared(data(6, choices=True), tau=1)
    assert cases["aggregate"].lists.sizes.tolist() == [N_ITEMS] * len(MEMBERS)
    found = judged(methods["oracle"].create(), task, cases)["aggregate", "none"].means("expected")
    assert found["first_choice"] == found["hit@1"] == found["precision@1"] == 1
    _, few = prepared(data(6), offered="rated")
    assert few["aggregate"].lists.sizes.tolist() == [N_ITEMS] * len(MEMBERS)


def test_agreement_needs_what_all_members_rated():
    dataset = data()
    ratings = dataset.ratings
    protocol = make_protocol({"name": "aggregate", "coverage": 0.3})
    only = replace(
        dataset, ratings=ratings.take(ratings.users % 2 == 0), groups=Groups.from_lists([[0, 1]] * 4)
    )
    task = protocol.prepare(only, 0)
    assert protocol.make_cases(task)[1] == {
        "agreement": "view agreement: no group has an item that all its members rated"
    }


def test_all_seeds_have_one_task():
    protocol, dataset = make_protocol({"name": "aggregate"}), data()
    one, other = (protocol.prepare(dataset, seed) for seed in (0, 3))
    np.testing.assert_array_equal(one.options, other.options)
    assert len(one.held_out) == 0
    assert one.train.group_ratings is None
    assert len(one.train.ratings) == len(dataset.ratings)


def test_data_without_answers_or_tables_is_refused():
    protocol = make_protocol({"name": "aggregate"})
    with pytest.raises(ConfigError, match="has no joint ratings; the protocol aggregate needs them"):
        protocol.require(replace(data(), group_ratings=None))
    sparse = replace(data(), ratings=data().ratings.take(slice(0, 4)))
    with pytest.raises(ConfigError, match=r"no group answered about two items that 100% .*coverage=0.5"):
        protocol.require(sparse)
    task = make_protocol({"name": "coupled", "n_groups": 5}).prepare(loading.load("itmrec-sim"), 0)
    for view in ("aggregate", "agreement"):
        with pytest.raises(ConfigError, match="use --protocol aggregate"):
            VIEWS[view].make_case(task)


# Known ratings --------------------------------------------------------------------------------------------


def test_known_ratings_stand_before_predictions():
    dataset = data(7, gaps=0.4)
    task, _ = prepared(dataset, coverage=0.3)
    rng = np.random.default_rng
    mine = methods["known-ratings"].create(base="item-mean").fit(task.train, rng=rng(0))
    base = methods["item-mean"].create().fit(task.train, rng=rng(0))
    users = np.array([3, 0, 8])
    own = table(dataset)[users]
    np.testing.assert_array_equal(mine.score(users), np.where(own > 0, own, base.score(users)))


@pytest.mark.parametrize("base", ["ease", "random", "known-ratings", "popularity-groups", "dmtl"])
def test_a_base_predicts_ratings_of_users(base):
    with pytest.raises(ConfigError, match=rf"known-ratings\.base: {base} .*take svd or item-mean"):
        methods["known-ratings"].create(base=base)
    with pytest.raises(ConfigError, match="did you mean 'svd'"):
        methods["known-ratings"].create(base="svdd")
