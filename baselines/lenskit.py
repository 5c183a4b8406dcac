"""Models of LensKit (Ekstrand, CIKM 2020) as methods: `lenskit:knn.ItemKNNScorer` and so on."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import MISSING, dataclass
from dataclasses import fields as fields_of
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from groupbench.core.hyperparameters import tunable
from groupbench.core.registry import methods

from ._foreign import ForeignRecommender, Library

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray
    from groupbench.data.dataset import Ratings

_MODULES = ("als", "basic", "flexmf", "funksvd", "hpf", "implicit", "knn", "sklearn.nmf", "sklearn.svd")


@dataclass
class LenskitRecommender(ForeignRecommender):
    """A LensKit scorer, which is asked for one user at a time, with the user's training rows as history."""

    def _fit_model(self, train: Ratings, seed: int) -> None:
        import pandas as pd
        from lenskit.data import ItemList, from_interactions_df
        from lenskit.training import TrainingOptions

        columns = {"user_id": train.users, "item_id": train.items, "rating": train.values}
        self._data = from_interactions_df(pd.DataFrame(columns))
        self._fitted = self.model(**self._parameters)
        self._fitted.train(self._data, TrainingOptions(rng=seed))
        self._all = ItemList(item_ids=np.arange(train.n_items))
        self._asks = "query" in inspect.signature(self._fitted.__call__).parameters

    def _score_user(self, user: int) -> FloatArray:
        from lenskit.data import RecQuery

        query = {}
        if self._asks:
            query["query"] = RecQuery(user_id=user, user_items=self._data.user_row(user))
        return np.asarray(self._fitted(**query, items=self._all).scores())


@cache
def _models() -> dict[str, type]:
    from lenskit.pipeline.components import Component

    found: dict[str, type] = {}
    for place in _MODULES:
        try:
            module = import_module(f"lenskit.{place}")
        except ModuleNotFoundError:  # Some of them wrap libraries that have to be installed as well.
            continue
        for name in dir(module):
            model = None if name.startswith("_") else getattr(module, name)
            if inspect.isclass(model) and issubclass(model, Component) and _is_scorer(name, model):
                found[f"{place}.{name}"] = model
    return found


def _is_scorer(name: str, model: Any) -> bool:
    wraps = model.__module__.startswith("lenskit.implicit") and name != "BaseRec"
    return hasattr(model, "train") and (name.endswith("Scorer") or wraps) and not inspect.isabstract(model)


def _parameters(model: Any) -> Mapping[str, object]:
    described = model.config_class()
    if described is None:
        return {}
    if hasattr(described, "model_fields"):
        described = {name: (f.annotation, f.default) for name, f in described.model_fields.items()}
        return {name: float(d) if kind is float else d for name, (kind, d) in described.items()}
    return {f.name: f.default for f in fields_of(described) if f.default is not MISSING}


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
    "lenskit",
    LenskitRecommender,
    _models,
    _parameters,
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
