"""Deep models that propagate what groups, members and items hold over graphs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from groupbench.core.hyperparameters import Above0, AtLeast0, Count, Whole, tunable
from groupbench.core.registry import method
from groupbench.models.deep import DropoutRate, GraphRecommender, Widths

if TYPE_CHECKING:
    from groupbench.models.deep import GroupNetwork, Interactions
    from groupbench.models.recommender import TrainingWorkers


@method("hhgr")
@dataclass
class Hhgr(GraphRecommender):
    """HHGR: hypergraphs of users and of groups, self-supervised at two scales (Zhang et al., CIKM 2021).

    In each layer a group takes the mean of W u + b over its members and a user the mean of its groups; the
    last layer is added to the user's embedding. In training users are seen twice: the coarse view leaves a
    share `drop` of them out of all groups, the fine one a share of the single memberships. The mean of both
    is used, and a bilinear discriminator tells both views of a user from views of two users, with
    `contrast_weight` times its cross-entropy added to the loss. A group is the sum of its members weighed
    by softmax(h' ReLU(P u + p)), its embedding g and V g averaged over the groups it forms triangles with:
    the motif matrix is (C C) * C, where C links groups that share members ("Double-Scale Self-Supervised
    Hypergraph Learning for Group Recommendation").

    Deviations: what is learned is learned at once, not users first; scores are inner products, not put
    through a sigmoid; attention weighs members alike for all items, so that groups are embedded once; both
    views share the layers, are drawn anew in each step, and nothing is left out when scoring; `loss` is
    one of four.
    """

    serves_cold_groups: ClassVar[bool] = True

    weight_decay: AtLeast0 = tunable(0.0, low=0.0, high=3.0)
    """Decoupled decay of all weights, per unit of step size."""
    batch_size: Count = 2048
    """Rows of a step, of groups and users in the proportion of all their rows."""
    drop: DropoutRate = tunable(0.2, low=0.0, high=0.8)
    """Share of users, or of memberships, that a view leaves out."""
    contrast_weight: AtLeast0 = tunable(0.1, low=0.0, high=1.0)
    """Weight of the agreement of both views; 0 leaves it out."""

    def make_network(self, data: Interactions) -> GroupNetwork:
        """An untrained `HhgrNetwork`."""
        from ._networks.hhgr import HhgrNetwork

        return HhgrNetwork(data, self)


@method("cuberec")
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

    serves_cold_groups: ClassVar[bool] = True
    training_workers: ClassVar[TrainingWorkers] = "many"

    width: Count = tunable(64, low=8, high=128, log=True)
    """Width of the embeddings."""
    weight_decay: AtLeast0 = tunable(0.0, low=0.0, high=3.0)
    """Decoupled decay of all weights, per unit of step size."""
    thinning: DropoutRate = tunable(0.2, low=0.0, high=0.9)
    """Share of the graph of users and items that a step of training leaves out."""
    inside_weight: AtLeast0 = tunable(0.3, low=0.0, high=1.0)
    """How much distance within a cube counts beside that outside."""

    def make_network(self, data: Interactions) -> GroupNetwork:
        """An untrained `CubeRecNetwork`."""
        from ._networks.cuberec import CubeRecNetwork

        return CubeRecNetwork(data, self)


@method("consrec")
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

    serves_cold_groups: ClassVar[bool] = True
    training_workers: ClassVar[TrainingWorkers] = "many"

    thinning: DropoutRate = tunable(0.3, low=0.0, high=0.9)
    """Share of the graphs with items in them that a step of training leaves out."""

    def make_network(self, data: Interactions) -> GroupNetwork:
        """An untrained `ConsRecNetwork`."""
        from ._networks.consrec import ConsRecNetwork

        return ConsRecNetwork(data, self)


@method("aligngroup")
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

    serves_cold_groups: ClassVar[bool] = True

    thinning: DropoutRate = tunable(0.5, low=0.0, high=0.9)
    """Share of the groups' items, and of what users and items hear, that a step of training leaves out."""
    align_weight: AtLeast0 = tunable(0.1, low=0.0, high=1.0)
    """Weight of the alignment; 0 leaves it out."""
    temperature: Above0 = 0.2
    """Divides the cosines of the alignment."""

    def make_network(self, data: Interactions) -> GroupNetwork:
        """An untrained `AlignGroupNetwork`."""
        from ._networks.aligngroup import AlignGroupNetwork

        return AlignGroupNetwork(data, self)


@method("dggvae")
@dataclass
class Dggvae(GraphRecommender):
    """DGGVAE: groups at two granularities as distributions over a graph (Xu et al., TOIS 2026).

    AlignGroup's hypergraph gives users u, items i and groups g. The coarse view of a group is its g, the fine
    one ([mean u of its users] + [mean i of its items]) / 2. Both are smoothed, v <- A v `smoothing` times,
    over groups alike: A is D^-1 J with J_gh the mean of the Jaccard overlaps of members and of chosen items,
    for the `neighbors` largest of each group. A view's nodes x = [v; i], scaled to length 1, make
    h = LeakyReLU(S x) on the normalized graph S of groups and their items, and a normal distribution with
    mean M h + m and log variance L h + l, clamped; the product of both views' has the sum of their precisions
    and the mean weighed by these. What stands for a group or an item is the sum z of a draw from the product
    and one from each view, and a layer on z_g * z_i scores. The loss also has `divergence_weight` times the
    divergence of the product from N(0, 1), and `contrast_weight` times InfoNCE between both views of groups,
    and between what is drawn from both ("DGGVAE: Dual-Granularity Graph Variational Auto-Encoder for Group
    Recommendation").

    Deviations: scores are logits, not put through a sigmoid; the hypergraph's layers are trained, which the
    public code leaves as they are drawn, and start as the sum of both means; S also links each node to
    itself, so that groups without rows are scored by their members and groups alike; users are scored by
    propagated embeddings, because those without propagation validated worse; `thinning` hides part of the
    graphs in each step, for a group would else be trained on an item it has just been told; InfoNCE is
    among the groups and items of a step, not all; the divergence takes the variance once, where the public
    code squares it; as there, draws have a share `noise` of the deviation. `loss` is one of four (`bpr` is
    the authors'), the default validated best.
    """

    serves_cold_groups: ClassVar[bool] = True

    learning_rate: Above0 = tunable(2e-2, low=2e-3, high=6e-2, log=True)
    """Adam's step size."""
    weight_decay: AtLeast0 = tunable(0.0, low=0.0, high=3.0)
    """Decoupled decay of all weights, per unit of step size."""
    thinning: DropoutRate = tunable(0.3, low=0.0, high=0.9)
    """Share of the graphs with items in them that a step of training leaves out."""
    neighbors: Count = 50
    """Groups that a group is smoothed over, itself among them."""
    smoothing: Whole = tunable(3, low=0, high=4)
    """Steps over the groups alike."""
    divergence_weight: AtLeast0 = tunable(0.1, low=0.0, high=1.0)
    """Weight of the divergence; 0 leaves it out."""
    contrast_weight: AtLeast0 = tunable(0.01, low=0.0, high=0.3)
    """Weight of the agreement of both views; 0 leaves it out."""
    temperature: Above0 = 0.2
    """Divides the cosines of that agreement."""
    noise: AtLeast0 = 0.1
    """Share of the standard deviation that draws in training have."""
    hidden: Count = 32
    """Width of the hidden layer that scores."""

    def make_network(self, data: Interactions) -> GroupNetwork:
        """An untrained `DggvaeNetwork`."""
        from ._networks.dggvae import DggvaeNetwork

        return DggvaeNetwork(data, self)


@method("hcr")
@dataclass
class Hcr(GraphRecommender):
    """HCR: members over a hypergraph, groups over a graph of groups alike (Jia et al., ICDM 2021).

    Groups are hyperedges that hold their members and the items they chose. In each layer a group takes the
    mean of what it holds, and a user or item the mean of its groups, without weights of its own; a graph
    gives groups G + A G + A^2 G ..., where A is D^-1 (J + I) and J_gh is what g and h share over what either
    has, members and items together. The layers and the embeddings are summed in both. With AGREE's attention
    alpha over the members u of a group and its own g from the graph, an item i is scored by a tower of ReLU
    layers on [q * i; q; i] with q = sum_u alpha_u(i) u + g, and the same tower scores items for users
    ("Hypergraph Convolutional Network for Group Recommendation").

    Deviations: scores are logits, not put through a sigmoid; users are scored by the embeddings of the
    hypergraph, where the public code takes those without propagation; means are over what is there, where it
    adds 1 to each count; groups and users are learned at once instead of in turns, by AdamW; `thinning`
    hides part of the hypergraph in each step, for a group would else be trained on an item it has just been
    told; `loss` is one of four (`regression`, the default, is the paper's).
    """

    serves_cold_groups: ClassVar[bool] = True
    training_workers: ClassVar[TrainingWorkers] = "many"

    loss: Literal["bpr", "regression", "pointwise", "softmax"] = "regression"
    """What is minimized on a chosen item and its negatives."""
    learning_rate: Above0 = tunable(3e-2, low=3e-3, high=1e-1, log=True)
    """Adam's step size."""
    weight_decay: AtLeast0 = tunable(0.0, low=0.0, high=3.0)
    """Decoupled decay of all weights, per unit of step size."""
    hidden: Widths = (8,)
    """Widths of the tower's hidden layers."""
    attention_width: Count = 16
    """Width of the attention's hidden layer."""
    dropout: DropoutRate = tunable(0.2, low=0.0, high=0.8)
    """Dropout on the first hidden layer of tower and attention."""
    thinning: DropoutRate = tunable(0.3, low=0.0, high=0.9)
    """Share of the hypergraph that a step of training leaves out."""

    def make_network(self, data: Interactions) -> GroupNetwork:
        """An untrained `HcrNetwork`."""
        from ._networks.hcr import HcrNetwork

        return HcrNetwork(data, self)
