"""What graph models share as methods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupbench.core.hyperparameters import tunable
from groupbench.models.deep.method import AtLeast0, Count, SampledRecommender, Whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from groupbench.models.deep._interactions import Interactions
    from groupbench.models.deep._network import GroupNetwork


@dataclass
class GraphRecommender(SampledRecommender):
    """Base of deep models that propagate over graphs: their steps are few and large, on groups and users."""

    width: Count = tunable(32, low=8, high=128, log=True)
    """Width of the embeddings."""
    layers: Whole = tunable(2, low=0, high=4)
    """Steps over the graphs."""
    weight_decay: AtLeast0 = tunable(1.0, low=0.0, high=3.0)
    """Decoupled decay of all weights, per unit of step size."""
    batch_size: Count = 4096
    """Rows of a step, of groups and users in the proportion of all their rows."""

    def _losses(self, network: GroupNetwork, data: Interactions) -> Iterator[Tensor]:
        from groupbench.models.deep._joint import joint_losses
        from groupbench.models.deep._losses import Sampling

        sampling = Sampling(self.loss, self.negatives, self.batch_size, self.user_weight)
        return joint_losses(network, data, sampling)
