"""Models of LensKit (Ekstrand, CIKM 2020) as methods: `lenskit:knn.ItemKNNScorer` and so on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from groupbench.core.hyperparameters import tunable
from groupbench.core.registry import methods

from ._foreign import Driver, ForeignRecommender
from ._foreign_library import Library
from ._libraries import lenskit_models


@dataclass
class LenskitRecommender(ForeignRecommender):
    """A LensKit scorer, which is asked for one user at a time, with the user's training rows as history."""

    driver: ClassVar[Driver] = lenskit_models


_SIZE = {
    "embedding_size": tunable(50, low=5, high=200, log=True),
    "epochs": tunable(10, low=5, high=50, log=True),
    "regularization": tunable(0.1, low=0.001, high=10, log=True),
}
_NEIGHBORS = {
    "max_nbrs": tunable(20, low=5, high=200, log=True),
    "min_sim": tunable(1e-6, low=1e-6, high=0.3, log=True),
    "feedback": tunable("explicit", choices=("explicit", "implicit")),
}

LENSKIT = Library(
    LenskitRecommender,
    {
        "als.BiasedMFScorer": {**_SIZE, "damping": tunable(5.0, low=0, high=50)},
        "als.ImplicitMFScorer": {**_SIZE, "weight": tunable(40.0, low=1, high=100, log=True)},
        "basic.BiasScorer": {"damping": tunable(0.0, low=0, high=50)},
        "flexmf.FlexMFExplicitScorer": _SIZE,
        "flexmf.FlexMFImplicitScorer": {
            **_SIZE,
            "loss": tunable("logistic", choices=("logistic", "pairwise", "warp")),
        },
        "funksvd.FunkSVDScorer": {
            "embedding_size": tunable(50, low=5, high=200, log=True),
            "regularization": tunable(0.015, low=0.001, high=0.5, log=True),
        },
        "knn.EASEScorer": {"regularization": tunable(1.0, low=0.1, high=5000, log=True)},
        "knn.ItemKNNScorer": _NEIGHBORS,
        "knn.SLIMScorer": {
            "l1_reg": tunable(1.0, low=0.001, high=100, log=True),
            "l2_reg": tunable(1.0, low=0.001, high=100, log=True),
        },
        "knn.UserKNNScorer": _NEIGHBORS,
    },
)
methods.open_namespace(LENSKIT)
