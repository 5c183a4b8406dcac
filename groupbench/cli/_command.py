"""What every command has beside its own options: `--plugin`, completion, an example, names with spaces."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.models import ParameterInfo

from groupbench.cli._examples import EXAMPLES
from groupbench.cli._options import Plugins
from groupbench.cli._values import completer

_UNAIDED = ("new", "doctor")
"""Commands that look at nothing that a plugin adds."""


class _Command(TyperCommand):
    """Takes `--methods svd ease` for `--methods svd,ease` where nothing else could be meant."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if all(parameter.param_type_name == "option" for parameter in self.params):
            several = [p for p in self.params if getattr(p, "multiple", False)]
            args = list(_repeated(args, {flag for parameter in several for flag in parameter.opts}))
        rest: list[str] = super().parse_args(ctx, args)
        return rest


def make_command(name: str, found: Callable[..., None] | typer.Typer) -> TyperCommand | TyperGroup:
    """The command of a function, or the group of commands of an application, by the name it is called by."""
    app = found
    if not isinstance(app, typer.Typer):
        app = typer.Typer(add_completion=False)
        app.command(name)(found)
    _equip_all(name, app, alone=app is not found)
    made = typer.main.get_group(app) if app is found else typer.main.get_command(app)
    return typing.cast(TyperCommand | TyperGroup, made)


def _equip_all(name: str, app: typer.Typer, *, alone: bool = False) -> None:
    """Give every command of an application, and of those in it, what all commands have.

    Args:
        name: the words that the application is called by.
        app: the application.
        alone: whether it is one command, called by the name itself.
    """
    for info in app.registered_commands:
        if info.cls is not _Command and info.callback is not None:
            words = name if alone else f"{name} {info.name or info.callback.__name__}"
            info.cls, info.epilog = _Command, f"Example: {EXAMPLES[words]}"
            info.callback = _equipped(info.callback, aided=name not in _UNAIDED)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            _equip_all(f"{name} {group.name}", group.typer_instance)


def _repeated(args: Iterable[str], flags: set[str]) -> Iterable[str]:
    """The arguments with the option in front of each value that follows another value of it."""
    option = ""
    values = 0
    for arg in args:
        if arg.startswith("-") and arg != "-":
            option, values = (arg if arg in flags else ""), 0
        elif option:
            values += 1
            if values > 1:
                yield option
        yield arg


def _equipped(function: Callable[..., None], *, aided: bool) -> Callable[..., None]:
    """The function with completion for its parameters, and with `--plugin` if it has none."""
    hints = typing.get_type_hints(function, include_extras=True)
    parameters = [
        one.replace(annotation=hints.get(one.name, one.annotation), kind=inspect.Parameter.KEYWORD_ONLY)
        for one in inspect.signature(function).parameters.values()
    ]
    for parameter in parameters:
        for mark in getattr(parameter.annotation, "__metadata__", ()):
            if isinstance(mark, ParameterInfo) and mark.autocompletion is None:
                mark.autocompletion = completer(parameter.name)
    own = aided and not {"plugin", "plugins"} & {one.name for one in parameters}
    if own:
        kind = inspect.Parameter.KEYWORD_ONLY
        parameters.append(inspect.Parameter("plugin", kind, annotation=Plugins, default=None))

    def command(**values: Any) -> None:
        if own:
            from groupbench.core.plugins import load_plugins

            load_plugins(values.pop("plugin") or [])
        function(**values)

    command.__name__, command.__doc__ = function.__name__, function.__doc__
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    vars(command)["__signature__"] = inspect.Signature(parameters)
    return command
