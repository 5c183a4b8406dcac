"""Member counts, graph filters and the parts of the stack against plain computations on small data."""

from __future__ import annotations

import numpy as np
import pytest

from groupbench.baselines._choice import candidates, choice_weights
from groupbench.baselines._group_cases import all_of_some, some_of_each, without_derived
from groupbench.baselines._group_features import GroupFeatures, LinearEase
from groupbench.baselines._group_graphs import memberships, similarity
from groupbench.core.errors import MethodError
from groupbench.core.registry import methods
from groupbench.data.dataset import Ratings
from groupbench.data.groups import Groups
from groupbench.testing import small_training


def fitted(name, train, **parameters):
    return methods[name].create(**parameters).fit(train, rng=np.random.default_rng(0))


def test_members_are_counted_once_for_each_item():
    train = small_training()
    scores = fitted("member-count", train).score_groups(train.groups)
    known = set(zip(train.ratings.users, train.ratings.items, strict=True))
    for g in range(len(train.groups)):
        for i in range(train.ratings.n_items):
            assert scores[g, i] == sum((u, i) in known for u in train.groups[g])


def dense(rows):
    return (rows.matrix().toarray() > 0).astype(float)


def graph(rows, extra, power):
    left, right = rows.sum(axis=1) + extra, rows.sum(axis=0)
    scaled = rows / np.sqrt(np.where(left > 0, left, 1))[:, None] / np.sqrt(np.where(right > 0, right, 1))
    edges = scaled.T @ scaled
    np.fill_diagonal(edges, 0)
    return edges**power


@pytest.mark.parametrize("degrees", [(1, 2, 3), (3, 1, 2)])
def test_group_gf_is_three_polynomials_of_dense_graphs(degrees):
    train = small_training()
    users, groups = dense(train.ratings), dense(train.group_ratings)
    members = np.zeros((len(train.groups), len(users)))
    members[train.groups.segments.of_row, train.groups.members] = 1
    graphs = [
        graph(users, members.sum(axis=0), 0.5),
        graph(groups, members.sum(axis=1), 0.5),
        graph(np.vstack([users, groups]), 0, 0.5),
    ]
    filters = {1: lambda p: p, 2: lambda p: 2 * p - p @ p}
    filters[3] = lambda p: p + 0.01 * (-p @ p @ p + 10 * p @ p - 29 * p)
    found = [groups @ filters[k](p) for k, p in zip(degrees, graphs, strict=True)]
    expected = 0.3 * found[0] + 0.2 * found[1] + 0.5 * found[2]
    named = dict(zip(("degree_users", "degree_groups", "degree_both"), degrees, strict=True))
    options = {"alpha": 0.2, "beta": 0.5, "power": 0.5, "topk": None, **named}
    plain = fitted("group-gf", train, mask=False, **options).score_groups(train.groups)
    masked = fitted("group-gf", train, **options).score_groups(train.groups)
    assert np.allclose(plain, expected)
    assert np.allclose(masked[groups == 0], expected[groups == 0])
    for row, own in zip(masked, groups > 0, strict=True):
        assert not own.any() or row[own].max() < row[~own].min()


@pytest.mark.parametrize("shape", [(9, 5), (5, 9)])
def test_ease_is_the_same_through_rows_and_items(shape):
    from scipy.sparse import csr_array

    rows = (np.random.default_rng(1).random(shape) < 0.4).astype(float)
    inverse = np.linalg.inv(rows.T @ rows + 2 * np.eye(shape[1]))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    assert np.allclose(LinearEase(csr_array(rows), 2.0).scores(csr_array(rows[:3])), rows[:3] @ weights)


def made_features(train):
    from scipy.sparse import csr_array

    users = csr_array(dense(train.ratings))
    joint = np.zeros((len(train.groups), train.ratings.n_items))
    np.add.at(joint, (train.group_ratings.users, train.group_ratings.items), 1.0)
    members = memberships(train.groups, train.ratings.n_users)
    alike = similarity(users.T.tocsr(), 5)
    return joint, GroupFeatures(users, csr_array(joint), members, alike, topk=5, l2=3.0, largest=100)


def everywhere(made, train, own=True):
    groups = np.arange(len(train.groups))
    features = made.at(groups, groups[:, None], np.arange(train.ratings.n_items)[None, :], own=own)
    return list(np.moveaxis(features, -1, 0))


def test_features_of_members_scores_are_their_mean_highest_and_lowest():
    train = small_training()
    users, groups = dense(train.ratings), dense(train.group_ratings)
    stacked = np.vstack([users, groups])
    inverse = np.linalg.inv(stacked.T @ stacked + 3 * np.eye(users.shape[1]))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    features = everywhere(made_features(train)[1], train)
    for place, how in ((8, np.mean), (10, np.max), (12, np.min)):
        scores = np.array([how(users[train.groups[g]] @ weights, axis=0) for g in range(len(groups))])
        share = np.maximum(scores, 0) / np.maximum(scores.max(axis=1, keepdims=True), 1e-12)
        assert np.allclose(features[place], share)
        assert np.allclose(features[place + 1], np.log(1 + 100 * share))


def test_the_last_features_are_whether_a_group_has_an_item_and_for_each_member():
    train = small_training()
    joint, made = made_features(train)
    features = everywhere(made, train)
    assert np.array_equal(features[-2], joint > 0)
    assert np.array_equal(features[-1], joint >= train.groups.segments.sizes[:, None])
    assert len(everywhere(made, train, own=False)) < len(features)


@pytest.mark.parametrize("own", [True, False])
def test_utilities_are_features_times_weights(own):
    train = small_training()
    made = made_features(train)[1]
    features = np.stack(everywhere(made, train, own), axis=-1)
    weights = np.random.default_rng(0).normal(size=features.shape[-1])
    groups = np.array([3, 0, 2])
    assert np.allclose(made.utility(groups, weights, own=own), (features @ weights)[groups])


def test_features_of_pairs_are_those_of_all_items_there():
    train = small_training()
    made = made_features(train)[1]
    groups, places, items = np.array([0, 2, 3]), np.array([[0], [1], [1], [2]]), np.array([[1, 4]] * 4)
    pairs = np.moveaxis(made.at(groups, places, items, own=True), -1, 0)
    for one, other in zip(everywhere(made, train), pairs, strict=True):
        assert np.allclose(one[groups[places], items], other)


def test_a_logit_finds_the_weights_that_made_the_choices():
    rng = np.random.default_rng(0)
    features, truth = rng.normal(size=(4000, 6, 3)), np.array([1.0, -0.5, 0.0])
    chosen = (features @ truth + rng.gumbel(size=(4000, 6))).argmax(axis=1)
    order = np.arange(6)[None, :].repeat(4000, axis=0)
    order[np.arange(4000), chosen], order[:, 0] = 0, chosen
    cases = np.take_along_axis(features, order[:, :, None], axis=1)
    assert np.allclose(choice_weights(cases, 1e-6, np.zeros(3, dtype=bool)), truth, atol=0.1)


def repeated_rows():
    """Six groups with one to eight rows of four items, so that some choose an item again."""
    rng = np.random.default_rng(3)
    owners = np.repeat(np.arange(6), [1, 2, 3, 5, 8, 8])
    return Ratings(owners, rng.integers(0, 4, len(owners)), np.ones(len(owners)), 6, 4)


def test_some_rows_of_each_group_are_left_out_but_one_and_about_a_tenth():
    rows, rng = repeated_rows(), np.random.default_rng(0)
    made = [some_of_each(rows, rng) for _ in range(400)]
    share = np.mean([m.out for m in made], axis=0)
    assert share[0] == 0
    assert abs(share[rows.users == 5].mean() - 0.1) < 0.02
    assert share[rows.users == 5].min() > 0
    for m in made:
        assert set(rows.users[~m.out]) == set(range(6))
        assert np.array_equal(np.flatnonzero(m.out), m.cases)


def test_all_rows_of_some_groups_are_left_out_and_one_of_each_is_a_case():
    rows = repeated_rows()
    made = all_of_some(rows, np.random.default_rng(0))
    gone = set(rows.users[made.out])
    assert len(gone) == 1
    assert not gone & set(rows.users[~made.out])
    assert set(rows.users[made.cases]) == gone
    assert len(made.cases) == 1


def derived(seed):
    """Groups of two whose rows are their members' rows, one for one, and rows that only groups have."""
    rng = np.random.default_rng(seed)
    users, items = np.nonzero(rng.random((12, 7)) < 0.5)
    extra = rng.integers(0, 6, 9), rng.integers(0, 7, 9)
    joint = Ratings(
        np.concatenate([users // 2, extra[0]]),
        np.concatenate([items, extra[1]]),
        np.ones(len(users) + 9),
        6,
        7,
    )
    return Ratings(users, items, np.ones(len(users)), 12, 7), joint


@pytest.mark.parametrize("seed", range(5))
def test_members_rows_go_with_the_rows_of_groups_that_derive_from_them(seed):
    rng = np.random.default_rng(seed)
    users, joint = derived(seed)
    groups = Groups.from_lists([[2 * g, 2 * g + 1] for g in range(6)])
    out = rng.random(len(joint)) < 0.3
    kept = without_derived(users, joint, groups, out, rng)
    had, has, chosen, left = (np.zeros((6, 7)) for _ in range(4))
    np.add.at(had, (users.users // 2, users.items), 1)
    np.add.at(has, (kept.users // 2, kept.items), 1)
    np.add.at(chosen, (joint.users, joint.items), 1)
    np.add.at(left, (joint.users[~out], joint.items[~out]), 1)
    assert (has <= left).all(), "or a member's row would tell that the group's was left out"
    gone = chosen - left
    assert (had - has <= gone).all()
    assert (had - has >= gone - (chosen - had)).all(), "only as many as can be of the groups alone stay"


def test_nothing_goes_where_no_row_is_left_out_or_members_have_none():
    rng = np.random.default_rng(0)
    users, joint = derived(0)
    groups = Groups.from_lists([[2 * g, 2 * g + 1] for g in range(6)])
    assert len(without_derived(users, joint, groups, np.zeros(len(joint), dtype=bool), rng)) == len(users)
    nobody = users.take(slice(0, 0))
    assert len(without_derived(nobody, joint, groups, np.ones(len(joint), dtype=bool), rng)) == 0


def test_candidates_are_the_chosen_item_and_any_other():
    chosen = np.array([0, 2, 4]).repeat(300)
    items = candidates(chosen, 5, 6, np.random.default_rng(0))
    assert np.array_equal(items[:, 0], chosen)
    assert (items[:, 1:] != chosen[:, None]).all()
    for item in (0, 2, 4):
        assert np.array_equal(np.unique(items[chosen == item]), np.arange(5))


@pytest.mark.parametrize("topk", [1, 3, 50])
def test_a_graph_keeps_the_strongest_edges_of_each_column(topk):
    from scipy.sparse import csr_array

    rows = (np.random.default_rng(2).random((40, 12)) < 0.4).astype(float)
    whole = similarity(csr_array(rows)).toarray()
    kept = similarity(csr_array(rows), topk).toarray()
    assert np.allclose(whole, graph(rows, 0.0, 1.0))
    for full, few in zip(whole, kept, strict=True):
        assert np.allclose(np.sort(few)[::-1][:topk], np.sort(full)[::-1][:topk])
        assert (few > 0).sum() in (topk, topk + 1, (full > 0).sum())


def test_unknown_groups_and_missing_rows_are_said():
    train = small_training()
    other = Groups.from_lists([[0, 1]], ["elsewhere"])
    for name in ("group-gf", "group-stack"):
        with pytest.raises(MethodError, match="'elsewhere' is not in the training data"):
            fitted(name, train).score_groups(other)
        with pytest.raises(MethodError, match="joint ratings"):
            fitted(name, small_training(bare=True))
        assert methods[name].create().skip(small_training(bare=True))
    with pytest.raises(MethodError, match="alpha \\+ beta"):
        fitted("group-gf", train, alpha=0.8, beta=0.8)
