"""AlignGroup's network: a hypergraph's consensus, held close to the middle of the group's members."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from groupbench.models.deep.convolutions import Hypergraph, bounds
from groupbench.models.deep.network import Batch, Encoded, GroupNetwork
from groupbench.models.deep.pair_layers import embedding, inner

if TYPE_CHECKING:
    from groupbench.models.deep.interactions import Interactions


class AlignGroupNetwork(GroupNetwork):
    """Logits of groups by their consensus, which is aligned with members; see `AlignGroup`.

    Args:
        data: decides the sizes and the hypergraph.
        width: width of the embeddings.
        layers: convolutions over the hypergraph.
        thinning: share of the graph that a step of training leaves out.
        align_weight: weight of the alignment; 0 leaves it out.
        temperature: divides the cosines in the alignment.
    """

    def __init__(
        self,
        data: Interactions,
        *,
        width: int,
        layers: int,
        thinning: float,
        align_weight: float,
        temperature: float,
    ) -> None:
        super().__init__(data)
        self.align_weight = align_weight
        self.temperature = temperature
        self.hypergraph = Hypergraph(data, width, layers, own=False, thinning=thinning)
        self.users = embedding(data.n_users, width)
        self.items = embedding(data.n_items, width)
        self.groups = embedding(data.n_groups, width)

    def encode(self) -> Encoded:
        """Users, items and groups as the hypergraph leaves them."""
        encoded: Encoded = self.hypergraph(self.users.weight, self.items.weight, self.groups.weight)
        return encoded

    def group_logits(self, encoded: Encoded, groups: Tensor, items: Tensor) -> Tensor:
        """Inner products of propagated groups and items."""
        return inner(encoded[2][groups], encoded[1][items])

    def user_logits(self, encoded: Encoded, users: Tensor, items: Tensor) -> Tensor:
        """Inner products of propagated users and items."""
        return inner(encoded[0][users], encoded[1][items])

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
