"""Models of Cornac (Salah, Truong & Lauw, JMLR 2020) as methods: `cornac:BPR`, `cornac:EASE` and so on."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.hyperparameters import tunable
from groupbench.core.registry import methods

from ._foreign import ForeignRecommender, Library

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray
    from groupbench.data.dataset import Ratings

_FIXED = {"seed": None, "verbose": False, "num_threads": 1, "use_gpu": False, "trainable": True}
"""What is no hyperparameter and has the same value in every model that takes it; the seed is the job's."""


@dataclass
class CornacRecommender(ForeignRecommender):
    """A Cornac model fitted to user, item and rating, on one thread; NeuMF and the like by PyTorch."""

    def _fit_model(self, train: Ratings, seed: int) -> None:
        from cornac.data import Dataset

        rows = list(zip(train.users.tolist(), train.items.tolist(), train.values.tolist(), strict=True))
        data = Dataset.from_uir(rows, seed=seed)
        taken = inspect.signature(self.model).parameters
        fixed = {name: value for name, value in (_FIXED | {"seed": seed}).items() if name in taken}
        self._fitted = self.model(**self._parameters, **fixed).fit(data)
        self._user_numbers = data.uid_map
        self._items = np.fromiter(data.iid_map, np.int64, len(data.iid_map))

    def _score_user(self, user: int) -> FloatArray:
        scores = np.full(self._n_items, np.nan)
        scores[self._items] = np.asarray(self._fitted.score(self._user_numbers[user]))[: len(self._items)]
        return scores


@cache
def _models() -> dict[str, type]:
    from cornac import models

    bases = (models.Recommender, models.NextBasketRecommender, models.NextItemRecommender)
    classes = {name: getattr(models, name) for name in dir(models)}
    return {
        name: found
        for name, found in sorted(classes.items())
        if inspect.isclass(found)
        and issubclass(found, models.Recommender)
        and not issubclass(found, bases[1:])
        and found not in bases
        and not name.endswith("ANN")
    }


def _parameters(model: type) -> Mapping[str, object]:
    found = {name: p.default for name, p in inspect.signature(model).parameters.items()}
    if found.get("backend") == "tensorflow":
        found["backend"] = "pytorch"
    return {name: default for name, default in found.items() if name != "name" and name not in _FIXED}


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
    "cornac",
    CornacRecommender,
    _models,
    _parameters,
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
