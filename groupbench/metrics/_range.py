"""Which values of a metric are possible, and which are better."""

from __future__ import annotations

import math

from groupbench.metrics._families import METRICS
from groupbench.metrics._metric import definition

UNBOUNDED = frozenset({"rmse", "mae", "novelty", "diversity"})
"""Metrics that can exceed 1."""


def lower_is_better(metric: str) -> bool:
    """Whether smaller values of `metric` are the better ones; not so for metrics that nothing defines."""
    defined = definition(metric)
    return defined is not None and defined.lower_is_better


def normalizable(metric: str) -> bool:
    """Whether random and the oracle bound `metric`; taken for granted where nothing defines it."""
    defined = definition(metric)
    return defined is None or defined.normalizable


def bounds(metric: str) -> tuple[float, float]:
    """The least and the greatest value that `metric` can have; infinite where none is known."""
    defined = definition(metric)
    names = () if defined is None else (defined.name, defined.name.partition("-")[2])
    if defined is None or any(name in METRICS and not METRICS.is_built_in(name) for name in names):
        return -math.inf, math.inf
    least = -1.0 if defined.name == "kendall" else 0.0
    return least, math.inf if defined.name in UNBOUNDED else 1.0
