"""grouprec: its group models, and its aggregators of the scores of a model of its own."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

LIBRARY = "grouprec"

_NOT_SET = ("seed", "device")
"""What is no hyperparameter: the job's seed, on the processor."""

_SEQUENTIAL = ("SDAA", "SIAA", "LTP", "RLProp", "PeriodicFAI", "EPFuzzDAWeighted")
"""Aggregators that remember earlier rounds, or need a library of their own: they rank for one round here."""

_BASES = ("EASE", "ItemKNN", "Popularity")


def load() -> None:
    """Import the library, and what PyTorch imports only when it is first used."""
    import grouprec.models  # noqa: F401
    import torch

    torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))])


def describe() -> dict[str, Any]:
    """`doc`, `parameters` with their defaults, and that they score `groups`, by model."""
    models = {name: (model, _parameters(model)) for name, model in _models().items()}
    for name, aggregator in _aggregators().items():
        models[name] = aggregator, {"base": _BASES[0], "normalize": "none", **_parameters(aggregator)}
    return {
        name: {
            "doc": model.__doc__ or "",
            "parameters": parameters,
            "groups": True,
            "joint": name in _models(),
        }
        for name, (model, parameters) in models.items()
    }


def fit(model: str, parameters: dict[str, Any], data: Any, seed: int) -> Any:
    """A model of groups fitted to their rows and those of users, or an aggregator over a base model."""
    import pandas as pd
    from grouprec import Dataset, Groups

    rows = pd.DataFrame({"user": data.users, "item": data.items, "rating": data.values})
    known = Dataset(rows, users=np.arange(data.n_users), items=np.arange(data.n_items))
    if model in _aggregators():
        return _Ranked(model, known, **parameters)
    members = np.split(data.members, data.offsets[1:-1])
    chosen = {group: data.group_items[data.group_users == group].tolist() for group in range(len(members))}
    made = _models()[model](Groups([np.sort(m) for m in members]), chosen, **parameters, seed=seed)
    return _Scored(made.fit(known))


class _Scored:
    def __init__(self, model):
        self._model = model

    def score_groups(self, groups: list[np.ndarray]) -> np.ndarray:
        return np.stack([np.asarray(self._model.group_scores(np.sort(group)), float) for group in groups])


class _Ranked:
    """An aggregator's scores; for one that builds a list, what no member rated and then the rest."""

    def __init__(self, name, known, base, normalize, **parameters):
        from grouprec import GroupRecommender, backends

        if base not in _BASES:
            raise ValueError("base={!r}: take one of {}".format(base, ", ".join(_BASES)))
        self._aggregator = _aggregators()[name](**parameters)
        kind = None if normalize == "none" else normalize
        self._model = GroupRecommender(getattr(backends, base)(), self._aggregator, normalize=kind).fit(known)
        self._seen = known.user_item_csr(value="binary")

    def score_groups(self, groups: list[np.ndarray]) -> np.ndarray:
        return np.stack([self._scores(np.sort(group)) for group in groups])

    def _scores(self, members):
        scores = np.asarray(self._model.member_scores(members), dtype=float)
        if self._aggregator.produces_item_scores:
            return np.asarray(self._aggregator.score_items(scores), dtype=float)
        seen = np.asarray(self._seen[members].sum(axis=0)).ravel() > 0
        first, rest = (
            self._aggregator.aggregate(scores, scores.shape[1], exclude=np.flatnonzero(left_out))
            for left_out in (seen, ~seen)
        )
        ranked = np.concatenate([first, rest])
        found = np.full(scores.shape[1], np.nan)
        found[ranked] = -np.arange(len(ranked), dtype=float)
        return found


def _models():
    from grouprec import models

    found = {name: getattr(models, name) for name in models.__all__}
    return {
        name: model for name, model in found.items() if hasattr(model, "group_scores") and "Base" not in name
    }


def _aggregators():
    from grouprec import aggregators

    return {name: aggregators._REGISTRY[name] for name in aggregators.available() if name not in _SEQUENTIAL}


def _parameters(model):
    found = {name: p.default for name, p in inspect.signature(model).parameters.items()}
    plain = {name: default for name, default in found.items() if isinstance(default, (bool, int, float, str))}
    return {name: default for name, default in plain.items() if name not in _NOT_SET}
