"""DGGVAE's network: a coarse and a fine view of groups as Gaussians over a graph, and their product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from groupbench.models.deep import (
    GroupNetwork,
    Hypergraph,
    Propagation,
    Thinned,
    choices,
    embedding,
    group_embedding,
    memberships,
    row_normalized,
    symmetrically_normalized,
)

from .aligngroup import alignment

if TYPE_CHECKING:
    from groupbench.models.deep import Batch, Encoded, Interactions

    from ..deep_graphs import Dggvae

_BLOCK = 1024
"""Groups whose overlaps with all others are held at once."""
_CONTRASTED = 512
"""Most groups, and most items, that a step tells apart: InfoNCE compares each with each."""
_HIGHEST = 10.0
"""Highest logarithm of a variance."""


class Gaussian(NamedTuple):
    """Normal distributions with diagonal covariance.

    Attributes:
        mean: (n, width).
        log_variance: (n, width).
    """

    mean: Tensor
    log_variance: Tensor


class DggvaeNetwork(GroupNetwork):
    """Logits by what both views of groups, as distributions over a graph, agree on; see `Dggvae`.

    Args:
        data: decides the sizes and the graphs.
        made: the hyperparameters.
    """

    def __init__(self, data: Interactions, made: Dggvae) -> None:
        from scipy.sparse import block_array, eye_array

        super().__init__(data)
        self.made = made
        chosen = choices(data.groups)
        held = [memberships(data.members, data.n_users), chosen]
        itself = [eye_array(n) for n in chosen.shape]
        linked = block_array([[itself[0], chosen], [chosen.T, itself[1]]], format="csr")
        self.hypergraph = Hypergraph(data, made.width, made.layers, own=False, thinning=made.thinning)
        self.alike = Propagation(row_normalized(nearest(held, made.neighbors)))
        self.graph = Thinned(symmetrically_normalized(linked), made.thinning)
        self.users = embedding(data.n_users, made.width)
        self.items = embedding(data.n_items, made.width)
        self.groups = group_embedding(data, made.width)
        self.means = nn.ModuleList(nn.Linear(made.width, made.width) for _ in range(2))
        self.log_variances = nn.ModuleList(nn.Linear(made.width, made.width) for _ in range(2))
        hidden = [nn.Linear(made.width, made.hidden), nn.LeakyReLU(), nn.Linear(made.hidden, 1)]
        self.predict = nn.Sequential(*hidden)

    def encode(self) -> Encoded:
        """Users and items as the hypergraph leaves them, groups and items as drawn from the distributions.

        Then, for the loss: the coarse and the fine view of groups, what was drawn for groups and items from
        either, and mean and logarithm of the variance of their product.
        """
        users, items, coarse = self.hypergraph(self.users.weight, self.items.weight, self.groups.weight)
        fine = (self.hypergraph.of_members(users) + self.hypergraph.of_items(items)) / 2
        views = self.smoothed(coarse, fine)
        nodes = [functional.normalize(torch.cat([view, items])) for view in views]
        heard = functional.leaky_relu(self.graph(torch.cat(nodes, dim=1))).chunk(2, dim=1)
        experts = [
            Gaussian(mean(part), log_variance(part).clamp(max=_HIGHEST))
            for part, mean, log_variance in zip(heard, self.means, self.log_variances, strict=True)
        ]
        joint = product(experts)
        drawn = [self.drawn(one) for one in (joint, *experts)]
        of_groups, of_items = torch.stack(drawn).sum(dim=0).tensor_split([self.data.n_groups])
        return users, items, of_groups, of_items, *views, *drawn[1:], *joint

    def smoothed(self, coarse: Tensor, fine: Tensor) -> tuple[Tensor, Tensor]:
        """Both views, (n_groups, width), after some steps over the groups alike."""
        views = torch.cat([coarse, fine], dim=1)
        for _ in range(self.made.smoothing):
            views = self.alike(views)
        first, second = views.chunk(2, dim=1)
        return first, second

    def drawn(self, gaussian: Gaussian) -> Tensor:
        """The means, in training with a share of the noise: (n, width)."""
        if not self.training:
            return gaussian.mean
        deviation = (gaussian.log_variance / 2).exp()
        return gaussian.mean + self.made.noise * deviation * torch.randn_like(deviation)

    def group_logits(self, encoded: Encoded, groups: Tensor, items: Tensor) -> Tensor:
        """The layers on products of groups and items as drawn."""
        logits: Tensor = self.predict(encoded[2][groups][:, None] * encoded[3][items])
        return logits.squeeze(-1)

    def user_logits(self, encoded: Encoded, users: Tensor, items: Tensor) -> Tensor:
        """The same layers on products of users and items of the hypergraph."""
        logits: Tensor = self.predict(encoded[0][users][:, None] * encoded[1][items])
        return logits.squeeze(-1)

    def extra_loss(self, encoded: Encoded, batch: Batch) -> Tensor | None:
        """The divergence of the product from N(0, 1), and the contrast of both views."""
        if batch.side == "users":
            return None
        coarse, fine, of_coarse, of_fine, *joint = encoded[4:]
        loss = self.made.divergence_weight * divergence(Gaussian(*joint))
        if not self.made.contrast_weight:
            return loss
        groups, items = some(batch.raters), some(batch.items[:, 0]) + self.data.n_groups
        both = torch.cat([groups, items])
        contrast = alignment(coarse[groups], fine[groups], self.made.temperature)
        contrast = contrast + alignment(of_coarse[both], of_fine[both], self.made.temperature)
        return loss + self.made.contrast_weight * contrast


def product(experts: list[Gaussian]) -> Gaussian:
    """The normalized product of densities: precisions add up and weigh the means."""
    precisions = torch.stack([(-expert.log_variance).exp() for expert in experts])
    means = torch.stack([expert.mean for expert in experts])
    total = precisions.sum(dim=0)
    return Gaussian((means * precisions).sum(dim=0) / total, -total.log())


def divergence(gaussian: Gaussian) -> Tensor:
    """Kullback-Leibler divergence from N(0, 1), summed over coordinates, the mean over nodes: ()."""
    mean, log_variance = gaussian
    loss: Tensor = (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1).mean() / 2
    return loss


def some(index: Tensor) -> Tensor:
    """The distinct values of `index`, (n,), or a random part of them."""
    distinct: Tensor = torch.unique(index)
    return distinct[torch.randperm(len(distinct))[:_CONTRASTED]]


def nearest(held: list[Any], count: int) -> Any:
    """The graph of groups alike: each group's mean Jaccard overlap with those it overlaps most, itself too.

    Args:
        held: what groups hold, (n_groups, n) each, 0/1, as SciPy CSR arrays.
        count: entries kept in each row; of equals the first.

    Returns:
        (n_groups, n_groups) as a SciPy array.
    """
    from scipy.sparse import csr_array, vstack

    blocks = []
    for start in range(0, held[0].shape[0], _BLOCK):
        rows = slice(start, start + _BLOCK)
        overlap = csr_array(sum(jaccard(part, rows) for part in held)) / len(held)
        group = np.repeat(np.arange(overlap.shape[0]), np.diff(overlap.indptr))
        order = np.lexsort((overlap.indices, -overlap.data, group))
        kept = order[np.arange(len(order)) - overlap.indptr[group] < count]
        entries = overlap.data[kept], (group[kept], overlap.indices[kept])
        blocks.append(csr_array(entries, shape=overlap.shape))
    return vstack(blocks, format="csr")


def jaccard(held: Any, rows: slice) -> Any:
    """|g and h| / |g or h| of the groups of `rows` with all, where they share anything, as a SciPy array."""
    shared = (held[rows] @ held.T).tocoo()
    sizes = held.sum(axis=1)
    shared.data = shared.data / (sizes[rows][shared.row] + sizes[shared.col] - shared.data)
    return shared.tocsr()
