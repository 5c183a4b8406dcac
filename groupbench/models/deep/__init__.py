"""Deep group recommenders on one trainer.

A model is two short files. `_name.py` holds its network, a `GroupNetwork` (see `_network.py`): logits of
(group, item) and (user, item) pairs and, where it needs them, `encode` for what all pairs of a step share
(propagated embeddings, `_graph.py`) and `extra_loss` for what is added to the loss. `name.py` holds its
hyperparameters, a dataclass derived from `SampledRecommender` (see `method.py`) whose `_network` makes the
network; it imports torch in functions only. Sampling, losses, the optimizer, validation, the refit and the
scores of all items are shared. A model with losses of its own derives from `DeepRecommender` and yields
them in `_losses`. One that propagates over graphs derives from `GraphRecommender`, whose steps are few
and large.
"""

from __future__ import annotations

from groupbench.models.deep.agree import Agree
from groupbench.models.deep.aligngroup import AlignGroup
from groupbench.models.deep.consrec import ConsRec
from groupbench.models.deep.cuberec import CubeRec
from groupbench.models.deep.graph import GraphRecommender
from groupbench.models.deep.groupim import GroupIm
from groupbench.models.deep.hhgr import Hhgr
from groupbench.models.deep.hypergroup import HyperGroup
from groupbench.models.deep.method import DeepRecommender, SampledRecommender

__all__ = [
    "Agree",
    "AlignGroup",
    "ConsRec",
    "CubeRec",
    "DeepRecommender",
    "GraphRecommender",
    "GroupIm",
    "Hhgr",
    "HyperGroup",
    "SampledRecommender",
]
