"""AlignGroup as a method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupbench.core.hyperparameters import tunable
from groupbench.models.deep.method import Above0, AtLeast0, Dropout, GraphRecommender

if TYPE_CHECKING:
    from groupbench.models.deep.aligngroup_network import AlignGroupNetwork
    from groupbench.models.deep.interactions import Interactions


@dataclass
class AlignGroup(GraphRecommender):
    """AlignGroup: a hypergraph's consensus, aligned with the group's members (Xu et al., CIKM 2024).

    Groups are hyperedges that hold their members and the items they chose. In each layer a group's message
    is m = W [mean of its users; mean of its items] + b, and users and items become the mean of the messages
    of their groups; all layers and the embeddings are summed. A group scores an item by their inner
    product. The center of the members is the middle of the smallest box around their embeddings,
    (min + max) / 2 in each coordinate, and `align_weight` times the cross-entropy that the center's cosine
    to its own group's consensus is the highest of all groups in the batch is added to the loss
    ("AlignGroup: Learning and Aligning Group Consensus with Member Preferences for Group Recommendation").

    Deviations: scores are inner products, not a layer on products, and never put through a sigmoid; users
    are scored by propagated embeddings, because those without propagation validated worse; each W starts
    as the sum of both means plus small random weights; `thinning` hides part of the groups' items in each
    step, for a group would else be trained on an item it has just been told; `loss` is one of four
    (`bpr` is the paper's).
    """

    thinning: Dropout = tunable(0.5, low=0.0, high=0.9)
    """Share of the groups' items, and of what users and items hear, that a step of training leaves out."""
    align_weight: AtLeast0 = tunable(0.1, low=0.0, high=1.0)
    """Weight of the alignment; 0 leaves it out."""
    temperature: Above0 = 0.2
    """Divides the cosines of the alignment."""

    def _network(self, data: Interactions) -> AlignGroupNetwork:
        from groupbench.models.deep.aligngroup_network import AlignGroupNetwork

        return AlignGroupNetwork(
            data,
            width=self.width,
            layers=self.layers,
            thinning=self.thinning,
            align_weight=self.align_weight,
            temperature=self.temperature,
        )
