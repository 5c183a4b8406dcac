"""Rounds as evaluation plays them, against plain loops; who leaves and who joins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from groupbench.aggregation import Aggregator, MemberScores
from groupbench.core import kernels
from groupbench.core.arrays import Segments
from groupbench.core.errors import ConfigError
from groupbench.core.registry import aggregators, methods, sequential_aggregators
from groupbench.core.stopwatch import Stopwatch
from groupbench.data import loading
from groupbench.data.dataset import Ratings
from groupbench.data.groups import Groups
from groupbench.evaluation import evaluate as evaluation
from groupbench.evaluation.evaluate import evaluate, refusal
from groupbench.evaluation.protocols import make_protocol
from groupbench.evaluation.rounds import Rounds, draw_members
from groupbench.evaluation.views import VIEWS
from tests.conftest import GroupTable, Table

FEW = ("average", "borda", "least-misery", "ep-fuzzda", "round-robin")
BACK = ("sdaa", "siaa", "ltp")


@pytest.fixture(scope="module")
def data():
    return loading.load("itmrec-sim")


def prepared(data, seed=0, **options):
    options = {"n_groups": 25, "sizes": (2, 4), "rounds": 3, "items": 3, **options}
    protocol = make_protocol({"name": "sequential", **options})
    task = protocol.prepare(data, seed)
    cases, reasons = protocol.make_cases(task)
    return task, {case.view.name: case for case in cases}, reasons


def scores_of(data, ties=False):
    rng = np.random.default_rng(3)
    shape = data.ratings.n_users, data.ratings.n_items
    return rng.integers(1, 4, shape).astype(float) if ties else rng.uniform(1, 5, shape)


def made(*names):
    return {n: (aggregators if n in aggregators else sequential_aggregators)[n].create() for n in names}


def judged(method, task, cases, names):
    found = evaluate(method, task, list(cases.values()), made(*names), Stopwatch())
    return {(one.case.view.name, one.aggregator): one for one in found}


def by_loop(aggregator: Aggregator, task, candidates, group, scores):
    """What an aggregator without a memory shows one group, and sat, utility of each round."""
    rounds, order = task.rounds, task.rounds.order
    rows = task.rounds.groups.segments.rows(group, group + 1)
    waiting, shown, sat, utility = list(candidates), [], [], []
    activity = np.bincount(task.train.ratings.users, minlength=scores.shape[0]).astype(float)
    for members in rounds.members[:, rows]:
        held = scores[np.ix_(members, waiting)]
        alone = Segments.from_sizes([len(members)])
        valid = np.ones((1, len(waiting)), bool)
        values = aggregator.aggregate(MemberScores(held, valid, alone, activity[members], (1.0, 5.0)))[0]
        first = np.lexsort((order[waiting], -values))[: rounds.depth]
        sat.append([row[first].sum() / np.sort(row)[::-1][: rounds.depth].sum() for row in held])
        weights = 1 / np.log2(np.arange(2, rounds.depth + 2))
        utility.append([row[first] @ weights for row in held])
        shown += [waiting[c] for c in first]
        waiting = [i for i in waiting if i not in shown]
    return shown, np.array(sat), np.array(utility)


@pytest.mark.parametrize("mode", ["off", "on"])
@pytest.mark.parametrize(("churn", "ties"), [(0.0, False), (0.0, True), (0.4, False)])
def test_rounds_are_those_of_plain_loops(data, monkeypatch, mode, churn, ties):
    if mode == "on":
        pytest.importorskip("numba")
    monkeypatch.setenv(kernels.VARIABLE, mode)
    task, cases, _ = prepared(data, churn=churn)
    scores, case = scores_of(data, ties), cases["sequential"]
    found = judged(Table(scores), task, {"sequential": case}, FEW)
    lists = case.lists.block(np.arange(len(case.lists.entities)))
    for name in FEW:
        result = found["sequential", name]
        for number, group in enumerate(case.lists.entities[:12]):
            candidates = lists.items[number][lists.valid[number]]
            if len(candidates) < task.rounds.length:
                continue
            shown, sat, utility = by_loop(aggregators[name].create(), task, candidates, group, scores)
            assert result.top[number].tolist() == shown
            if not churn:
                values = {metric: v[number] for metric, v in result.values["expected"].items()}
                overall, use = sat.mean(axis=0), utility.sum(axis=0)
                assert values["sat_o@3"] == pytest.approx(overall.mean())
                assert values["dis_o@3"] == pytest.approx(np.ptp(overall))
                assert values["sat@2"] == pytest.approx(sat[1].mean())
                assert values["dmae@3"] == pytest.approx(np.abs(use / use.sum() - 1 / len(use)).mean())


@pytest.mark.parametrize("churn", [0.0, 0.3])
def test_blocks_do_not_matter(data, monkeypatch, churn):
    task, cases, _ = prepared(data, churn=churn)
    names = [*FEW, *BACK]
    whole = judged(Table(scores_of(data)), task, cases, names)
    monkeypatch.setattr(evaluation, "BLOCK", 300)
    parts = judged(Table(scores_of(data)), task, cases, names)
    assert whole.keys() == parts.keys()
    for key, result in whole.items():
        np.testing.assert_array_equal(result.top, parts[key].top)
        for metric, values in result.values["expected"].items():
            np.testing.assert_array_equal(values, parts[key].values["expected"][metric])


def test_nothing_is_shown_twice_and_nothing_that_a_member_trained_on(data):
    task, cases, _ = prepared(data, churn=0.5)
    assert list(cases) == ["sequential"]
    found = judged(Table(scores_of(data, ties=True)), task, cases, [*FEW, *BACK])
    trained = {(u, i) for u, i in zip(task.train.ratings.users, task.train.ratings.items, strict=True)}
    case, members = cases["sequential"], task.rounds.everyone()
    for result in found.values():
        for number in np.flatnonzero(case.evaluated):
            top = result.top[number]
            assert len(set(top.tolist())) == len(top) == task.rounds.length
            here = members[int(case.lists.entities[number])]
            assert not any((u, i) in trained for u in here for i in top)


def test_the_coupled_view_evaluates_the_lists_of_all_rounds(data):
    task, cases, reasons = prepared(data)
    assert not reasons
    assert cases["sequential-coupled"].view.cutoffs == (3, 5, 9)
    found = judged(Table(scores_of(data)), task, cases, FEW)
    for name in FEW:
        one, other = found["sequential", name], found["sequential-coupled", name]
        np.testing.assert_array_equal(one.top, other.top)
    recall = found["sequential-coupled", "average"].values["expected"]["recall@9"]
    case, likes = cases["sequential-coupled"], task.held_out.unique()
    likes = {(u, i) for u, i, v in zip(likes.users, likes.items, likes.values, strict=True) if v >= 4}
    for number in np.flatnonzero(case.evaluated):
        group = int(case.lists.entities[number])
        block = case.lists.block(np.array([number]))
        candidates = set(block.items[0][block.valid[0]].tolist())
        hits = []
        for user in task.train.groups[group]:
            liked = {i for u, i in likes if u == user and i in candidates}
            top = found["sequential", "average"].top[number].tolist()
            hits += [len(liked & set(top)) / len(liked)] if liked else []
        assert recall[number] == pytest.approx(np.mean(hits))


def test_random_and_oracle_bound_the_coupled_view(data):
    task, cases, _ = prepared(data)
    case = {"sequential-coupled": cases["sequential-coupled"]}
    bounds = [judged(methods[n].create(), task, case, []) for n in ("random", "oracle")]
    mine = judged(Table(scores_of(data)), task, case, ["average"])
    low, high = (b["sequential-coupled", "none"].means("expected")["ndcg@9"] for b in bounds)
    assert low < high
    assert mine["sequential-coupled", "average"].means("expected")["ndcg@9"] < high
    assert refusal(methods["random"].create(), VIEWS["sequential"])


def test_group_methods_take_part_where_the_members_stay(data):
    rng = np.random.default_rng(0)
    task, cases, _ = prepared(data)
    rows = rng.random((len(task.train.groups), data.ratings.n_items))
    found = judged(GroupTable(dict(zip(task.train.groups.ids, rows, strict=True))), task, cases, ["average"])
    assert list(found) == [("sequential-coupled", "own")]


def test_groups_without_enough_candidates_are_left_out(data):
    _, few, _ = prepared(data, rounds=5, items=6)
    case = few["sequential"]
    np.testing.assert_array_equal(case.evaluated, case.lists.sizes >= 30)
    assert 0 < case.evaluated.sum() < len(case.evaluated)
    with pytest.raises(ConfigError, match=r"take 66 candidates, and groups have \d+ at most; ask for fewer"):
        prepared(data, rounds=11, items=6)
    with pytest.raises(ConfigError, match=r"take 600 items, and itmrec-sim has 70; ask for fewer"):
        prepared(data, rounds=100, items=6)


def test_churn_needs_the_same_members_for_held_out_items(data):
    _, cases, reasons = prepared(data, churn=0.2)
    assert list(cases) == ["sequential"]
    assert "use churn=0" in reasons["sequential-coupled"]


def test_views_of_rounds_need_rounds(data):
    task = make_protocol({"name": "coupled", "n_groups": 5}).prepare(data, 0)
    for view in ("sequential", "sequential-coupled"):
        with pytest.raises(ConfigError, match="use --protocol sequential"):
            VIEWS[view].make_case(task)


# Who is there ---------------------------------------------------------------------------------------------


def ratings(n_users):
    return Ratings(np.arange(n_users), np.zeros(n_users, int), np.ones(n_users), n_users, 3)


@pytest.mark.parametrize("churn", [0.0, 0.2, 0.7])
def test_joiners_take_the_places_of_leavers(churn):
    groups = Groups.from_lists([[0, 1, 2], [3, 4], [5, 1, 7, 8]] * 20)
    members = draw_members(groups, ratings(60), 6, churn, np.random.default_rng(1))
    np.testing.assert_array_equal(members[0], groups.members)
    rounds = Rounds(groups, members, 5, np.arange(3))
    assert rounds.changes == (churn > 0)
    assert rounds.new[1:].mean() == pytest.approx(churn, abs=0.08)
    for group in range(len(groups)):
        seats = members[:, groups.segments.rows(group, group + 1)]
        for now in seats:
            assert len(set(now.tolist())) == len(now)
        for seat in seats.T:
            changes = 1 + np.count_nonzero(np.diff(seat))
            assert len(set(seat.tolist())) == changes  # nobody comes back
        spells = {int(u) for u in seats.ravel()}
        assert len(spells) == seats.shape[1] + np.count_nonzero(np.diff(seats, axis=0))
        assert set(rounds.everyone()[group].tolist()) == spells


def test_joined_is_the_round_since_which_a_member_is_there():
    members = np.array([[0, 1, 2], [0, 3, 2], [0, 3, 4], [5, 3, 4]])
    rounds = Rounds(Groups.from_lists([[0, 1, 2]]), members, 2, np.arange(9))
    assert rounds.joined.tolist() == [[0, 0, 0], [0, 1, 0], [0, 1, 2], [3, 1, 2]]
    assert rounds.in_round(2, np.array([0])).members.tolist() == [0, 3, 4]
    assert (rounds.length, len(rounds)) == (8, 4)


def test_churn_without_users_to_join_is_refused():
    groups = Groups.from_lists([[0, 1, 2]])
    with pytest.raises(ConfigError, match=r"churn=0.9.*more users than the 4.*less churn"):
        draw_members(groups, ratings(4), 9, 0.9, np.random.default_rng(0))


def test_the_same_seed_draws_the_same_rounds(data):
    one, same, other = (prepared(data, seed=s, churn=0.3)[0].rounds for s in (4, 4, 5))
    np.testing.assert_array_equal(one.members, same.members)
    np.testing.assert_array_equal(one.order, same.order)
    assert not np.array_equal(one.order, other.order)


def test_groups_and_split_are_those_of_coupled(data):
    options = {"n_groups": 30, "sizes": (3,)}
    task = make_protocol({"name": "sequential", **options}).prepare(data, 2)
    same = make_protocol({"name": "coupled", **options}).prepare(data, 2)
    np.testing.assert_array_equal(task.train.groups.members, same.train.groups.members)
    np.testing.assert_array_equal(task.held_out.items, same.held_out.items)
    assert replace(task, rounds=None).train.tau == same.train.tau
