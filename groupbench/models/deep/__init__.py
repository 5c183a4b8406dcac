"""The trainer of deep group models: a network that scores groups, and a dataclass of its hyperparameters.

What is named here is public: the built-in models stand on nothing else, and docs/deep-models.md shows how to
add one. Networks and their layers are imported on first use, so that methods are listed without torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from groupbench.models.deep._recommender import (
    Decay,
    DropoutRate,
    TrainedGroupRecommender,
    TrainedRecommender,
    Widths,
)
from groupbench.models.deep._sampled_recommender import (
    DeepGroupRecommender,
    DeepRecommender,
    GraphRecommender,
)

if TYPE_CHECKING:
    from groupbench.models.deep._bags import Bags, log_likelihood
    from groupbench.models.deep._convolutions import Hypergraph, LightGcn, Thinned, bounds
    from groupbench.models.deep._interactions import ChoiceRows, Interactions, Members, Side
    from groupbench.models.deep._layers import Attention, PairTower, embedding, group_embedding, inner
    from groupbench.models.deep._network import Batch, Encoded, GroupNetwork, InnerProductNetwork, block_rows
    from groupbench.models.deep._objective import DeepObjective
    from groupbench.models.deep._propagation import (
        Propagation,
        choices,
        memberships,
        row_normalized,
        symmetrically_normalized,
        without_diagonal,
    )
    from groupbench.models.deep._validation import HeldOut
    from groupbench.models.layers import Dropout, segment_sum
    from groupbench.models.training import StepLoss

_NEED_TORCH = (
    *(f"{__name__}._{module}" for module in ("network", "layers", "interactions", "objective", "validation")),
    *(f"{__name__}._{module}" for module in ("propagation", "convolutions", "bags")),
    "groupbench.models.layers",
    "groupbench.models.training",
)

__all__ = [
    "Attention",
    "Bags",
    "Batch",
    "ChoiceRows",
    "Decay",
    "DeepGroupRecommender",
    "DeepObjective",
    "DeepRecommender",
    "Dropout",
    "DropoutRate",
    "Encoded",
    "GraphRecommender",
    "GroupNetwork",
    "HeldOut",
    "Hypergraph",
    "InnerProductNetwork",
    "Interactions",
    "LightGcn",
    "Members",
    "PairTower",
    "Propagation",
    "Side",
    "StepLoss",
    "Thinned",
    "TrainedGroupRecommender",
    "TrainedRecommender",
    "Widths",
    "block_rows",
    "bounds",
    "choices",
    "embedding",
    "group_embedding",
    "inner",
    "log_likelihood",
    "memberships",
    "row_normalized",
    "segment_sum",
    "symmetrically_normalized",
    "without_diagonal",
]


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return next(vars(module)[name] for module in map(import_module, _NEED_TORCH) if name in vars(module))
