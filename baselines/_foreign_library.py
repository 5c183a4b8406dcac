"""The models of another library as methods, in this process or in an environment of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass, field, make_dataclass
from functools import cache, cached_property
from importlib.metadata import PackageNotFoundError, version
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import numpy as np

from groupbench.core import environments
from groupbench.core.entry import Entry
from groupbench.core.errors import ConfigError, MethodError, unknown
from groupbench.models.recommender import Recommender

from ._foreign import ForeignMethod, driver_file

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray, IntArray
    from groupbench.core.environments import Environment
    from groupbench.models.recommender import TrainingData


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

    Where the library has an environment of its own, they run in it, whatever is installed beside groupbench.

    Attributes:
        adapter: what its models have in common, with the driver that knows it.
        spaces: search spaces, as of `tunable`, by model and hyperparameter.
        packages: what is installed in an environment for it.
        apart: what is installed there without what it asks for itself.
    """

    adapter: type[ForeignMethod]
    spaces: Mapping[str, Mapping[str, object]]
    packages: Sequence[str] = ()
    apart: Sequence[str] = ()

    @cached_property
    def name(self) -> str:
        """The name of the library and of the package that holds it."""
        return self.adapter.driver.LIBRARY

    def names(self) -> Sequence[str]:
        """The models of the library; none if it is not installed."""
        return list(self._models()) if self.version else []

    def entry(self, name: str) -> Entry:
        """The method of a model."""
        if not self.version:
            return self._missing(name)
        models = self._models()
        if name not in models:
            raise ConfigError(unknown(f"model of {self.name}", name, models))
        make = _method(self, name, _hashable(models[name], self.adapter), self._environment)
        return Entry(f"{self.name}:{name}", make, version=self.version, environment=self.versions)

    @property
    def absence(self) -> str:
        """What to do where it is not installed."""
        return (
            f"{self.name} is not installed; install it with: pip install {self.name}, or in an environment "
            f"of its own: groupbench env make {self.name}"
        )

    @property
    def version(self) -> str:
        """The version that runs; empty where it is not installed."""
        if self._environment:
            return self._described().version(self.name)
        try:
            return version(self.name)
        except PackageNotFoundError:
            return ""

    @property
    def versions(self) -> Mapping[str, str]:
        """Versions of Python and of all packages in its environment; none without an environment."""
        return self._described().versions if self._environment else {}

    def make(self, packages: Sequence[str] = (), python: str = "") -> Environment:
        """Install the library in an environment of its own.

        Args:
            packages: further ones, or versions, as pip takes them.
            python: the Python to make it of; by default this one.

        Raises:
            ConfigError: if there is one already, or it does not work.
        """
        made = environments.make(self.name, self._steps(packages), python)
        try:
            if not self.version:
                raise ConfigError(f"environment {self.name} holds no {self.name}; name it among the packages")
        except ConfigError:
            environments.remove(self.name)
            raise
        return made

    def _steps(self, packages: Sequence[str]) -> list[list[str]]:
        """The arguments of each `pip install`; a version of the library is asked for as the library is."""
        own = [package for package in packages if re.split(r"[^\w.-]", package)[0] == self.name]
        others = [package for package in packages if package not in own]
        if not self.apart:
            return [[*(self.packages or [self.name]), *packages]]
        return [["--no-deps", *(own or self.apart)], [*self.packages, *others]]

    @property
    def _environment(self) -> Environment | None:
        return environments.find(self.name)

    def _described(self) -> environments.Description:
        assert self._environment is not None
        return self._environment.described(driver_file(self.adapter.driver))

    def _models(self) -> Mapping[str, Any]:
        return self._described().models if self._environment else _described_here(self.adapter)

    def _missing(self, model: str) -> Entry:
        make = type("_NotInstalled", (_NotInstalled,), {"why": self.absence, "__module__": __name__})
        return _MissingEntry(f"{self.name}:{model}", make)


@cache
def _described_here(adapter: type[ForeignMethod]) -> Mapping[str, Any]:
    return adapter.driver.describe()


def _hashable(
    described: Mapping[str, Any], adapter: type[ForeignMethod]
) -> tuple[str, tuple[tuple[str, Any], ...], bool]:
    """What a method is made of: words, hyperparameters with defaults, and whether it needs joint ratings.

    What is called like a part of every method, as LensKit's `score` of PopScorer, cannot be set.
    """
    annotated = (vars(base).get("__annotations__", ()) for base in adapter.__mro__)
    taken = {*dir(adapter), *(name for names in annotated for name in names)}
    parameters = {
        name: default
        for name, default in described["parameters"].items()
        if name.isidentifier() and not iskeyword(name) and name not in taken
    }
    return described["doc"], tuple(parameters.items()), bool(described.get("joint"))


@cache
def _method(
    library: Library,
    name: str,
    described: tuple[str, tuple[tuple[str, Any], ...], bool],
    environment: Environment | None,
) -> type[ForeignMethod]:
    """A class of methods whose hyperparameters are those of the library's class."""
    doc, parameters, joint = described
    spaces = library.spaces.get(name, {})
    adapter = library.adapter
    made = make_dataclass(
        adapter.__name__,
        [(key, type(default), _field(default, spaces.get(key))) for key, default in parameters],
        bases=(adapter,),
        namespace={
            "model": name,
            "method": f"{library.name}:{name}",
            "environment": environment,
            "joint": joint,
            "serves_cold_groups": not joint,
            "__doc__": _first_sentence(doc) or f"{name} of {library.name}.",
        },
    )
    # By these the code that decides the scores is found: the adapter's.
    made.__module__, made.__qualname__ = adapter.__module__, adapter.__qualname__
    return cast(type[ForeignMethod], made)


def _first_sentence(doc: str) -> str:
    paragraph = " ".join(doc.strip().partition("\n\n")[0].split())
    plain = re.sub(r":[\w:]+:`~?([^`]+)`", r"\1", paragraph)
    return re.split(r"(?<=\.) ", plain)[0]


def _field(default: object, tuned: object) -> Any:
    return field(default=default, metadata=tuned.metadata if isinstance(tuned, Field) else {})
