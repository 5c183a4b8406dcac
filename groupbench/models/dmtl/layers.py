"""Layers of DMTL's network, each for a whole ensemble at once: arrays are (..., ensemble, width)."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from groupbench.models.layers import sparse_product

if TYPE_CHECKING:
    from groupbench.core.arrays import IntArray
    from groupbench.models.dmtl.features import Side


class EnsembleLinear(nn.Module):
    """One linear layer for each member of the ensemble: (..., ensemble, n_in) to (..., ensemble, n_out).

    Args:
        ensemble: number of members.
        n_in: width of the input.
        n_out: width of the output.
        gain: standard deviation of the first weights, times the square root of `fan_in`.
        fan_in: inputs of the whole sum that this layer is a part of; `n_in` if it is all.
    """

    def __init__(
        self, ensemble: int, n_in: int, n_out: int, *, gain: float, fan_in: int | None = None
    ) -> None:
        super().__init__()
        std = gain / math.sqrt(max(1, n_in if fan_in is None else fan_in))
        self.weight = nn.Parameter(torch.empty(ensemble, n_in, n_out).normal_(std=std))
        self.bias = nn.Parameter(torch.zeros(ensemble, n_out))

    def forward(self, x: Tensor) -> Tensor:
        """Map each member's own input."""
        rows = x.flatten(0, -3).transpose(0, 1)
        out = torch.bmm(rows, self.weight).transpose(0, 1) + self.bias
        return out.reshape(*x.shape[:-1], self.weight.shape[-1])


class EnsembleEmbedding(nn.Module):
    """A vector for each id and member of the ensemble, (n, ensemble, width).

    Args:
        n: number of ids.
        ensemble: number of members.
        width: of a vector.
        std: standard deviation of the first weights.
    """

    def __init__(self, n: int, ensemble: int, width: int, std: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n, ensemble, width).normal_(std=std))


class History(nn.Module):
    """The mean-like sum of the vectors of all that a user rated, or of all who rated an item.

    sum over N(u) of y_j / sqrt(|N(u)|), as in SVD++ (Koren, KDD 2008). While training, the rows of the
    mini-batch are taken out of the sum: a rating is predicted from the other rows, as it will be later.

    Args:
        owners: (n_pairs,) whose sum a pair is part of.
        others: (n_pairs,) whose vector the pair adds.
        shape: number of owners and of others.
    """

    pairs: Tensor
    counts: Tensor

    def __init__(self, owners: IntArray, others: IntArray, shape: tuple[int, int]) -> None:
        super().__init__()
        self.shape = shape
        pairs = torch.stack([torch.tensor(owners), torch.tensor(others)])
        self.register_buffer("pairs", pairs, persistent=False)
        counts = torch.bincount(pairs[0], minlength=shape[0]).float()
        self.register_buffer("counts", counts, persistent=False)
        self._matrices: tuple[Tensor, Tensor] | None = None

    def forward(self, vectors: Tensor, hidden: Tensor | None) -> Tensor:
        """Sums for all owners, (n_owners, ensemble, width), of the `vectors` of the others.

        Args:
            vectors: (n_others, ensemble, width).
            hidden: (2, n) pairs that are left out of the sums, or None.
        """
        flat, counts = vectors.flatten(1), self.counts
        sums = sparse_product(flat, *self._sparse())
        if hidden is not None:
            owners, others = hidden
            sums = sums.index_add(0, owners, functional.embedding(others, flat), alpha=-1)
            counts = counts.index_add(0, owners, torch.ones_like(owners, dtype=counts.dtype), alpha=-1)
        return (sums / counts.clamp(min=1).sqrt()[:, None]).view(-1, *vectors.shape[1:])

    def _sparse(self) -> tuple[Tensor, Tensor]:
        if self._matrices is None or self._matrices[0].device != self.pairs.device:
            self._matrices = _counts(self.pairs, self.shape), _counts(self.pairs.flip(0), self.shape[::-1])
        return self._matrices

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_matrices": None}


def _counts(pairs: Tensor, shape: tuple[int, int]) -> Tensor:
    """How often each (row, column) occurs in `pairs`, (2, n), as a compressed sparse matrix."""
    values = torch.ones(pairs.shape[1], device=pairs.device)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta")
        matrix = torch.sparse_coo_tensor(pairs, values, shape, check_invariants=True)
        return matrix.coalesce().to_sparse_csr()


class Encoder(nn.Module):
    """h = ReLU(W x + b), where x is an id embedding and a history beside the known features.

    An id without training rows has a zero embedding, which stays zero: nothing moves it.

    Args:
        side: what is known.
        history: sums over the other side, or None to do without.
        ensemble: number of members.
        embedding: width of the id embeddings; 0 does without.
        history_width: width of the vectors that a history sums.
        width: width of h.
        gain: scale of the first weights.
    """

    features: Tensor
    biases: Tensor

    def __init__(
        self,
        side: Side,
        history: History | None,
        *,
        ensemble: int,
        embedding: int,
        history_width: int,
        width: int,
        gain: float,
    ) -> None:
        super().__init__()
        for name, values in (("features", side.features), ("biases", side.biases)):
            self.register_buffer(name, torch.as_tensor(values, dtype=torch.float32), persistent=False)
        self.ids = EnsembleEmbedding(len(side.seen), ensemble, embedding, std=0.1)
        with torch.no_grad():
            self.ids.weight.mul_(torch.as_tensor(side.seen)[:, None, None])
        self.history = history
        n_features, n_own = self.features.shape[1], embedding
        if history is not None:
            n_own += history_width
            self.others = EnsembleEmbedding(history.shape[1], ensemble, history_width, std=0.03)
        fan_in = n_own + n_features
        self.own = EnsembleLinear(ensemble, n_own, width, gain=gain, fan_in=fan_in)
        std = gain / math.sqrt(max(1, fan_in))
        self.known = nn.Parameter(torch.empty(n_features, ensemble * width).normal_(std=std))

    def before(self, hidden: Tensor | None) -> Tensor:
        """W x + b of everyone, (n, ensemble, width), with the pairs in `hidden` out of the histories."""
        x: Tensor = self.ids.weight
        if self.history is not None:
            x = torch.cat([x, self.history(self.others.weight, hidden)], dim=-1)
        out: Tensor = self.own(x)
        return out + (self.features @ self.known).view(out.shape)

    def some(self, rows: Tensor) -> Tensor:
        """Encode those in `rows`, (n,), as `forward` does, for an encoder without a history."""
        x = functional.embedding(rows, self.ids.weight.flatten(1))
        x = x.view(len(rows), *self.ids.weight.shape[1:])
        out: Tensor = self.own(x)
        return functional.relu(out + (self.features[rows] @ self.known).view(out.shape))

    def forward(self, hidden: Tensor | None = None) -> Tensor:
        """Encode everyone: (n, ensemble, width)."""
        return functional.relu(self.before(hidden))
