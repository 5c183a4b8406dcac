"""What the user of DMTL for choices decides: the network, its tasks and its training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from groupbench.core.hyperparameters import Above0, AtLeast0, Count, Share, tunable
from groupbench.models.deep import Decay, DropoutRate, TrainedRecommender

MemberAttention = Literal["learned", "mean"]
"""How members are weighed in their group."""


@dataclass
class RankingHyperparameters(TrainedRecommender):
    """The hyperparameters of DMTL for choices; the defaults validated best."""

    width: Count = tunable(64, low=16, high=256, log=True)
    """Width of all representations."""
    ids: bool = False
    """Whether users and groups have id embeddings, beside what they chose; few rows overfit them."""
    histories: bool = True
    """Whether what users and groups chose is an input."""
    features: bool = True
    """Whether features of users and items are inputs, where the data has them."""
    attention: MemberAttention = "learned"
    """How members are weighed: by learned attention, or all alike."""
    shared: bool = True
    """Whether ranking and profiling share the layer above the encoders; else each reads them itself."""
    members_choices: bool = True
    """Whether the share of a group's members that chose an item, times a learned weight, is added."""
    profile_weight: AtLeast0 = tunable(0.1, low=0.001, high=1.0, log=True)
    """Weight of telling the group from some of its members."""
    companion_weight: AtLeast0 = 0.0
    """Weight of telling who shares a group with a user."""
    user_weight: AtLeast0 = tunable(1.0, low=0.05, high=2.0, log=True)
    """Weight of the users' loss beside the groups'; 0 leaves their rows out."""
    dropout: DropoutRate = tunable(0.5, low=0.0, high=0.8)
    """Share of the choices in a history that a step leaves out."""
    id_dropout: Share = 0.5
    """With ids: share of the users and groups whose id a step leaves out, to serve those without one well."""
    cold_dropout: Share = 0.2
    """Share of the groups that a step serves by their members alone, without id and choices of their own."""

    positive: Share | None = tunable(0.5, choices=(0.0, 0.5, 0.75))
    """Lowest rating that counts as a choice, as a share of the scale; 0 and None: every rating counts."""
    learning_rate: Above0 = tunable(5e-3, low=1e-3, high=3e-2, log=True)
    """Adam's step size."""
    weight_decay: AtLeast0 = tunable(0.5, low=0.0, high=1.0)
    """Decoupled decay of all weights, per unit of step size."""
    batch_size: Count = 128
    """Most users or groups of a step."""
    min_batches: Count = 20
    """Fewest steps of an epoch, of groups and of users each; in small data they are smaller for it."""
    averaging: Decay = 0.98
    """Share of the weights' running average that each step keeps."""
    patience: Count = 10
    """Passes without a better validation score before training stops."""
