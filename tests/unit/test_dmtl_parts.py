"""The parts of DMTL by themselves: inputs, network and losses against plain formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from groupbench.dmtl.features import make_inputs, memberships, shrunken_means
from groupbench.dmtl.network import Network, PairLinear
from groupbench.dmtl.training import Rows, Schedule, profile_loss, rmse, train
from groupbench.groups import Groups

OPTIONS = {
    "embedding": 4,
    "width": 8,
    "shared_width": 6,
    "attention": "learned",
    "rescale_attention": False,
    "shared": True,
    "dropout": 0.0,
}
SCHEDULE = Schedule(
    profile_weight=0.5,
    learning_rate=0.01,
    embedding_decay=0.0,
    weight_decay=0.0,
    batch_size=32,
    epochs=5,
    patience=2,
)


def make_network(training, **options):
    inputs = make_inputs(training, training.ratings, biases=True, statistics=False)
    return Network(inputs, len(training.groups), **{**OPTIONS, **options})


def encoded(network, n=12):
    index = torch.arange(n)
    return network.users(index), network.items(index)


def test_shrunken_means_follow_the_variance_ratio():
    rng = np.random.default_rng(0)
    ids = rng.integers(0, 400, 8000)
    effects = rng.normal(0, 0.5, 400)
    values = effects[ids] + rng.normal(0, 1.0, 8000)
    got = shrunken_means(ids, values, 401)
    counts = np.bincount(ids, minlength=401)
    ideal = np.bincount(ids, values, 401) / (counts + 1.0 / 0.25)
    np.testing.assert_allclose(got, ideal, atol=0.05)
    assert got[400] == 0


def test_shrunken_means_of_pure_noise_vanish():
    values = np.tile([1.0, -1.0], 50)
    np.testing.assert_array_equal(shrunken_means(np.repeat(np.arange(50), 2), values, 50), np.zeros(50))


def test_inputs_use_the_given_rows_only_and_stay_in_range(training):
    half = training.ratings.take(slice(0, 100))
    inputs = make_inputs(training, half, biases=True, statistics=True)
    other = make_inputs(training, training.ratings, biases=True, statistics=True)
    assert inputs.mean == half.mean
    assert not np.array_equal(inputs.items.biases, other.items.biases)
    assert np.abs(inputs.users.features).max() <= 1
    np.testing.assert_array_equal(np.nonzero(inputs.users.seen)[0], np.unique(half.users))


def test_taste_statistics_are_mean_residuals_by_feature(training):
    rows = training.ratings
    inputs = make_inputs(training, rows, biases=True, statistics=True)
    residual = rows.values - rows.mean - inputs.items.biases[rows.items] - inputs.users.biases[rows.users]
    genre = training.item_features.values[:, 0]
    taste = [
        (residual * genre[rows.items])[rows.users == u].sum() / (1 + genre[rows.items][rows.users == u].sum())
        for u in range(rows.n_users)
    ]
    np.testing.assert_allclose(inputs.users.features[:, 4], taste / np.abs(taste).max(), atol=1e-12)


def test_memberships_list_every_group_of_a_user():
    table = memberships(Groups.from_lists([[0, 2], [2, 4], [2]]), 6)
    assert table.tolist() == [[0, -1, -1], [-1] * 3, [0, 1, 2], [-1] * 3, [1, -1, -1], [-1] * 3]
    assert memberships(Groups.from_lists([]), 2).tolist() == [[-1], [-1]]


def test_pair_linear_is_the_linear_layer_over_the_concatenation():
    torch.manual_seed(0)
    layer = PairLinear(5, 3)
    left, right = torch.randn(4, 5), torch.randn(7, 5)
    both = torch.cat([left[:, None].expand(4, 7, 5), right[None].expand(4, 7, 5)], dim=-1)
    expected = functional.linear(both, layer.layer.weight, layer.layer.bias)
    torch.testing.assert_close(layer(left[:, None], right[None]), expected)


def test_network_follows_the_formulas(training):
    network = make_network(training).eval()
    users, items = encoded(network)
    attention, tower = network.attention.layer, network.rating_tower.layer
    alpha = torch.softmax(torch.cat([users, items], 1) @ attention.weight.T + attention.bias, dim=1)
    z = torch.relu(torch.cat([users, alpha * items], 1) @ tower.weight.T + tower.bias)
    residual, logits = network(users, items)
    torch.testing.assert_close(residual, network.rating(z)[:, 0])
    torch.testing.assert_close(logits, network.profile(z))
    torch.testing.assert_close(network.attend(users, items), alpha * items)


@pytest.mark.parametrize(
    ("attention", "rescale", "factor"), [("none", False, 1.0), ("mean", False, 1 / 8), ("mean", True, 1.0)]
)
def test_attention_ablations_weigh_all_dimensions_alike(training, attention, rescale, factor):
    network = make_network(training, attention=attention, rescale_attention=rescale)
    users, items = encoded(network)
    torch.testing.assert_close(network.attend(users, items), items * factor)
    assert network.attention is None


def test_rescaled_attention_weighs_one_on_average(training):
    network = make_network(training, rescale_attention=True)
    users, _ = encoded(network)
    weights = network.attend(users, torch.ones_like(users))
    torch.testing.assert_close(weights.mean(dim=1), torch.ones(len(users)))
    assert weights.std() > 0


@pytest.mark.parametrize("shared", [True, False])
def test_only_the_shared_layer_feels_both_losses(training, shared):
    network = make_network(training, shared=shared)
    users, items = encoded(network)
    _, logits = network(users.detach(), items.detach())
    groups = torch.tensor(memberships(training.groups, 30))[:12]
    profile_loss(logits, groups).backward()
    reached = network.rating_tower.layer.weight.grad is not None
    assert reached == shared
    assert network.profile_tower.layer.weight.grad.abs().max() > 0
    assert network.rating.weight.grad is None
    assert (network.profile_tower is network.rating_tower) == shared


def test_without_profile_weight_the_profile_head_gets_no_gradient(training):
    network = make_network(training)
    before = network.profile.weight.clone()
    history = train(
        network,
        Rows.of(training.ratings),
        memberships(training.groups, 30),
        Schedule(**{**vars(SCHEDULE), "profile_weight": 0.0}),
    )
    torch.testing.assert_close(network.profile.weight, before, rtol=0, atol=0)
    assert len(history) == 5
    assert history[-1].mse < history[0].mse


def test_profile_loss_spreads_the_target_and_skips_the_groupless():
    logits = torch.tensor([[2.0, 0.0, -1.0], [0.5, 0.5, 3.0], [9.0, -9.0, 0.0]])
    log_p = logits.log_softmax(dim=1)
    loss = profile_loss(logits, torch.tensor([[1, -1], [0, 2], [-1, -1]]))
    expected = -(log_p[0, 1] + (log_p[1, 0] + log_p[1, 2]) / 2) / 2
    torch.testing.assert_close(loss, expected)
    assert profile_loss(logits, torch.full((3, 1), -1)) == 0


def test_training_restores_the_weights_that_validated_best(training):
    network = make_network(training)
    rows = Rows.of(training.ratings)
    fit, held = rows.take(torch.arange(40)), rows.take(torch.arange(40, 240))
    schedule = Schedule(**{**vars(SCHEDULE), "epochs": 80, "learning_rate": 0.05})
    history = train(network, fit, memberships(training.groups, 30), schedule, held)
    errors = [e.validation_rmse for e in history]
    assert rmse(network, held) == pytest.approx(min(errors), abs=1e-7)
    assert errors[-1] > min(errors)
    assert errors.index(min(errors)) == len(errors) - 1 - schedule.patience
    assert not network.training
