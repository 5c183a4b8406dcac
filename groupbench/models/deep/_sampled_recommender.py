"""Deep group methods whose loss compares what was chosen with sampled items, one class by what they score."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

from groupbench.core.hyperparameters import AtLeast0, Count, Whole, tunable
from groupbench.models.deep._recommender import TrainedGroupRecommender, TrainedRecommender

if TYPE_CHECKING:
    from groupbench.models.deep._interactions import Interactions
    from groupbench.models.deep._network import GroupNetwork
    from groupbench.models.deep._objective import SampledObjective, Sampling
    from groupbench.models.deep._validation import HeldOut


@dataclass
class DeepGroupRecommender(TrainedGroupRecommender):
    """Base of deep methods that score groups: the loss compares the item of each row with sampled others.

    The network has `group_logits`. What users chose is there to look at, in `data.users`, but nothing is
    trained on it; `DeepRecommender` does that.
    """

    loss: Literal["bpr", "regression", "pointwise", "softmax"] = "softmax"
    """What is minimized on a chosen item and its negatives."""
    negatives: Count = 4
    """Sampled negatives for each row."""

    def make_objective(
        self, network: GroupNetwork, data: Interactions, held_out: HeldOut | None
    ) -> SampledObjective:
        """The loss over the rows, each with its negatives."""
        from groupbench.models.deep._objective import SampledObjective

        return SampledObjective(network, data, self._sampling(), held_out)

    def _sampling(self) -> Sampling:
        from groupbench.models.deep._objective import Sampling

        separable = self.training_workers == "many"
        return Sampling(self.loss, self.negatives, self.batch_size, separable=separable)


@dataclass
class DeepRecommender(DeepGroupRecommender, TrainedRecommender):
    """Base of deep methods that score groups and users, and learn from the rows of both.

    The network has `group_logits` and `user_logits`.
    """

    user_weight: AtLeast0 = tunable(1.0, low=0.05, high=5.0, log=True)
    """Weight of the loss on users' rows beside the groups'; 0 leaves their rows out."""

    joint_steps: ClassVar[bool] = False
    """Whether each step learns from groups and users at once; else their steps take turns at random."""

    def _sampling(self) -> Sampling:
        return replace(super()._sampling(), user_weight=self.user_weight, joint=self.joint_steps)


@dataclass
class GraphRecommender(DeepRecommender):
    """Base of deep methods that propagate over graphs: their steps are few and large, on groups and users."""

    joint_steps: ClassVar[bool] = True

    width: Count = tunable(32, low=8, high=128, log=True)
    """Width of the embeddings."""
    layers: Whole = tunable(2, low=0, high=4)
    """Steps over the graphs."""
    weight_decay: AtLeast0 = tunable(1.0, low=0.0, high=3.0)
    """Decoupled decay of all weights, per unit of step size."""
    batch_size: Count = 4096
    """Rows of a step, of groups and users in the proportion of all their rows."""
