"""groupbench: an honest benchmark suite for group recommenders.

Everything here is imported on first use, so that `groupbench --help` stays instant.
"""

from __future__ import annotations

import importlib
import os
import sys
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from groupbench.aggregation import Aggregator, LearnedAggregator, MemberScores
    from groupbench.aggregation.sequential import SequentialAggregator
    from groupbench.api import (
        card,
        compare,
        evaluate,
        fit,
        load,
        load_results,
        plot,
        report_page,
        run,
        table,
        tune,
    )
    from groupbench.core.hyperparameters import tunable
    from groupbench.core.registry import aggregator, dataset, method, sequential_aggregator, text_encoder
    from groupbench.data.dataset import Dataset, Features, Ratings
    from groupbench.data.groups import Groups
    from groupbench.models.recommender import GroupRecommender, Recommender, TrainingData


class _Clone:
    """Finds the two folders that lie beside this one in a clone, where Python was started there."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        folder = _BESIDE.get(name)
        if folder is None:
            return None
        file = os.path.join(folder, "__init__.py")
        return spec_from_file_location(name, file, submodule_search_locations=[folder])


# Without pathlib, which takes longer to import than all else here.
_CLONE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_BESIDE = {f"groupbench.{name}": os.path.join(_CLONE, name) for name in ("baselines", "datasets")}
if os.path.isfile(os.path.join(_CLONE, "pyproject.toml")) and os.path.isdir(_BESIDE["groupbench.baselines"]):
    # First: an editable install of another checkout would bring its own two folders otherwise.
    sys.meta_path.insert(0, _Clone())

_HOMES = {
    "Aggregator": "aggregation",
    "Dataset": "data.dataset",
    "Features": "data.dataset",
    "GroupRecommender": "models.recommender",
    "Groups": "data.groups",
    "LearnedAggregator": "aggregation",
    "MemberScores": "aggregation",
    "Ratings": "data.dataset",
    "Recommender": "models.recommender",
    "SequentialAggregator": "aggregation.sequential",
    "TrainingData": "models.recommender",
    "aggregator": "core.registry",
    "card": "api",
    "compare": "api",
    "dataset": "core.registry",
    "evaluate": "api",
    "fit": "api",
    "load": "api",
    "load_results": "api",
    "method": "core.registry",
    "plot": "api",
    "report_page": "api",
    "run": "api",
    "sequential_aggregator": "core.registry",
    "table": "api",
    "text_encoder": "core.registry",
    "tunable": "core.hyperparameters",
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
    "SequentialAggregator",
    "TrainingData",
    "aggregator",
    "card",
    "compare",
    "dataset",
    "evaluate",
    "fit",
    "load",
    "load_results",
    "method",
    "plot",
    "report_page",
    "run",
    "sequential_aggregator",
    "table",
    "text_encoder",
    "tunable",
    "tune",
]


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from groupbench.core.version import VERSION

        return VERSION
    if name in _HOMES:
        return getattr(importlib.import_module(f"groupbench.{_HOMES[name]}"), name)
    from groupbench.core.errors import unknown

    raise AttributeError(unknown("attribute of groupbench", name, __all__))
