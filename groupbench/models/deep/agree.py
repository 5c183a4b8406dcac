"""AGREE as a method, and the NCF baseline of its paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from groupbench.core.hyperparameters import tunable
from groupbench.models.deep.method import Count, Decay, Dropout, SampledRecommender, Widths

if TYPE_CHECKING:
    from groupbench.models.deep.agree_network import AgreeNetwork
    from groupbench.models.deep.interactions import Interactions


@dataclass
class Agree(SampledRecommender):
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

    width: Count = tunable(32, low=8, high=128, log=True)
    """Width of the embeddings."""
    hidden: Widths = (8,)
    """Widths of the tower's hidden layers."""
    attention: Literal["learned", "mean"] = "learned"
    """How members are weighed: by learned attention, or all alike."""
    attention_width: Count = 16
    """Width of the attention's hidden layer."""
    dropout: Dropout = tunable(0.2, low=0.0, high=0.8)
    """Dropout on the first hidden layer of tower and attention."""
    averaging: Decay = 0.99
    """Share of the weights' running average that each step keeps; 0 takes the weights as they are."""

    def _network(self, data: Interactions) -> AgreeNetwork:
        from groupbench.models.deep.agree_network import AgreeNetwork

        return AgreeNetwork(
            data,
            width=self.width,
            hidden=self.hidden,
            attention_width=self.attention_width if self.attention == "learned" else 0,
            dropout=self.dropout,
        )
