"""SAGEA against its equations, written out group by group."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from groupbench.baselines._networks.sagea import Reconstruction, SageaNetwork
from groupbench.baselines.group_codes import Sagea
from groupbench.core.seeding import generator
from groupbench.data.groups import Groups
from groupbench.testing import small_training

GROUPS = Groups.from_lists([[0, 3, 5], [7], [2, 30], [30, 31]])
"""Users 30 and 31 have no feedback."""


def fitted(**parameters):
    return Sagea(factors=6, epochs=5, code_epochs=5, **parameters).fit(
        small_training(), rng=generator("codes")
    )


@pytest.mark.parametrize("fusion", ["average", "common"])
def test_groups_are_scored_by_the_codes_of_members_with_feedback(fusion):
    sagea = fitted(active=4, fusion=fusion)
    X, row = sagea._feedback.toarray(), np.cumsum(sagea._has) - 1
    codes = sagea._codes.toarray()
    for group, found in zip(GROUPS, sagea.score_groups(GROUPS), strict=True):
        known = [user for user in group if X[user].any()]
        if not known:
            assert not found.any()
            continue
        members, users = codes[row[known]], X[known] @ sagea._items
        code = members.mean(axis=0) * ((members > 0).sum(axis=0) if fusion == "common" else 1)
        code *= np.linalg.norm(members, axis=1).mean() / np.linalg.norm(code)
        decoded = users.mean(axis=1).mean() + users.std(axis=1).mean() * (
            code @ sagea._directions + sagea._bias
        )
        np.testing.assert_allclose(found, decoded @ sagea._items.T - X[known].any(axis=0), atol=1e-9)


def test_users_have_few_codes():
    sagea = fitted(active=3, expansion=4)

    assert sagea._codes.shape == (30, 24)
    assert 1 <= np.diff(sagea._codes.indptr).max() <= 3
    assert sagea._codes.data.min() > 0
    np.testing.assert_allclose(np.linalg.norm(sagea._directions, axis=1), 1, rtol=1e-6)


def test_the_largest_codes_bring_embeddings_back():
    torch.manual_seed(0)
    made = Sagea(active=2, expansion=3, l1=0.1)
    network, users = SageaNetwork(4, made), torch.randn(5, 4)
    mean, deviation = users.mean(dim=1, keepdim=True), users.std(dim=1, keepdim=True, correction=0)
    codes = functional.relu(
        ((users - mean) / deviation - network.bias) @ network.encoder + network.encoder_bias
    )
    codes = torch.where(codes >= codes.sort(dim=1).values[:, -2:-1], codes, 0)
    back = mean + deviation * (codes @ functional.normalize(network.table) + network.bias)
    wanted = 1 - functional.cosine_similarity(back, users).mean() + 0.1 * codes.sum(dim=1).mean()

    torch.testing.assert_close(network.encode(users), codes)
    objective = Reconstruction(network, users, made)
    torch.testing.assert_close(objective.loss(torch.arange(5), None).total, wanted)
