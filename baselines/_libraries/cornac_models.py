"""Cornac's models of users and items."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

LIBRARY = "cornac"

FIXED = {"seed": None, "verbose": False, "num_threads": 1, "use_gpu": False, "trainable": True}
"""What is no hyperparameter and has the same value in every model that takes it; the seed is the job's."""


def load() -> None:
    """Import the library."""
    import cornac.models  # noqa: F401


def describe() -> dict[str, Any]:
    """`doc`, `parameters` with their defaults, and whether it scores `groups`, by model."""
    return {
        name: {"doc": model.__doc__ or "", "parameters": _parameters(model)}
        for name, model in _models().items()
    }


def fit(model: str, parameters: dict[str, Any], data: Any, seed: int) -> Any:
    """A model fitted to user, item and rating, on one thread."""
    from cornac.data import Dataset

    make = _models()[model]
    rows = list(zip(data.users.tolist(), data.items.tolist(), data.values.tolist()))  # noqa: B905
    known = Dataset.from_uir(rows, seed=seed)
    taken = inspect.signature(make).parameters
    fixed = {name: value for name, value in {**FIXED, "seed": seed}.items() if name in taken}
    return _Fitted(make(**parameters, **fixed).fit(known), known, int(data.n_items))


class _Fitted:
    def __init__(self, model, known, n_items):
        self._model = model
        self._numbers = known.uid_map
        self._items = np.fromiter(known.iid_map, np.int64, len(known.iid_map))
        self._n_items = n_items

    def score(self, users: np.ndarray) -> np.ndarray:
        scores = np.full((len(users), self._n_items), np.nan)
        for row, user in enumerate(users.tolist()):
            scores[row, self._items] = np.asarray(self._model.score(self._numbers[user]))[: len(self._items)]
        return scores


def _models():
    from cornac import models

    others = (models.Recommender, models.NextBasketRecommender, models.NextItemRecommender)
    classes = {name: getattr(models, name) for name in dir(models)}
    return {
        name: found
        for name, found in sorted(classes.items())
        if inspect.isclass(found)
        and issubclass(found, models.Recommender)
        and not issubclass(found, others[1:])
        and found not in others
        and not name.endswith("ANN")
    }


def _parameters(model):
    found = {name: p.default for name, p in inspect.signature(model).parameters.items()}
    if found.get("backend") == "tensorflow":
        found["backend"] = "pytorch"
    plain = {name: default for name, default in found.items() if isinstance(default, (bool, int, float, str))}
    return {name: default for name, default in plain.items() if name != "name" and name not in FIXED}
