"""Arguments of functions: options of models as keywords, as commands have them; a mistake is one line."""

from __future__ import annotations

import functools
import inspect
import numbers
import re
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast

from groupbench.core.errors import ArgumentError, shown, unknown
from groupbench.core.options import Options

F = TypeVar("F", bound=Callable[..., object])

EITHER_SPELLING = ("aggregator", "dataset", "method", "metric", "plugin", "view")
"""What may be given in the singular or the plural, whichever of them a function names."""


def with_keywords(*models: type[Options], without: tuple[str, ...] = ()) -> Callable[[F], F]:
    """Decorator: the `**options` of a function are these models' options, and its signature names them.

    Args:
        models: each option of theirs that the function has no parameter for becomes a keyword argument.
        without: options that it does not have.

    Mistakes in the function's own arguments are as of `checked`.
    """

    def decorate(function: F) -> F:
        signature = inspect.signature(function)
        own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        taken = {parameter.name for parameter in own} | set(without)
        further = {p.name: p for model in models for p in _parameters(model) if p.name not in taken}
        extended = signature.replace(parameters=[*own, *further.values()])
        names, safe = tuple(extended.parameters), checked(function)

        @functools.wraps(function)
        def call(*arguments: object, **given: object) -> object:
            return safe(*arguments, **_spelled(function.__name__, given, names))

        vars(call)["__signature__"] = extended
        return cast(F, call)

    return decorate


def checked(function: F) -> F:
    """The function with an `ArgumentError` of one line for arguments that are missing or of a wrong type.

    What an argument has to be is told in the words of the function's docstring.
    """

    @functools.wraps(function)
    def call(*arguments: object, **given: object) -> object:
        bound = _bound(function, arguments, given)
        return function(*bound.args, **bound.kwargs)

    return cast(F, call)


def taken(model: type[Options], options: dict[str, Any]) -> dict[str, Any]:
    """Those of the `options` that are the model's, taken out of them."""
    return {key: options.pop(key) for key in model.keys() & options.keys()}


def _bound(
    function: Callable[..., object], arguments: tuple[object, ...], given: dict[str, object]
) -> inspect.BoundArguments:
    """The arguments by name.

    Raises:
        ArgumentError: if they do not fit the function's parameters or their types.
    """
    signature = inspect.signature(function)
    try:
        bound = signature.bind(*arguments, **given)
    except TypeError as error:
        raise ArgumentError(_misfit(function, signature, str(error))) from None
    for name, hint in _hints(function).items():
        if name in bound.arguments and not _fits(bound.arguments[name], hint):
            value = shown(bound.arguments[name])
            said = f"{function.__name__}(): {name} cannot be {value}; give {_described(function, name)}"
            raise ArgumentError(said)
    return bound


def _fits(value: object, hint: Any) -> bool:
    """Whether a value is of an annotated type; numbers of numpy are numbers."""
    kind, parts = typing.get_origin(hint) or hint, typing.get_args(hint)
    if kind in (types.UnionType, typing.Union):
        return any(_fits(value, part) for part in parts)
    if kind is type:
        return isinstance(value, type) and issubclass(value, parts)
    if kind is Sequence and not isinstance(value, str):
        return isinstance(value, Sequence) and all(_fits(one, parts[0]) for one in value)
    return isinstance(value, {int: numbers.Integral, float: numbers.Real}.get(kind, kind))


def _misfit(function: Callable[..., object], signature: inspect.Signature, said: str) -> str:
    """Why arguments do not fit: the first that is missing, else what Python says and the names there are."""
    missing = said.startswith("missing") and said.split("'")[1]
    if missing:
        return f"{function.__name__}() needs {missing}: {_described(function, missing)}"
    own = (p.name for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD)
    names = ", ".join(name for name in own if name != "self")
    return f"{function.__name__}(): {said}; write them as NAME=VALUE ({names})"


@functools.cache
def _hints(function: Callable[..., object]) -> dict[str, Any]:
    """The type of each annotated parameter, but for further keywords."""
    parameters = inspect.signature(function).parameters.values()
    own = {
        p.name: p.annotation
        for p in parameters
        if p.kind is not p.VAR_KEYWORD and p.annotation is not p.empty
    }
    # What a function returns may be imported for type checkers only.
    return typing.get_type_hints(
        types.SimpleNamespace(__annotations__=own), vars(inspect.getmodule(function))
    )


def _described(function: Callable[..., object], name: str) -> str:
    """What the docstring says an argument is, up to the first semicolon or period."""
    found = re.search(rf"^    {name}: (.+?)(?=\n    \w|\n\n|\Z)", inspect.getdoc(function) or "", re.M | re.S)
    text = " ".join(found[1].split()) if found else f"the argument {name}"
    return re.split(r";|\.(?:\s|$)", text)[0]


def _parameters(model: type[Options]) -> Iterator[inspect.Parameter]:
    for name in sorted(model.keys() - {"option"}):
        default = model.model_fields[name].get_default() if name in model.model_fields else None
        yield inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)


def _spelled(function: str, given: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """The arguments by the names that the function has.

    Raises:
        ArgumentError: if it has no such argument, or is given one twice.
    """
    out: dict[str, Any] = {}
    for key, value in given.items():
        name = key if key in names else _other_spelling(key)
        if name not in names:
            raise ArgumentError(unknown(f"argument of {function}()", key, names))
        if name in out:
            raise ArgumentError(f"{function}(): {name} is given twice, in both spellings; give one")
        out[name] = value
    return out


def _other_spelling(key: str) -> str:
    singular = key.removesuffix("s")
    if singular not in EITHER_SPELLING:
        return key
    return singular if key != singular else f"{key}s"
