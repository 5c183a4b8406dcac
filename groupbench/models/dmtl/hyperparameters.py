"""What DMTL's user chooses: the network, its training and how groups are scored."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, Self

from groupbench.core.hyperparameters import tunable

GroupInference = Literal["mean-representation", "mean-score", "centroid", "attention"]
"""How members make a group."""


@dataclass
class Hyperparameters:
    """The hyperparameters of DMTL; those of the paper are the defaults where it names them."""

    ids: bool = True
    """Whether users and items have id embeddings."""
    demographics: bool = True
    """Whether the features of users are inputs."""
    genres: bool = True
    """Whether the features of items, but for words, are inputs."""
    text: bool = True
    """Whether the words of titles and descriptions (TF-IDF) are inputs, where the data has them."""
    statistics: bool = tunable(False, choices=(False, True))
    """Whether biases, log counts and users' mean residuals by item feature are inputs too."""
    interactions: bool = True
    """Whether x_u holds the learned vectors of the items that u rated in training, summed as in SVD++, and
    x_i those of the users who rated i. The rows of a mini-batch are not in the sums they are learned with."""
    embedding: int = tunable(32, low=8, high=128, log=True)
    """Width of the id embeddings."""
    interaction_width: int = 32
    """Width of the vectors of rated items and of raters."""
    width: int = tunable(32, low=16, high=256, log=True)
    """Width of h_u, h_i and the attention."""
    shared_width: int = 32
    """Width of the shared representation z."""
    attention: Literal["learned", "mean", "members", "none"] = "learned"
    """What is weighed: the dimensions of h_i by learned weights or by 1/width everywhere (`mean`); or the
    members of the user's groups (`members`), whose weighted mean of h_u is added to h_u; or nothing."""
    attended: Literal["item", "shared"] = "item"
    """Whether learned attention weighs h_i, or z above the shared layer."""
    rescale_attention: bool = True
    """Multiply the weights by `width`, so that they are 1 on average and h_i' keeps the size of h_i;
    mean attention is then the same as none."""
    shared: bool = True
    """Whether both tasks share z; else each has its own layer on [h_u; h_i']."""
    product: bool = True
    """Whether h_u * h_i' stands beside z below both heads."""
    profile_weight: float = tunable(0.01, low=0.001, high=1, log=True)
    """Weight of the group-profiling loss."""
    loss_weights: Literal["fixed", "uncertainty"] = "fixed"
    """Whether `profile_weight` weighs the losses or learned uncertainties do (Kendall et al., CVPR 2018)."""
    freeze_profile: bool = False
    """Whether the profile head keeps its first, random weights."""
    residual: Literal["biases", "mean"] = "biases"
    """What the rating head adds to: mean and shrunken user and item biases, or the mean alone."""
    group_inference: GroupInference = tunable(
        "mean-representation", choices=("mean-representation", "mean-score", "centroid")
    )
    """A group's score: that of its members' mean h_u, the mean of its members' scores, that of the mean of
    its members' inputs x_u, or that of the mean h_u weighed by the attention over members."""
    ensemble: int = 6
    """Networks that differ in their first weights; a score is the mean of theirs."""
    dropout: float = tunable(0.3, low=0, high=0.6)
    """Dropout on z."""
    gain: float = 1.5
    """Standard deviation of a layer's first weights, times the square root of its number of inputs; the
    networks of an ensemble differ more where it is large."""
    learning_rate: float = tunable(6e-3, low=5e-4, high=3e-2, log=True)
    """Adam's step size."""
    embedding_decay: float = tunable(3e-3, low=1e-5, high=0.1, log=True)
    """L2 penalty of id embeddings."""
    interaction_decay: float = tunable(1e-3, low=1e-4, high=0.1, log=True)
    """L2 penalty of the vectors of rated items and of raters."""
    weight_decay: float = 0.0
    """L2 penalty of all other weights."""
    averaging: float = 0.99
    """Weight of the past in the moving average of the weights that predicts; 0 takes the last weights."""
    batch_size: int = 4096
    """Most rating rows in a mini-batch."""
    min_batches: int = 20
    """Fewest mini-batches in an epoch; they are smaller than `batch_size` where data is small."""
    epochs: int = 60
    """Most passes over the training rows."""
    patience: int = 4
    """Passes without a better validation error before training stops."""
    validation_fraction: float = 0.1
    """Share of the training rows that decide when to stop."""
    validation_ensemble: int = 2
    """Most networks that are trained to find out when to stop."""
    refit: bool = True
    """Train anew on all rows for the number of passes that validated best."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to train and score; `auto` takes a GPU where torch finds one."""

    @classmethod
    def of(cls, model: Hyperparameters) -> Self:
        """Those of a model, without the model."""
        return cls(**{field.name: getattr(model, field.name) for field in fields(cls)})
