"""What a reader of DMTL's metric values should know of its fit."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from groupbench.data.dataset import Ratings
    from groupbench.models.dmtl.fit import LossRecord
    from groupbench.models.dmtl.network import DMTLNetwork

NEGLIGIBLE = 0.01
"""A share of the loss below this leaves the task to chance; entropy this near its maximum is uniform."""
_SAMPLE = 4096
"""Training rows that attention is measured on."""


def of(network: DMTLNetwork, history: list[LossRecord], rows: Ratings) -> Iterator[str]:
    """Sentences about a network that was trained on `rows`; none if all is well."""
    yield from _dominated(history[0])
    if network.made.attention == "learned":
        entropy = attention_entropy(network, rows)
        if entropy > 1 - NEGLIGIBLE:
            yield (
                f"the attention is uniform: its entropy is {entropy:.1%} of the maximum, so that it weighs "
                "nothing; train longer, or compare with attention=mean"
            )


def log(notices: tuple[str, ...]) -> None:
    """Write notices to the log `groupbench.models.dmtl`; they never stop a run."""
    for notice in notices:
        logging.getLogger(__name__).warning("DMTL: %s", notice)


@torch.no_grad()
def attention_entropy(network: DMTLNetwork, rows: Ratings) -> float:
    """Mean entropy of the attention weights over training rows, as a share of the maximum."""
    sample = torch.linspace(0, len(rows) - 1, min(_SAMPLE, len(rows))).long()
    users, items = network.encode()
    device = network.members.device
    weights = network.weights(
        users.take(torch.tensor(rows.users)[sample].to(device)),
        items.take(torch.tensor(rows.items)[sample].to(device)),
    )
    n = weights.shape[-1]
    return float(torch.special.entr(weights).sum(dim=-1).mean()) / math.log(n) if n > 1 else 0.0


def _dominated(first: LossRecord) -> Iterator[str]:
    profile = first.profile_weight * first.cross_entropy
    share = profile / max(profile + first.mse, 1e-12)
    if profile > 0 and not NEGLIGIBLE <= share <= 1 - NEGLIGIBLE:
        winner = "rating" if share < NEGLIGIBLE else "profiling"
        yield (
            f"the {winner} loss dominates: in the first epoch profiling was {share:.1%} of the loss; "
            "change profile_weight, or set loss_weights=uncertainty"
        )
