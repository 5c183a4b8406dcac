"""Scores of all items, in blocks of users or groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from torch.nn import functional

from groupbench.dmtl.network import Encoded, attentive_mean

if TYPE_CHECKING:
    from torch import Tensor

    from groupbench.arrays import FloatArray, IntArray
    from groupbench.dmtl.network import Network
    from groupbench.groups import Groups

_BLOCK_VALUES = 2**21
"""Numbers in the widest array while pairs are scored; a handful of such arrays live at once."""


@torch.no_grad()
def of_users(network: Network, users: IntArray) -> FloatArray:
    """Predicted ratings of all items for `users`: (len(users), n_items)."""
    everyone, items = network.encode()
    return _scored(network, everyone.take(torch.tensor(users).to(network.members.device)), items)


@torch.no_grad()
def of_groups(
    network: Network,
    groups: Groups,
    how: Literal["mean-representation", "mean-score", "centroid", "attention"],
) -> FloatArray:
    """Scores of all items for `groups`, (len(groups), n_items); `how` is `DMTL.group_inference`."""
    if how == "mean-score":
        return _mean_scores(network, groups)
    everyone, items = network.encode()
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
    prepared = network.as_users(merged, mean(biases)[:, 0, 0])
    return _scored(network, prepared, items)


def _mean_scores(network: Network, groups: Groups) -> FloatArray:
    from scipy.sparse import csr_array

    members, columns = np.unique(groups.members, return_inverse=True)
    shares = 1 / groups.sizes[groups.segments.of_row]
    shape = (len(groups), len(members))
    averaging = csr_array((shares, columns, groups.segments.offsets), shape=shape)
    return np.asarray(averaging @ of_users(network, members))


def _scored(network: Network, rows: Encoded, items: Encoded) -> FloatArray:
    n, n_items = len(rows.hidden), len(items.hidden)
    out = np.empty((n, n_items))
    width = network.made.ensemble * max(network.made.width, network.made.shared_width)
    step = max(1, _BLOCK_VALUES // max(1, n_items * width))
    columns = items.window(None, 0)
    for start in range(0, n, step):
        block = slice(start, start + step)
        ratings, _ = network.pair(rows.window(block, 1), columns, profile=False)
        out[block] = ratings.mean(dim=-1).cpu().numpy()
    return out
