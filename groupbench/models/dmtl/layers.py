"""Layers of DMTL's network, each for a whole ensemble at once: arrays are (..., ensemble, width)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

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
        return linear(x, self.weight, self.bias)


def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Map each member's input, (..., ensemble, n_in), by its weights: (..., ensemble, n_out).

    Args:
        x: any layout; the result has the ensemble first in memory.
        weight: (ensemble, n_in, n_out).
        bias: (ensemble, n_out).
    """
    if weight.shape[-1] == 0:
        return x[..., :0]
    rows = x.flatten(0, -3).transpose(0, 1)
    out = torch.baddbmm(bias[:, None], rows, weight).transpose(0, 1)
    return out.view(*x.shape[:-1], weight.shape[-1])


def side_by_side(*parts: Tensor) -> Tensor:
    """Parts, (..., ensemble, width) each, joined over the last axis, with the ensemble first in memory."""
    return torch.cat([part.movedim(-2, 0) for part in parts], dim=-1).movedim(0, -2)


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
        self._bags: tuple[_Bags, _Bags] | None = None

    def forward(self, vectors: Tensor, hidden: Tensor | None) -> Tensor:
        """Sums for all owners, (n_owners, ensemble, width), of the `vectors` of the others.

        Args:
            vectors: (n_others, ensemble, width).
            hidden: (2, n) pairs that are left out of the sums, or None.
        """
        counts = self.counts
        if hidden is None:
            hidden = self.pairs[:, :0]
        else:
            counts = counts - torch.bincount(hidden[0], minlength=len(counts))
        if self._bags is None or self._bags[0].others.device != self.pairs.device:
            self._bags = _Bags.of(self.pairs, self.shape[0]), _Bags.of(self.pairs.flip(0), self.shape[1])
        sums: Tensor = _BagSums.apply(vectors.flatten(1), *self._bags, hidden)  # type: ignore[no-untyped-call]
        return (sums * counts.clamp(min=1).rsqrt()[:, None]).view(-1, *vectors.shape[1:])

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_bags": None}


class _Bags(NamedTuple):
    """The others of each owner, one owner's after the other's.

    Attributes:
        others: (n_pairs,).
        offsets: (n_owners + 1,) where each owner's start, and the end.
    """

    others: Tensor
    offsets: Tensor

    @classmethod
    def of(cls, pairs: Tensor, n_owners: int) -> _Bags:
        """Those of (owner, other) `pairs`, (2, n_pairs)."""
        owners, order = torch.sort(pairs[0], stable=True)
        counts = torch.bincount(owners, minlength=n_owners)
        return cls(pairs[1][order], functional.pad(counts.cumsum(0), (1, 0)))

    def sums(self, rows: Tensor) -> Tensor:
        """The sums of the others' rows, (n_owners, width); this takes a third of a sparse product's time."""
        return functional.embedding_bag(self.others, rows, self.offsets, mode="sum", include_last_offset=True)


class _BagSums(torch.autograd.Function):
    """Sums over bags less the hidden pairs, (2, n); the bags of the others carry the gradients back."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, bags: _Bags, back: _Bags, hidden: Tensor) -> Tensor:
        ctx.back, ctx.hidden = back, hidden
        return _less(bags.sums(rows), hidden[0], rows, hidden[1])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        rows, (owners, others) = gradients[0].contiguous(), ctx.hidden
        return _less(ctx.back.sums(rows), others, rows, owners), None, None, None


def _less(sums: Tensor, to: Tensor, rows: Tensor, of: Tensor) -> Tensor:
    return sums.index_add_(0, to, rows.index_select(0, of), alpha=-1)


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
        history = None if self.history is None else self.history(self.others.weight, hidden)
        return self._mapped(self.ids.weight, self.features, history)

    def some(self, rows: Tensor) -> Tensor:
        """Encode those in `rows`, (n,), as `forward` does, for an encoder without a history."""
        ids = functional.embedding(rows, self.ids.weight.flatten(1))
        ids = ids.view(len(rows), *self.ids.weight.shape[1:])
        return functional.relu(self._mapped(ids, self.features[rows], None))

    def _mapped(self, ids: Tensor, features: Tensor, history: Tensor | None) -> Tensor:
        weight, bias = self.own.weight, self.own.bias
        ensemble, n_ids = ids.shape[1:]
        known = self.known.view(len(self.known), *bias.shape).transpose(0, 1)
        out = torch.baddbmm(bias[:, None], features.expand(ensemble, -1, -1), known)
        out = torch.baddbmm(out, ids.transpose(0, 1), weight[:, :n_ids])
        if history is not None:
            out = torch.baddbmm(out, history.transpose(0, 1), weight[:, n_ids:])
        return out.transpose(0, 1)

    def forward(self, hidden: Tensor | None = None) -> Tensor:
        """Encode everyone: (n, ensemble, width)."""
        return functional.relu(self.before(hidden))
