"""HyperGroup as a method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from groupbench.core.hyperparameters import tunable
from groupbench.models.deep.method import Count, Decay, Dropout, SampledRecommender, Whole, Widths

if TYPE_CHECKING:
    from groupbench.models.deep.hypergroup_network import HyperGroupNetwork
    from groupbench.models.deep.interactions import Interactions
    from groupbench.models.recommender import TrainingWorkers


@dataclass
class HyperGroup(SampledRecommender):
    """HyperGroup: groups as hyperedges, embedded over shared members (Guo et al., TOIS 2021).

    Users take in their companions, u <- u + ReLU(W u + V n + b) with the mean n of those they share groups
    with. A group is a hyperedge: it starts as the mean of its members and takes in the groups h that share
    members with it, in the same way with n = sum_h s(g, h) h, where s(g, h) is |g and h| / |g or h|, divided
    by its sum over h. A tower of ReLU layers on [g * v; g; v] scores item v, the same for users, and what
    both chose is learned at once ("Hierarchical Hyperedge Embedding-based Representation Learning for Group
    Recommendation").

    Deviations: the data name no friends, so that users' companions are those they share a group with; steps
    add to what a node holds instead of replacing it; `loss` is one of four, the default validated best; the
    weights are a running average over the steps. A group without rows is scored like any other, by its
    members and neighbors.
    """

    training_workers: ClassVar[TrainingWorkers] = "many"

    width: Count = tunable(32, low=8, high=128, log=True)
    """Width of the embeddings."""
    hidden: Widths = (8,)
    """Widths of the tower's hidden layers."""
    user_layers: Whole = tunable(1, low=0, high=3)
    """Steps over the graph of companions."""
    group_layers: Whole = tunable(2, low=0, high=3)
    """Steps over the graph of groups that share members."""
    own_embedding: bool = False
    """Whether a group has an embedding of its own beside its members'."""
    dropout: Dropout = tunable(0.2, low=0.0, high=0.8)
    """Dropout on the first hidden layer of the tower."""

    batch_size: Count = 512
    """Rows of a step; each propagates over both graphs anew."""
    averaging: Decay = 0.99
    """Share of the weights' running average that each step keeps; 0 takes the weights as they are."""

    def _network(self, data: Interactions) -> HyperGroupNetwork:
        from groupbench.models.deep.hypergroup_network import HyperGroupNetwork

        return HyperGroupNetwork(
            data,
            width=self.width,
            hidden=self.hidden,
            user_layers=self.user_layers,
            group_layers=self.group_layers,
            own_embedding=self.own_embedding,
            dropout=self.dropout,
        )
