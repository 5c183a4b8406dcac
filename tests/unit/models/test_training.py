"""The one trainer: early stopping, averages, checkpoints and processes, by itself and under both families."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from groupbench.core.errors import MethodError, ResultError
from groupbench.core.registry import methods
from groupbench.core.seeding import generator
from groupbench.data.dataset import Ratings
from groupbench.data.groups import Groups
from groupbench.models.averaging import WeightAverage
from groupbench.models.distributed import SINGLE, sharing
from groupbench.models.recommender import TrainingData
from groupbench.models.training import Objective, Schedule, StepLoss, Trainer

DMTL = {
    "embedding": 8,
    "width": 16,
    "shared_width": 16,
    "interaction_width": 4,
    "ensemble": 2,
    "min_batches": 3,
}
FAMILIES = {
    "dmtl": {**DMTL, "averaging": 0.5},
    "dmtl-uncertainty": DMTL,
    "dmtl-ranking": {"width": 8, "loss": "sampled-softmax", "tables": "sparse"},
    "agree": {"width": 8},
    "groupim": {"width": 16, "pretraining": 2, "averaging": 0.5},
    "hypergroup": {"width": 8, "batch_size": 60},
    "consrec": {"width": 8, "batch_size": 60},
    "hcr": {"width": 8, "batch_size": 60},
    "cuberec": {"width": 8, "batch_size": 60, "averaging": 0.5},
}


class Scripted(Objective[None]):
    """Pulls weights down for some steps an epoch, and validates by a list."""

    maximize = True

    def __init__(self, network, scores=(), steps=1, factor=1.0):
        self.network, self.scores, self.steps, self.factor = network, iter(scores), steps, factor
        self.before, self.validated = [], []

    def batches(self):
        for _ in range(self.steps):
            self.before.append(self.network.weight.item())
            yield None

    def loss(self, batch, group=SINGLE):
        total = self.network(torch.rand(1)).sum() * self.factor
        return StepLoss(total, total.detach())

    def validate(self):
        assert not self.network.training
        self.validated.append(self.network.weight.item())
        return next(self.scores, math.nan)


class Downwards(Scripted):
    maximize = False


def trainer_of(objective, **schedule):
    optimizer = torch.optim.Adam(objective.network.parameters(), lr=0.1)
    return Trainer(
        objective.network, objective, optimizer, Schedule(**{"epochs": 20, "patience": 3, **schedule})
    )


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


@pytest.mark.parametrize(("make", "sign"), [(Scripted, 1), (Downwards, -1)])
def test_the_weights_that_validated_best_remain(make, sign):
    scores = [sign * score for score in (0.1, 0.4, 0.3, 0.4, 0.2, 0.9)]
    objective = make(nn.Linear(1, 1), scores)
    trainer = trainer_of(objective)
    history = trainer.run()

    assert [epoch.validation for epoch in history] == scores[:5]
    assert trainer.best_epoch == 1
    assert objective.network.weight.item() == objective.validated[1] != objective.validated[4]


def test_buffers_are_those_of_the_best_epoch_too():
    network = nn.Linear(1, 1)
    network.register_buffer("count", torch.zeros(()))
    objective = Scripted(network, [0.1, 0.4, 0.3], steps=1)
    network.register_forward_hook(lambda *_: [network.count.add_(1)].clear())
    trainer_of(objective, epochs=3).run()

    assert network.count == 2


def test_without_validation_all_epochs_are_run_and_the_last_weights_remain():
    trainer = trainer_of(Scripted(nn.Linear(1, 1)), epochs=7, patience=1)
    history = trainer.run()

    assert len(history) == 7
    assert history[-1].losses["loss"] < history[0].losses["loss"]
    assert trainer.best_epoch == 6
    assert not trainer.network.training


def test_a_loss_that_diverges_is_an_error_that_names_the_remedy():
    with pytest.raises(MethodError, match=r"diverged in epoch 1 \(loss -?inf\); lower learning_rate .*0\.1"):
        trainer_of(Scripted(nn.Linear(1, 1), factor=math.inf)).run()


def test_the_average_is_that_of_the_weights_after_each_step():
    network = nn.Linear(1, 1, bias=False)
    average, expected = WeightAverage(network, 0.6), network.weight.item()
    for step in range(1, 40):
        with torch.no_grad():
            network.weight.fill_(float(step))
        average.update()
        keep = min(0.6, step / (step + 10))
        expected = keep * expected + (1 - keep) * step

    with average.in_place():
        assert network.weight.item() == pytest.approx(expected, rel=1e-5)
    assert network.weight.item() == 39


@pytest.mark.parametrize("scores", [[1.0], []])
def test_what_is_validated_and_remains_is_the_average(scores):
    objective = Scripted(nn.Linear(1, 1, bias=False), scores, steps=30)
    trainer_of(objective, epochs=1, averaging=0.9).run()

    assert objective.validated[0] - objective.before[-1] > 0.1
    assert objective.network.weight.item() == objective.validated[0]


def cut_after(monkeypatch, epochs):
    """Let the trainer run so many epochs and then end as a killed process does."""
    run, left = Trainer.run_epoch, iter(range(epochs))

    def run_until_cut(trainer):
        if next(left, None) is None:
            raise KeyboardInterrupt
        run(trainer)

    monkeypatch.setattr(Trainer, "run_epoch", run_until_cut)


@pytest.mark.parametrize("averaging", [0.0, 0.8])
def test_a_run_that_was_cut_off_ends_in_the_same_weights(tmp_path, monkeypatch, averaging):
    def run(checkpoint=None):
        torch.manual_seed(3)
        trainer = trainer_of(Scripted(nn.Linear(1, 1), steps=4), epochs=5, averaging=averaging)
        return trainer.run(checkpoint), trainer.network.weight.detach()

    history, weights = run()
    with monkeypatch.context() as patch:
        cut_after(patch, 2)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "state")
    again, resumed = run(tmp_path / "state")

    assert [epoch.losses for epoch in again] == [epoch.losses for epoch in history]
    assert torch.equal(resumed, weights)


def test_what_is_no_checkpoint_or_one_of_another_run_is_refused(tmp_path):
    file = tmp_path / "state"
    trainer_of(Scripted(nn.Linear(1, 1)), epochs=1).run(file)
    with pytest.raises(MethodError, match="of other data, hyperparameters or seed; remove it"):
        trainer_of(Scripted(nn.Linear(1, 1)), epochs=1).run(file)
    file.write_text("something else")
    with pytest.raises(ResultError, match="cannot read"):
        trainer_of(Scripted(nn.Linear(1, 1)), epochs=1).run(file)


def taste_groups(n_users=40, n_items=30, n_groups=16):
    """Users and groups of three tastes who choose items of theirs, most of the time, and rate them higher."""
    rng = np.random.default_rng(0)

    def rows(n, each):
        raters = np.repeat(np.arange(n), each)
        items = np.concatenate([rng.permutation(n_items)[:each] for _ in range(n)])
        values = np.where(raters % 3 == items % 3, 4.0, 2.0) + rng.integers(0, 2, len(raters))
        return Ratings(raters, items, values, n, n_items)

    members = [rng.choice(np.arange(g % 3, n_users, 3), 3, replace=False) for g in range(n_groups)]
    groups = Groups.from_lists(members, [f"g{g}" for g in range(n_groups)])
    return TrainingData(rows(n_users, 10), (1.0, 5.0), groups, rows(n_groups, 6))


def fit(name, train, workers=1, checkpoints=None, **options):
    made = methods[name].create(**{"epochs": 5, **FAMILIES[name], **options})
    with sharing(workers):
        return made.fit(train, rng=generator("trainer", 0), checkpoints=checkpoints)


def scores(model, train):
    return model.score(np.arange(train.ratings.n_users)), model.score_groups(train.groups)


@pytest.mark.parametrize("name", ["dmtl", "agree", "groupim"])
def test_both_families_stop_early_by_the_trainer(name, monkeypatch):
    seen = []
    run = Trainer.run

    def watched(trainer, *args):
        history = run(trainer, *args)
        seen.append((trainer.schedule, trainer.best_epoch, len(history)))
        return history

    monkeypatch.setattr(Trainer, "run", watched)
    model = fit(name, taste_groups(), epochs=200, patience=2, learning_rate=0.03)
    search, refit = seen[-3 if name == "groupim" else -2], seen[-1]

    assert search[2] == search[1] + 3 == len(model.history) < 200
    assert refit[0].epochs == refit[2] == search[1] + 1


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("epochs", [1, 5])
def test_a_fit_that_was_cut_off_ends_in_the_same_weights(name, epochs, tmp_path, monkeypatch):
    train = taste_groups()
    whole = fit(name, train, patience=10)
    with monkeypatch.context() as patch:
        cut_after(patch, epochs)
        with pytest.raises(KeyboardInterrupt):
            fit(name, train, patience=10, checkpoints=tmp_path)
    torch.manual_seed(11)
    resumed = fit(name, train, patience=10, checkpoints=tmp_path)

    assert resumed.history == whole.history
    for ours, theirs in zip(scores(resumed, train), scores(whole, train), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", ["agree", "groupim"])
def test_methods_that_train_in_one_process_start_no_other(name, monkeypatch):
    monkeypatch.setattr("groupbench.models.distributed._started", lambda *_: pytest.fail("started"))
    train = taste_groups()

    assert fit(name, train, workers=2, epochs=1).history == fit(name, train, epochs=1).history
