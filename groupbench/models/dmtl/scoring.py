"""Scores of all items, in blocks of users or groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from groupbench.models.dmtl.network import Encoded, attentive_mean

if TYPE_CHECKING:
    from torch import Tensor

    from groupbench.core.arrays import FloatArray, IntArray
    from groupbench.data.groups import Groups
    from groupbench.models.dmtl.hyperparameters import GroupInference
    from groupbench.models.dmtl.network import DMTLNetwork

_BLOCK_VALUES = 2**18
"""Numbers in the widest array while pairs are scored: a handful of such arrays, of 1 MiB, stay in cache."""


@torch.no_grad()
def of_users(network: DMTLNetwork, users: IntArray) -> FloatArray:
    """Predicted ratings of all items for `users`: (len(users), n_items)."""
    everyone, items = network.encode()
    return _scored(network, everyone.take(torch.tensor(users).to(network.members.device)), items)


@torch.no_grad()
def of_groups(
    network: DMTLNetwork,
    groups: Groups,
    how: GroupInference,
) -> FloatArray:
    """Scores of all items for `groups`, (len(groups), n_items); `how` is `DMTL.group_inference`."""
    if how == "mean-score":
        return _mean_scores(network, groups)
    everyone, items = network.encode()
    return _scored(network, as_rows(network, everyone, groups, how), items)


def as_rows(network: DMTLNetwork, everyone: Encoded, groups: Groups, how: GroupInference) -> Encoded:
    """`groups` made ready for pairs like users, of whom `everyone` is encoded; not for `mean-score`."""
    device = network.members.device
    members = torch.tensor(groups.members).to(device)
    of_member = torch.tensor(groups.segments.of_row).to(device)
    hidden = everyone.hidden
    if how == "centroid":
        hidden = network.users.before(None)
    logits = hidden.new_zeros(len(hidden), hidden.shape[1], 1)
    if how == "attention":
        logits = network.member_logits(hidden)

    def mean(values: Tensor) -> Tensor:
        return attentive_mean(values[members], logits[members], of_member, len(groups))

    merged = functional.relu(mean(hidden)) if how == "centroid" else mean(hidden)
    biases = everyone.biases[:, None, None].expand(-1, hidden.shape[1], 1)
    return network.as_users(merged, mean(biases)[:, 0, 0])


def _mean_scores(network: DMTLNetwork, groups: Groups) -> FloatArray:
    from scipy.sparse import csr_array

    members, columns = np.unique(groups.members, return_inverse=True)
    shares = 1 / groups.sizes[groups.segments.of_row]
    shape = (len(groups), len(members))
    averaging = csr_array((shares, columns, groups.segments.offsets), shape=shape)
    return np.asarray(averaging @ of_users(network, members))


def _scored(network: DMTLNetwork, rows: Encoded, items: Encoded) -> FloatArray:
    n, n_items = len(rows.hidden), len(items.hidden)
    out = np.empty((n, n_items))
    width = network.made.ensemble * max(network.made.width, network.made.shared_width)
    across = max(1, min(n_items, _BLOCK_VALUES // width))
    down = max(1, _BLOCK_VALUES // (across * width))
    for left in range(0, n_items, across):
        columns = slice(left, left + across)
        chosen = items.window(columns, 0)
        for top in range(0, n, down):
            block = slice(top, top + down)
            ratings = network.ratings(rows.window(block, 1), chosen)
            out[block, columns] = ratings.mean(dim=-1).cpu().numpy()
    return out
