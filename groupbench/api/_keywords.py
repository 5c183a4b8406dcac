"""The options of models as keyword arguments of functions, as commands have them as options."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, cast

from groupbench.core.errors import ConfigError, unknown
from groupbench.core.options import Options

F = TypeVar("F", bound=Callable[..., object])

EITHER_SPELLING = ("aggregator", "dataset", "method", "metric", "plugin", "view")
"""What may be given in the singular or the plural, whichever of them a function names."""


class UnknownArgumentError(ConfigError, TypeError):
    """A function has no such keyword argument, or was given it in both spellings."""


def with_keywords(*models: type[Options], without: tuple[str, ...] = ()) -> Callable[[F], F]:
    """Decorator: the `**options` of a function are these models' options, and its signature names them.

    Args:
        models: each option of theirs that the function has no parameter for becomes a keyword argument.
        without: options that it does not have.
    """

    def decorate(function: F) -> F:
        signature = inspect.signature(function)
        own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        taken = {parameter.name for parameter in own} | set(without)
        further = {p.name: p for model in models for p in _parameters(model) if p.name not in taken}
        shown = signature.replace(parameters=[*own, *further.values()])
        names = tuple(shown.parameters)

        @functools.wraps(function)
        def call(*arguments: object, **given: object) -> object:
            return function(*arguments, **_spelled(function.__name__, given, names))

        vars(call)["__signature__"] = shown
        return cast(F, call)

    return decorate


def taken(model: type[Options], options: dict[str, Any]) -> dict[str, Any]:
    """Those of the `options` that are the model's, taken out of them."""
    return {key: options.pop(key) for key in model.keys() & options.keys()}


def _parameters(model: type[Options]) -> Iterator[inspect.Parameter]:
    for name in sorted(model.keys() - {"option"}):
        default = model.model_fields[name].get_default() if name in model.model_fields else None
        yield inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)


def _spelled(function: str, given: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """The arguments by the names that the function has.

    Raises:
        UnknownArgumentError: if it has no such argument, or is given one twice.
    """
    out: dict[str, Any] = {}
    for key, value in given.items():
        name = key if key in names else _other_spelling(key)
        if name not in names:
            raise UnknownArgumentError(unknown(f"argument of {function}()", key, names))
        if name in out:
            raise UnknownArgumentError(f"{function}(): {name} is given twice, in both spellings; give one")
        out[name] = value
    return out


def _other_spelling(key: str) -> str:
    singular = key.removesuffix("s")
    if singular not in EITHER_SPELLING:
        return key
    return singular if key != singular else f"{key}s"
