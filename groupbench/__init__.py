"""groupbench: an honest benchmark suite for group recommenders.

Everything here is imported on first use, so that `groupbench --help` stays instant.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from groupbench.aggregation import Aggregator, LearnedAggregator, MemberScores
    from groupbench.api import compare, load_results, run, table, tune
    from groupbench.data import Dataset, Features, Ratings
    from groupbench.groups import Groups
    from groupbench.hyperparameters import tunable
    from groupbench.recommender import GroupRecommender, Recommender, TrainingData
    from groupbench.registry import aggregator, dataset, method

__version__ = "0.1.0"

# Python started in a clone imports this folder even where the package is installed as a wheel; the methods
# and data sets then lie beside it.
_CLONE = Path(__file__).parents[1]
if (_CLONE / "pyproject.toml").is_file() and (_CLONE / "baselines").is_dir():
    __path__.append(str(_CLONE))

_HOMES = {
    "Aggregator": "aggregation",
    "Dataset": "data",
    "Features": "data",
    "GroupRecommender": "recommender",
    "Groups": "groups",
    "LearnedAggregator": "aggregation",
    "MemberScores": "aggregation",
    "Ratings": "data",
    "Recommender": "recommender",
    "TrainingData": "recommender",
    "aggregator": "registry",
    "compare": "api",
    "dataset": "registry",
    "load_results": "api",
    "method": "registry",
    "run": "api",
    "table": "api",
    "tunable": "hyperparameters",
    "tune": "api",
}

__all__ = [
    "Aggregator",
    "Dataset",
    "Features",
    "GroupRecommender",
    "Groups",
    "LearnedAggregator",
    "MemberScores",
    "Ratings",
    "Recommender",
    "TrainingData",
    "aggregator",
    "compare",
    "dataset",
    "load_results",
    "method",
    "run",
    "table",
    "tunable",
    "tune",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"groupbench.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'groupbench' has no attribute {name!r}")
