"""Fitting a method in this process as a job does, for those who ask it something afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from groupbench.core.errors import MethodError
from groupbench.core.seeding import generator
from groupbench.models.contract import prepare
from groupbench.models.recommender import Method

if TYPE_CHECKING:
    from groupbench.models.recommender import TrainingData

M = TypeVar("M")


def fit_here(method: M, train: TrainingData, name: str, stream: tuple[str | int, ...]) -> M:
    """The method, fitted on one thread with the random numbers of a job; a reference row as it is.

    Args:
        method: not fitted.
        train: what it learns from.
        name: what it is called in errors.
        stream: what its random numbers depend on.

    Raises:
        MethodError: if it cannot learn from such data.
    """
    from threadpoolctl import threadpool_limits

    if not isinstance(method, Method):
        return method
    if unsuited := method.skip(train):
        raise MethodError(f"{name}: {unsuited}; choose another method or data set")
    prepare(method)
    with threadpool_limits(1):
        method.fit(train, rng=generator(*stream))
    return method
