"""LensKit's scorers, which are asked for one user at a time, with the user's training rows as history."""

from __future__ import annotations

import inspect
from dataclasses import MISSING, fields
from importlib import import_module
from typing import Any

import numpy as np

LIBRARY = "lenskit"

_MODULES = ("als", "basic", "flexmf", "funksvd", "hpf", "implicit", "knn", "sklearn.nmf", "sklearn.svd")


def load() -> None:
    """Import the library."""
    import lenskit.training  # noqa: F401


def describe() -> dict[str, Any]:
    """`doc` and `parameters` with their defaults, by model."""
    return {
        name: {"doc": model.__doc__ or "", "parameters": _parameters(model)}
        for name, model in _models().items()
    }


def fit(model: str, parameters: dict[str, Any], data: Any, seed: int) -> Any:
    """A scorer trained on user, item and rating."""
    import pandas as pd
    from lenskit.data import from_interactions_df
    from lenskit.training import TrainingOptions

    columns = {"user_id": data.users, "item_id": data.items, "rating": data.values}
    known = from_interactions_df(pd.DataFrame(columns))
    made = _models()[model](**parameters)
    made.train(known, TrainingOptions(rng=seed))
    return _Fitted(made, known, int(data.n_items))


class _Fitted:
    def __init__(self, scorer, known, n_items):
        from lenskit.data import ItemList

        self._scorer, self._known = scorer, known
        self._all = ItemList(item_ids=np.arange(n_items))
        self._asks = "query" in inspect.signature(scorer.__call__).parameters

    def score(self, users: np.ndarray) -> np.ndarray:
        return np.stack([self._scores(user) for user in users.tolist()])

    def _scores(self, user):
        from lenskit.data import RecQuery

        query = {}
        if self._asks:
            query["query"] = RecQuery(user_id=user, user_items=self._known.user_row(user))
        return np.asarray(self._scorer(**query, items=self._all).scores())


def _models():
    from lenskit.pipeline.components import Component

    found = {}
    for place in _MODULES:
        try:
            module = import_module("lenskit." + place)
        except ModuleNotFoundError:  # Some of them wrap libraries that have to be installed as well.
            continue
        for name in dir(module):
            model = None if name.startswith("_") else getattr(module, name)
            if inspect.isclass(model) and issubclass(model, Component) and _is_scorer(name, model):
                found[place + "." + name] = model
    return found


def _is_scorer(name, model):
    wraps = model.__module__.startswith("lenskit.implicit") and name != "BaseRec"
    return hasattr(model, "train") and (name.endswith("Scorer") or wraps) and not inspect.isabstract(model)


def _parameters(model):
    described = model.config_class()
    if described is None:
        return {}
    if hasattr(described, "model_fields"):
        kinds = {name: (f.annotation, f.default) for name, f in described.model_fields.items()}
        found = {name: float(d) if kind is float else d for name, (kind, d) in kinds.items()}
    else:
        found = {f.name: f.default for f in fields(described) if f.default is not MISSING}
    return {name: default for name, default in found.items() if isinstance(default, (bool, int, float, str))}
