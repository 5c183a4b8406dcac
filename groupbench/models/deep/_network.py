"""What a network owes the trainer: logits of (group, item) and (user, item) pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from groupbench.models.deep._layers import inner

if TYPE_CHECKING:
    from groupbench.core.arrays import IntArray
    from groupbench.models.deep._interactions import Interactions, Side

Encoded = tuple[Tensor, ...]

CELLS = 2**23
"""Numbers that may be held for the pairs that are scored at once."""

_OWN_PAIR_SIZE = 64
"""Numbers that a pair takes at least where each rater has items of its own: the vector of the item."""


class Batch(NamedTuple):
    """Rows of one step, all of users or all of groups.

    Attributes:
        side: whose rows they are.
        raters: (n,) users or groups.
        items: (n, 1 + negatives) items; in training the first column was chosen, the others were not.
    """

    side: Side
    raters: Tensor
    items: Tensor

    def take(self, rows: slice) -> Batch:
        """Some of its rows."""
        return Batch(self.side, self.raters[rows], self.items[rows])


class GroupNetwork(nn.Module):
    """A network that scores items for groups and, in a `DeepRecommender`, for users.

    A subclass makes its layers in `__init__`, after `super().__init__(data)`, and has `group_logits`. Scores
    are logits: never put through a sigmoid, whose flat ends would make ties. In evaluation mode the logits of
    a group or a user depend on nobody else who is scored, and on no chance.

    Args:
        data: what it learns from; it decides the sizes, and who is in which group.
    """

    pair_size: int = 32
    """Numbers that a network holds for a pair while it scores it, about."""

    def __init__(self, data: Interactions) -> None:
        super().__init__()
        self.data = data

    def encode(self) -> Encoded:
        """What all pairs of one step share, computed once: for graph networks the propagated embeddings.

        It is handed back to the other methods, before every step and once for all scores.
        """
        return ()

    def group_logits(self, encoded: Encoded, groups: Tensor, items: Tensor) -> Tensor:
        """Logits, (n, k), of `groups`, (n,), for `items`, (n, k) or, the same for all groups, (1, k)."""
        raise NotImplementedError

    def user_logits(self, encoded: Encoded, users: Tensor, items: Tensor) -> Tensor:
        """Logits, (n, k), of `users`, (n,), for `items`, (n, k) or, the same for all users, (1, k)."""
        raise NotImplementedError

    def extra_loss(self, encoded: Encoded, batch: Batch) -> Tensor | None:
        """What is added to the loss of a step (self-supervision, regularization), (), or None."""
        return None

    def logits(self, encoded: Encoded, batch: Batch) -> Tensor:
        """Logits of a batch, shaped like its items."""
        score = self.group_logits if batch.side == "groups" else self.user_logits
        return score(encoded, batch.raters, batch.items)


class InnerProductNetwork(GroupNetwork):
    """A network whose logits are inner products of what `encode` makes: users, items and groups.

    `encode` returns them in this order, (n_users, width), (n_items, width) and (n_groups, width); what it
    returns beside is left for `extra_loss`.
    """

    def group_logits(self, encoded: Encoded, groups: Tensor, items: Tensor) -> Tensor:
        """Inner products of encoded groups and items."""
        return inner(encoded[2][groups], encoded[1][items])

    def user_logits(self, encoded: Encoded, users: Tensor, items: Tensor) -> Tensor:
        """Inner products of encoded users and items."""
        return inner(encoded[0][users], encoded[1][items])


@torch.no_grad()
def blockwise(network: GroupNetwork, encoded: Encoded, batch: Batch) -> Tensor:
    """Logits of a batch of any size by a network in evaluation mode, in blocks of bounded memory.

    Args:
        network: the network.
        encoded: what its `encode` gave.
        batch: any n raters, and items (n, k) or, the same for all of them, (1, k).

    Returns:
        (n, k).
    """
    side, raters, items = batch
    out = torch.empty(len(raters), items.shape[1])
    step = block_rows(network, items)
    for start in range(0, len(raters), step):
        block = slice(start, start + step)
        shown = items if len(items) == 1 else items[block]
        out[block] = network.logits(encoded, Batch(side, raters[block], shown))
    return out


def block_rows(network: GroupNetwork, items: Tensor | IntArray) -> int:
    """How many raters a network scores at once, for items (n, k) or, the same for all of them, (1, k)."""
    size = network.pair_size if len(items) == 1 else max(network.pair_size, _OWN_PAIR_SIZE)
    return max(1, CELLS // (size * max(items.shape[1], 1)))
