"""The models of the library `toy` as methods."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from groupbench.baselines._foreign import ForeignRecommender
from groupbench.baselines._foreign_library import Library
from groupbench.core.registry import methods

_spec = spec_from_file_location("toy_models", Path(__file__).parents[2] / "_toy_models.py")
_driver = module_from_spec(_spec)
_spec.loader.exec_module(_driver)


@dataclass
class ToyRecommender(ForeignRecommender):
    driver = _driver


methods.open_namespace(Library(ToyRecommender, {}))
