"""Whether what is registered as a method is one."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from groupbench.core.errors import GroupbenchError, PluginError
from groupbench.models.recommender import GroupRecommender, Method, ReferenceRow

if TYPE_CHECKING:
    from groupbench.core.entry import Entry


@runtime_checkable
class Prepares(Protocol):
    """A method that has something to do before its time counts and global random numbers are seeded."""

    def prepare(self) -> None:
        """Start what the method needs."""


def prepare(method: Method) -> None:
    """Import the libraries of a method, and let one that prepares itself do so."""
    for library in method.libraries:
        import_module(library)
    if isinstance(method, Prepares):
        method.prepare()


def make_method(entry: Entry, given: Mapping[str, object]) -> Method | ReferenceRow:
    """The method of an entry with its hyperparameters.

    Raises:
        ConfigError: if a hyperparameter is unknown or wrong.
        PluginError: naming file and line, if it is no method, lacks a part of one, or cannot be made.
    """
    make, where = entry.make, f"(at {entry.location})"
    if isinstance(make, type) and inspect.isabstract(make):
        missing = " and ".join(sorted(getattr(make, "__abstractmethods__", ())))
        raise PluginError(f"method {entry.name} has no {missing}; define it in {make.__name__} {where}")
    try:
        made = entry.create(**given)
    except GroupbenchError:
        raise
    except Exception as error:
        first = str(error).partition("\n")[0]
        raise PluginError(
            f"method {entry.name} cannot be made: {type(error).__name__}: {first}; {_REMEDY} {where}"
        ) from error
    if not isinstance(made, Method | ReferenceRow):
        remedy = "derive the class from one" if isinstance(make, type) else _REMEDY
        raise PluginError(f"method {entry.name} is no Recommender or GroupRecommender; {remedy} {where}")
    return made


def serves_cold_groups(make: object) -> bool:
    """Whether a registered class serves groups without rows of their own; reference rows do."""
    return bool(getattr(make, "serves_cold_groups", True))


def on_cold_groups(make: object) -> str:
    """What a method of groups says of those without rows of their own, in a sentence; of others nothing."""
    if not (isinstance(make, type) and issubclass(make, GroupRecommender)):
        return ""
    if serves_cold_groups(make):
        return "Serves groups without rows of their own."
    return "Needs rows of the groups that it serves: it is skipped where none that is evaluated has any."


_REMEDY = "register a class derived from Recommender or GroupRecommender that needs no arguments"
