"""General recommenders of RecBole (Zhao et al., CIKM 2021) as methods: `recbole:LightGCN` and so on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from groupbench.core.hyperparameters import tunable
from groupbench.core.registry import methods
from groupbench.models.recommender import Deterministic

from ._foreign import Driver, ForeignRecommender
from ._foreign_library import Library
from ._libraries import recbole_models


@dataclass
class RecboleRecommender(ForeignRecommender):
    """A RecBole model trained on all rows as interactions, for as many epochs as it is told."""

    driver: ClassVar[Driver] = recbole_models
    deterministic: ClassVar[Deterministic] = "one-machine"
    relative_cost: ClassVar[float] = 20.0


_TRAINED = {
    "epochs": tunable(300, low=10, high=500, log=True),
    "learning_rate": tunable(0.001, low=0.0001, high=0.05, log=True),
}
_WIDTH = {"embedding_size": tunable(64, low=8, high=256, log=True)}
_DROPOUT = {"dropout_prob": tunable(0.5, low=0.0, high=0.8)}

RECBOLE = Library(
    RecboleRecommender,
    {
        "BPR": {**_TRAINED, **_WIDTH},
        "EASE": {"reg_weight": tunable(250.0, low=1, high=5000, log=True)},
        "ItemKNN": {
            "k": tunable(100, low=5, high=400, log=True),
            "shrink": tunable(0.0, low=0, high=100),
        },
        "LightGCN": {
            **_TRAINED,
            **_WIDTH,
            "n_layers": tunable(2, low=1, high=4),
            "reg_weight": tunable(1e-5, low=1e-6, high=1e-2, log=True),
        },
        "MultiDAE": {**_TRAINED, "latent_dimension": tunable(64, low=16, high=256, log=True), **_DROPOUT},
        "MultiVAE": {
            **_TRAINED,
            "latent_dimension": tunable(128, low=16, high=256, log=True),
            **_DROPOUT,
            "anneal_cap": tunable(0.2, low=0.05, high=1),
        },
        "NeuMF": {**_TRAINED, "mf_embedding_size": tunable(64, low=8, high=128, log=True)},
        "NGCF": {**_TRAINED, **_WIDTH, "reg_weight": tunable(1e-5, low=1e-6, high=1e-2, log=True)},
        "SLIMElastic": {
            "alpha": tunable(0.2, low=0.01, high=1, log=True),
            "l1_ratio": tunable(0.02, low=0.001, high=0.5, log=True),
        },
        "SGL": {**_TRAINED, **_WIDTH, "ssl_tau": tunable(0.5, low=0.05, high=1)},
    },
    packages=(
        "colorama",
        "colorlog==4.7.2",
        "numpy",
        "pandas<3",
        "pyyaml",
        "scikit-learn",
        "scipy",
        "tabulate",
        "tensorboard",
        "texttable",
        "torch",
        "tqdm",
    ),
    apart=("recbole>=1.2",),
)
methods.open_namespace(RECBOLE)
