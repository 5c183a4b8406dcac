"""What models of other libraries share: rows with one rating a pair in, scores of every item out."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import Field, dataclass, field, fields, make_dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from io import StringIO
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import numpy as np

from groupbench.core.entry import Entry
from groupbench.core.errors import ConfigError, MethodError, unknown
from groupbench.core.registry import methods
from groupbench.core.seeding import global_seeds, integer
from groupbench.models.recommender import Recommender

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray, IntArray
    from groupbench.data.dataset import Ratings
    from groupbench.models.recommender import TrainingData

_PLAIN = (bool, int, float, str)


@dataclass
class ForeignRecommender(Recommender):
    """A model of another library. Users whom it does not know score 0 everywhere.

    Items that it cannot score come after all others and are equal among themselves.
    """

    model: ClassVar[type]
    """The library's class."""
    method: ClassVar[str]
    """The name of the method, `cornac:BPR`."""

    def __reduce__(self) -> tuple[Any, ...]:
        """By the name of the method: the class itself is made where it is asked for."""
        return _unfitted, (self.method,), self.__dict__

    @abstractmethod
    def _fit_model(self, train: Ratings, seed: int) -> None:
        """Fit the library's model to rows with distinct (user, item) pairs."""

    @abstractmethod
    def _score_user(self, user: int) -> FloatArray:
        """Scores of all items for a user with training rows, (n_items,), NaN for what cannot be scored."""

    def fit(self, train: TrainingData, *, rng: np.random.Generator) -> Self:
        """Fit the library's model; several ratings of a pair count as one, their mean.

        Raises:
            MethodError: if the model needs another library that is not installed.
        """
        ratings = mean_of_pairs(train.ratings)
        self._n_items = ratings.n_items
        self._known = np.bincount(ratings.users, minlength=ratings.n_users) > 0
        try:
            seed = integer(rng)
            with redirect_stdout(StringIO()), global_seeds(seed):
                self._fit_model(ratings, seed)
        except ImportError as error:
            raise MethodError(f"{self.model.__name__} needs more libraries: {error}; install them") from error
        return self

    def score(self, users: IntArray) -> FloatArray:
        """Scores of all items, (len(users), n_items)."""
        scores = np.zeros((len(users), self._n_items))
        for row in np.flatnonzero(self._known[users]):
            given = np.asarray(self._score_user(int(users[row])), dtype=np.float64)
            finite = np.isfinite(given)
            lowest = given[finite].min() - 1 if finite.any() else 0.0
            scores[row] = np.where(finite, given, lowest)
        return scores

    @property
    def _parameters(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self)}


@dataclass
class _NotInstalled(Recommender):
    """A model of a library that is not installed."""

    why: ClassVar[str]

    def skip(self, train: TrainingData) -> str:
        """Why, and what to do about it."""
        return self.why

    def fit(self, train: TrainingData, *, rng: np.random.Generator) -> Self:
        """Refuse."""
        raise MethodError(self.why)

    def score(self, users: IntArray) -> FloatArray:
        """Refuse."""
        raise MethodError(self.why)


class _MissingEntry(Entry):
    """Its hyperparameters are not known."""

    @property
    def summary(self) -> str:
        """Why, and what to do about it."""
        return cast(type[_NotInstalled], self.make).why

    def create(self, **overrides: object) -> Any:
        """Refuse hyperparameters."""
        if overrides:
            raise ConfigError(self.summary)
        return super().create()


@dataclass(frozen=True, eq=False)
class Library:
    """The models of a library as methods, `LIBRARY:MODEL`.

    Attributes:
        name: of the library, of what installs it, and of the extra that does.
        adapter: what its models have in common.
        models: imports the library; its classes by the names to ask for them by.
        parameters: the hyperparameters of a class with their defaults; those that are no plain text or
            number cannot be set.
        spaces: search spaces, as of `tunable`, by model and hyperparameter.
    """

    name: str
    adapter: type[ForeignRecommender]
    models: Callable[[], Mapping[str, type]]
    parameters: Callable[[type], Mapping[str, object]]
    spaces: Mapping[str, Mapping[str, object]]

    def names(self) -> Sequence[str]:
        """The models of the library; none if it is not installed."""
        return list(self.models()) if self._version() else []

    def entry(self, name: str) -> Entry:
        """The method of a model."""
        version = self._version()
        if not version:
            return self._missing(name)
        models = self.models()
        if name not in models:
            raise ConfigError(unknown(f"model of {self.name}", name, models))
        return Entry(f"{self.name}:{name}", _method(self, name, models[name]), version=version)

    def _version(self) -> str:
        try:
            return version(self.name)
        except PackageNotFoundError:
            return ""

    def _missing(self, model: str) -> Entry:
        why = f"{self.name} is not installed; install it with: pip install {self.name}"
        make = type("_NotInstalled", (_NotInstalled,), {"why": why, "__module__": __name__})
        return _MissingEntry(f"{self.name}:{model}", make)


@cache
def _method(library: Library, name: str, model: type) -> type[ForeignRecommender]:
    """A class of methods whose hyperparameters are those of the library's class."""
    spaces = library.spaces.get(name, {})
    described = [
        (parameter, type(default), _field(default, spaces.get(parameter)))
        for parameter, default in library.parameters(model).items()
        if isinstance(default, _PLAIN)
    ]
    adapter = library.adapter
    summary = _first_sentence(model.__doc__ or "")
    made = make_dataclass(
        adapter.__name__,
        described,
        bases=(adapter,),
        namespace={
            "model": model,
            "method": f"{library.name}:{name}",
            "__doc__": summary or f"{name} of {library.name}.",
        },
    )
    # By these the code that decides the scores is found: the adapter's.
    made.__module__, made.__qualname__ = adapter.__module__, adapter.__qualname__
    return cast(type[ForeignRecommender], made)


def _first_sentence(doc: str) -> str:
    paragraph = " ".join(doc.strip().partition("\n\n")[0].split())
    plain = re.sub(r":[\w:]+:`~?([^`]+)`", r"\1", paragraph)
    return re.split(r"(?<=\.) ", plain)[0]


def _unfitted(method: str) -> Any:
    return methods[method].create()


def _field(default: object, tuned: object) -> Any:
    return field(default=default, metadata=tuned.metadata if isinstance(tuned, Field) else {})


def mean_of_pairs(ratings: Ratings) -> Ratings:
    """The rows with one for each (user, item) pair, in ascending order, whose rating is the pair's mean."""
    pairs, row = np.unique(ratings.users * ratings.n_items + ratings.items, return_inverse=True)
    values = np.bincount(row, weights=ratings.values) / np.bincount(row)
    users, items = np.divmod(pairs, ratings.n_items)
    return type(ratings)(users, items, values, ratings.n_users, ratings.n_items)
