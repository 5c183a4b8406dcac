"""Scores of a few items for each user or group, where all items for all of them would be too many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from groupbench.models.dmtl.scoring import as_rows

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray, IntArray
    from groupbench.data.groups import Groups
    from groupbench.models.dmtl.hyperparameters import GroupInference
    from groupbench.models.dmtl.network import DMTLNetwork, Encoded

_BLOCK_VALUES = 2**18
"""Numbers in the widest array while pairs are scored."""


class PairScorer:
    """Scores pairs by a network that is trained no more; users and items are encoded once.

    Args:
        network: in evaluation mode.
    """

    def __init__(self, network: DMTLNetwork) -> None:
        self._network = network
        with torch.no_grad():
            self._users, self._items = network.encode()

    @torch.no_grad()
    def of_users(self, users: IntArray, items: IntArray) -> FloatArray:
        """Predicted ratings of `items`, (len(users), k), for `users`: the same shape."""
        return self._scored(self._users.take(self._tensor(users)), items)

    @torch.no_grad()
    def of_groups(self, groups: Groups, items: IntArray, how: GroupInference) -> FloatArray:
        """Scores of `items`, (len(groups), k), for `groups`: the same shape; `how` as in `scoring`."""
        if how == "mean-score":
            scores = self.of_users(groups.members, items[groups.segments.of_row])
            return groups.segments.mean(scores)
        return self._scored(as_rows(self._network, self._users, groups, how), items)

    def _scored(self, rows: Encoded, items: IntArray) -> FloatArray:
        out = np.empty(items.shape)
        made = self._network.made
        width = made.ensemble * max(made.width, made.shared_width) * max(1, items.shape[1])
        step = max(1, _BLOCK_VALUES // width)
        for start in range(0, len(items), step):
            block = slice(start, start + step)
            chosen = self._items.take(self._tensor(items[block].ravel())).grid(*items[block].shape)
            ratings = self._network.ratings(rows.window(block, 1), chosen)
            out[block] = ratings.mean(dim=-1).cpu().numpy()
        return out

    def _tensor(self, index: IntArray) -> torch.Tensor:
        return torch.tensor(index).to(self._network.members.device)
