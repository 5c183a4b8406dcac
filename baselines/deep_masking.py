"""A deep model that learns to rank and to reconstruct what it was not shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from groupbench.core.hyperparameters import AtLeast0, Share, tunable
from groupbench.core.registry import method
from groupbench.models.deep import DropoutRate, GraphRecommender

if TYPE_CHECKING:
    from groupbench.models.deep import GroupNetwork, Interactions


@method("dhmae")
@dataclass
class Dhmae(GraphRecommender):
    """DHMAE: a disentangled hypergraph as a masked autoencoder (SIGIR 2024, 10.1145/3626772.3657699).

    Groups are hyperedges over members and the items they chose. In each layer a group with the means u of its
    members and i of its items hears common c = a u + (1 - a) i, with a from a softmax over q(u) and q(i), and
    its message is m = W_u [u - c; g] + W_i [i - c; g] + c; users and items become the mean of their groups'
    messages, and all layers are summed. A group scores v by the tower of `agree` on
    sum_u alpha_u(v) u + g, a user by the same tower on embeddings without layers. In training, embeddings of
    users, items and groups are masked with the chance `masking` (1 - 1 / degree), and a decoder of two layers
    finds them from what the hypergraph makes in their place: 1 - cosine is added to the loss of groups' rows
    ("DHMAE: A Disentangled Hypergraph Masked Autoencoder for Group Recommendation").

    The paper itself could not be read: equations are those of its public code.

    Deviations: layers and decoder are trained, which the optimizer of that code does not see; scores are
    logits, not put through a sigmoid; what is decoded is not masked a second time, which leaves a decoder
    that works row by row nothing to decode; W_u and W_i start as passing on their first part; `thinning`
    hides part of the graph in each step, for a group would else be trained on an item it has just been told;
    groups without rows are not masked; `loss` is one of four (`bpr` is the authors').
    """

    serves_cold_groups: ClassVar[bool] = True

    thinning: DropoutRate = tunable(0.3, low=0.0, high=0.9)
    """Share of the graph with items in it that a step of training leaves out."""
    masking: Share = tunable(0.2, low=0.0, high=1.0)
    """What the chance 1 - 1 / degree of being masked is multiplied by; 1 is the authors', 0 masks nothing."""
    reconstruction_weight: AtLeast0 = tunable(1.0, low=0.0, high=2.0)
    """Weight of the masked embeddings' reconstruction."""
    dropout: DropoutRate = tunable(0.0, low=0.0, high=0.8)
    """Dropout on the first hidden layer of tower and attention."""

    def make_network(self, data: Interactions) -> GroupNetwork:
        """An untrained `DhmaeNetwork`."""
        from ._networks.dhmae import DhmaeNetwork

        return DhmaeNetwork(data, self)
