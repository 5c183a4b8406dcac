"""Group models and aggregators of grouprec (Dokoupil) as methods: `grouprec:AGREE` and so on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from groupbench.core.hyperparameters import tunable
from groupbench.core.registry import methods
from groupbench.models.recommender import Deterministic

from ._foreign import Driver, ForeignGroupRecommender
from ._foreign_library import Library
from ._libraries import grouprec_models


@dataclass
class GrouprecRecommender(ForeignGroupRecommender):
    """A group model fitted to the rows of groups and users, or an aggregator over a model of users."""

    driver: ClassVar[Driver] = grouprec_models
    deterministic: ClassVar[Deterministic] = "one-machine"
    relative_cost: ClassVar[float] = 5.0


_BASE = {"base": tunable("EASE", choices=("EASE", "ItemKNN", "Popularity"))}
_TRAINED = {
    "epochs": tunable(20, low=5, high=200, log=True),
    "lr": tunable(0.01, low=0.0005, high=0.05, log=True),
}

GROUPREC = Library(
    GrouprecRecommender,
    {
        "AGREE": {**_TRAINED, "factors": tunable(32, low=8, high=128, log=True)},
        "NCFGroup": {**_TRAINED, "factors": tunable(32, low=8, high=128, log=True)},
        "AVG": _BASE,
        "LMS": _BASE,
        "GFAR": {**_BASE, "relevant_max_items": tunable(20, low=5, high=100, log=True)},
        "GreedyLM": {**_BASE, "lam": tunable(0.5, low=0.0, high=1)},
    },
    packages=("grouprec", "torch"),
)
methods.open_namespace(GROUPREC)
