"""One epoch of AGREE: batches by index against a DataLoader with attention in a loop over groups."""

from __future__ import annotations

from copy import deepcopy
from functools import partial

import numpy as np
import pytest
import torch
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from groupbench.baselines._networks.agree import AgreeNetwork
from groupbench.baselines.deep_groups import Agree
from groupbench.data.dataset import Ratings
from groupbench.data.groups import Groups
from groupbench.models.deep._interactions import ChoiceRows, Interactions, Members
from groupbench.models.deep._network import Batch
from groupbench.models.deep._objective import DeepObjective, regression
from groupbench.models.training import Schedule, StepLoss, Trainer

N_USERS, N_ITEMS, N_GROUPS, N_ROWS = 800, 500, 300, 1000
NEGATIVES, BATCH = 4, 256


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    groups = Groups.from_lists(
        [rng.choice(N_USERS, rng.integers(2, 12), replace=False) for _ in range(N_GROUPS)]
    )
    cells = rng.permutation(N_GROUPS * N_ITEMS)[:N_ROWS]
    joint = Ratings(cells // N_ITEMS, cells % N_ITEMS, np.ones(N_ROWS), N_GROUPS, N_ITEMS)
    alone = rng.permutation(N_USERS * N_ITEMS)[: 10 * N_USERS]
    own = Ratings(alone // N_ITEMS, alone % N_ITEMS, np.ones(len(alone)), N_USERS, N_ITEMS)
    return Interactions(ChoiceRows.of(own), ChoiceRows.of(joint), Members.of(groups))


@pytest.fixture(scope="module")
def items(data):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return torch.cat([data.groups.items[:, None], data.groups.negatives(NEGATIVES)], dim=1)


@pytest.fixture(scope="module")
def network(data):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return AgreeNetwork(data, Agree(width=32, hidden=(8,), attention_width=16, dropout=0.0))


def by_index(network, data, items):
    """The losses of an epoch as the trainer takes them."""
    for index in torch.split(torch.arange(len(items)), BATCH):
        yield regression(network.logits((), Batch("groups", data.groups.raters[index], items[index])))


def by_loop(network, data, items):
    """The same from a DataLoader of pairs, each group's members attended to in Python."""
    members = [users[:size] for users, size in zip(data.members.users, data.members.sizes, strict=True)]
    groups, chosen = (part.repeat_interleave(NEGATIVES) for part in (data.groups.raters, items[:, 0]))
    pairs = TensorDataset(groups, chosen, items[:, 1:].flatten())
    for batch in DataLoader(pairs, batch_size=BATCH * NEGATIVES):
        difference = [
            pair_logit(network, members[group], group, good) - pair_logit(network, members[group], group, bad)
            for group, good, bad in zip(*batch, strict=True)
        ]
        yield (torch.stack(difference) - 1).square().mean()


def pair_logit(network, users, group, item):
    embedded, target = network.users(users), network.items(item)
    hidden = functional.relu(network.attention.of_member(embedded) + network.attention.of_item(target))
    weights = network.attention.weight(hidden).squeeze(1).softmax(dim=0)
    return network.tower((weights[:, None] * embedded).sum(dim=0) + network.groups(group), target)


class Losses(DeepObjective):
    """Losses that come one after the other."""

    def __init__(self, network, data, losses):
        super().__init__(network, data)
        self.losses = losses

    def batches(self):
        return self.losses

    def loss(self, batch, group):
        return StepLoss(batch, batch.detach())


def epoch(network, data, items, losses):
    trained = deepcopy(network)
    objective = Losses(trained, data, losses(trained, data, items))
    optimizer = torch.optim.AdamW(trained.parameters(), lr=0.01, weight_decay=0.0, fused=True)
    return Trainer(trained, objective, optimizer, Schedule(epochs=1)).run()[0].losses["loss"]


def test_an_epoch(versus, network, data, items):
    versus(
        "an epoch of AGREE, 300 groups",
        partial(epoch, network, data, items, by_index),
        partial(epoch, network, data, items, by_loop),
        lambda ours, theirs: np.testing.assert_allclose(ours, theirs, rtol=1e-4),
        against="a loop over groups with PyTorch's DataLoader",
        rounds=3,
    )
