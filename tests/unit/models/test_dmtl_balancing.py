"""Balanced gradients: what PCGrad and GradNorm do to the layer that tasks share."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from groupbench.core.errors import MethodError
from groupbench.models.dmtl.ranking.balancing import (
    GradNorm,
    PCGrad,
    gradients,
    steering,
    without_conflicts,
)
from groupbench.models.dmtl.ranking.recommender import RankingDMTL
from tests._choices import fitted, two_tastes

SEEDS = st.integers(0, 2**31)


def drawn(seed, n_tasks, size=5):
    torch.manual_seed(seed)
    return torch.randn(n_tasks, size, dtype=torch.float64)


@given(SEEDS)
def test_two_projected_gradients_are_against_neither(seed):
    first, second = found = drawn(seed, 2)
    projected = without_conflicts(found)
    assert (projected @ found.T > -1e-9).all()
    if first @ second >= 0:
        assert projected is found
    else:
        expected = first - (first @ second) / (second @ second) * second
        torch.testing.assert_close(projected[0], expected)
        torch.testing.assert_close(projected[1], second - (first @ second) / (first @ first) * first)


@given(SEEDS, st.integers(3, 5))
def test_many_gradients_are_projected_in_a_random_order(seed, n):
    found = drawn(seed, n, 3)
    torch.manual_seed(seed)
    projected = without_conflicts(found)
    if (found @ found.T >= 0).all():
        assert projected is found
        return
    torch.manual_seed(seed)
    for own in range(n):
        expected = found[own].numpy().copy()
        for other in torch.randperm(n).tolist():
            along = expected @ found[other].numpy()
            if other != own and along < 0:
                expected = expected - along / np.sum(found[other].numpy() ** 2) * found[other].numpy()
        np.testing.assert_allclose(projected[own].numpy(), expected, atol=1e-12)


def test_steering_has_a_gradient_and_no_value():
    layer = [torch.randn(2, 3, requires_grad=True), torch.randn(2, requires_grad=True)]
    correction = torch.arange(8.0)
    addend = steering(layer, correction)
    assert addend == 0
    torch.testing.assert_close(gradients([addend], layer)[0], correction)


@pytest.mark.parametrize("sign", [1.0, -1.0], ids=["agree", "conflict"])
def test_pcgrad_steers_where_tasks_conflict(sign):
    layer = [torch.tensor([1.0, 2.0], requires_grad=True)]
    losses = {"one": layer[0] @ torch.tensor([1.0, 0.0]), "two": layer[0] @ torch.tensor([sign, 1.0])}
    found = gradients(losses.values(), layer)
    total = PCGrad(["one", "two"]).total(losses, layer)
    assert total == losses["one"] + losses["two"]
    torch.testing.assert_close(gradients([total], layer)[0], without_conflicts(found).sum(dim=0))
    plain = gradients([losses["one"] + losses["two"]], layer)[0]
    assert torch.equal(gradients([total], layer)[0], plain) == (sign > 0)


@given(SEEDS, st.floats(0, 2))
def test_gradnorm_descends_the_distance_of_the_norms(seed, alpha):
    torch.manual_seed(seed)
    weights, directions = torch.rand(3) + 0.5, torch.randn(3, 4)
    layer = [torch.randn(4, requires_grad=True)]
    balancing = GradNorm(["a", "b", "c"], alpha, rate=1e-3)
    balancing.weights.copy_(weights)
    balancing.first.copy_(torch.rand(3) + 0.5)
    losses = {name: (layer[0] @ d).square() + 0.1 for name, d in zip("abc", directions, strict=True)}
    total = balancing.total(losses, layer)
    values = torch.stack(list(losses.values()))
    torch.testing.assert_close(total, weights @ values)

    free = weights.clone().requires_grad_()
    sizes = free * gradients(losses.values(), layer).norm(dim=1)
    shares = values.detach() / balancing.first
    target = sizes.detach().mean() * (shares / shares.mean()) ** alpha
    loss = (sizes - target).abs().sum() / sizes.detach().mean()
    (slope,) = torch.autograd.grad(loss, free)
    moved = (weights - 1e-3 * slope).clamp(min=1e-3)
    torch.testing.assert_close(balancing.weights, moved * weights.sum() / moved.sum(), rtol=1e-4, atol=1e-5)


def test_gradnorm_makes_gradients_of_one_size():
    layer = [torch.ones(2)]
    balancing = GradNorm(["small", "large"], alpha=0.0, rate=0.01)
    directions = torch.tensor([[0.1, 0.0], [0.0, 1.0]])
    for _ in range(800):
        layer = [torch.ones(2, requires_grad=True)]
        balancing.total({n: layer[0] @ d for n, d in zip(balancing.tasks, directions, strict=True)}, layer)
    assert balancing.weights.sum() == pytest.approx(2)
    norms = balancing.weights * directions.norm(dim=1)
    assert norms[0] == pytest.approx(float(norms[1]), rel=0.2)


def test_a_task_alone_keeps_its_weight():
    layer = [torch.ones(2, requires_grad=True)]
    balancing = GradNorm(["a", "b"], alpha=1.0, rate=0.1)
    balancing.total({"a": layer[0].sum()}, layer)
    assert balancing.weights.tolist() == [1.0, 1.0]
    assert balancing.first[0] == 2
    assert balancing.first[1].isnan()


@pytest.mark.parametrize("balancing", ["pcgrad", "gradnorm"])
def test_balanced_training_goes_on_from_a_checkpoint(balancing, tmp_path):
    tasks = {"companion_weight": 0.5, "cluster_weight": 0.5, "clusters": 2, "balancing": balancing}
    train = two_tastes()
    whole = fitted(train, **tasks, refit=False)
    model = RankingDMTL(width=8, epochs=6, batch_size=8, min_batches=4, refit=False, **tasks)
    objectives, make = [], model.make_objective

    def broken(network, data, held_out):
        objective = make(network, data, held_out)
        objectives.append(objective)
        validate = objective.validate
        counter = iter(range(100))

        def interrupted():
            if next(counter) == 3:
                raise KeyboardInterrupt
            return validate()

        objective.validate = interrupted
        return objective

    model.make_objective = broken
    with pytest.raises(KeyboardInterrupt):
        model.fit(train, rng=np.random.default_rng(0), checkpoints=tmp_path)
    model.make_objective = make
    model.fit(train, rng=np.random.default_rng(0), checkpoints=tmp_path)
    np.testing.assert_array_equal(model.score_groups(train.groups), whole.score_groups(train.groups))
    assert bool(objectives[0].extra_weights()) == (balancing == "gradnorm")


def test_balancing_changes_training_and_needs_a_shared_layer():
    train = two_tastes()
    plain = fitted(train).score_groups(train.groups)
    assert not np.array_equal(plain, fitted(train, balancing="gradnorm").score_groups(train.groups))
    with pytest.raises(MethodError, match="balancing=pcgrad needs a layer that tasks share; set shared=True"):
        fitted(train, balancing="pcgrad", shared=False)
