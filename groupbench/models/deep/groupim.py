"""GroupIM as a method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from groupbench.core.hyperparameters import tunable
from groupbench.models.deep.method import Above0, AtLeast0, Count, DeepRecommender, Dropout, Share, Whole

if TYPE_CHECKING:
    from groupbench.models.deep.groupim_network import GroupImNetwork, GroupImObjective, UserObjective
    from groupbench.models.deep.interactions import Interactions
    from groupbench.models.deep.validation import HeldOut


@dataclass
class GroupIm(DeepRecommender):
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

    width: Count = tunable(64, low=16, high=256, log=True)
    """Width of the embeddings."""
    layers: Count = 1
    """Layers of the encoder."""
    aggregator: Literal["attention", "mean", "max"] = tunable(
        "attention", choices=("attention", "mean", "max")
    )
    """How members make a group."""
    dropout: Dropout = tunable(0.4, low=0.0, high=0.8)
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
    """Passes without a better validation figure before training stops."""

    def _network(self, data: Interactions) -> GroupImNetwork:
        from groupbench.models.deep.groupim_network import GroupImNetwork

        return GroupImNetwork(
            data, width=self.width, layers=self.layers, aggregator=self.aggregator, dropout=self.dropout
        )

    def _pretraining(self, network: GroupImNetwork, data: Interactions) -> tuple[UserObjective, int]:
        from groupbench.models.deep.groupim_network import UserObjective

        return UserObjective(network, data, self.batch_size), self.pretraining

    def _objective(
        self, network: GroupImNetwork, data: Interactions, held_out: HeldOut | None
    ) -> GroupImObjective:
        from groupbench.models.deep.groupim_network import GroupImObjective, LossSettings

        settings = LossSettings(**{name: getattr(self, name) for name in LossSettings._fields})
        return GroupImObjective(network, data, self.batch_size, settings, held_out)
