"""Epochs of few, large steps that learn from groups and users at once: a graph is propagated over in each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from groupbench.models.deep._losses import LOSSES
from groupbench.models.deep._network import Batch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from groupbench.models.deep._interactions import Interactions
    from groupbench.models.deep._losses import Sampling
    from groupbench.models.deep._network import GroupNetwork, Side


def joint_losses(network: GroupNetwork, data: Interactions, sampling: Sampling) -> Iterator[Tensor]:
    """Yield the loss of each step of an epoch, groups' and users'; computed when it is asked for.

    A step has about `sampling.batch_size` rows, of groups and users in the proportion of all their rows.
    """
    loss = LOSSES[sampling.loss]
    weights: dict[Side, float] = {"groups": 1.0, "users": sampling.user_weight}
    sizes: dict[Side, int] = {"groups": len(data.groups), "users": len(data.users)}
    sides = [side for side, size in sizes.items() if size and weights[side]]
    steps = -(-sum(sizes[side] for side in sides) // sampling.batch_size)
    for batches in zip(*(_parts(side, data, sampling.negatives, steps) for side in sides), strict=True):
        encoded = network.encode()
        total = torch.zeros(())
        for batch in batches:
            if not len(batch.raters):
                continue
            total = total + weights[batch.side] * loss(network.logits(encoded, batch))
            extra = network.extra_loss(encoded, batch)
            total = total if extra is None else total + extra
        yield total


def _parts(side: Side, data: Interactions, negatives: int, count: int) -> list[Batch]:
    """The rows of one side in random order, in `count` parts as equal as can be; some may be empty."""
    rows = data.groups if side == "groups" else data.users
    items = torch.cat([rows.items[:, None], rows.negatives(negatives)], dim=1)
    index = torch.randperm(len(rows)).tensor_split(count)
    return [Batch(side, rows.raters[part], items[part]) for part in index]
