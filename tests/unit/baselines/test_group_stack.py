"""The stack of simple scores: what its logit and its trees learn, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from groupbench.baselines import group_stack
from groupbench.baselines._choice import choice_weights
from groupbench.baselines._group_cases import popular_ones
from groupbench.baselines._group_features import GroupFeatures, plain
from groupbench.baselines._group_graphs import memberships
from groupbench.baselines._group_trees import boosted, utilities
from groupbench.core.registry import methods
from groupbench.data.dataset import Ratings
from groupbench.data.groups import Groups
from groupbench.models.recommender import TrainingData


def fitted(name, train, **parameters):
    return methods[name].create(**parameters).fit(train, rng=np.random.default_rng(0))


def simulated(seed=0, n_groups=150, n_items=60):
    """Groups of one of three tastes, whose members share it; the last row of each group is held out."""
    rng = np.random.default_rng(seed)
    taste = rng.integers(0, 3, n_groups)
    liked = np.where(np.arange(n_items)[None, :] % 3 == taste[:, None], 1.0, 0.05)
    items = np.array([rng.choice(n_items, 6, replace=False, p=p / p.sum()) for p in liked])
    users = np.array([rng.choice(n_items, 8, replace=False, p=p / p.sum()) for p in liked.repeat(2, axis=0)])

    def rows(table):
        n = len(table)
        owner = np.repeat(np.arange(n), table.shape[1])
        return Ratings(owner, table.ravel(), np.ones(table.size), n, n_items)

    groups = Groups.from_lists([[2 * g, 2 * g + 1] for g in range(n_groups)])
    train = TrainingData(rows(users), (1.0, 1.0), groups, rows(items[:, :-1]))
    return train, items[:, -1]


def places(scores, held):
    return (scores > scores[np.arange(len(held)), held][:, None]).sum(axis=1)


@pytest.mark.parametrize("cold", [False, True])
def test_the_stack_beats_popularity_among_groups_with_and_without_rows(cold):
    train, held = simulated()
    judged = np.arange(100, 150)
    if cold:
        joint = train.group_ratings
        train = replace(train, group_ratings=joint.take(joint.users < 100))
    groups = train.groups.take(judged)
    stack = places(fitted("group-stack", train).score_groups(groups), held[judged])
    popular = places(fitted("popularity-groups", train).score_groups(groups), held[judged])
    assert stack.mean() < 0.7 * popular.mean()


def either_or(rng, n=600):
    """Cases whose chosen one alone has its two features on the same side."""
    features = rng.uniform(-1, 1, (n, 4, 2))
    features[:, 1:, 1] = -np.abs(features[:, 1:, 1]) * np.sign(features[:, 1:, 0])
    features[:, 0, 1] = np.abs(features[:, 0, 1]) * np.sign(features[:, 0, 0])
    return features


def test_trees_learn_what_no_weighted_sum_can():
    rng = np.random.default_rng(0)
    learned, new = either_or(rng), either_or(rng)
    weighed = new @ choice_weights(learned, 0.01, np.zeros(2, dtype=bool))
    judged = utilities(boosted(learned, 8, rng), new)
    assert (weighed.argmax(axis=1) == 0).mean() < 0.45
    assert (judged.argmax(axis=1) == 0).mean() > 0.9


def test_trees_are_the_same_for_the_same_seed():
    learned = either_or(np.random.default_rng(1))
    one, other = (utilities(boosted(learned, 8, np.random.default_rng(2)), learned) for _ in range(2))
    assert np.array_equal(one, other)


@pytest.mark.parametrize(("own", "rest"), [(True, 5), (False, 3)])
def test_plain_features_are_those_without_logarithms(own, rest):
    shares = np.arange(4.0)
    features = np.concatenate([np.column_stack([shares, -shares - 1]).ravel(), 10 + np.arange(rest)])
    assert np.array_equal(plain(features, own=own), np.concatenate([shares, 10 + np.arange(rest)]))


def test_trees_judge_the_shortlist_and_leave_the_rest_below_it_in_its_order(monkeypatch):
    monkeypatch.setattr(group_stack, "FEWEST", 50)
    train, _ = simulated()
    logit = fitted("group-stack", train, leaves=1).score_groups(train.groups)
    both = fitted("group-stack", train, shortlist=10).score_groups(train.groups)
    best = np.argsort(-logit, axis=1, kind="stable")
    short, rest = best[:, :10], best[:, 10:]
    assert np.array_equal(np.take_along_axis(both, rest, axis=1), np.take_along_axis(logit, rest, axis=1))
    judged = np.take_along_axis(both, short, axis=1)
    assert (judged.min(axis=1) >= np.take_along_axis(both, rest, axis=1).max(axis=1)).all()
    assert not np.array_equal(
        np.argsort(-judged, axis=1), np.argsort(-np.take_along_axis(logit, short, axis=1), axis=1)
    )


@pytest.mark.parametrize("leaves", [1, 16])
def test_items_that_no_row_has_come_last_and_level(monkeypatch, leaves):
    monkeypatch.setattr(group_stack, "FEWEST", 50)
    train, _ = simulated()
    unseen = np.array([4, 7, 30])
    kept = [rows.take(~np.isin(rows.items, unseen)) for rows in (train.ratings, train.group_ratings)]
    train = replace(train, ratings=kept[0], group_ratings=kept[1])
    scores = fitted("group-stack", train, leaves=leaves).score_groups(train.groups)
    assert np.ptp(scores[:, unseen], axis=1).max() == 0
    assert (scores[:, unseen].max(axis=1) < np.delete(scores, unseen, axis=1).min(axis=1)).all()


def test_popular_ones_are_drawn_as_often_as_rows_have_them_but_never_the_chosen_one():
    rows = Ratings(np.zeros(10, dtype=int), np.array([2] * 8 + [5] * 2), np.ones(10), 1, 9)
    items = np.array([[2, 7], [3, 8]])
    drawn = popular_ones(items, rows, 4000, np.random.default_rng(0))
    assert set(drawn[0]) == {7, 5}
    assert set(drawn[1]) == {2, 5}
    assert (drawn == [[7], [2]]).mean(axis=1) == pytest.approx([0.8, 0.8], abs=0.03)


def test_trees_but_not_the_logit_learn_from_popular_items(monkeypatch):
    monkeypatch.setattr(group_stack, "FEWEST", 50)
    seen = {}

    def weights(features, l2, free):
        seen["logit"] = features.shape[1]
        return choice_weights(features, l2, free)

    def trees(features, leaves, rng):
        seen["trees"] = features.shape[1]
        return boosted(features, leaves, rng)

    monkeypatch.setattr(group_stack, "choice_weights", weights)
    monkeypatch.setattr(group_stack, "boosted", trees)
    train, _ = simulated()
    fitted("group-stack", train, candidates=30, popular=7)
    assert seen == {"logit": 31, "trees": 38}


def features_of(train):
    rows = [train.ratings.matrix(), train.group_ratings.matrix()]
    members = memberships(train.groups, train.ratings.n_users)
    return GroupFeatures(*rows, members, members.T @ members, topk=1000, l2=1.0, largest=1000)


def test_the_features_of_a_groups_own_row_include_what_group_gf_mixes():
    train, _ = simulated(n_groups=30)
    groups = np.arange(30)
    shape = (30, train.ratings.n_items)
    items = np.broadcast_to(np.arange(shape[1]), shape)
    found = features_of(train).at(groups, groups[:, None], items, own=True)
    for alpha, beta in ((0, 0), (1, 0), (0, 1)):  # the graphs of users, of groups, of both
        expected = fitted("group-gf", train, alpha=alpha, beta=beta, mask=False).score_groups(train.groups)
        expected = np.maximum(expected, 0.0)
        share = expected / expected.max(axis=1, keepdims=True)
        assert np.isclose(found, share[..., None]).all(axis=(0, 1)).any()


@pytest.mark.parametrize("own", [True, False])
def test_the_utility_is_the_weighted_sum_of_the_features_at_all_items(own):
    train, _ = simulated(n_groups=30)
    made, groups = features_of(train), np.array([3, 17])
    items = np.broadcast_to(np.arange(train.ratings.n_items), (2, train.ratings.n_items))
    features = made.at(groups, np.arange(2)[:, None], items, own=own)
    weights = np.random.default_rng(0).normal(size=features.shape[-1])
    assert np.allclose(made.utility(groups, weights, own=own), features @ weights)
