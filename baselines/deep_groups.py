"""Deep models that learn from the rows of groups and of their members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from groupbench.core.errors import ConfigError, MethodError
from groupbench.core.hyperparameters import Above0, AtLeast0, Count, Share, Whole, tunable
from groupbench.core.registry import method
from groupbench.models.deep import Decay, DeepRecommender, DropoutRate, TrainedRecommender, Widths

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from groupbench.models.deep import GroupNetwork, HeldOut, Interactions
    from groupbench.models.recommender import TrainingData, TrainingWorkers

    from ._networks.groupim import GroupImNetwork, GroupImObjective, UserObjective


@method("agree")
@method("ncf-group", attention="mean")
@dataclass
class Agree(DeepRecommender):
    """AGREE: attention over members and one NCF tower for groups and users (Cao et al., SIGIR 2018).

    A group with members u and its own embedding q is, for item v, g(v) = sum_u alpha_u(v) u + q, with
    alpha(v) = softmax_u(h' ReLU(P_u u + P_v v + b)). The score is a tower of ReLU layers on
    [g * v; g; v], and a user's that of the same tower on [u * v; u; v]: what users chose and what groups
    chose is learned at once ("Attentive Group Recommendation"). With `attention` = `mean` it is NCF (He et
    al., WWW 2017) on a group's mean member, the paper's baseline without attention.

    Deviations: scores are logits, not put through a sigmoid; the loss is one of four (`regression` is the
    paper's), the default validated best; batches of users and groups take turns at random instead of
    epochs; the weights are a running average over the steps.
    """

    serves_cold_groups: ClassVar[bool] = True

    width: Count = tunable(32, low=8, high=128, log=True)
    """Width of the embeddings."""
    hidden: Widths = (8,)
    """Widths of the tower's hidden layers."""
    attention: Literal["learned", "mean"] = "learned"
    """How members are weighed: by learned attention, or all alike."""
    attention_width: Count = 16
    """Width of the attention's hidden layer."""
    dropout: DropoutRate = tunable(0.2, low=0.0, high=0.8)
    """Dropout on the first hidden layer of tower and attention."""
    averaging: Decay = 0.99
    """Share of the weights' running average that each step keeps; 0 takes the weights as they are."""

    def make_network(self, data: Interactions) -> GroupNetwork:
        """An untrained `AgreeNetwork`."""
        from ._networks.agree import AgreeNetwork

        return AgreeNetwork(data, self)


@method("soagree")
@dataclass
class SoAgree(Agree):
    """SoAGREE: AGREE whose users are also known by whom they follow (Cao et al., TKDE 2019).

    A user with embedding u and followees f, who have embeddings of their own as such, is in groups and alone
    u + sum_f beta_u(f) f with beta_u = softmax_f(w' ReLU(Q_f f + Q_u u + c)); all else is `agree`
    ("Social-Enhanced Attentive Group Recommendation"). Friends without direction follow each other; whoever
    follows nobody stays u.

    Deviations: those of `agree`; and the weights of ties, which some data have, are not used.
    """

    def skip(self, train: TrainingData) -> str:
        """Needs joint ratings and social ties."""
        return super().skip(train) or _without_ties(train)

    def fit(self, train: TrainingData, *, rng: np.random.Generator, checkpoints: Path | None = None) -> Self:
        """Train as `DeepRecommender` does.

        Raises:
            MethodError: likewise, or if there are no social ties.
        """
        if reason := _without_ties(train):
            raise MethodError(f"{type(self).__name__} {reason}; choose a data set with ties, or use 'agree'")
        self._ties = train.social
        return super().fit(train, rng=rng, checkpoints=checkpoints)

    def make_network(self, data: Interactions) -> GroupNetwork:
        """An untrained `SoAgreeNetwork`."""
        from ._networks.soagree import SoAgreeNetwork

        assert self._ties is not None
        return SoAgreeNetwork(data, self._ties, self)


def _without_ties(train: TrainingData) -> str:
    """Why there is nothing to learn from social ties; empty if there is."""
    return (
        ""
        if train.social is not None and len(train.social)
        else "learns from social ties, and there are none"
    )


@method("groupim")
@dataclass
class GroupIm(TrainedRecommender):
    """GroupIM: members' histories and mutual information with their group (Sankar et al., SIGIR 2020).

    A user's preference e_u = tanh(W x_u / |x_u| + b), with further layers if asked for, comes from its
    history x_u, a group's from those of its members, by default with attention:
    e_g = sum_u alpha_u tanh(V e_u), alpha = softmax(h' tanh(V e_u)). One softmax pi(e) over all items
    serves both. The loss L_G + `member_weight` L_UG + `infomax_weight` L_MI is made of

    - L_G = -sum_i x_gi / |x_g| ln pi_i(e_g), what the group chose;
    - L_UG = -mean_u w(u, g) sum_i x_ui / |x_u| ln pi_i(e_g), what its members chose, by their relevance
      w(u, g) = D(e_u, e_g), which no gradient flows through;
    - L_MI, the cross-entropy of the discriminator D(e_u, e_g) = sigmoid(e_u' A e_g), which tells members
      from strangers, half of whom chose an item of the group.

    First the users' part is trained on L_U = -sum_i x_ui / |x_u| ln pi_i(e_u) alone ("GroupIM: A Mutual
    Information Maximization Framework for Neural Group Recommendation").

    Deviations: L_U stays in the loss with `user_weight`, which validated better; a stranger that shares an
    item with the group is drawn by way of an item of the group, so that those who share several are
    likelier; L_UG is a mean over members. A group without rows is scored like any other, by its members.
    """

    serves_cold_groups: ClassVar[bool] = True

    width: Count = tunable(64, low=16, high=256, log=True)
    """Width of the embeddings."""
    layers: Count = 1
    """Layers of the encoder."""
    aggregator: Literal["attention", "mean", "max"] = tunable(
        "attention", choices=("attention", "mean", "max")
    )
    """How members make a group."""
    dropout: DropoutRate = tunable(0.4, low=0.0, high=0.8)
    """Dropout on the items of a history."""
    infomax_weight: AtLeast0 = 1.0
    """Weight of the discriminator's loss L_MI."""
    member_weight: AtLeast0 = tunable(1.0, low=0.0, high=4.0)
    """Weight of the members' choices, L_UG."""
    user_weight: AtLeast0 = 1.0
    """Weight of L_U beside the groups' loss, in batches of its own; 0 is the paper's: pre-training only."""
    strangers: Count = 5
    """Strangers for each group, in the discriminator's loss."""
    near: Share = 0.5
    """Share of the strangers that chose an item that the group chose."""
    pretraining: Whole = 10
    """Passes over the users before the groups are trained on."""

    learning_rate: Above0 = tunable(5e-3, low=5e-4, high=5e-2, log=True)
    """Adam's step size."""
    batch_size: Count = 64
    """Groups, or users, of a step."""
    patience: Count = 20
    """Passes without a better validation score before training stops."""

    def make_network(self, data: Interactions) -> GroupNetwork:
        """An untrained `GroupImNetwork`."""
        from ._networks.groupim import GroupImNetwork

        return GroupImNetwork(data, self)

    def make_pretraining(self, network: GroupImNetwork, data: Interactions) -> tuple[UserObjective, int]:
        """The users' choices alone, for `pretraining` epochs."""
        from ._networks.groupim import UserObjective

        return UserObjective(network, data, self), self.pretraining

    def make_objective(
        self, network: GroupImNetwork, data: Interactions, held_out: HeldOut | None
    ) -> GroupImObjective:
        """The loss of groups, and of users beside it."""
        from ._networks.groupim import GroupImObjective

        return GroupImObjective(network, data, self, held_out)


@method("hypergroup")
@dataclass
class HyperGroup(DeepRecommender):
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

    serves_cold_groups: ClassVar[bool] = True
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
    dropout: DropoutRate = tunable(0.2, low=0.0, high=0.8)
    """Dropout on the first hidden layer of the tower."""

    batch_size: Count = 512
    """Rows of a step; each propagates over both graphs anew."""
    averaging: Decay = 0.99
    """Share of the weights' running average that each step keeps; 0 takes the weights as they are."""

    def make_network(self, data: Interactions) -> GroupNetwork:
        """An untrained `HyperGroupNetwork`."""
        from ._networks.hypergroup import HyperGroupNetwork

        return HyperGroupNetwork(data, self)


@method("c3")
@dataclass
class C3(DeepRecommender):
    """C3: a transformer over a group's members and an item, and contrast (Kim et al., arXiv 2504.13703).

    The members u and the item i are one sequence without order, normalized and passed through a transformer
    encoder; a linear layer on the mean z(g, i) of its tokens scores. A user is a group of one. Beside the
    loss on choices of groups and users stands `contrast_weight` times InfoNCE by cosine: of two random parts
    of a group's members, each with the item that the group chose, z finds the other one's among those of the
    rows of the step ("C3: Capturing Consensus with Contrastive Learning in Group Recommendation").

    Deviations: scores are logits, not put through a sigmoid; the mean is over the tokens that are there, not
    over the longest group's; `loss` is one of four instead of the sum of three, the default validated best;
    each member is left out of a part with the chance `drop`, one at least stays, for groups of any size; a
    row is told from the other half's rows, not from those of its own half, too; one layer with 64
    feed-forward units, not three with 2048, so that a fit takes minutes.

    Raises:
        ConfigError: if `width` is no multiple of `heads`.
    """

    serves_cold_groups: ClassVar[bool] = True
    joint_steps: ClassVar[bool] = True

    width: Count = tunable(32, choices=(16, 32, 64, 128))
    """Width of the embeddings, a multiple of `heads`."""
    layers: Count = tunable(1, low=1, high=3)
    """Layers of the transformer."""
    heads: Count = 2
    """Heads of its attention."""
    hidden: Count = 64
    """Width of its feed-forward layers."""
    dropout: DropoutRate = tunable(0.1, low=0.0, high=0.8)
    """Dropout on tokens and in the transformer."""
    contrast_weight: AtLeast0 = tunable(0.1, low=0.0, high=1.0)
    """Weight of the agreement of two parts of a group's members; 0 leaves it out."""
    drop: DropoutRate = tunable(0.3, low=0.0, high=0.8)
    """Share of the members that such a part leaves out."""
    temperature: Above0 = 1.0
    """Divides the cosines of the agreement."""

    epochs: Count = 30
    """Most passes over the rows."""
    batch_size: Count = 256
    """Rows of a step, of groups and users in the proportion of all their rows."""

    def __post_init__(self) -> None:
        if self.width % self.heads:
            raise ConfigError(
                f"c3.heads: {self.heads} heads do not share a width of {self.width}; give a divisor of it"
            )

    def make_network(self, data: Interactions) -> GroupNetwork:
        """An untrained `C3Network`."""
        from ._networks.c3 import C3Network

        return C3Network(data, self)
