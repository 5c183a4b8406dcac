"""The parts of DMTL by themselves: inputs, network and losses against plain formulas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from groupbench.data.dataset import Features
from groupbench.data.groups import Groups
from groupbench.models.distributed import SINGLE
from groupbench.models.dmtl import gradients
from groupbench.models.dmtl import network as network_module
from groupbench.models.dmtl.features import make_inputs, memberships, shrunken_means
from groupbench.models.dmtl.hyperparameters import Hyperparameters
from groupbench.models.dmtl.layers import EnsembleLinear, History
from groupbench.models.dmtl.network import DMTLNetwork, attentive_mean
from groupbench.models.dmtl.noise import Noise
from groupbench.models.dmtl.objective import DMTLObjective, RatingRows, rmse
from groupbench.models.training import Schedule, Trainer

MADE = Hyperparameters(
    ensemble=2,
    embedding=4,
    interaction_width=3,
    width=8,
    shared_width=6,
    rescale_attention=False,
    dropout=0.0,
    gain=1.0,
    profile_weight=0.5,
    learning_rate=0.01,
    embedding_decay=0.0,
    interaction_decay=0.0,
    averaging=0.0,
    batch_size=32,
    min_batches=1,
    epochs=5,
    patience=2,
)
EVERYTHING = {"biases": True, "statistics": True}
PLAIN = {"biases": True, "statistics": False}
CPU = torch.device("cpu")


def make_network(training, **options):
    return DMTLNetwork(make_inputs(training, training.ratings, **PLAIN), replace(MADE, **options))


def encoded(network, n=12):
    users, items = network.encode()
    return users.take(torch.arange(n)), items.take(torch.arange(n))


def make_objective(training, network, validation=None, **options):
    table = memberships(training.groups, training.ratings.n_users)
    made = replace(MADE, **options)
    return DMTLObjective(network, made, RatingRows.of(training.ratings, CPU), table, validation)


def trained(training, network, validation=None, **options):
    objective = make_objective(training, network, validation, **options)
    made = objective.made
    schedule = Schedule(made.epochs, made.patience, made.averaging)
    trainer = Trainer(network, objective, objective.optimizer(), schedule)
    trainer.run()
    return trainer


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
    inputs = make_inputs(training, half, **EVERYTHING)
    other = make_inputs(training, training.ratings, **EVERYTHING)
    assert inputs.mean == half.mean
    assert not np.array_equal(inputs.items.biases, other.items.biases)
    assert np.abs(inputs.users.features).max() <= 1
    np.testing.assert_array_equal(np.nonzero(inputs.users.seen)[0], np.unique(half.users))


def test_taste_statistics_are_mean_residuals_by_feature(training):
    rows = training.ratings
    inputs = make_inputs(training, rows, **EVERYTHING)
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


@pytest.mark.parametrize(
    ("left_out", "names"),
    [("demographics", {"genre=a", "text:war"}), ("genres", {"text:war"}), ("text", {"genre=a"})],
)
def test_kinds_of_features_are_chosen_by_name(training, left_out, names):
    features = Features(("genre=a", "text:war", "title:b=c"), np.eye(3)[np.arange(20) % 3])
    rich = replace(training, item_features=features)
    inputs = make_inputs(rich, training.ratings, **PLAIN, **{left_out: False})
    kept = names | ({"title:b=c"} if left_out != "text" else set())
    assert inputs.items.features.shape[1] == len(kept)
    assert inputs.users.features.shape[1] == (0 if left_out == "demographics" else 2)


def test_one_linear_layer_for_each_member_of_the_ensemble():
    torch.manual_seed(0)
    layer, x = EnsembleLinear(3, 5, 4, gain=1.0), torch.randn(2, 7, 3, 5)
    for member in range(3):
        expected = x[:, :, member] @ layer.weight[member] + layer.bias[member]
        torch.testing.assert_close(layer(x)[:, :, member], expected)


def test_histories_sum_vectors_without_the_hidden_pairs():
    owners, others = np.array([0, 0, 0, 2, 2]), np.array([1, 3, 3, 0, 1])
    history = History(owners, others, (3, 4))
    vectors = torch.randn(4, 2, 5, requires_grad=True)
    whole = history(vectors, None)
    torch.testing.assert_close(whole[0], (vectors[1] + 2 * vectors[3]) / 3**0.5)
    assert not whole[1].any()
    hidden = history(vectors, torch.tensor([[0, 2], [3, 1]]))
    torch.testing.assert_close(hidden[0], (vectors[1] + vectors[3]) / 2**0.5)
    torch.testing.assert_close(hidden[2], vectors[0])
    hidden.sum().backward()
    gradient = torch.tensor([1.0, 1 / 2**0.5, 0.0, 1 / 2**0.5])[:, None, None].expand(4, 2, 5)
    torch.testing.assert_close(vectors.grad, gradient)


@pytest.mark.parametrize("options", [{}, {"ids": False}, {"attention": "none"}])
def test_of_many_only_those_of_a_batch_are_encoded(training, monkeypatch, options):
    objective = make_objective(training, make_network(training, interactions=False, **options))
    batch = objective.rows.take(torch.arange(40))

    def learned():
        total, found = objective.losses(batch, SINGLE.whole(40), torch.ones(2, MADE.ensemble))
        return found, gradients_of(objective.network, total)

    losses, of_all = learned()
    monkeypatch.setattr(network_module, "MANY", 0)
    monkeypatch.setattr(DMTLNetwork, "encode", lambda *_: pytest.fail("encoded everyone"))
    few, of_few = learned()
    torch.testing.assert_close(few, losses)
    torch.testing.assert_close(of_few, of_all, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("options", [{"interactions": True}, {"interactions": False, "attention": "members"}])
def test_where_others_count_everyone_is_encoded(training, monkeypatch, options):
    objective = make_objective(training, make_network(training, **options))
    batch = objective.rows.take(torch.arange(40))
    expected = objective.loss(batch)
    monkeypatch.setattr(network_module, "MANY", 0)
    torch.testing.assert_close(objective.loss(batch), expected)


def test_a_rating_is_learned_without_itself(training):
    """The ratings of a mini-batch do not hang on the batch's own pairs being in the histories."""
    network = make_network(training).eval()
    pairs = RatingRows.of(training.ratings, CPU).pairs
    batch, rest = pairs[:, :30], np.arange(30, 240)
    fewer = make_inputs(training, training.ratings, **PLAIN)
    without = DMTLNetwork(replace(fewer, pairs=fewer.pairs[:, rest]), network.made)
    without.load_state_dict(network.state_dict())
    for ours, theirs in zip(network.encode(batch), without.encode(), strict=True):
        torch.testing.assert_close(ours.hidden, theirs.hidden)
    assert not torch.allclose(network.encode(batch)[0].hidden, network.encode()[0].hidden)


def test_network_follows_the_formulas(training):
    network = make_network(training).eval()
    users, items = encoded(network)
    ratings, logits = network.pair(users, items, profile=True)
    for member in range(2):
        h_u, h_i = users.hidden[:, member], items.hidden[:, member]

        def both(left, right, x, y, member=member):
            at_left = x @ left.weight[member] + left.bias[member]
            return at_left + y @ right.weight[member] + right.bias[member]

        alpha = torch.softmax(both(network.attend_users, network.attend_items, h_u, h_i), dim=1)
        z = torch.relu(both(network.rating_user, network.rating_item, h_u, alpha * h_i))
        joined = torch.cat([z, h_u * alpha * h_i], dim=1)
        rating = joined @ network.rating.weight[member] + network.rating.bias[member]
        base = network.mean + network.users.biases[:12] + network.items.biases[:12]
        torch.testing.assert_close(ratings[:, member], rating[:, 0] + base)
        profile = joined @ network.profile.weight[member] + network.profile.bias[member]
        torch.testing.assert_close(logits[:, member], profile)
        torch.testing.assert_close(network.weights(users, items)[:, member], alpha)


@pytest.mark.parametrize(
    ("attention", "rescale", "factor"), [("none", False, 1.0), ("mean", False, 1 / 8), ("mean", True, 1.0)]
)
def test_attention_ablations_weigh_all_dimensions_alike(training, attention, rescale, factor):
    network = make_network(training, attention=attention, rescale_attention=rescale).eval()
    users, items = encoded(network)
    plain = items._replace(hidden=items.hidden * factor)
    network.made = replace(network.made, attention="none")
    expected, _ = network.pair(users, plain, profile=False)
    network.made = replace(network.made, attention=attention)
    torch.testing.assert_close(network.pair(users, items, profile=False)[0], expected)


def test_attention_over_z_scales_the_shared_layer(training):
    network = make_network(training, attended="shared", product=False, rescale_attention=True).eval()
    users, items = encoded(network)
    alpha = network.weights(users, items)
    assert alpha.shape[-1] == MADE.shared_width
    z = torch.relu(users.rating + network.rating_item(items.hidden)) * alpha * MADE.shared_width
    expected = network.profile(z)
    torch.testing.assert_close(network.pair(users, items, profile=True)[1], expected)


def test_members_of_a_group_are_weighed_by_softmax():
    rows, logits = torch.randn(5, 2, 3), torch.randn(5, 2, 1)
    groups = torch.tensor([0, 2, 0, 0, 2])
    means = attentive_mean(rows, logits, groups, 3)
    weights = logits[[0, 2, 3]].softmax(dim=0)
    torch.testing.assert_close(means[0], (weights * rows[[0, 2, 3]]).sum(dim=0))
    assert not means[1].any()
    torch.testing.assert_close(attentive_mean(rows, torch.zeros(5, 2, 1), groups, 3)[2], rows[[1, 4]].mean(0))
    far = logits - 200 * (groups == 2)[:, None, None]
    torch.testing.assert_close(attentive_mean(rows, far, groups, 3), means, rtol=1e-4, atol=1e-4)


def test_members_attention_adds_the_mean_of_ones_groups(training):
    groups = Groups.from_lists([[0, 1, 2], [2, 3]])
    network = make_network(replace(training, groups=groups), attention="members").eval()
    plain = network.users()
    logits = network.member_logits(plain)
    first = attentive_mean(plain[:3], logits[:3], torch.zeros(3, dtype=torch.int64), 1)[0]
    second = attentive_mean(plain[2:4], logits[2:4], torch.zeros(2, dtype=torch.int64), 1)[0]
    hidden = network.encode()[0].hidden
    torch.testing.assert_close(hidden[0], plain[0] + first)
    torch.testing.assert_close(hidden[2], plain[2] + (first + second) / 2)
    torch.testing.assert_close(hidden[4], plain[4])


@pytest.mark.parametrize("shared", [True, False])
def test_only_the_shared_layer_feels_both_losses(training, shared):
    network = make_network(training, shared=shared)
    users, items = encoded(network)
    network.pair(users, items, profile=True)[1].square().sum().backward()
    assert (network.rating_item.weight.grad is not None) == shared
    assert bool(network.profile_item.weight.numel()) == (not shared)
    assert network.rating.weight.grad is None
    assert network.profile.weight.grad.abs().max() > 0


def test_without_profile_weight_the_profile_head_gets_no_gradient(training):
    network = make_network(training)
    before = network.profile.weight.clone()
    history = trained(training, network, profile_weight=0.0).history
    torch.testing.assert_close(network.profile.weight, before, rtol=0, atol=0)
    assert len(history) == 5
    assert history[-1].losses["mse"] < history[0].losses["mse"]


def test_a_frozen_profile_head_keeps_its_weights_and_teaches_all_the_same(training):
    def weights(**options):
        torch.manual_seed(0)
        network = make_network(training, **options)
        before = network.profile.weight.clone()
        trained(training, network)
        return torch.equal(network.profile.weight, before), network.rating_item.weight

    frozen, taught = weights(freeze_profile=True)
    learned, other = weights()
    assert (frozen, learned) == (True, False)
    assert not torch.allclose(taught, other)


def test_learned_weights_follow_kendall(training):
    objective = make_objective(training, make_network(training), loss_weights="uncertainty")
    with torch.no_grad():
        objective.log_variances.copy_(torch.tensor([[0.1, -0.2], [0.3, 0.4]]))
    batch = objective.rows.take(torch.arange(40))
    _, (mse, entropy) = objective.losses(batch, SINGLE.whole(40), torch.ones(2, 2))
    variances = objective.log_variances.detach().clone().requires_grad_()
    a, b = variances.exp()
    expected = (mse / (2 * a) + entropy / b + a.log() / 2 + b.log() / 2).sum()
    found = objective.loss(batch).total
    torch.testing.assert_close(found, expected)
    (gradient,) = torch.autograd.grad(found, objective.log_variances)
    torch.testing.assert_close(gradient, torch.autograd.grad(expected, variances)[0])
    assert objective._profile_weight() == pytest.approx((2 * a / b).mean().item())


def by_autograd(network, batch, groups, weights):
    """The losses of a mini-batch, (2, ensemble), and all gradients, as torch finds them from `pair`."""
    users, items = network.encode(batch.pairs)
    users, items = users.take(batch.pairs[0]), items.take(batch.pairs[1])
    ratings, logits = network.pair(users, items, profile=True)
    squares = (ratings - batch.values[:, None]).square().mean(dim=0)
    log_p, inside = logits.log_softmax(dim=-1), groups >= 0
    entropies = torch.zeros_like(ratings)
    for row in inside.any(dim=1).nonzero()[:, 0]:
        entropies[row] -= log_p[row][:, groups[row][inside[row]]].mean(dim=1)
    losses = torch.stack([squares, entropies.sum(dim=0) / inside.any(dim=1).sum().clamp(min=1)])
    return losses.detach(), gradients_of(network, (losses * weights).sum())


def gradients_of(network, loss):
    network.zero_grad(set_to_none=True)
    loss.backward()
    weights = network.named_parameters()
    return {name: p.grad for name, p in weights if p.grad is not None and p.numel()}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"rescale_attention": True},
        {"attention": "none"},
        {"attention": "mean"},
        {"attention": "members"},
        {"attended": "shared"},
        {"attended": "shared", "attention": "mean", "product": False},
        {"shared": False},
        {"shared": False, "product": False, "attended": "shared", "rescale_attention": True},
        {"ids": False, "interactions": False},
        {"freeze_profile": True},
    ],
    ids=str,
)
def test_gradients_are_those_of_the_formulas(training, monkeypatch, options):
    """Block by block, for users of several groups and of none."""
    monkeypatch.setattr(gradients, "_BLOCK_VALUES", 11 * MADE.ensemble * MADE.width)
    groups = Groups.from_lists([[0, 1, 2, 3], [2, 3, 4], list(range(7, 28))])
    training, weights = replace(training, groups=groups), torch.tensor([[1.0, 2.0], [0.5, 3.0]])
    objective = make_objective(training, make_network(training, **options), **options)
    batch = objective.rows.take(torch.randperm(240)[:50])
    total, losses = objective.losses(batch, SINGLE.whole(50), weights)
    expected, learned = by_autograd(objective.network, batch, objective.groups[batch.pairs[0]], weights)
    torch.testing.assert_close(losses, expected)
    torch.testing.assert_close(total, (losses * weights).sum())
    found = gradients_of(objective.network, objective.losses(batch, SINGLE.whole(50), weights)[0])
    torch.testing.assert_close(found, learned, rtol=1e-4, atol=1e-6)


def test_users_without_a_group_have_no_profile_to_learn(training):
    alone = replace(training, groups=Groups.from_lists([]))
    objective = make_objective(alone, make_network(alone))
    _, losses = objective.losses(objective.rows, SINGLE.whole(240), torch.ones(2, 2))
    assert losses[0].all()
    assert not losses[1].any()


@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
def test_noise_drops_at_its_rate_and_keeps_the_mean(rate):
    torch.manual_seed(0)
    noise = Noise.draw((3, 5000, 7), rate, CPU)
    kept = noise.kept(torch.empty(3, 5000, 7))
    assert set(kept.unique().tolist()) <= {0.0, 1.0}
    assert float(kept.mean()) == pytest.approx(1 - rate, abs=0.01)
    assert float(kept.mean(dim=1).std()) < 0.01
    if rate < 1:
        assert float(kept.mean()) * noise.scale == pytest.approx(1, abs=0.02)
    torch.testing.assert_close(noise.take(slice(3, 9)).kept(torch.empty(3, 6, 7)), kept[:, 3:9])


def test_dropout_is_for_training_only_and_takes_the_gradient_along(training):
    network = make_network(training)
    objective = make_objective(training, network, dropout=0.5)
    batch, weights = objective.rows.take(torch.arange(60)), torch.ones(2, 2)

    def total():
        torch.manual_seed(1)
        return objective.losses(batch, SINGLE.whole(60), weights)[0]

    dropped = total()
    assert dropped == total()
    network.eval()
    assert dropped != total()
    network.train()
    weight, step = network.rating_item.weight, 1e-2
    direction = torch.autograd.grad(dropped, weight)[0]
    direction /= direction.norm()
    slope = float((torch.autograd.grad(total(), weight)[0] * direction).sum())
    with torch.no_grad():
        weight += step * direction
        above = float(total())
        weight -= 2 * step * direction
        below = float(total())
    assert (above - below) / (2 * step) == pytest.approx(slope, rel=0.05)


def test_networks_of_an_ensemble_do_not_feel_each_other(training):
    """The first of two networks trained side by side ends where the same network ends alone."""
    torch.manual_seed(0)
    both, alone = make_network(training), make_network(training, ensemble=1)
    own = alone.state_dict()
    for name, value in both.state_dict().items():
        if value.shape != own[name].shape:
            axis = next(
                i for i, (n, m) in enumerate(zip(value.shape, own[name].shape, strict=True)) if n != m
            )
            own[name] = value.narrow(axis, 0, own[name].shape[axis]).clone()
    alone.load_state_dict(own)
    results = []
    for network in (both, alone):
        torch.manual_seed(1)
        trained(training, network)
        results.append(network.pair(*encoded(network), profile=False)[0][:, 0])
    torch.testing.assert_close(*results)


def test_training_restores_the_weights_that_validated_best(training):
    network = make_network(training)
    rows = RatingRows.of(training.ratings, CPU)
    held = rows.take(torch.arange(40, 240))
    few = replace(training, ratings=training.ratings.take(slice(0, 40)))
    trainer = trained(few, network, held, epochs=80, learning_rate=0.05)
    errors = [e.validation for e in trainer.history]
    assert rmse(network, held) == pytest.approx(min(errors), abs=1e-6)
    assert errors[-1] > min(errors)
    assert errors.index(min(errors)) == len(errors) - 1 - MADE.patience
    assert not network.training


def test_small_data_gets_smaller_batches(training):
    objective = make_objective(training, make_network(training), batch_size=1000, min_batches=30)
    assert len(list(objective.batches())) == 30
