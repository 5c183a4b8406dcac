"""How rankings are learned: a softmax over all items or over a sample of them, or pairs of items."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from groupbench.models.deep import Bags

NEVER = -1e9
"""The logit of what counts for nothing; minus infinity would have no gradient where it is alone."""


def softmax_loss(logits: Tensor, targets: Bags) -> Tensor:
    """-sum of weight times ln softmax over all items of each rater's targets, the mean over the raters: ().

    Args:
        logits: (n, n_items).
        targets: n bags of items.
    """
    chosen = logits.log_softmax(dim=1)[targets.owners, targets.items]
    return -(chosen * targets.weights).sum() / len(logits)


class Sample(NamedTuple):
    """Items that a step draws, and how likely each of them was to be drawn.

    Attributes:
        items: (k,) distinct items.
        log_odds: (k,) ln of the probability that a sample holds the item.
        column: (n_items,) the position of each item in `items`, -1 for those that were not drawn.
    """

    items: Tensor
    log_odds: Tensor
    column: Tensor

    def hits(self, targets: Bags) -> Tensor:
        """Which of the sampled items are targets of a rater, (n, k)."""
        column = self.column[targets.items]
        found = column >= 0
        hits = torch.zeros(len(targets.offsets) - 1, len(self.items), dtype=torch.bool)
        hits[targets.owners[found], column[found]] = True
        return hits


class Sampler:
    """Draws items, popular ones more often: the k-th most popular with probability ln((k+1)/k) / ln(n+1).

    Args:
        counts: (n_items,) how often each item was chosen.
        size: number of draws, with replacement; a sample holds each item once. As many as there are items
            take all of them, without a draw.
        uniform: draw all items alike instead.
    """

    def __init__(self, counts: Tensor, size: int, *, uniform: bool = False) -> None:
        n = len(counts)
        self._by_rank = torch.argsort(counts, descending=True, stable=True)
        self._size, self._uniform = size, uniform
        rank = torch.arange(1, n + 1, dtype=torch.float64)
        odds = torch.full_like(rank, 1 / n) if uniform else torch.log1p(1 / rank) / math.log(n + 1)
        self._log_odds = torch.log(-torch.expm1(size * torch.log1p(-odds.clamp(max=1 - 1e-12)))).float()
        self._all = Sample(torch.arange(n), torch.zeros(n), torch.arange(n)) if size >= n else None

    def draw(self) -> Sample:
        """A new sample."""
        if self._all is not None:
            return self._all
        n, lots = len(self._by_rank), torch.rand(self._size, dtype=torch.float64)
        drawn = lots * n if self._uniform else torch.expm1(lots * math.log(n + 1))
        ranks = torch.unique(drawn.long().clamp(max=n - 1))
        items, column = self._by_rank[ranks], torch.full((n,), -1)
        column[items] = torch.arange(len(items))
        return Sample(items, self._log_odds[ranks], column)


def sampled_softmax_loss(chosen: Tensor, others: Tensor, targets: Bags, log_odds: Tensor) -> Tensor:
    """`softmax_loss` estimated from a sample, with a rater's other targets left out of the denominator: ().

    Each sampled item stands for as many as its odds say: ln sum of exp(logit - ln odds) estimates that of all
    items which the rater did not choose (Horvitz and Thompson, JASA 1952), and is it where all are drawn.

    Args:
        chosen: (n_rows,) logits of the targets.
        others: (n, k) logits of the sampled items, those of a rater's targets `NEVER`.
        targets: n bags of items.
        log_odds: (k,) ln of the probability that an item is sampled.
    """
    rest: Tensor = _LogSumExp.apply(others - log_odds)  # type: ignore[no-untyped-call]
    return (functional.softplus(rest[targets.owners] - chosen) * targets.weights).sum() / len(others)


def pairwise_loss(chosen: Tensor, others: Tensor, targets: Bags, lots: Tensor) -> Tensor:
    """-ln of the logistic function of each target's lead over one sampled item (BPR, UAI 2009): ().

    A target whose item turns out to be another target counts for nothing.

    Args:
        chosen: (n_rows,) logits of the targets.
        others: (n, k) logits of the sampled items, those of a rater's targets `NEVER`.
        targets: n bags of items.
        lots: (n_rows,) random numbers from 0 to 1, which decide the item that each is compared with.
    """
    column = (lots * others.shape[1]).long()
    losses = functional.softplus(others[targets.owners, column] - chosen)
    return (losses * targets.weights).sum() / len(others)


class _LogSumExp(torch.autograd.Function):
    """ln sum exp of each row of logits, (n,), which are overwritten: fresh memory costs more than sums."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor) -> Tensor:
        highest = logits.amax(dim=1, keepdim=True)
        sums = logits.sub_(highest).exp_().sum(dim=1, keepdim=True)
        ctx.shares, ctx.sums = logits, sums
        return (sums.log() + highest).squeeze(1)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Tensor:
        shares: Tensor = ctx.shares * (gradients[0][:, None] / ctx.sums)
        return shares
