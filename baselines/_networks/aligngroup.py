"""AlignGroup's network: a hypergraph's consensus, held close to the middle of the group's members."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from groupbench.models.deep import Hypergraph, InnerProductNetwork, bounds, embedding, group_embedding

if TYPE_CHECKING:
    from groupbench.models.deep import Batch, Encoded, Interactions

    from ..deep_graphs import AlignGroup


class AlignGroupNetwork(InnerProductNetwork):
    """Logits of groups by their consensus, which is aligned with members; see `AlignGroup`.

    Args:
        data: decides the sizes and the hypergraph.
        made: the hyperparameters.
    """

    def __init__(self, data: Interactions, made: AlignGroup) -> None:
        super().__init__(data)
        self.align_weight, self.temperature = made.align_weight, made.temperature
        self.hypergraph = Hypergraph(data, made.width, made.layers, own=False, thinning=made.thinning)
        self.users = embedding(data.n_users, made.width)
        self.items = embedding(data.n_items, made.width)
        self.groups = group_embedding(data, made.width)

    def encode(self) -> Encoded:
        """Users, items and groups as the hypergraph leaves them."""
        encoded: Encoded = self.hypergraph(self.users.weight, self.items.weight, self.groups.weight)
        return encoded

    def extra_loss(self, encoded: Encoded, batch: Batch) -> Tensor | None:
        """The alignment of the distinct groups of a batch with their members."""
        if batch.side == "users" or not self.align_weight:
            return None
        groups = torch.unique(batch.raters)
        low, high = bounds(encoded[0], self.data.members, groups)
        return self.align_weight * alignment((low + high) / 2, encoded[2][groups], self.temperature)


def alignment(centers: Tensor, consensus: Tensor, temperature: float) -> Tensor:
    """InfoNCE: each of n centers, (n, width), picks its own group's consensus, (n, width), by cosine."""
    cosines = functional.normalize(centers, dim=1) @ functional.normalize(consensus, dim=1).T
    return functional.cross_entropy(cosines / temperature, torch.arange(len(cosines)))
