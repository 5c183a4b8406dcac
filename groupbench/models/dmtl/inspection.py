"""What a fitted DMTL says about pairs of a user and an item besides a rating."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from torch import Tensor

    from groupbench.core.arrays import FloatArray, IntArray
    from groupbench.models.dmtl.network import DMTLNetwork, Encoded

_BLOCK = 8192
"""Pairs that are looked at together."""


def profiles(network: DMTLNetwork, users: IntArray, items: IntArray) -> FloatArray:
    """Probabilities of the groups, the mean over the ensemble: (n, n_groups)."""

    def of(users: Encoded, items: Encoded) -> Tensor:
        logits: Tensor = network.profile(network.below_profile(users, items))
        return logits.softmax(dim=-1).mean(dim=1)

    return _by_block(network, users, items, of)


def representations(network: DMTLNetwork, users: IntArray, items: IntArray) -> FloatArray:
    """What the profile is read from, the networks of the ensemble side by side: (n, ensemble * width)."""
    return _by_block(network, users, items, lambda u, i: network.below_profile(u, i).flatten(1))


def attention(network: DMTLNetwork, users: IntArray, items: IntArray) -> FloatArray:
    """Learned attention weights, the mean over the ensemble: (n, width); each row sums to 1."""
    return _by_block(network, users, items, lambda u, i: network.weights(u, i).mean(dim=1))


@torch.no_grad()
def _by_block(
    network: DMTLNetwork, users: IntArray, items: IntArray, of: Callable[[Encoded, Encoded], Tensor]
) -> FloatArray:
    everyone, everything = network.encode()
    pairs = torch.tensor(np.stack([users, items])).to(network.members.device)
    blocks = [
        of(everyone.take(block[0]), everything.take(block[1])) for block in torch.split(pairs, _BLOCK, 1)
    ]
    return torch.cat(blocks).double().cpu().numpy()
