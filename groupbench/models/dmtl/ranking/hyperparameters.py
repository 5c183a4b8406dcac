"""What the user of DMTL for choices decides: the network, its tasks and its training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from groupbench.core.hyperparameters import Above0, AtLeast0, Count, Share, tunable
from groupbench.core.registry import text_encoders
from groupbench.models.deep import Decay, DropoutRate, TrainedRecommender
from groupbench.models.text.encoders import require

RankingLoss = Literal["auto", "softmax", "sampled-softmax", "pairwise"]
"""How rankings are learned; `auto` is a softmax over all items, or over sampled ones where there are many."""

Tables = Literal["auto", "dense", "sparse"]
"""Whether each step moves all embeddings or those that it read; `auto` is `sparse` where there are many."""

MemberAttention = Literal["learned", "mean", "none"]
"""How members are weighed in their group, or `none`: they are not read."""

ChoiceObjective = Literal["ranking", "both"]
"""What is learned beside the tasks of profiling: rankings, or ratings as well."""

GradientBalancing = Literal["none", "pcgrad", "gradnorm"]
"""How the tasks' gradients on the shared layer are balanced."""

WORDS, NONE = "words", "none"
"""What is no encoder of texts: the words that stand among the features, and no text at all."""


@dataclass
class RankingHyperparameters(TrainedRecommender):
    """The hyperparameters of DMTL for choices; the defaults validated best."""

    objective: ChoiceObjective = "ranking"
    """Whether ratings of users and groups are predicted beside rankings of all items. That is a task for the
    representation alone: scores are rankings in both cases."""
    width: Count = tunable(64, low=16, high=256, log=True)
    """Width of all representations."""
    ids: bool = False
    """Whether users and groups have id embeddings, beside what they chose; few rows overfit them."""
    histories: bool = True
    """Whether what users and groups chose is an input."""
    features: bool = True
    """Whether features of users and items are inputs, where the data has them."""
    text: str = WORDS
    """What is made of texts: `words`, those among the features of users and items (TF-IDF), as these are;
    `none`; or the name of an encoder, whose vectors replace the words, with or without other features:
    `tfidf`, `wordllama`, `sentence-transformers:NAME`, or one that a plugin adds."""
    attention: MemberAttention = "learned"
    """How members are weighed: by learned attention, or all alike; or they are not read, and a group is known
    by its own choices and id and by the share of its members that chose an item (`none`)."""
    shared: bool = True
    """Whether ranking and profiling share the layer above the encoders; else each reads them itself."""
    members_choices: bool = True
    """Whether the share of a group's members that chose an item, times a learned weight, is added."""
    share_scale: Above0 = tunable(1.0, low=1.0, high=30.0, log=True)
    """Multiplies that weight, which starts from 0: how fast it is learned."""
    profile_weight: AtLeast0 = tunable(0.1, low=0.001, high=1.0, log=True)
    """Weight of telling the group from some of its members."""
    companion_weight: AtLeast0 = 0.0
    """Weight of telling who shares a group with a user."""
    cluster_weight: AtLeast0 = 0.0
    """Weight of telling the KMeans cluster of a user, the paper's profile where groups are formed. Where all
    ratings are equal, users are clustered by the categories, or by factors, of what they chose."""
    clusters: Count = 20
    """Number of KMeans clusters, which are made from training rows alone."""
    rating_weight: AtLeast0 = 1.0
    """Weight of the squared error of ratings as shares of the scale (objective=both)."""
    balancing: GradientBalancing = "none"
    """How the tasks' gradients on the shared layer are balanced: not at all, by projecting each on the normal
    plane of those that it conflicts with (PCGrad), or by learned weights, which make them one size (GradNorm)
    and which the tasks' weights here only multiply."""
    gradnorm_alpha: AtLeast0 = 1.5
    """How much faster a task is to learn whose loss has fallen less than others' (balancing=gradnorm)."""
    gradnorm_rate: Above0 = 0.025
    """Step size of the learned weights (balancing=gradnorm)."""
    overlaps: bool = tunable(False, choices=(False, True))
    """Whether a group also reads what the groups chose that share most members with it."""
    neighbors: Count = 20
    """Most groups that are read so (overlaps=True)."""
    user_weight: AtLeast0 = tunable(1.0, low=0.05, high=2.0, log=True)
    """Weight of the users' loss beside the groups'; 0 leaves their rows out."""
    dropout: DropoutRate = tunable(0.5, low=0.0, high=0.8)
    """Share of the choices in a history that a step leaves out."""
    id_dropout: Share = 0.5
    """With ids: share of the users and groups whose id a step leaves out, to serve those without one well."""
    cold_dropout: Share = 0.2
    """Share of the groups that a step serves by their members alone, without id and choices of their own."""
    item_dropout: Share = 0.5
    """With encoded texts: share of items that a step knows by these alone, so that new ones are served."""

    positive: Share | None = tunable(0.5, choices=(0.0, 0.5, 0.75))
    """Lowest rating that counts as a choice, as a share of the scale; 0 and None: every rating counts."""
    loss: RankingLoss = "auto"
    """How rankings are learned: see `losses`; `auto` samples where there are more than 20,000 items."""
    negatives: Count = 512
    """Items that a step samples, with popular ones drawn more often, for the losses that sample."""
    most_targets: Count = 32
    """Choices of a rater that a step learns from, about, for the losses that sample."""
    tables: Tables = "auto"
    """Which embeddings a step moves; `auto` is `sparse` for more than 200,000 users, groups and items.
    With `sparse` the running average is of the layers alone."""
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

    def __post_init__(self) -> None:
        if self.encodes_text:
            kind = self.text.partition(":")[0]
            if kind not in text_encoders:
                raise text_encoders.unknown(kind, (WORDS, NONE))
            require(self.text)

    @property
    def encodes_text(self) -> bool:
        """Whether texts are encoded."""
        return self.text not in (WORDS, NONE)
