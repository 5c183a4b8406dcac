"""Small data of what users and groups choose, and DMTL for choices fitted on it."""

from __future__ import annotations

import numpy as np
import torch

from groupbench.data.dataset import Ratings
from groupbench.data.groups import Groups
from groupbench.models.deep import ChoiceRows, Interactions, Members
from groupbench.models.dmtl.ranking.network import Inputs, RankingNetwork
from groupbench.models.dmtl.ranking.recommender import RankingDMTL
from groupbench.models.recommender import TrainingData

N_USERS, N_ITEMS, N_GROUPS = 40, 30, 16


def rows(pairs, n_raters):
    raters, items = np.array(sorted(pairs)).T
    return Ratings(raters, items, np.ones(len(raters)), n_raters, N_ITEMS)


def two_tastes(joint=True):
    """Even users and their groups choose the first half of the items, odd ones the second half."""
    rng = np.random.default_rng(5)
    half = N_ITEMS // 2

    def chosen(taste, n):
        return taste * half + rng.choice(half, n, replace=False)

    users = {(u, int(i)) for u in range(N_USERS) for i in chosen(u % 2, 8)}
    members = [(np.arange(3) * 2 + 2 * (g // 2) + g % 2) % N_USERS for g in range(N_GROUPS)]
    groups = {(g, int(i)) for g in range(N_GROUPS - 2) for i in chosen(g % 2, 5)}
    return TrainingData(
        ratings=rows(users, N_USERS),
        scale=(1.0, 1.0),
        groups=Groups.from_lists(members),
        group_ratings=rows(groups, N_GROUPS) if joint else None,
    )


def fitted(train, **chosen):
    made = RankingDMTL(width=8, epochs=6, batch_size=8, min_batches=4, **chosen)
    return made.fit(train, rng=np.random.default_rng(0))


def taste(scores):
    """The share of each row's ten best items that lie in the second half."""
    return (np.argsort(-scores, axis=1)[:, :10] >= N_ITEMS // 2).mean(axis=1)


def network_of(train, **chosen):
    torch.manual_seed(0)
    data = Interactions(
        ChoiceRows.of(train.ratings), ChoiceRows.of(train.group_ratings), Members.of(train.groups)
    )
    inputs = Inputs(torch.empty(N_USERS, 0), torch.empty(N_ITEMS, 0))
    return RankingNetwork(data, RankingDMTL(width=8, **chosen), inputs).eval()
