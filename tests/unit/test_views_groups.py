"""The views of group protocols (coupled, decoupled, natural, sampled) against plain loops; their bounds."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, replace

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from groupbench import collect, evaluation
from groupbench.arrays import Segments
from groupbench.collect import CUTOFFS
from groupbench.data import Features, HeldOutRows, Ratings
from groupbench.errors import ConfigError
from groupbench.evaluation import evaluate, refusal
from groupbench.groups import Groups
from groupbench.measure import Stopwatch
from groupbench.metrics import judge, judge_members, rank
from groupbench.recommender import GroupRecommender, Recommender, TrainingData
from groupbench.registry import aggregators, methods
from groupbench.task import Task
from groupbench.views import VIEWS

N_USERS, N_ITEMS = 10, 12
N_SEEDS = 4
MEMBERS = ([0, 1], [1, 2, 3], [4, 5, 6, 0], [7], [8, 9], [2, 9, 7])
SAMPLED = ("sampled-group", "sampled-group-clean", "sampled-user", "sampled-user-clean")
QUALITY = re.compile("(precision|recall|ndcg|relevance|zrecall|dfh|hit|rmse|mae)(@|$)")
PROTOCOLS = {"coupled": ("coupled", "decoupled"), "natural": ("natural",), "given": SAMPLED}


@dataclass
class Table(Recommender):
    """Scores from a matrix, as predicted ratings."""

    matrix: np.ndarray
    predicts_ratings = True

    def fit(self, train, *, rng):
        return self

    def score(self, users):
        return self.matrix[users]


@dataclass
class GroupTable(GroupRecommender):
    """Group scores from a matrix whose rows are found by group id."""

    rows: np.ndarray

    def fit(self, train, *, rng):
        return self

    def score_groups(self, groups):
        return self.rows[[int(i) for i in groups.ids]]


@dataclass
class Both(Table, GroupTable):
    """Scores of users and of groups."""


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
    rng = np.random.default_rng(seed)
    train = TrainingData(
        random_rows(rng, 15, N_USERS),
        (1.0, 5.0),
        Groups.from_lists(MEMBERS),
        random_rows(rng, 12, len(MEMBERS)),
    )
    users, groups = held_out(rng, N_USERS, 25), held_out(rng, len(MEMBERS), 20)
    return Task(train, train.ratings.take(slice(0)), users=users, groups=groups)


MAKE = {"coupled": coupled_task, "natural": natural_task, "given": given_task}


def scores(seed=0, n_rows=N_USERS, n_items=N_ITEMS):
    return np.random.default_rng(100 + seed).uniform(0.0, 6.0, (n_rows, n_items))


def judged(method, task, views, chosen=("average",)):
    made = {name: aggregators[name].create() for name in chosen}
    found = evaluate(method, task, [VIEWS[v].judge(task) for v in views], made, Stopwatch())
    return {(j.judgement.view.name, j.aggregator): j for j in found}


def lists_of(judgement):
    """Owner and (item, truth) pairs of each list; a missing truth is None."""
    lists = judgement.lists
    found = [(int(entity), []) for entity in lists.entities]
    for row, place in enumerate(lists.segments.of_row):
        truth = float(lists.truth[row])
        found[place][1].append((int(lists.items[row]), None if math.isnan(truth) else truth))
    return found


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
    judgement, expected = VIEWS["coupled"].judge(task), plain_coupled(task)
    truth = judgement.lists.members
    counts = {g: [(i, sum(i in liked for liked in likes)) for i in c] for g, (c, likes) in expected.items()}

    assert dict(lists_of(judgement)) == counts
    assert judgement.judged.tolist() == [any(likes) for _, likes in expected.values()]
    assert truth.n_relevant.tolist() == [len(liked) for _, likes in expected.values() for liked in likes]
    every = truth.likes(np.arange(len(truth.users)), np.tile(np.arange(N_ITEMS), (len(truth.users), 1)))
    liked = [liked for _, likes in expected.values() for liked in likes]
    assert [set(np.flatnonzero(row)) for row in every] == liked


def test_a_group_that_saw_everything_is_left_out():
    task = saw_everything(coupled_task())
    found = judged(Table(scores()), task, PROTOCOLS["coupled"])

    for (view, _), one in found.items():
        assert 2 not in one.judgement.lists.entities, view
        assert len(one.judgement.lists.entities) == len(one.top) == len(plain_coupled(task))


def test_coupled_needs_somebody_who_likes_something_and_decoupled_does_not():
    task = coupled_task()
    task = replace(task, held_out=replace(task.held_out, values=np.minimum(task.held_out.values, 3)))

    with pytest.raises(ConfigError, match=f"view coupled: none of {len(MEMBERS)} lists"):
        VIEWS["coupled"].judge(task)
    assert VIEWS["decoupled"].judge(task).judged.all()


def plain_members(task, group_scores, ties):
    """All metrics of every group, from whole lists laid out by loops."""
    found = defaultdict(list)
    for g, (candidates, likes) in plain_coupled(task).items():
        relevant = np.array([[i in liked for i in candidates] for liked in likes])
        shown = np.tile(group_scores[g][candidates], (len(likes), 1))
        ranking = rank(shown, relevant, np.ones_like(relevant), max(CUTOFFS)).resolved(ties)
        one = Segments.from_sizes([len(likes)])
        for name, value in judge_members(ranking, relevant.any(axis=1), one, CUTOFFS).items():
            found[name].append(value[0])
    return found


def assert_members(found, task, group_scores):
    for ties in collect.TIES:
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

    assert found.judgement.lists.members.n_relevant.max() > max(CUTOFFS)
    assert_members(found, task, [matrix[members].mean(axis=0) for members in task.train.groups])


def test_own_group_scores_are_judged_by_the_members_too():
    task, rows = coupled_task(), scores(1, len(MEMBERS))
    found = judged(GroupTable(rows), task, ["coupled"])

    assert found.keys() == {("coupled", "own")}
    assert_members(found["coupled", "own"], task, rows)


@pytest.mark.parametrize("seed", range(N_SEEDS))
def test_reference_rows_of_coupled(seed):
    task = coupled_task(seed)
    counts = np.zeros((len(MEMBERS), N_ITEMS))
    for g, (_, likes) in plain_coupled(task).items():
        for item, n in Counter(i for liked in likes for i in liked).items():
            counts[g, item] = n
    for name, group_scores in (("random", np.ones_like(counts)), ("oracle", counts)):
        found = judged(methods[name].create(), task, ["coupled"])["coupled", "none"]
        expected = plain_members(task, group_scores, "expected")
        for ties in collect.TIES:
            for metric, values in expected.items():
                np.testing.assert_allclose(found.values[ties][metric], values, atol=1e-12, err_msg=metric)


@pytest.mark.parametrize("seed", range(20))
def test_nothing_passes_the_oracle_in_precision(seed):
    task = coupled_task(seed)
    oracle = judged(methods["oracle"].create(), task, ["coupled"])["coupled", "none"]
    found = judged(Table(scores(seed)), task, ["coupled"])["coupled", "average"]
    for k in CUTOFFS:
        best, values = (o.values["best"][f"precision@{k}"] for o in (oracle, found))
        assert (np.isnan(best) | (values <= best + 1e-12)).all()


def test_a_group_of_one_has_the_metrics_of_its_member():
    task, matrix = coupled_task(members=[[u] for u in range(N_USERS)]), np.floor(scores())
    found = judged(Table(matrix), task, ["coupled"])["coupled", "average"]
    relevant, valid = np.zeros((2, N_USERS, N_ITEMS), dtype=bool)
    for user, (candidates, (liked,)) in plain_coupled(task).items():
        valid[user, candidates] = relevant[user, list(liked)] = True
        valid[user, candidates] = True
    names = [f"{f}@{k}" for f in ("precision", "recall", "ndcg", "hit", "mrr", "map") for k in CUTOFFS]
    own, some = judge(matrix, relevant, valid, names), relevant.any(axis=1)

    assert 0 < some.sum() < N_USERS
    for name in names:
        values = found.values["expected"][name]
        np.testing.assert_allclose(values[some], own[name][some], atol=1e-12)
        assert np.isnan(values[~some]).all()
    for name in ("precision", "recall", "ndcg"):
        expected = {"min": own[f"{name}@5"], "max": own[f"{name}@5"], "std": np.zeros(N_USERS)}
        constant = {"minmax": 1.0, "jain": 1.0, "gini": 0.0}
        expected |= {s: np.where(own[f"{name}@5"] > 0, v, np.nan) for s, v in constant.items()}
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

    assert found.judgement.judged.all()
    for name, values in expected.items():
        for ties in collect.TIES:
            np.testing.assert_allclose(found.values[ties][name], values, atol=1e-12, err_msg=name)


def test_decoupled_is_for_aggregators_of_user_scores_only():
    task, views = coupled_task(), PROTOCOLS["coupled"]
    rows, matrix = scores(1, len(MEMBERS)), scores()
    user, group, both = Table(matrix), GroupTable(rows), Both(rows=rows, matrix=matrix)

    assert judged(user, task, views).keys() == {("coupled", "average"), ("decoupled", "average")}
    assert judged(group, task, views).keys() == {("coupled", "own")}
    assert judged(both, task, views).keys() == {
        ("coupled", "own"),
        ("coupled", "average"),
        ("decoupled", "average"),
    }
    for refused in (group, methods["random"].create(), methods["oracle"].create()):
        assert "judges aggregators by the base method's own predictions" in refusal(
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
    judgement, expected = VIEWS["natural"].judge(task), plain_natural(task)

    assert dict(lists_of(judgement)) == expected
    assert 3 in expected
    assert 5 not in expected
    relevant = [any(truth is not None and truth >= 4 for _, truth in held) for held in expected.values()]
    assert judgement.judged.tolist() == relevant


@pytest.mark.parametrize("seed", range(N_SEEDS))
def test_natural_errors_are_those_of_sklearn_over_joint_ratings(seed):
    task, matrix = natural_task(seed), scores(seed)
    found = judged(Table(matrix), task, ["natural"])["natural", "average"].means("expected")
    rows = task.joint.unique()
    averages = np.array([matrix[members].mean(axis=0) for members in task.train.groups])
    guesses = np.clip(averages[rows.users, rows.items], 1, 5)

    assert found["rmse"] == pytest.approx(root_mean_squared_error(rows.values, guesses), rel=1e-12)
    assert found["mae"] == pytest.approx(mean_absolute_error(rows.values, guesses), rel=1e-12)


def test_natural_needs_held_out_joint_ratings():
    task = natural_task()
    for joint in (None, task.joint.take(slice(0))):
        with pytest.raises(ConfigError, match="view natural: this fold holds out no joint rating"):
            VIEWS["natural"].judge(replace(task, joint=joint))


# Sampled ------------------------------------------------------------------------------------------------


def plain_sampled(view, task):
    """Owner and sorted (item, truth) pairs of each list, lists of one owner in the order of their rows."""
    of_users, clean = "user" in view, view.endswith("clean")
    held = task.users if of_users else task.groups
    train = set(pairs_of(task.train.ratings if of_users else task.train.group_ratings))
    known = train | set(pairs_of(held.ratings))
    found = []
    for row, (rater, item) in enumerate(pairs_of(held.ratings)):
        negatives = held.negatives[held.segments.rows(row, row + 1)].tolist()
        if clean:
            negatives = [i for i in dict.fromkeys(negatives) if i != item and (rater, i) not in known]
            if (rater, item) in train or not negatives:
                continue
        found.append((rater, sorted([(item, 1.0), *((i, 0.0) for i in negatives)])))
    return sorted(found, key=lambda owned: owned[0])


@pytest.mark.parametrize("view", SAMPLED)
@pytest.mark.parametrize("seed", range(N_SEEDS))
def test_sampled_lists_are_the_rows_with_their_negatives(view, seed):
    task = given_task(seed)
    judgement, expected = VIEWS[view].judge(task), plain_sampled(view, task)

    assert [(owner, sorted(held)) for owner, held in lists_of(judgement)] == expected
    assert judgement.judged.all()
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


def test_sampled_views_say_what_is_missing():
    task = given_task()
    full = replace(task.users, negatives=None, segments=None)

    with pytest.raises(ConfigError, match="view sampled-user: no held-out user rows came with the data"):
        VIEWS["sampled-user"].judge(replace(task, users=None))
    with pytest.raises(ConfigError, match="view sampled-user: the held-out rows have no sampled negatives"):
        VIEWS["sampled-user-clean"].judge(replace(task, users=full))


# Controls -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_constant_scorer_is_the_random_row(protocol):
    task, views = MAKE[protocol](), PROTOCOLS[protocol]
    chosen = tuple(aggregators.all())
    constant = judged(Table(np.full((N_USERS, N_ITEMS), 4.0)), task, views, chosen)
    groups = judged(GroupTable(np.full((len(MEMBERS), N_ITEMS), 4.0)), task, views)
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

    def given(held):
        return (
            None
            if held is None
            else replace(held, ratings=rows(held.ratings), negatives=items[held.negatives])
        )

    train = replace(
        task.train, ratings=rows(task.train.ratings), group_ratings=rows(task.train.group_ratings)
    )
    parts = task.catalogues
    if parts is not None:
        parts = replace(parts, values=parts.values[np.argsort(items)])
    return Task(train, rows(task.held_out), rows(task.joint), given(task.users), given(task.groups), parts)


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
    monkeypatch.setattr("groupbench.views.coupled._CELLS", 1)
    found = judged(method, task, views, ("average", "borda"))

    assert found.keys() == expected.keys()
    for key, one in expected.items():
        np.testing.assert_array_equal(found[key].top, one.top)
        for ties, columns in one.values.items():
            for name, values in columns.items():
                np.testing.assert_array_equal(found[key].values[ties][name], values, err_msg=f"{key} {name}")
