"""EASE, ELSA and RP3beta against their definitions, written out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from groupbench.baselines._networks.elsa import normalized_error
from groupbench.core.errors import ConfigError, MethodError
from groupbench.core.registry import methods
from groupbench.core.seeding import generator
from groupbench.testing import small_training


def fitted(name, train, **parameters):
    return methods[name].create(**parameters).fit(train, rng=generator("linear"))


def feedback(train, positive):
    dense = train.ratings.matrix().toarray()
    return dense if positive is None else (dense >= 1 + 4 * positive).astype(float)


@pytest.mark.parametrize("positive", [None, 0.75])
def test_ease_solves_a_ridge_regression_for_each_item(positive):
    train = small_training()
    X = feedback(train, positive)
    weights = np.zeros((X.shape[1], X.shape[1]))
    for item in range(X.shape[1]):
        others = np.delete(np.arange(X.shape[1]), item)
        A = X[:, others]
        weights[others, item] = np.linalg.solve(A.T @ A + 3.0 * np.eye(len(others)), A.T @ X[:, item])

    scores = fitted("ease", train, l2=3.0, positive=positive).score(np.arange(len(X)))

    assert np.abs(X @ weights).max() > 0.1
    np.testing.assert_allclose(scores, X @ weights, rtol=1e-9, atol=1e-10)


def test_ease_refuses_what_does_not_fit_into_memory():
    need = 24 * small_training().ratings.n_items ** 2 / 2**30
    with pytest.raises(MethodError, match=r"24 items need .* raise max_gib, or use 'rp3beta'"):
        fitted("ease", small_training(), max_gib=0.99 * need)
    fitted("ease", small_training(), max_gib=1.01 * need)


@pytest.mark.parametrize("positive", [None, 0.75])
def test_elsa_scores_by_item_weights_without_diagonal(positive):
    train = small_training()
    X = feedback(train, positive)
    users, items = np.array([3, 0, 3]), np.array([[5, 1], [0, 2], [7, 7]])
    elsa = fitted("elsa", train, factors=6, epochs=3, positive=positive)
    weights = elsa._items @ elsa._items.T - np.eye(X.shape[1])

    np.testing.assert_allclose(np.diag(weights), 0, atol=1e-6)
    np.testing.assert_allclose(elsa.score(users), X[users] @ weights, atol=1e-9)
    found = np.take_along_axis(X[users] @ weights, items, axis=1)
    np.testing.assert_allclose(elsa.score_pairs(users, items), found, atol=1e-9)


def test_elsa_minimizes_errors_of_normalized_scores():
    torch.manual_seed(0)
    X, items = (torch.rand(7, 9) < 0.4).double(), functional.normalize(torch.randn(9, 4).double())
    X[:, 0] = 1.0
    scores = X @ (items @ items.T - torch.eye(9))
    expected = (functional.normalize(scores) - functional.normalize(X)).square().sum(dim=1)

    torch.testing.assert_close(normalized_error(X.square().sum(dim=1), X @ items, items), expected)


def test_elsa_learns_who_likes_what():
    train = small_training()
    X = torch.tensor(feedback(train, 0.75))
    X = X[X.sum(dim=1) > 0]

    def error(epochs):
        items = torch.tensor(fitted("elsa", train, epochs=epochs)._items)
        return normalized_error(X.square().sum(dim=1), X @ items, items).mean()

    assert error(60) < error(1) - 0.1


def walk_by_hand(X, alpha, beta):
    """Walk over all user -> item -> user -> item paths, one by one."""
    n_users, n_items = X.shape
    weights = np.zeros((n_items, n_items))
    first = np.zeros_like(X)
    degree = (X > 0).sum(axis=0)
    for u in range(n_users):
        for i in range(n_items):
            if X[u, i] > 0:
                first[u, i] = (X[u, i] / X[u].sum()) ** alpha
    for middle in range(n_items):
        for end in range(n_items):
            for v in range(n_users):
                if middle != end and X[v, middle] > 0 and X[v, end] > 0:
                    back = (X[v, middle] / X[:, middle].sum()) ** alpha
                    weights[middle, end] += back * first[v, end] / degree[end] ** beta
    return first, weights


@pytest.mark.parametrize(
    ("alpha", "beta", "positive"), [(1.0, 0.6, None), (1.6, 0.0, None), (0.7, 0.4, 0.75)]
)
def test_rp3beta_walks(alpha, beta, positive):
    train = small_training()
    first, weights = walk_by_hand(feedback(train, positive), alpha, beta)
    users = np.arange(len(first))

    scores = fitted("rp3beta", train, alpha=alpha, beta=beta, positive=positive).score(users)

    assert (first @ weights).max() > 1e-3
    np.testing.assert_allclose(scores, first @ weights, rtol=1e-10, atol=1e-14)


def test_rp3beta_keeps_the_strongest_ends():
    train = small_training()
    first, weights = walk_by_hand(feedback(train, None), 1.0, 0.6)
    for row in weights:
        row[row < np.sort(row)[-4]] = 0.0

    scores = fitted("rp3beta", train, topk=4).score(np.arange(len(first)))

    np.testing.assert_allclose(scores, first @ weights, rtol=1e-10, atol=1e-14)


def test_rp3beta_does_not_depend_on_its_blocks(monkeypatch):
    train = small_training()
    users = np.arange(train.ratings.n_users)
    whole = fitted("rp3beta", train, topk=4).score(users)
    monkeypatch.setattr("groupbench.baselines.linear._BLOCK", 5 * train.ratings.n_items)

    np.testing.assert_array_equal(fitted("rp3beta", train, topk=4).score(users), whole)


@pytest.mark.parametrize("name", ["ease", "elsa", "rp3beta"])
def test_users_without_feedback_score_zero(name):
    assert not fitted(name, small_training()).score(np.array([30, 31])).any()


@pytest.mark.parametrize("name", ["ease", "elsa", "rp3beta"])
def test_no_feedback_is_an_error(name):
    with pytest.raises(MethodError, match="lower 'positive'"):
        fitted(name, replace(small_training(), scale=(1.0, 9.0)), positive=1.0)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("ease", {"l2": 0}), ("elsa", {"factors": 0}), ("rp3beta", {"beta": -1}), ("rp3beta", {"topk": 0})],
)
def test_parameters_are_validated(name, wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        methods[name].create(**wrong)
