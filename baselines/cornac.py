"""Models of Cornac (Salah, Truong & Lauw, JMLR 2020) as methods: `cornac:BPR`, `cornac:EASE` and so on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from groupbench.core.hyperparameters import tunable
from groupbench.core.registry import methods

from ._foreign import Driver, ForeignRecommender
from ._foreign_library import Library
from ._libraries import cornac_models


@dataclass
class CornacRecommender(ForeignRecommender):
    """A Cornac model fitted to user, item and rating, on one thread; NeuMF and the like by PyTorch."""

    driver: ClassVar[Driver] = cornac_models


_STEPS = {"learning_rate": tunable(0.001, low=0.0001, high=0.1, log=True)}
_FACTORS = {"k": tunable(10, low=5, high=200, log=True)}
_EPOCHS = {"max_iter": tunable(100, low=10, high=300, log=True)}
_NEIGHBORS = {
    "k": tunable(20, low=5, high=200, log=True),
    "similarity": tunable("cosine", choices=("cosine", "pearson")),
    "amplify": tunable(1.0, low=0.5, high=3),
}
_L2 = {"lambda_reg": tunable(0.01, low=0.0001, high=1, log=True)}

CORNAC = Library(
    CornacRecommender,
    {
        "BPR": {**_FACTORS, **_EPOCHS, **_STEPS, **_L2},
        "EASE": {
            "lamb": tunable(500, low=1, high=5000, log=True),
            "posB": tunable(True, choices=(True, False)),
        },
        "HPF": {**_FACTORS, **_EPOCHS},
        "ItemKNN": _NEIGHBORS,
        "MF": {**_FACTORS, **_EPOCHS, **_STEPS, **_L2},
        "NMF": {**_FACTORS, **_EPOCHS, **_STEPS},
        "PMF": {**_FACTORS, **_EPOCHS, **_STEPS, **_L2},
        "UserKNN": _NEIGHBORS,
        "VAECF": {**_FACTORS, **_STEPS, "n_epochs": tunable(100, low=10, high=300, log=True)},
        "WMF": {**_FACTORS, **_EPOCHS, **_STEPS, "b": tunable(0.01, low=0.001, high=0.5, log=True)},
    },
)
methods.open_namespace(CORNAC)
