"""The commands as the command-line library knows them; a command's module is imported when it is called."""

from __future__ import annotations

import importlib
from typing import Any, cast

import typer
from typer.core import TyperCommand, TyperGroup

from groupbench.cli._commands import COMMANDS, HELP, OPTIONS, help_page, version_line

USAGE_ERROR = cast(type[Exception], typer.BadParameter.__mro__[1])
"""The framework's error for a command line that it does not understand."""


class _Commands(TyperGroup):
    """Imports a command when it is called: to list them, the table is enough."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {name: TyperCommand(name, help=line) for name, (_, _, line) in COMMANDS.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and _load(str(name)), rest

    def format_help(self, ctx: Any, formatter: Any) -> None:
        formatter.write(help_page())


def _load(name: str) -> TyperCommand | TyperGroup:
    from groupbench.cli._command import make_command

    module, attribute, _ = COMMANDS[name]
    return make_command(name, getattr(importlib.import_module(f"groupbench.cli._{module}"), attribute))


_SPELLINGS = {"metric": "metrics", "method": "methods", "views": "view", "aggregators": "aggregator"}
"""What options are also written as, in whatever command; help shows the spelling of each command."""

app = typer.Typer(
    name="groupbench",
    cls=_Commands,
    help=HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # What is no terminal gets no color; "color" keeps escape sequences of others from being dropped unseen.
    context_settings={
        "help_option_names": ["-h", "--help"],
        "color": True,
        "token_normalize_func": lambda name: _SPELLINGS.get(name, name),
    },
)


def load_all() -> TyperGroup:
    """The command line with every command loaded, for what documents or tests all of it."""
    group = typer.main.get_group(app)
    group.commands = {name: _load(name) for name in COMMANDS}
    return group


def _version(requested: bool) -> None:
    if requested:
        typer.echo(version_line())
        raise typer.Exit


@app.callback()
def _options(
    debug: bool = typer.Option(False, "--debug", help=OPTIONS["--debug"]),
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help=OPTIONS["--version"]
    ),
) -> None:
    """An honest benchmark suite for group recommenders."""
