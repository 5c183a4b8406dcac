"""Training rows a second: batches cut by index from tensors, against a plain loop over a DataLoader.

Both sides train the same network with the same optimizer on the same mini-batches. The plain side is what a
textbook does: a `TensorDataset` of the rows, torch's `DataLoader`, and a network that encodes the user and
the item of each row by itself, one network of an ensemble after the other. The losses of both sides on
equal batches must be equal first. A single network and an ensemble must both be five times as fast.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from groupbench.data.dataset import Features
from groupbench.data.groups import Groups
from groupbench.models.distributed import SINGLE
from groupbench.models.dmtl.features import memberships
from groupbench.models.dmtl.fit import Fit
from groupbench.models.dmtl.hyperparameters import Hyperparameters
from groupbench.models.recommender import TrainingData

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def train(movielens):
    rng, n_users, n_items = np.random.default_rng(0), movielens.ratings.n_users, movielens.ratings.n_items
    return TrainingData(
        movielens.ratings,
        movielens.scale,
        Groups.from_labels(rng.integers(0, 20, n_users)),
        user_features=Features(tuple(f"u={i}" for i in range(30)), np.eye(30)[rng.integers(0, 30, n_users)]),
        item_features=Features(tuple(f"i={i}" for i in range(28)), np.eye(28)[rng.integers(0, 28, n_items)]),
    )


class Plain(nn.Module):
    """One member of an ensemble, written row by row, with that member's weights."""

    def __init__(self, network, member):
        super().__init__()
        self.network = network
        self.user_ids, self.item_ids = (
            self.embedding(side, member) for side in (network.users, network.items)
        )
        self.user_layer, self.item_layer = (
            self.encoder(side, member) for side in (network.users, network.items)
        )
        self.attention = self.over_both(network.attend_users, network.attend_items, member)
        self.shared = self.over_both(network.rating_user, network.rating_item, member)
        self.rating = self.linear(network.rating.weight[member], network.rating.bias[member])
        self.profile = self.linear(network.profile.weight[member], network.profile.bias[member])

    @staticmethod
    def linear(weight, bias):
        layer = nn.Linear(*weight.shape)
        layer.weight, layer.bias = (
            nn.Parameter(weight.detach().T.clone()),
            nn.Parameter(bias.detach().clone()),
        )
        return layer

    @staticmethod
    def embedding(side, member):
        return nn.Embedding.from_pretrained(side.ids.weight[:, member].detach().clone(), freeze=False)

    def encoder(self, side, member):
        known = side.known.view(len(side.known), -1, side.own.weight.shape[-1])[:, member]
        return self.linear(torch.cat([side.own.weight[member], known]), side.own.bias[member])

    def over_both(self, left, right, member):
        weight = torch.cat([left.weight[member], right.weight[member]])
        return self.linear(weight, left.bias[member] + right.bias[member])

    def forward(self, users, items):
        known = self.network.users.features[users], self.network.items.features[items]
        h_u = functional.relu(self.user_layer(torch.cat([self.user_ids(users), known[0]], dim=1)))
        h_i = functional.relu(self.item_layer(torch.cat([self.item_ids(items), known[1]], dim=1)))
        alpha = self.attention(torch.cat([h_u, h_i], dim=1)).softmax(dim=1) * h_i.shape[1]
        z = functional.relu(self.shared(torch.cat([h_u, alpha * h_i], dim=1)))
        joined = torch.cat([functional.dropout(z, self.network.made.dropout), h_u * alpha * h_i], dim=1)
        base = self.network.mean + self.network.users.biases[users] + self.network.items.biases[items]
        return base + self.rating(joined).squeeze(1), self.profile(joined)


def plain_losses(members, users, items, values, groups):
    outs = [member(users, items) for member in members]
    mse = torch.stack([functional.mse_loss(rating, values) for rating, _ in outs])
    return mse, torch.stack([functional.cross_entropy(profile, groups[users]) for _, profile in outs])


def plain_epoch(members, optimizer, loader, groups, profile_weight):
    for users, items, values in loader:
        mse, entropy = plain_losses(members, users, items, values, groups)
        optimizer.zero_grad()
        (mse + profile_weight * entropy).sum().backward()
        optimizer.step()


def trainer_of(train, **options):
    # Histories have no textbook form over single rows, so both sides do without.
    made = Hyperparameters(interactions=False, refit=False, epochs=10, **options)
    return Fit(made, train, CPU).trainer(made, train.ratings)


@pytest.mark.parametrize(("ensemble", "bar"), [(1, 5), (6, 5)])
def test_rows_a_second(movielens, train, versus, ensemble, bar):
    rows, groups = train.ratings, torch.tensor(memberships(train.groups, train.ratings.n_users)[:, 0])
    data = TensorDataset(
        torch.tensor(rows.users), torch.tensor(rows.items), torch.tensor(rows.values, dtype=torch.float32)
    )
    torch.manual_seed(0)
    exact = trainer_of(train, dropout=0.0, ensemble=ensemble)
    objective = exact.objective
    plain = [Plain(exact.network, member) for member in range(ensemble)]

    def equal(*_):
        """Epochs draw their own batches; it is the losses of equal ones that are equal."""
        for index in torch.randperm(len(rows)).split(4096)[:3]:
            batch, weights = objective.rows.take(index), torch.ones(2, ensemble)
            _, ours = objective.losses(batch, SINGLE.whole(len(index)), weights)
            theirs = plain_losses(plain, *data[index], groups)
            torch.testing.assert_close(ours, torch.stack(theirs), rtol=1e-4, atol=1e-5)

    trainer = trainer_of(train, ensemble=ensemble)
    members = nn.ModuleList(Plain(trainer.network, member) for member in range(ensemble))
    made = trainer.objective.made
    optimizer = torch.optim.Adam(members.parameters(), lr=made.learning_rate)
    loader = DataLoader(data, batch_size=made.batch_size, shuffle=True)
    versus(
        f"an epoch of DMTL on {movielens.title}, {ensemble} network{'s' * (ensemble > 1)}",
        trainer.run_epoch,
        partial(plain_epoch, members, optimizer, loader, groups, made.profile_weight),
        equal,
        against="PyTorch's DataLoader",
        bar=bar,
        rounds=3,
    )
