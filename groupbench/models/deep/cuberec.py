"""CubeRec as a method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from groupbench.core.hyperparameters import tunable
from groupbench.models.deep.method import AtLeast0, Count, Dropout, GraphRecommender

if TYPE_CHECKING:
    from groupbench.models.deep.cuberec_network import CubeRecNetwork
    from groupbench.models.deep.interactions import Interactions
    from groupbench.models.recommender import TrainingWorkers


@dataclass
class CubeRec(GraphRecommender):
    """CubeRec: groups as hypercubes that items lie in or near (Chen et al., SIGIR 2022).

    LightGCN on what users chose gives users u and items v. The smallest box around the members of a group
    has the middle (max + min) / 2 and the half-widths (max - min) / 2; the group's cube has the center
    c = W_c (max + min) / 2 and the offset o = |W_o (max - min) / 2|. With the vectors
    out = ReLU(|v - c| - o) and in = |v - c| - out the distance of an item is
    |out| + `inside_weight` |in|, and that of an item from a user |v - u| ("Thinking inside The Box:
    Learning Hypercube Representations for Group Recommendation").

    Deviations: logits are distances times a learned factor, negated, for `loss` is one of four instead of
    a hinge; groups and users are learned at once instead of users first; offsets are made positive by their
    absolute value; the self-supervision by intersecting the cubes of two groups and the attentive variant
    are not part of it. A group without rows is scored like any other, by its members.
    """

    training_workers: ClassVar[TrainingWorkers] = "many"

    width: Count = tunable(64, low=8, high=128, log=True)
    """Width of the embeddings."""
    weight_decay: AtLeast0 = tunable(0.0, low=0.0, high=3.0)
    """Decoupled decay of all weights, per unit of step size."""
    thinning: Dropout = tunable(0.2, low=0.0, high=0.9)
    """Share of the graph of users and items that a step of training leaves out."""
    inside_weight: AtLeast0 = tunable(0.3, low=0.0, high=1.0)
    """How much distance within a cube counts beside that outside."""

    def _network(self, data: Interactions) -> CubeRecNetwork:
        from groupbench.models.deep.cuberec_network import CubeRecNetwork

        return CubeRecNetwork(
            data,
            width=self.width,
            layers=self.layers,
            thinning=self.thinning,
            inside_weight=self.inside_weight,
        )
