"""Training rows a second of DMTL for choices where there are many users: rows that were read, against all.

Both sides train the same network, from the same weights and with the same random numbers, on 100,000 users,
10,000 items and 20,000 groups with their profiles; the losses of their first step must be equal.
"""

from __future__ import annotations

import importlib.util
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from groupbench.models.distributed import SINGLE
from groupbench.models.dmtl.ranking.recommender import RankingDMTL
from groupbench.models.recommender import TrainingData
from groupbench.models.row_tables import RowwiseAdamW
from groupbench.models.training import Schedule, Trainer

USERS, ITEMS, STEPS = 100_000, 10_000, 20
SCALE = Path(__file__).parents[2] / "docs" / "examples" / "scale.py"


@pytest.fixture(scope="module")
def train():
    """The simulated data of the scale study."""
    spec = importlib.util.spec_from_file_location("scale", SCALE)
    scale = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scale)
    data = scale.load(SimpleNamespace(card=SimpleNamespace(name="scale-100k")), USERS, ITEMS)
    return TrainingData(data.ratings, data.scale, data.groups)


class Steps:
    """A training run before its first step, with the mini-batches of its first steps."""

    def __init__(self, train, tables):
        model = RankingDMTL(tables=tables, loss="sampled-softmax", batch_size=512)
        model._train = train
        torch.manual_seed(0)
        users, groups = train.ratings, model._joint_ratings(train)
        data = model._data(train, users, groups)
        network = model.make_network(data)
        objective = model.make_objective(network, data, None)
        optimizer = RowwiseAdamW(network.parameters(), lr=0.005, weight_decay=0.05, fused=True)
        self.trainer = Trainer(network, objective, optimizer, Schedule(1, averaging=0.98))
        network.train()
        self.batches = list(islice(objective.batches(), STEPS))

    def first_loss(self):
        torch.manual_seed(1)
        return self.trainer.objective.loss(self.batches[0], SINGLE).total.item()

    def __call__(self):
        for batch in self.batches:
            self.trainer._step(batch)


def test_steps_at_scale(versus, train):
    ours, dense = Steps(train, "sparse"), Steps(train, "dense")
    assert ours.first_loss() == pytest.approx(dense.first_loss(), rel=1e-5)

    def equal(*_):
        for mine, theirs in zip(ours.batches, dense.batches, strict=True):
            assert mine[0] == theirs[0]
            assert torch.equal(mine[1], theirs[1])

    versus(
        f"{STEPS} steps of DMTL for choices, {USERS:,} users, 512 a step, sparse gradients",
        ours,
        dense,
        equal,
        against="dense gradients and AdamW",
        rounds=3,
    )
