"""HHGR as a method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupbench.core.hyperparameters import tunable
from groupbench.models.deep.method import AtLeast0, Count, Dropout, GraphRecommender

if TYPE_CHECKING:
    from groupbench.models.deep.hhgr_network import HhgrNetwork
    from groupbench.models.deep.interactions import Interactions


@dataclass
class Hhgr(GraphRecommender):
    """HHGR: hypergraphs of users and of groups, self-supervised at two scales (Zhang et al., CIKM 2021).

    In each layer a group takes the mean of W u + b over its members and a user the mean of its groups; the
    last layer is added to the user's embedding. In training users are seen twice: the coarse view leaves a
    share `drop` of them out of all groups, the fine one a share of the single memberships. The mean of both
    is used, and a bilinear discriminator tells both views of a user from views of two users, with
    `contrast_weight` times its cross-entropy added to the loss. A group is the sum of its members weighed
    by softmax(h' ReLU(P u + p)), its embedding g and V g averaged over the groups it forms triangles with:
    the motif matrix is (C C) * C, where C links groups that share members ("Double-Scale Self-Supervised
    Hypergraph Learning for Group Recommendation").

    Deviations: what is learned is learned at once, not users first; scores are inner products, not put
    through a sigmoid; attention weighs members alike for all items, so that groups are embedded once; both
    views share the layers, are drawn anew in each step, and nothing is left out when scoring; `loss` is
    one of four.
    """

    weight_decay: AtLeast0 = tunable(0.0, low=0.0, high=3.0)
    """Decoupled decay of all weights, per unit of step size."""
    batch_size: Count = 2048
    """Rows of a step, of groups and users in the proportion of all their rows."""
    drop: Dropout = tunable(0.2, low=0.0, high=0.8)
    """Share of users, or of memberships, that a view leaves out."""
    contrast_weight: AtLeast0 = tunable(0.1, low=0.0, high=1.0)
    """Weight of the agreement of both views; 0 leaves it out."""

    def _network(self, data: Interactions) -> HhgrNetwork:
        from groupbench.models.deep.hhgr_network import HhgrNetwork

        return HhgrNetwork(
            data, width=self.width, layers=self.layers, drop=self.drop, contrast_weight=self.contrast_weight
        )
