"""What models of other libraries share: rows with one rating a pair in, scores of every item out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, fields
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, cast

import numpy as np

from groupbench.core.errors import MethodError
from groupbench.core.registry import methods
from groupbench.core.seeding import global_seeds, integer
from groupbench.models.recommender import GroupRecommender, Method, Recommender

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray, IntArray
    from groupbench.core.environments import Environment
    from groupbench.data.dataset import Ratings
    from groupbench.data.groups import Groups
    from groupbench.models.recommender import TrainingData


class Driver(Protocol):
    """A module that knows a library, as those in `baselines/_libraries/`."""

    LIBRARY: str
    __file__: str | None

    def load(self) -> None:
        """Import the library."""

    def describe(self) -> dict[str, Any]:
        """`doc` and `parameters` by model, whether it scores `groups`, and learns from `joint` ratings."""

    def fit(self, model: str, parameters: dict[str, Any], data: Any, seed: int) -> Any:
        """What has `score(users)` or `score_groups(groups)`."""


class _Here:
    """A driver in this process, with what a process in an environment can be asked for."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        driver.load()

    def fit(self, model: str, parameters: dict[str, Any], seed: int, data: Mapping[str, Any]) -> None:
        with redirect_stdout(StringIO()), global_seeds(seed):
            self._fitted = self._driver.fit(model, parameters, SimpleNamespace(**data), seed)

    def score(self, users: IntArray) -> FloatArray:
        return np.asarray(self._fitted.score(users), dtype=np.float64)

    def score_groups(self, groups: Sequence[IntArray]) -> FloatArray:
        return np.asarray(self._fitted.score_groups(groups), dtype=np.float64)

    def __getstate__(self) -> dict[str, Any]:
        return {"_fitted": self._fitted}


class _Remembered:
    """The scores of a fitted model, where the model itself cannot go."""

    def __init__(self, keys: Sequence[Any], scores: FloatArray) -> None:
        self._scores = dict(zip(keys, scores, strict=True))

    def score(self, users: IntArray) -> FloatArray:
        return np.stack([self._scores[user] for user in users.tolist()])

    def score_groups(self, groups: Sequence[IntArray]) -> FloatArray:
        return np.stack([self._scores[tuple(group.tolist())] for group in groups])


class ForeignMethod(Method):
    """A model of another library, which runs in this process or in an environment of its own.

    Users without training rows score 0 everywhere. Items that cannot be scored come after all others and are
    equal among themselves.
    """

    driver: ClassVar[Driver]
    """What knows the library."""
    model: ClassVar[str]
    """The library's name of the model."""
    method: ClassVar[str]
    """The name of the method, `cornac:BPR`."""
    environment: ClassVar[Environment | None] = None
    """Where it runs; None for this process."""

    def __reduce__(self) -> tuple[Any, ...]:
        """By the name of the method: the class itself is made where it is asked for."""
        state = {name: value for name, value in self.__dict__.items() if name != "_ready"}
        if self.environment and "_fitted" in state:
            state["_fitted"] = self._remembered()
        return _unfitted, (self.method,), state

    def prepare(self) -> None:
        """Import the library, where it runs."""
        self._ready = self._start()

    def fit(self, train: TrainingData, *, rng: np.random.Generator) -> Self:
        """Fit the library's model; several ratings of a pair count as one, their mean.

        Raises:
            MethodError: if the model needs another library that is not installed, or fails elsewhere.
            CrashError: if its process ends.
        """
        fitted = self.__dict__.pop("_ready", None) or self._start()
        try:
            fitted.fit(self.model, self._parameters, integer(rng), self._data(train))
        except ImportError as error:
            raise self._lacks(error) from error
        self._fitted = fitted
        return self

    def _start(self) -> Any:
        try:
            if self.environment is None:
                return _Here(self.driver)
            process = self.environment.start(driver_file(self.driver))
            process.load()
            return process
        except ImportError as error:
            raise self._lacks(error) from error

    def _lacks(self, error: ImportError) -> MethodError:
        return MethodError(f"{self.model} needs more libraries: {error}; install them")

    def _data(self, train: TrainingData) -> dict[str, Any]:
        """The arrays that the driver is given, of rows with distinct (user, item) pairs."""
        rows = mean_of_pairs(train.ratings)
        self._known = np.bincount(rows.users, minlength=rows.n_users) > 0
        self._n_items = rows.n_items
        sizes = {"n_users": rows.n_users, "n_items": rows.n_items}
        return {"users": rows.users, "items": rows.items, "values": rows.values, **sizes}

    def _remembered(self) -> _Remembered:
        users = np.flatnonzero(self._known)
        return _Remembered(users.tolist(), self._fitted.score(users))

    @property
    def _parameters(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(cast(Any, self))}


@dataclass
class ForeignRecommender(ForeignMethod, Recommender):
    """A model of another library that scores users."""

    def score(self, users: IntArray) -> FloatArray:
        """Scores of all items, (len(users), n_items)."""
        scores = np.zeros((len(users), self._n_items))
        if (rows := np.flatnonzero(self._known[users])).size:
            scores[rows] = _unscored_last(self._fitted.score(np.asarray(users)[rows]), self._n_items)
        return scores


@dataclass
class ForeignGroupRecommender(ForeignMethod, GroupRecommender):
    """A model of another library that scores groups."""

    joint: ClassVar[bool] = False
    """Whether it learns from joint ratings."""

    def skip(self, train: TrainingData) -> str:
        """Needs joint ratings, if it learns from them."""
        lacking = self.joint and (train.group_ratings is None or len(train.group_ratings) == 0)
        return "groups have no rows of their own" if lacking else ""

    def score_groups(self, groups: Groups) -> FloatArray:
        """Scores of all items, (len(groups), n_items)."""
        members = [np.asarray(groups[g]) for g in range(len(groups))]
        return _unscored_last(self._fitted.score_groups(members), self._n_items)

    def _data(self, train: TrainingData) -> dict[str, Any]:
        joint = train.ratings.take(slice(0, 0)) if train.group_ratings is None else train.group_ratings
        self._groups = [np.asarray(train.groups[g]) for g in range(len(train.groups))]
        return {
            **super()._data(train),
            "members": train.groups.members,
            "offsets": train.groups.segments.offsets,
            "group_users": joint.users,
            "group_items": joint.items,
            "group_values": joint.values,
        }

    def _remembered(self) -> _Remembered:
        keys = [tuple(group.tolist()) for group in self._groups]
        return _Remembered(keys, self._fitted.score_groups(self._groups))


def _unscored_last(scores: FloatArray, n_items: int) -> FloatArray:
    if scores.shape[1:] != (n_items,):
        raise MethodError(f"the library scores {scores.shape[1:]} items, not {n_items}")
    finite = np.isfinite(scores)
    lowest = np.where(finite, scores, np.inf).min(axis=1, keepdims=True) - 1
    return np.where(finite, scores, np.where(np.isfinite(lowest), lowest, 0.0))


def driver_file(driver: Driver) -> Path:
    """Where a driver lies."""
    assert driver.__file__ is not None
    return Path(driver.__file__)


def _unfitted(method: str) -> Any:
    return methods[method].create()


def mean_of_pairs(ratings: Ratings) -> Ratings:
    """The rows with one for each (user, item) pair, in ascending order, whose rating is the pair's mean."""
    pairs, row = np.unique(ratings.users * ratings.n_items + ratings.items, return_inverse=True)
    values = np.bincount(row, weights=ratings.values) / np.bincount(row)
    users, items = np.divmod(pairs, ratings.n_items)
    return type(ratings)(users, items, values, ratings.n_users, ratings.n_items)
