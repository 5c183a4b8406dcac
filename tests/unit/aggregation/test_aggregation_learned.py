"""The learned linear rule: what it is taught, what it learns, and the laws it keeps whatever it learned."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupbench.aggregation import LearnedAggregator, MemberScores
from groupbench.aggregation.learned import _FREE, _PENALTIES, _statistics
from groupbench.core.arrays import Segments
from groupbench.core.errors import MethodError
from groupbench.core.registry import aggregators, methods
from groupbench.core.seeding import generator
from groupbench.core.stopwatch import Stopwatch
from groupbench.data.dataset import Ratings
from groupbench.data.groups import Groups
from groupbench.data.loading import load
from groupbench.evaluation import score_cache, scoring
from groupbench.evaluation import training_pairs as taught
from groupbench.evaluation.evaluate import evaluate
from groupbench.evaluation.protocols import make_protocol
from groupbench.evaluation.task import Task
from groupbench.evaluation.training_pairs import training_pairs
from groupbench.evaluation.views import VIEWS
from groupbench.models.recommender import Recommender, TrainingData

LAW = settings()
AVERAGE = aggregators["average"].create()
LINEAR = aggregators["linear"].create()
RULES = {"least misery": np.min, "most pleasure": np.max, "median": np.median, "average": np.mean}


def block(rng, n_groups=40, sizes=(2, 3, 4), width=12, low=1.0, high=5.0, valid=1.0):
    """Member scores of groups, each with lists of `width` candidates of which a share is valid."""
    segments = Segments.from_sizes(rng.choice(sizes, n_groups))
    scores = rng.uniform(low, high, (int(segments.offsets[-1]), width))
    held = rng.random((n_groups, width)) < valid
    held[:, 0] = True
    return MemberScores(scores, held, segments, np.ones(len(scores)), None)


def by_rule(members, rule):
    """What a rule makes of the members' scores, (n_groups, width)."""
    groups = np.split(members.scores, members.segments.offsets[1:-1])
    return np.stack([rule(rows, axis=0) for rows in groups])


def learned(rng, rule=np.min, noise=0.1, **shape):
    members = block(rng, **shape)
    target = by_rule(members, rule) + rng.normal(0, noise, members.valid.shape)
    return LINEAR.fit(members, target)


def order(values):
    return np.unique(values, return_inverse=True)[1].tolist()


def orders(scores, members):
    return [order(row[ok]) for row, ok in zip(scores, members.valid, strict=True)]


# Laws ---------------------------------------------------------------------------------------------------


@st.composite
def fitted(draw):
    """The rule after lessons of any kind: clear, noisy, meaningless or few."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    rule = RULES[draw(st.sampled_from(sorted(RULES)))]
    noise, n_groups = draw(st.sampled_from([0.0, 1.0, 50.0])), draw(st.integers(1, 9))
    return learned(rng, rule, noise, n_groups=n_groups, width=5, valid=0.7)


@st.composite
def tied_blocks(draw, sizes=(1, 2, 3, 6)):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    members = block(rng, draw(st.integers(1, 5)), sizes, draw(st.integers(1, 8)), valid=0.7)
    levels = rng.uniform(-30, 40, draw(st.integers(1, 12)))
    return replace(members, scores=rng.choice(levels, members.scores.shape))


class TestLawsAfterAnyLesson:
    @given(rule=fitted(), members=tied_blocks(), seed=st.integers(0, 99))
    @LAW
    def test_neither_the_order_of_members_nor_of_candidates_matters(self, rule, members, seed):
        rng = np.random.default_rng(seed)
        rows = np.lexsort((rng.random(len(members.scores)), members.segments.of_row))
        columns = rng.permutation(members.width)
        other = replace(members, scores=members.scores[rows][:, columns], valid=members.valid[:, columns])
        out = rule.aggregate(members)

        assert out.shape == members.valid.shape
        assert np.isfinite(out[members.valid]).all()
        np.testing.assert_array_equal(rule.aggregate(other)[other.valid], out[:, columns][other.valid])

    @given(rule=fitted(), members=tied_blocks())
    @LAW
    def test_identical_members_get_their_own_order(self, rule, members):
        first = members.segments.offsets[:-1]
        alike = replace(members, scores=members.scores[first][members.segments.of_row])

        assert orders(rule.aggregate(alike), alike) == orders(alike.scores[first], alike)

    @given(rule=fitted(), members=tied_blocks())
    @LAW
    def test_other_groups_and_what_is_no_candidate_have_no_influence(self, rule, members):
        filled = np.where(members.valid[members.segments.of_row], members.scores, -1e12)
        together = rule.aggregate(replace(members, scores=filled))
        for group, (start, stop) in enumerate(pairwise(members.segments.offsets)):
            ok = members.valid[group]
            alone = MemberScores(
                members.scores[start:stop, ok],
                np.ones((1, int(ok.sum())), dtype=bool),
                Segments.from_sizes([stop - start]),
                members.activity[start:stop],
                None,
            )
            np.testing.assert_array_equal(rule.aggregate(alone)[0], together[group, ok])


# What it learns -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_rule_is_learned_and_holds_for_groups_of_other_sizes(rule):
    rng = np.random.default_rng(1)
    strategy = learned(rng, RULES[rule], noise=0.2)
    for sizes in ((2, 3, 4), (5, 6)):
        members = block(rng, sizes=sizes)
        truth, out = by_rule(members, RULES[rule]), strategy.aggregate(members)
        off = np.sqrt(np.mean((out - truth) ** 2))
        # Of an even number of members the median is no quantile; the others are on the grid.
        assert off < (0.25 if rule == "median" else 0.06)
        if rule in ("least misery", "most pleasure"):
            assert off < np.sqrt(np.mean((AVERAGE.aggregate(members) - truth) ** 2)) / 5


def test_without_pairs_it_is_the_average():
    members = block(np.random.default_rng(2))
    nobody = MemberScores(
        np.empty((0, 4)), np.empty((0, 4), bool), Segments.from_sizes([]), np.empty(0), None
    )
    nothing = replace(members, valid=np.zeros_like(members.valid))
    for given_members in (nobody, nothing):
        strategy = LINEAR.fit(given_members, np.full(given_members.valid.shape, np.nan))
        np.testing.assert_array_equal(strategy.aggregate(members), AVERAGE.aggregate(members))
    np.testing.assert_array_equal(LINEAR.aggregate(members), AVERAGE.aggregate(members))


def test_ratings_without_a_pattern_leave_it_close_to_the_average():
    rng = np.random.default_rng(3)
    members = block(rng)
    noise = LINEAR.fit(members, by_rule(members, np.mean) + rng.normal(0, 2, members.valid.shape))
    out, mean = noise.aggregate(members), AVERAGE.aggregate(members)

    assert np.corrcoef(out.ravel(), mean.ravel())[0, 1] > 0.98


@pytest.mark.parametrize("target", ["worse", "constant scores"])
def test_what_all_like_more_is_never_put_lower(target):
    rng = np.random.default_rng(4)
    members = block(rng)
    if target == "constant scores":
        strategy = LINEAR.fit(replace(members, scores=np.full_like(members.scores, 3.0)), members.valid * 1.0)
    else:
        strategy = LINEAR.fit(members, -by_rule(members, np.mean))

    np.testing.assert_array_equal(strategy.aggregate(members), AVERAGE.aggregate(members))


def test_learning_leaves_the_rule_itself_as_it_was():
    rng = np.random.default_rng(5)
    members = block(rng)
    before = LINEAR.aggregate(members)
    learned(rng)

    np.testing.assert_array_equal(LINEAR.aggregate(members), before)


@pytest.mark.parametrize(("factor", "shift"), [(1e-6, 0.0), (1.0, -40.0), (1e5, 3e5)])
def test_the_scale_of_the_scores_does_not_matter(factor, shift):
    rng = np.random.default_rng(6)
    members, target = block(rng), rng.normal(size=(40, 12))
    target += by_rule(members, np.min)
    other = replace(members, scores=members.scores * factor + shift)

    np.testing.assert_allclose(
        LINEAR.fit(other, target).aggregate(other), LINEAR.fit(members, target).aggregate(members), rtol=1e-5
    )


def plain_ridge(rows, target, penalty):
    """Ridge weights by normal equations; the first two are not shrunk."""
    shrunk = np.diag([0.0] * _FREE + [penalty] * (rows.shape[1] - _FREE))
    return np.linalg.lstsq(rows.T @ rows + shrunk, rows.T @ target, rcond=None)[0]


def test_the_penalty_is_the_one_that_does_best_for_left_out_groups():
    rng = np.random.default_rng(7)
    members = block(rng, n_groups=15, sizes=(3, 4, 5, 8), width=6, valid=0.8)
    target = by_rule(members, np.min) + rng.normal(0, 1, members.valid.shape)
    scale = np.ptp(members.scores[members.valid[members.segments.of_row]])
    rows = np.concatenate(
        [np.ones((1, *target.shape)), _statistics(members, members.mean) / scale]
    ).transpose(1, 2, 0)
    pairs = int(members.valid.sum())
    losses = []
    for penalty in _PENALTIES * pairs:
        loss = 0.0
        for group, ok in enumerate(members.valid):
            rest = members.valid.copy()
            rest[group] = False
            weights = plain_ridge(rows[rest], target[rest], penalty)
            loss += float(((rows[group, ok] @ weights - target[group, ok]) ** 2).sum())
        losses.append(loss)
    best = int(np.argmin(losses))
    weights = plain_ridge(rows[members.valid], target[members.valid], _PENALTIES[best] * pairs)

    assert 0 < best < len(_PENALTIES) - 1
    np.testing.assert_allclose(LINEAR.fit(members, target).aggregate(members), rows @ weights, rtol=1e-9)


def test_statistics_are_those_of_numpy():
    members = block(np.random.default_rng(8), sizes=(1, 2, 3, 7))
    mean = by_rule(members, np.mean)
    found = _statistics(members, members.mean)

    np.testing.assert_allclose(found[0], mean, rtol=1e-14)
    np.testing.assert_allclose(found[-1], by_rule(members, np.std), atol=1e-12)
    for row, q in zip(found[1:-1], np.linspace(0, 1, 5), strict=True):
        expected = by_rule(members, lambda rows, axis, q=q: np.quantile(rows, q, axis=axis))
        np.testing.assert_allclose(row, expected - mean, atol=1e-12)


# What it is taught --------------------------------------------------------------------------------------


def rows_of(pairs, n_raters, n_items=6):
    users, items, values = np.array(pairs).T
    return Ratings(users.astype(int), items.astype(int), values, n_raters, n_items)


RATINGS = [(0, 1, 5), (1, 1, 2), (1, 2, 4), (2, 2, 1), (2, 2, 3), (3, 5, 4)]
GROUPS = Groups.from_lists([[0, 1], [2, 1], [4]])


def pairs_of(given):
    lists, columns = np.nonzero(given.valid)
    owners = given.groups[lists].tolist()
    return {
        (g, int(i)): float(t)
        for g, i, t in zip(owners, given.items[lists, columns], given.target[lists, columns], strict=True)
    }


def test_formed_groups_are_taught_the_mean_of_their_members_training_ratings():
    train = TrainingData(rows_of(RATINGS, 5), (1.0, 5.0), GROUPS)

    assert pairs_of(training_pairs(train)) == {
        (0, 1): 3.5,
        (0, 2): 4.0,
        (1, 1): 2.0,
        (1, 2): pytest.approx(8 / 3),
    }


def test_joint_training_ratings_are_taught_where_there_are_any():
    joint = rows_of([(1, 0, 2), (1, 0, 4), (2, 3, 5)], 3)
    train = TrainingData(rows_of(RATINGS, 5), (1.0, 5.0), GROUPS, joint)

    assert pairs_of(training_pairs(train)) == {(1, 0): 3.0, (2, 3): 5.0}
    none = replace(train, group_ratings=joint.take(slice(0)))
    assert pairs_of(training_pairs(none)) == pairs_of(training_pairs(replace(train, group_ratings=None)))


def test_groups_without_any_training_row_are_taught_nothing():
    train = TrainingData(rows_of(RATINGS, 5), (1.0, 5.0), Groups.from_lists([[4]]))
    given = training_pairs(train)

    assert given.items.shape == given.target.shape == given.valid.shape
    assert given.target.size == 0


def test_choices_are_taught_next_to_items_that_were_not_chosen():
    rng = np.random.default_rng(0)
    chosen = np.unique(rng.integers(0, 20 * 50, 300))
    joint = Ratings(chosen // 50, chosen % 50, np.ones(len(chosen)), 20, 50)
    groups = Groups.from_lists([[u, u + 1] for u in range(20)])
    found = pairs_of(training_pairs(TrainingData(joint, (0.0, 1.0), groups, joint)))
    positives = {pair for pair, target in found.items() if target == 1}
    negatives = {pair for pair, target in found.items() if target == 0}

    assert positives == set(zip((chosen // 50).tolist(), (chosen % 50).tolist(), strict=True))
    assert not positives & negatives
    assert 0.5 * len(positives) < len(negatives) <= len(positives)
    assert found.keys() == positives | negatives


def test_lessons_stay_within_their_bound_and_are_the_same_every_time(monkeypatch, training_factory):
    train = training_factory(n_users=60, n_items=40, n_rows=900, n_groups=7)
    whole = pairs_of(training_pairs(train))
    for bound in (500, 60, 30, 4):
        monkeypatch.setattr(taught, "MAX_TRAINING_PAIRS", bound)
        given = training_pairs(train)
        sizes = train.groups.sizes[given.groups]
        assert sizes.sum() * given.items.shape[1] <= bound
        assert pairs_of(given).items() <= whole.items()
        assert (np.diff(given.groups) > 0).all()
        assert pairs_of(training_pairs(train)) == pairs_of(given)
        if bound == 500:
            assert len(given.groups) == 7
            assert len(pairs_of(given)) < len(whole)
        if bound == 30:
            assert 0 < len(given.groups) < 7


# In the harness -----------------------------------------------------------------------------------------


@dataclass
class Table(Recommender):
    """Predicted ratings from a matrix."""

    matrix: np.ndarray
    predicts_ratings = True

    def fit(self, train, *, rng):
        return self

    def score(self, users):
        return self.matrix[users]


class Curious(LearnedAggregator):
    """Remembers what it is taught."""

    def __init__(self):
        self.seen = []

    def fit(self, members, target):
        self.seen.append((members, target))
        return AVERAGE

    def aggregate(self, members):
        raise AssertionError("the aggregator that has learned is asked instead")


def ask(matrix, train, chosen, group=0):
    made = scoring.ScoreSource(Table(matrix), train, chosen, Stopwatch())
    for _ in range(2):
        found = list(made.score("group", np.array([group]), np.array([[0, 3]]), np.ones((1, 2), dtype=bool)))
    list(made.score("user", np.array([0]), np.array([[1]]), np.ones((1, 1), dtype=bool)))
    return found


@pytest.mark.parametrize("kept", [0, 10**6])
def test_what_learns_is_taught_the_methods_own_scores_of_training_pairs_once(monkeypatch, kept):
    monkeypatch.setattr(score_cache, "MAX_CACHED", kept)
    matrix, curious = np.arange(30.0).reshape(5, 6), Curious()
    train = TrainingData(rows_of(RATINGS, 5), (1.0, 5.0), GROUPS)
    ((name, found),) = ask(matrix, train, {"curious": curious})
    ((members, target),) = curious.seen

    given = training_pairs(train)
    block_members = train.groups.take(given.groups)
    np.testing.assert_array_equal(target, given.target)
    np.testing.assert_array_equal(
        members.scores, matrix[block_members.members[:, None], given.items[block_members.segments.of_row]]
    )
    assert members.activity.tolist() == [1, 2, 2, 2]
    assert members.scale == (1.0, 5.0)
    assert name == "curious"
    assert found.scores.tolist() == [matrix[[0, 1]][:, [0, 3]].mean(axis=0).tolist()]


def test_nobody_is_taught_where_only_users_are_judged():
    curious = Curious()
    train = TrainingData(rows_of(RATINGS, 5), (1.0, 5.0), GROUPS)
    made = scoring.ScoreSource(Table(np.ones((5, 6))), train, {"curious": curious}, Stopwatch())
    list(made.score("user", np.array([0]), np.array([[1]]), np.ones((1, 1), dtype=bool)))

    assert not curious.seen


@pytest.mark.parametrize(
    ("give", "says"),
    [
        (lambda: None, "aggregator bad: fit returned NoneType; return an aggregator that has learned"),
        (lambda: 1 / 0, "aggregator bad raised ZeroDivisionError"),
    ],
)
def test_a_fit_that_breaks_the_contract_is_named(give, says):
    class Bad(Curious):
        def fit(self, members, target):
            return give()

    train = TrainingData(rows_of(RATINGS, 5), (1.0, 5.0), GROUPS)
    with pytest.raises(MethodError, match=says):
        ask(np.ones((5, 6)), train, {"bad": Bad()})


def natural_task(seed, rule, n_users=80, n_items=30, n_groups=60):
    """Groups of 2 to 6 whose joint ratings follow a rule over their members' true tastes, in two halves."""
    rng = np.random.default_rng(seed)
    tastes = rng.uniform(1, 5, (n_users, n_items))
    groups = Groups.from_lists([rng.choice(n_users, n, replace=False) for n in rng.integers(2, 7, n_groups)])
    joint = np.stack([rule(tastes[members], axis=0) for members in groups])
    joint = np.clip(joint + rng.normal(0, 0.2, joint.shape), 1, 5)
    owners, items = np.divmod(np.arange(joint.size), n_items)
    rows = Ratings(owners, items, joint.ravel(), n_groups, n_items)
    own = Ratings(np.arange(n_users), np.arange(n_users) % n_items, np.full(n_users, 3.0), n_users, n_items)
    cold = owners >= n_groups // 2
    train = TrainingData(own, (1.0, 5.0), groups, rows.take(~cold))
    return tastes, Task(train, own.take(slice(0)), joint=rows.take(cold))


def figures(method, task, view, tau=None, chosen=("average", "linear", "least-misery")):
    made = {name: aggregators[name].create() for name in chosen}
    found = evaluate(method, task, [VIEWS[view].make_case(task, tau)], made, Stopwatch())
    return {f.aggregator: f.means("expected") for f in found}


def test_cold_groups_that_follow_least_misery_are_served_by_what_warm_ones_taught():
    tastes, task = natural_task(0, np.min)
    found = figures(Table(tastes), task, "natural", tau=3.0)

    assert found["linear"]["ndcg@10"] > found["average"]["ndcg@10"] + 0.05
    assert found["linear"]["ndcg@10"] > found["least-misery"]["ndcg@10"] - 0.01
    assert found["linear"]["rmse"] < 0.35 < found["average"]["rmse"] / 2


def test_cold_groups_that_follow_the_average_lose_nothing():
    tastes, task = natural_task(1, np.mean)
    found = figures(Table(tastes), task, "natural", tau=3.0)

    assert found["linear"]["ndcg@10"] > found["average"]["ndcg@10"] - 0.01


@pytest.mark.parametrize("options", [{"name": "coupled", "n_groups": 30, "sizes": (2, 3)}, {"name": "paper"}])
def test_formed_groups_learn_from_training_rows_alone(options):
    task = make_protocol(options).prepare(load("itmrec-sim"), 0)
    method = methods["knn-means"].create().fit(task.train, rng=generator("test"))
    other = replace(task, held_out=replace(task.held_out, values=6 - task.held_out.values))
    group_views = [v for v in ("decoupled", "rated-group") if v in make_protocol(options).views]
    for view in group_views:
        mine, theirs = (
            evaluate(method, t, [VIEWS[view].make_case(t)], {"linear": LINEAR}, Stopwatch())
            for t in (task, other)
        )
        np.testing.assert_array_equal(mine[0].top, theirs[0].top)
    assert group_views


@pytest.mark.data
def test_joint_ratings_of_itm_rec_teach_more_than_the_average_knows(real_data):
    dataset, gains = load("itmrec", real_data), []
    for fold in range(5):
        task = make_protocol({"name": "natural"}).prepare(dataset, fold)
        method = methods["knn-means"].create().fit(task.train, rng=generator("test"))
        found = figures(method, task, "natural")
        gains.append([found["linear"][m] - found["average"][m] for m in ("ndcg@10", "recall@10", "rmse")])
    ndcg, recall, rmse = np.mean(gains, axis=0)

    assert ndcg > 0.01
    assert recall > 0.02
    assert rmse < -0.01
