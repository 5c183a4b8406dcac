"""The views of group protocols (coupled, decoupled, natural, sampled) against plain loops; their bounds."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from groupbench.core.arrays import Segments
from groupbench.core.errors import ConfigError
from groupbench.core.registry import aggregators, methods
from groupbench.core.stopwatch import Stopwatch
from groupbench.data.dataset import Features, GivenSplit, HeldOutRows, Ratings
from groupbench.data.groups import Groups
from groupbench.evaluation import evaluate as evaluation
from groupbench.evaluation.evaluate import evaluate, refusal
from groupbench.evaluation.task import Task
from groupbench.evaluation.views import CUTOFFS, VIEWS, CatalogueLists, RowLists
from groupbench.evaluation.views._lists import MemberTruth
from groupbench.metrics import TIES, evaluate_members, evaluate_scores
from groupbench.models.recommender import TrainingData
from tests.conftest import Both, GroupTable, Plain, Table, make_member_lists

N_USERS, N_ITEMS = 10, 12
N_SEEDS = 4
MEMBERS = ([0, 1], [1, 2, 3], [4, 5, 6, 0], [7], [8, 9], [2, 9, 7])
FULL = ("full-group", "full-user")
SAMPLED = ("sampled-group", "sampled-group-clean", "sampled-user", "sampled-user-clean")
QUALITY = re.compile("(precision|recall|ndcg|relevance|zrecall|dfh|hit|rmse|mae)(@|$)")
PROTOCOLS = {"coupled": ("coupled", "decoupled"), "natural": ("natural",), "given": (*FULL, *SAMPLED)}


def group_table(rows):
    """Scores of groups 0, 1, 2 ... from the rows of a matrix."""
    return GroupTable({str(g): row for g, row in enumerate(rows)})


def random_rows(rng, n, n_raters, n_items=N_ITEMS):
    return Ratings(
        rng.integers(0, n_raters, n), rng.integers(0, n_items, n), rng.integers(1, 6, n), n_raters, n_items
    )


def coupled_task(seed=0, members=MEMBERS, n_items=N_ITEMS, n_held=70):
    """Overlapping groups; held-out pairs that repeat or are training pairs; users 8 and 9 like nothing."""
    rng = np.random.default_rng(seed)
    train, held_out = (random_rows(rng, n, N_USERS, n_items) for n in (30, n_held))
    values = np.where(held_out.users >= 8, np.minimum(held_out.values, 3), held_out.values)
    return Task(TrainingData(train, (1.0, 5.0), Groups.from_lists(members)), replace(held_out, values=values))


def natural_task(seed=0, catalogues=True):
    """Joint ratings, in part repeated; two catalogues; group 3 has no training row and group 5 no other."""
    rng = np.random.default_rng(seed)
    pairs = rng.permutation(len(MEMBERS) * N_ITEMS)[:40]
    pairs = np.concatenate([pairs, pairs[:6]])
    users, items = np.divmod(pairs, N_ITEMS)
    joint = Ratings(users, items, rng.integers(1, 6, len(pairs)), len(MEMBERS), N_ITEMS)
    held = ((pairs % 3 == 0) | (users == 3)) & (users != 5)
    train = TrainingData(
        random_rows(rng, 40, N_USERS), (1.0, 5.0), Groups.from_lists(MEMBERS), joint.take(~held)
    )
    part = np.arange(N_ITEMS) < 5
    columns = Features(("class=a", "class=b"), np.column_stack([part, ~part]).astype(float))
    none = train.ratings.take(slice(0))
    return Task(train, none, joint=joint.take(held), catalogues=columns if catalogues else None)


def held_out(rng, n_raters, n):
    """Rows with 1 to 5 negatives: repeated ones, the row's own item, and items the rater knows."""
    rows = random_rows(rng, n, n_raters)
    sizes = rng.integers(1, 6, n)
    negatives = rng.integers(0, N_ITEMS, int(sizes.sum()))
    return HeldOutRows(rows, negatives, Segments.from_sizes(sizes))


def given_task(seed=0):
    """Training, validation and test rows that overlap; the last group has no training row."""
    rng = np.random.default_rng(seed)
    train = TrainingData(
        random_rows(rng, 15, N_USERS),
        (1.0, 5.0),
        Groups.from_lists(MEMBERS),
        random_rows(rng, 12, len(MEMBERS) - 1, N_ITEMS),
    )
    train = replace(train, group_ratings=replace(train.group_ratings, n_users=len(MEMBERS)))
    split = GivenSplit(
        users=held_out(rng, N_USERS, 25),
        groups=held_out(rng, len(MEMBERS), 20),
        validation_users=HeldOutRows(random_rows(rng, 6, N_USERS)),
        validation_groups=HeldOutRows(random_rows(rng, 6, len(MEMBERS))),
    )
    return Task(train, train.ratings.take(slice(0)), given=split)


def given_rows(task, view):
    """Training, validation and test rows of the raters that a view judges."""
    if "user" in view:
        return task.train.ratings, task.given.validation_users.ratings, task.given.users
    return task.train.group_ratings, task.given.validation_groups.ratings, task.given.groups


MAKE = {"coupled": coupled_task, "natural": natural_task, "given": given_task}


def scores(seed=0, n_rows=N_USERS, n_items=N_ITEMS):
    return np.random.default_rng(100 + seed).uniform(0.0, 6.0, (n_rows, n_items))


def judged(method, task, views, chosen=("average",)):
    made = {name: aggregators[name].create() for name in chosen}
    found = evaluate(method, task, [VIEWS[v].make_case(task) for v in views], made, Stopwatch())
    return {(j.case.view.name, j.aggregator): j for j in found}


def lists_of(case):
    """Owner and (item, truth) pairs of each list; a missing truth is None."""
    lists = case.lists
    block = lists.block(np.arange(len(lists.entities)))
    known = [[None if math.isnan(t) else t for t in line] for line in block.truth.tolist()]
    lines = [list(zip(i, t, strict=True)) for i, t in zip(block.items.tolist(), known, strict=True)]
    assert lists.sizes.tolist() == block.valid.sum(axis=1).tolist()
    return [
        (int(e), lines[n][:size]) for n, (e, size) in enumerate(zip(lists.entities, lists.sizes, strict=True))
    ]


def pairs_of(rows):
    return list(zip(rows.users.tolist(), rows.items.tolist(), strict=True))


def means_of(rows):
    """The mean value of each (rater, item) pair."""
    values = defaultdict(list)
    for pair, value in zip(pairs_of(rows), rows.values.tolist(), strict=True):
        values[pair].append(value)
    return {pair: sum(held) / len(held) for pair, held in values.items()}


# Coupled ------------------------------------------------------------------------------------------------


def plain_coupled(task, tau=4.0):
    """Per group that can choose: its candidates, and which of them each member likes."""
    known, truth = set(pairs_of(task.train.ratings)), means_of(task.held_out)
    found = {}
    for g, members in enumerate(task.train.groups):
        items = range(task.train.ratings.n_items)
        candidates = [i for i in items if not any((u, i) in known for u in members.tolist())]
        likes = [{i for i in candidates if truth.get((u, i), 0) >= tau} for u in members.tolist()]
        if candidates:
            found[g] = candidates, likes
    return found


def ideal_orders(candidates, likes, k):
    """What each candidate adds to the members' NDCG@k, as a share of what its place is worth."""
    ideal = [sum(1 / math.log2(p + 1) for p in range(1, min(k, len(liked)) + 1)) for liked in likes]
    return [sum(1 / d for liked, d in zip(likes, ideal, strict=True) if i in liked) for i in candidates]


def saw_everything(task, group=2):
    """The same task with a group whose members have rated every item."""
    rows, user = task.train.ratings, int(task.train.groups[group][0])
    more = Ratings(
        np.append(rows.users, np.full(N_ITEMS, user)),
        np.append(rows.items, np.arange(N_ITEMS)),
        np.append(rows.values, np.full(N_ITEMS, 3.0)),
        N_USERS,
        N_ITEMS,
    )
    return replace(task, train=replace(task.train, ratings=more))


@pytest.mark.parametrize("change", [lambda task: task, saw_everything])
@pytest.mark.parametrize("seed", range(N_SEEDS))
def test_coupled_lists_are_those_of_the_definition(seed, change):
    task = change(coupled_task(seed))
    case, expected = VIEWS["coupled"].make_case(task), plain_coupled(task)
    truth = case.lists.members
    for (g, found), (group, (candidates, likes)) in zip(lists_of(case), expected.items(), strict=True):
        worth = ideal_orders(candidates, likes, 10)
        assert (g, found) == (
            group,
            [(i, pytest.approx(w) if w else None) for i, w in zip(candidates, worth, strict=True)],
        )
    assert case.evaluated.tolist() == [any(likes) for _, likes in expected.values()]
    assert truth.n_relevant.tolist() == [len(liked) for _, likes in expected.values() for liked in likes]
    every = truth.likes(np.arange(len(truth.users)), np.tile(np.arange(N_ITEMS), (len(truth.users), 1)))
    liked = [liked for _, likes in expected.values() for liked in likes]
    assert [set(np.flatnonzero(row)) for row in every] == liked


def test_a_group_that_saw_everything_is_left_out():
    task = saw_everything(coupled_task())
    found = judged(Table(scores()), task, PROTOCOLS["coupled"])

    for (view, _), one in found.items():
        assert 2 not in one.case.lists.entities, view
        assert len(one.case.lists.entities) == len(one.top) == len(plain_coupled(task))


def test_coupled_needs_somebody_who_likes_something_and_decoupled_does_not():
    task = coupled_task()
    task = replace(task, held_out=replace(task.held_out, values=np.minimum(task.held_out.values, 3)))

    with pytest.raises(ConfigError, match=f"view coupled: none of {len(MEMBERS)} lists"):
        VIEWS["coupled"].make_case(task)
    assert VIEWS["decoupled"].make_case(task).evaluated.all()


def plain_members(task, group_scores, ties):
    """All metrics of every group, from whole lists laid out by loops."""
    found = defaultdict(list)
    for number, (g, (candidates, likes)) in enumerate(plain_coupled(task).items()):
        relevant = np.array([[i in liked for i in candidates] for liked in likes])
        shown, one = group_scores[g][candidates][None], Segments.from_sizes([len(likes)])
        valid = np.ones(shown.shape, dtype=bool)
        lists = make_member_lists(shown, relevant, valid, one, max(CUTOFFS), np.array([number]))
        for name, value in evaluate_members(lists, CUTOFFS, ties=ties).items():
            found[name].append(value[0])
    return found


def assert_members(found, task, group_scores):
    for ties in TIES:
        expected = plain_members(task, group_scores, ties)
        assert found.values[ties].keys() >= expected.keys()
        for name, values in expected.items():
            np.testing.assert_allclose(found.values[ties][name], values, atol=1e-12, err_msg=f"{name} {ties}")


@pytest.mark.parametrize("chosen", [("average", np.mean), ("least-misery", np.min)])
@pytest.mark.parametrize("coarse", [False, True])
@pytest.mark.parametrize("seed", range(N_SEEDS))
def test_coupled_figures_are_those_of_each_member(seed, coarse, chosen):
    name, combine = chosen
    task, matrix = saw_everything(coupled_task(seed)), scores(seed)
    matrix = np.floor(matrix / 2) if coarse else matrix
    found = judged(Table(matrix), task, ["coupled"], [name])["coupled", name]

    assert_members(found, task, [combine(matrix[members], axis=0) for members in task.train.groups])


def test_members_are_judged_by_all_they_like_in_lists_far_longer_than_the_cutoffs():
    task, matrix = coupled_task(n_items=700, n_held=1500), np.floor(scores(n_items=700) * 20)
    found = judged(Table(matrix), task, ["coupled"])["coupled", "average"]

    assert found.case.lists.members.n_relevant.max() > max(CUTOFFS)
    assert_members(found, task, [matrix[members].mean(axis=0) for members in task.train.groups])


def test_own_group_scores_are_judged_by_the_members_too():
    task, rows = coupled_task(), scores(1, len(MEMBERS))
    found = judged(group_table(rows), task, ["coupled"])

    assert found.keys() == {("coupled", "own")}
    assert_members(found["coupled", "own"], task, rows)


@pytest.mark.parametrize("seed", range(N_SEEDS))
def test_reference_rows_of_coupled(seed):
    task = coupled_task(seed)
    best = np.zeros((len(MEMBERS), N_ITEMS))
    for g, (candidates, likes) in plain_coupled(task).items():
        best[g, candidates] = ideal_orders(candidates, likes, 10)
    for name, group_scores in (("random", np.ones_like(best)), ("oracle", np.round(best, 9))):
        found = judged(methods[name].create(), task, ["coupled"])["coupled", "none"]
        expected = plain_members(task, group_scores, "expected")
        for ties in TIES:
            for metric, values in expected.items():
                np.testing.assert_allclose(found.values[ties][metric], values, atol=1e-12, err_msg=metric)


@pytest.mark.parametrize("seed", range(6))
def test_no_order_passes_the_oracle_in_ndcg_at_10(seed):
    orders = np.array(list(permutations(range(6))), dtype=float)
    task = coupled_task(seed, members=[[0, 1, 2]] * len(orders), n_items=6)
    task = replace(task, train=replace(task.train, ratings=task.train.ratings.take(slice(3))))
    oracle = judged(methods["oracle"].create(), task, ["coupled"])["coupled", "none"].values["best"]
    found = judged(group_table(orders), task, ["coupled"])["coupled", "own"].values["best"]
    best = {name: values.max() for name, values in found.items() if name in ("ndcg@10", "recall@3", "ndcg@3")}

    np.testing.assert_allclose(best["ndcg@10"], oracle["ndcg@10"], atol=1e-12)
    assert all(best[name] >= oracle[name].max() - 1e-12 for name in best)


def test_the_oracle_says_what_it_bounds():
    assert "ndcg@10" in VIEWS["coupled"].oracle
    assert not any(
        view.oracle
        for name, view in VIEWS.items()
        if name not in ("coupled", "sequential-coupled", "agreement")
    )


def test_a_group_of_one_has_the_metrics_of_its_member():
    task, matrix = coupled_task(members=[[u] for u in range(N_USERS)]), np.floor(scores())
    found = judged(Table(matrix), task, ["coupled"])["coupled", "average"]
    relevant, valid = np.zeros((2, N_USERS, N_ITEMS), dtype=bool)
    for user, (candidates, (liked,)) in plain_coupled(task).items():
        valid[user, candidates] = relevant[user, list(liked)] = True
        valid[user, candidates] = True
    names = [f"{f}@{k}" for f in ("precision", "recall", "ndcg", "hit", "mrr", "map") for k in CUTOFFS]
    own, some = evaluate_scores(matrix, relevant, valid, names), relevant.any(axis=1)

    assert 0 < some.sum() < N_USERS
    for name in names:
        values = found.values["expected"][name]
        np.testing.assert_allclose(values[some], own[name][some], atol=1e-12)
        assert np.isnan(values[~some]).all()
    for name in ("precision", "recall", "ndcg"):
        expected = {"min": own[f"{name}@5"], "max": own[f"{name}@5"], "std": np.zeros(N_USERS)}
        expected |= {"jain": np.ones(N_USERS), "gini": np.zeros(N_USERS), "minmax": own[f"{name}@5"] > 0}
        for spread, values in expected.items():
            shown = found.values["expected"][f"{spread}-{name}@5"]
            np.testing.assert_allclose(shown[some], values[some], atol=1e-9)


# Decoupled ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(N_SEEDS))
def test_decoupled_figures_are_gains_of_predicted_scores(seed):
    task, matrix = saw_everything(coupled_task(seed)), scores(seed)
    found = judged(Table(matrix), task, ["decoupled"])["decoupled", "average"]
    expected = defaultdict(list)
    for g, (candidates, _) in plain_coupled(task).items():
        own = matrix[task.train.groups[g]][:, candidates]
        order = np.argsort(-own.mean(axis=0))
        for k in CUTOFFS:
            relevance, ndcg = [], []
            for row in own:
                low, high = row.min(), row.max()
                gains = (row - low) / (high - low) if high > low else np.ones(len(row))
                discount = 1 / np.log2(np.arange(2, len(row) + 2))[:k]
                relevance.append(gains[order][:k].mean())
                ndcg.append(gains[order][:k] @ discount / (np.sort(gains)[::-1][:k] @ discount))
            expected[f"relevance@{k}"].append(np.mean(relevance))
            expected[f"ndcg@{k}"].append(np.mean(ndcg))
            expected[f"min-ndcg@{k}"].append(np.min(ndcg))

    assert found.case.evaluated.all()
    for name, values in expected.items():
        for ties in TIES:
            np.testing.assert_allclose(found.values[ties][name], values, atol=1e-12, err_msg=name)


def test_decoupled_is_for_aggregators_of_user_scores_only():
    task, views = coupled_task(), PROTOCOLS["coupled"]
    rows, matrix = scores(1, len(MEMBERS)), scores()
    user, group = Table(matrix), group_table(rows)
    both = Both(rows=group.rows, matrix=matrix)

    assert judged(user, task, views).keys() == {("coupled", "average"), ("decoupled", "average")}
    assert judged(group, task, views).keys() == {("coupled", "own")}
    assert judged(both, task, views).keys() == {
        ("coupled", "own"),
        ("coupled", "average"),
        ("decoupled", "average"),
    }
    for refused in (group, methods["random"].create(), methods["oracle"].create()):
        assert "evaluates aggregators by the base method's own predictions" in refusal(
            refused, VIEWS["decoupled"]
        )
        assert not refusal(refused, VIEWS["coupled"])
    assert not refusal(both, VIEWS["decoupled"])


def test_held_out_ratings_play_no_part_in_decoupled():
    task = coupled_task()
    other = replace(task, held_out=replace(task.held_out, values=6 - task.held_out.values))
    mine, theirs = (judged(Table(scores()), t, ["decoupled"])["decoupled", "average"] for t in (task, other))

    assert mine.means("expected") == theirs.means("expected")


# Natural ------------------------------------------------------------------------------------------------


def plain_natural(task):
    """Per judged group its candidates with the joint rating, None where it gave none."""
    truth, known = means_of(task.joint), set(pairs_of(task.train.group_ratings))
    found = {}
    for group in sorted({g for g, _ in truth}):
        rated = {i for g, i in [*truth, *known] if g == group}
        parts = np.ones((N_ITEMS, 1)) if task.catalogues is None else task.catalogues.values
        mine = {i for i in range(N_ITEMS) if any(parts[i] @ parts[j] for j in rated)}
        found[group] = [(i, truth.get((group, i))) for i in sorted(mine) if (group, i) not in known]
    return found


def without_known(task):
    """The task without held-out pairs that are training pairs."""
    known = set(pairs_of(task.train.group_ratings))
    return replace(task, joint=task.joint.take([pair not in known for pair in pairs_of(task.joint)]))


@pytest.mark.parametrize("catalogues", [False, True])
@pytest.mark.parametrize("seed", range(N_SEEDS))
def test_natural_lists_are_those_of_the_definition(seed, catalogues):
    task = without_known(natural_task(seed, catalogues))
    case, expected = VIEWS["natural"].make_case(task), plain_natural(task)

    assert dict(lists_of(case)) == expected
    assert 3 in expected
    assert 5 not in expected
    relevant = [any(truth is not None and truth >= 4 for _, truth in held) for held in expected.values()]
    assert case.evaluated.tolist() == relevant


@pytest.mark.parametrize("seed", range(N_SEEDS))
def test_natural_errors_are_those_of_sklearn_over_joint_ratings(seed):
    task, matrix = natural_task(seed), scores(seed)
    found = judged(Table(matrix), task, ["natural"])["natural", "average"].means("expected")
    rows = task.joint.unique()
    averages = np.array([matrix[members].mean(axis=0) for members in task.train.groups])
    guesses = np.clip(averages[rows.users, rows.items], 1, 5)

    assert found["rmse"] == pytest.approx(root_mean_squared_error(rows.values, guesses), rel=1e-12)
    assert found["mae"] == pytest.approx(mean_absolute_error(rows.values, guesses), rel=1e-12)


RATING = {"average", "least-misery", "most-pleasure", "median", "most-respected", "p-mean"}


def test_only_aggregators_that_keep_the_scale_have_errors():
    chosen = tuple(aggregators)
    found = judged(Table(scores()), natural_task(), ["natural"], chosen)
    plain = judged(Plain(scores()), natural_task(), ["natural"], chosen)

    rates = {name for (_, name), one in found.items() if "rmse" in one.means("expected")}
    assert rates == {name for name in chosen if aggregators[name].make.keeps_scale} >= RATING
    assert rates.isdisjoint({"additive", "multiplicative", "borda", "copeland", "greedy-lm", "leximin"})
    assert not any("rmse" in one.means("expected") for one in plain.values())


@pytest.mark.parametrize("name", sorted(RATING))
def test_normalised_scores_are_no_ratings(name):
    seen = {}
    for how in ("none", "minmax", "zscore", "rank"):
        made = {name: aggregators[name].create(normalize=how)}
        task = natural_task()
        (found,) = evaluate(Table(scores()), task, [VIEWS["natural"].make_case(task)], made, Stopwatch())
        seen[how] = "mae" in found.means("expected")

    assert seen == {"none": True, "minmax": False, "zscore": False, "rank": False}


def test_a_power_of_ratings_below_zero_is_no_rating():
    task = natural_task()
    found = {}
    for low in (0.0, -5.0):
        other = replace(task, train=replace(task.train, scale=(low, 5.0)))
        found[low] = judged(Table(scores()), other, ["natural"], ["p-mean", "average"])

    errors = {
        (low, name): "rmse" in one.means("expected")
        for low, j in found.items()
        for (_, name), one in j.items()
    }
    assert [key for key, there in errors.items() if not there] == [(-5.0, "p-mean")]


def test_natural_needs_held_out_joint_ratings():
    task = natural_task()
    for joint in (None, task.joint.take(slice(0))):
        with pytest.raises(ConfigError, match="view natural: this fold holds out no joint rating"):
            VIEWS["natural"].make_case(replace(task, joint=joint))


# Sampled ------------------------------------------------------------------------------------------------


def plain_sampled(view, task):
    """Owner and sorted (item, truth) pairs of each list, lists of one owner in the order of their rows."""
    train, validation, held = given_rows(task, view)
    clean, learned = view.endswith("clean"), {*pairs_of(train), *pairs_of(validation)}
    known = learned | set(pairs_of(held.ratings))
    found = []
    for row, ((rater, item), value) in enumerate(
        zip(pairs_of(held.ratings), held.ratings.values, strict=True)
    ):
        negatives = held.negatives[held.segments.rows(row, row + 1)].tolist()
        if clean:
            negatives = [i for i in dict.fromkeys(negatives) if i != item and (rater, i) not in known]
            if (rater, item) in learned or not negatives:
                continue
        found.append((rater, sorted([(item, value), *((i, 0.0) for i in negatives)])))
    return sorted(found, key=lambda owned: owned[0])


@pytest.mark.parametrize("view", SAMPLED)
@pytest.mark.parametrize("seed", range(N_SEEDS))
def test_sampled_lists_are_the_rows_with_their_negatives(view, seed):
    task = given_task(seed)
    case, expected = VIEWS[view].make_case(task), plain_sampled(view, task)

    found = [(owner, sorted((i, t or 0.0) for i, t in held)) for owner, held in lists_of(case)]
    assert found == expected
    assert case.evaluated.all()
    assert len(expected) > len({owner for owner, _ in expected})


@pytest.mark.parametrize("view", SAMPLED)
def test_sampled_figures_count_a_repeated_negative_as_often_as_it_came(view):
    task, matrix = given_task(), scores()
    aggregator = "none" if "user" in view else "average"
    found = judged(Table(matrix), task, [view])[view, aggregator].values["expected"]
    for place, (owner, held) in enumerate(plain_sampled(view, task)):
        users = [owner] if "user" in view else task.train.groups[owner]
        mine = matrix[users].mean(axis=0)
        (positive,) = [mine[i] for i, truth in held if truth]
        others = [mine[i] for i, truth in held if not truth]
        better, equal = sum(o > positive for o in others), sum(o == positive for o in others)
        ranks = range(better + 1, better + equal + 2)
        for k in CUTOFFS:
            assert found[f"hit@{k}"][place] == pytest.approx(np.mean([r <= k for r in ranks]))
            gains = [1 / math.log2(r + 1) if r <= k else 0.0 for r in ranks]
            assert found[f"ndcg@{k}"][place] == pytest.approx(np.mean(gains))


def test_a_row_is_relevant_whatever_its_rating_unless_tau_says_otherwise():
    task = given_task()
    values = task.given.groups.ratings.values

    assert VIEWS["sampled-group"].make_case(task).tau == VIEWS["full-user"].make_case(task).tau == 1.0
    assert VIEWS["sampled-group"].make_case(task, 3.0).evaluated.sum() == (values >= 3).sum() < len(values)


def test_sampled_views_say_what_is_missing():
    task = given_task()
    bare = HeldOutRows(task.given.users.ratings)
    alone = replace(task, given=GivenSplit(users=bare))

    for view in ("sampled-group", "full-group"):
        with pytest.raises(ConfigError, match=f"view {view}: no held-out group rows came with the data"):
            VIEWS[view].make_case(alone)
    with pytest.raises(ConfigError, match="view full-user: no held-out user rows came with the data"):
        VIEWS["full-user"].make_case(replace(task, given=None))
    with pytest.raises(ConfigError, match="view sampled-user-clean: the held-out rows came without sampled"):
        VIEWS["sampled-user-clean"].make_case(alone)


# Full ---------------------------------------------------------------------------------------------------


def plain_full(view, task):
    """Per owner of held-out rows its candidates with the mean held-out rating, None for the others."""
    train, validation, held = given_rows(task, view)
    learned, truth = {*pairs_of(train), *pairs_of(validation)}, means_of(held.ratings)
    return {
        owner: [(i, truth.get((owner, i))) for i in range(N_ITEMS) if (owner, i) not in learned]
        for owner in sorted({rater for rater, _ in truth})
    }


@pytest.mark.parametrize("view", FULL)
@pytest.mark.parametrize("seed", range(N_SEEDS))
def test_full_lists_are_all_items_but_those_of_training_and_validation(view, seed):
    case, expected = VIEWS[view].make_case(given_task(seed)), plain_full(view, given_task(seed))

    assert dict(lists_of(case)) == expected
    assert case.evaluated.tolist() == [any(t for _, t in held) for held in expected.values()]


@pytest.mark.parametrize("view", FULL)
@pytest.mark.parametrize("seed", range(N_SEEDS))
def test_full_figures_are_those_of_whole_lists(view, seed):
    task, matrix = given_task(seed), np.floor(scores(seed))
    aggregator = "none" if "user" in view else "average"
    found = judged(Table(matrix), task, [view])[view, aggregator]
    names = [f"{f}@{k}" for f in ("precision", "recall", "recall_capped", "ndcg", "hit") for k in (3, 20, 50)]
    for place, (owner, held) in enumerate(plain_full(view, task).items()):
        users = [owner] if "user" in view else task.train.groups[owner]
        shown = matrix[users].mean(axis=0)[[i for i, _ in held]][None]
        relevant = np.array([[t is not None for _, t in held]])
        for ties in TIES:
            expected = evaluate_scores(shown, relevant, np.ones_like(relevant), names, ties=ties)
            for name in names:
                np.testing.assert_allclose(found.values[ties][name][place], expected[name][0], atol=1e-12)


def test_a_rater_who_knows_every_item_is_left_out():
    task = given_task()
    group = int(task.given.groups.ratings.users[0])
    rows = Ratings(np.full(N_ITEMS, group), np.arange(N_ITEMS), np.ones(N_ITEMS), len(MEMBERS), N_ITEMS)
    task = replace(task, train=replace(task.train, group_ratings=rows))

    assert group not in VIEWS["full-group"].make_case(task).lists.entities


@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 9), st.floats(0, 0.9))
def test_lists_laid_out_on_demand_are_those_written_out(seed, n_lists, n_items, share):
    rng = np.random.default_rng(seed)
    excluded = rng.random((n_lists, n_items)) < share
    excluded[np.arange(n_lists), rng.integers(0, n_items, n_lists)] = False
    truth = np.where(rng.random(excluded.shape) < 0.3, rng.random(excluded.shape), np.nan)
    truth[excluded] = np.nan
    held = np.flatnonzero(~np.isnan(truth))
    entities = np.sort(rng.choice(20, n_lists, replace=False))
    made = CatalogueLists(entities, n_items, np.flatnonzero(excluded), held, truth.reshape(-1)[held])
    sizes = Segments.from_sizes((~excluded).sum(axis=1))
    written = RowLists(entities, sizes, np.nonzero(~excluded)[1], truth[~excluded])
    which = rng.permutation(n_lists)[: rng.integers(1, n_lists + 1)]
    mine, theirs = made.block(which), written.block(which)

    np.testing.assert_array_equal(mine.valid, theirs.valid)
    np.testing.assert_array_equal(mine.items[mine.valid], theirs.items[mine.valid])
    np.testing.assert_array_equal(mine.truth[mine.valid], theirs.truth[mine.valid])
    np.testing.assert_array_equal(made.sizes, written.sizes)
    for one, other in zip(made.truths, written.truths, strict=True):
        np.testing.assert_array_equal(one, other)


# Controls -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_constant_scorer_is_the_random_row(protocol):
    task, views = MAKE[protocol](), PROTOCOLS[protocol]
    chosen = tuple(aggregators)
    constant = judged(Table(np.full((N_USERS, N_ITEMS), 4.0)), task, views, chosen)
    groups = judged(group_table(np.full((len(MEMBERS), N_ITEMS), 4.0)), task, views)
    random = judged(methods["random"].create(), task, views)

    assert {view for view, _ in constant} == set(views)
    for (view, aggregator), found in (constant | groups).items():
        if view == "decoupled":
            assert found.means("expected")["relevance@5"] == found.means("expected")["ndcg@5"] == 1
            continue
        expected = random[view, "none"].means("expected")
        means = found.means("expected")
        assert {n: means[n] for n in expected} == pytest.approx(expected, nan_ok=True), (view, aggregator)


def renumbered(task, items):
    """The same task with other numbers for its items."""

    def rows(ratings):
        return None if ratings is None else replace(ratings, items=items[ratings.items])

    def held(given):
        negatives = None if given.negatives is None else items[given.negatives]
        return replace(given, ratings=rows(given.ratings), negatives=negatives)

    train = replace(
        task.train, ratings=rows(task.train.ratings), group_ratings=rows(task.train.group_ratings)
    )
    parts = task.catalogues
    if parts is not None:
        parts = replace(parts, values=parts.values[np.argsort(items)])
    split = task.given
    if split is not None:
        split = GivenSplit(**{name: held(given) for name, given in vars(split).items()})
    return Task(train, rows(task.held_out), rows(task.joint), split, parts)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_scorer_of_places_is_no_better_than_random(protocol):
    task, n = MAKE[protocol](), 60
    views = [view for view in PROTOCOLS[protocol] if view != "decoupled"]
    random = judged(methods["random"].create(), task, views)
    first = Table(np.tile(-np.arange(N_ITEMS, dtype=float), (N_USERS, 1)))
    found = defaultdict(list)
    for seed in range(n):
        items = np.random.default_rng(seed).permutation(N_ITEMS)
        for (view, _), one in judged(first, renumbered(task, items), views).items():
            found[view].append(one.means("expected")["ndcg@5"])

    for view, values in found.items():
        noise = np.std(values, ddof=1) / math.sqrt(n)
        assert 0 < noise < 0.05
        assert np.mean(values) == pytest.approx(
            random[view, "none"].means("expected")["ndcg@5"], abs=4 * noise
        )


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_numbers_of_items_do_not_matter(protocol):
    task, views, matrix = MAKE[protocol](), PROTOCOLS[protocol], scores()
    items = np.random.default_rng(2).permutation(N_ITEMS)
    expected = judged(Table(matrix), task, views)
    found = judged(Table(matrix[:, np.argsort(items)]), renumbered(task, items), views)

    assert found.keys() == expected.keys()
    for key, one in expected.items():
        mine, theirs = (
            {n: v for n, v in o.means("expected").items() if QUALITY.search(n)} for o in (found[key], one)
        )
        assert len(theirs) >= 3 * len(CUTOFFS)
        assert mine == pytest.approx(theirs, nan_ok=True)
        np.testing.assert_array_equal(found[key].top, np.where(one.top < 0, -1, items[one.top]))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_blocks_do_not_matter(monkeypatch, protocol):
    task, views, method = MAKE[protocol](), PROTOCOLS[protocol], Table(np.floor(scores()))
    expected = judged(method, task, views, ("average", "borda"))
    monkeypatch.setattr(evaluation, "BLOCK", 1)
    found = judged(method, task, views, ("average", "borda"))

    assert found.keys() == expected.keys()
    for key, one in expected.items():
        np.testing.assert_array_equal(found[key].top, one.top)
        for ties, columns in one.values.items():
            for name, values in columns.items():
                np.testing.assert_array_equal(found[key].values[ties][name], values, err_msg=f"{key} {name}")


@given(seed=st.integers(0, 2**32), n_items=st.integers(1, 60), width=st.integers(0, 40))
def test_what_members_like_is_found_in_short_and_in_long_lists(seed, n_items, width):
    rng = np.random.default_rng(seed)
    table = rng.random((7, n_items)) < rng.random()
    members = MemberTruth(
        Segments.from_sizes([7]), np.arange(7), np.flatnonzero(table), table.sum(axis=1), n_items
    )
    rows, items = rng.integers(0, 7, 20), rng.integers(0, n_items, (20, width))
    np.testing.assert_array_equal(members.likes(rows, items), table[rows[:, None], items])
