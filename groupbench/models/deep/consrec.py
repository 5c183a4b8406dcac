"""ConsRec as a method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from groupbench.core.hyperparameters import tunable
from groupbench.models.deep.method import Dropout, GraphRecommender

if TYPE_CHECKING:
    from groupbench.models.deep.consrec_network import ConsRecNetwork
    from groupbench.models.deep.interactions import Interactions
    from groupbench.models.recommender import TrainingWorkers


@dataclass
class ConsRec(GraphRecommender):
    """ConsRec: three gated views of a group's consensus (Wu et al., WWW 2023).

    - Groups alike: G + A G + A^2 G ..., where A is D^-1 (J + I) and J_gh is what g and h share over what
      either has, members and items together.
    - Members: groups are hyperedges over members and items. In each layer a group's message is
      m = W [mean u of its users; mean i of its items; i * g] + b with g from the view above, and users and
      items become the mean of their groups' messages; layers are summed.
    - Items: LightGCN on the graph of groups and the items they chose, the mean of its layers.

    A group is sum_v sigmoid(w_v' v + b_v) v over its views v and scores an item of the hypergraph by their
    inner product ("ConsRec: Learning Consensus Behind Interactions for Group Recommendation").

    Deviations: scores are inner products on all data, as the authors' code has them on CAMRa2011, and
    never put through a sigmoid; users are scored by propagated embeddings, because those without
    propagation validated worse; each W, which is trained like all weights, starts as the sum of both means
    plus small random weights; `thinning` hides part of the graphs in each step, for a group would else be
    trained on an item it has just been told; `loss` is one of four (`bpr` is the authors').
    """

    training_workers: ClassVar[TrainingWorkers] = "many"

    thinning: Dropout = tunable(0.3, low=0.0, high=0.9)
    """Share of the graphs with items in them that a step of training leaves out."""

    def _network(self, data: Interactions) -> ConsRecNetwork:
        from groupbench.models.deep.consrec_network import ConsRecNetwork

        return ConsRecNetwork(data, width=self.width, layers=self.layers, thinning=self.thinning)
