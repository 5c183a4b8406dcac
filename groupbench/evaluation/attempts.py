"""Code of aggregators, which may be anybody's: called so that what it raises names them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from groupbench.aggregation import Aggregator, LearnedAggregator, MemberScores
from groupbench.core.arrays import FloatArray
from groupbench.core.errors import MethodError

T = TypeVar("T")


def learned(name: str, learner: LearnedAggregator, members: MemberScores, target: FloatArray) -> Aggregator:
    """What `fit` of a learner gives, an aggregator that has learned."""
    found: object = attempted(name, partial(learner.fit, members, target))
    if not isinstance(found, Aggregator):
        raise MethodError(
            f"aggregator {name}: fit returned {type(found).__name__}; return an aggregator that has learned"
        )
    return found


def attempted(name: str, work: Callable[[], T]) -> T:
    """What `work` gives; a `MethodError` that names the aggregator for whatever it raises."""
    try:
        return work()
    except Exception as error:
        raise MethodError(
            f"aggregator {name} raised {type(error).__name__}: {error}; fix it, or run without its plugin"
        ) from error
