"""The command line; a command's module, and what it needs, is imported when the command is called."""

from __future__ import annotations

import errno
import importlib
import io
import os
import shlex
import sys
import traceback
import warnings
from contextlib import suppress
from typing import Any, NoReturn, TextIO, cast

import typer
from typer.core import TyperCommand, TyperGroup

from groupbench.core.errors import ConfigError, GroupbenchError, GroupbenchWarning
from groupbench.core.files import expanded
from groupbench.core.text import VisibleStream, shortened

__all__ = ["COMMANDS", "INTERRUPTED", "app", "load_all", "main"]

INTERRUPTED = 130
"""Exit status after Ctrl-C; the command line's framework turns the interrupt into it."""

COMMANDS = {
    "run": ("run", "run", "Run what is missing: fit each method once, evaluate it under every view."),
    "tune": ("tune", "tune", "Choose hyperparameters, with as many trials for every method."),
    "table": ("show", "table", "Show the metrics of a results folder."),
    "report": (
        "report",
        "report",
        "Write everything as one HTML file that opens anywhere and loads nothing.",
    ),
    "card": ("card", "card", "Write the methods section of a run, with a reproducibility checklist."),
    "compare": ("statistics", "compare", "Compare two rows: wins, difference, effect size, and every test."),
    "list": ("show", "list_names", "List methods, tags, data sets, aggregators, metrics and views."),
    "explain": ("show", "explain", "Print definition, formula and source of what tables and listings show."),
    "reproduce": ("reproduce", "reproduce", "Repeat recorded runs, or set reported metrics beside ours."),
    "export": ("exchange", "export", "Write recommended lists and the truth that they were evaluated by."),
    "export-task": ("exchange", "export_task", "Write training rows, groups and candidates, and no truth."),
    "score": ("exchange", "score", "Evaluate rankings that were made elsewhere."),
    "merge": ("exchange", "merge", "Join the results of several machines in one folder."),
    "submit": ("publish", "submit", "Bundle the records of a results folder for a leaderboard."),
    "verify": ("publish", "verify", "Check a bundle, and run a sample of its jobs again."),
    "check": ("develop", "check", "Run the conformance tests that the built-in methods pass."),
    "doctor": ("develop", "doctor", "Show versions, state of the code, machine, and data sets at hand."),
    "plot": ("plot", "app", "Draw figures of a results folder."),
    "study": ("study", "app", "Studies of DMTL, the joint model."),
    "data": ("data", "app", "Fetch, check, describe and build data sets."),
    "env": ("env", "app", "Give a library a Python environment of its own."),
    "new": ("develop", "new_app", "Write a working template."),
}
"""By name of a command its module here (`_run` for `run`), its name there, and what it does."""


class _Commands(TyperGroup):
    """Imports a command when it is called: to list them, the table is enough."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {name: TyperCommand(name, help=line) for name, (_, _, line) in COMMANDS.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and _load(str(name)), rest


def _load(name: str) -> TyperCommand | TyperGroup:
    from groupbench.cli._command import make_command

    module, attribute, _ = COMMANDS[name]
    return make_command(name, getattr(importlib.import_module(f"groupbench.cli._{module}"), attribute))


_SPELLINGS = {"metric": "metrics", "method": "methods", "views": "view", "aggregators": "aggregator"}
"""What options are also written as, in whatever command; help shows the spelling of each command."""

app = typer.Typer(
    name="groupbench",
    cls=_Commands,
    help="An honest benchmark suite for group recommenders.",
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
        from groupbench.core.version import VERSION

        typer.echo(f"groupbench {VERSION}")
        raise typer.Exit


@app.callback()
def _options(
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of errors."),
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version."
    ),
) -> None:
    """An honest benchmark suite for group recommenders."""


def _require_text(arguments: list[str]) -> None:
    """Refuse what no results file could hold: bytes that are no UTF-8, passed on as surrogates.

    Escape sequences are refused as well, because what repeats an argument in color shows them as they are.
    """
    for argument in arguments:
        if "\x1b" in argument:
            raise ConfigError(f"{argument!r} holds escape sequences; rename the file")
        if any("\ud800" <= character <= "\udfff" for character in argument):
            raise ConfigError(f"{argument!r} is not UTF-8; rename the file, or set the terminal to UTF-8")


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Show our own warnings as one line, those of libraries as Python does."""
    if issubclass(category, GroupbenchWarning):
        print(f"groupbench: {message}", file=sys.stderr)
    else:
        _python_warning(message, category, filename, lineno, file, line)


_python_warning = warnings.showwarning


def main() -> None:
    """Run the command line; an error is one line on standard error and its exit status."""
    _open_streams()
    warnings.showwarning = _show_warning
    try:
        _require_text(sys.argv[1:])
        # Records of whatever this command runs, in processes of its own, name it.
        os.environ["GROUPBENCH_COMMAND"] = shlex.join(["groupbench", *sys.argv[1:]])
        # Figures are files; a notebook may name a backend that is not there.
        os.environ["MPLBACKEND"] = "Agg"
        try:
            arguments = [_in_home(argument) for argument in sys.argv[1:] if argument != "--debug"]
            sys.exit(app(args=arguments, prog_name="groupbench", standalone_mode=False))
        finally:
            sys.stdout.flush()
    except (KeyboardInterrupt, SystemExit) as end:
        if isinstance(end, SystemExit) and end.code != INTERRUPTED:
            raise
        _end("interrupted; the same command goes on where it stopped", INTERRUPTED)
    except BrokenPipeError:
        _end("", 1)
    except _USAGE as error:
        _refuse(error)
    except GroupbenchError as error:
        _end(str(error), error.exit_status)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _end(f"{where}{error.strerror or error}{_REMEDIES.get(error.errno or 0, _DEBUG)}", 1)
    except MemoryError:
        _end("memory ran out; take fewer --jobs, less data or a larger machine", 1)
    except Exception as error:
        said = traceback.format_exception_only(error)[-1]
        _end(f"unexpected {' '.join(said.split())[:500]}{_DEBUG}", 1)


_USAGE = cast(type[Exception], typer.BadParameter.__mro__[1])
"""The framework's error for a command line that it does not understand."""

_DEBUG = "; --debug shows where"

_REMEDIES = {
    errno.ENOSPC: "; free space, or write elsewhere",
    errno.EDQUOT: "; free space, or write elsewhere",
    errno.EMFILE: "; allow more with 'ulimit -n', or take fewer --jobs",
    errno.ENFILE: "; close other programs, or take fewer --jobs",
    errno.EAGAIN: "; allow more processes with 'ulimit -u', or take fewer --jobs",
    errno.ENOMEM: "; take fewer --jobs, less data or a larger machine",
    errno.EACCES: "; check its access rights",
    errno.EPERM: "; check its access rights",
    errno.ENAMETOOLONG: "; choose a shorter name",
}
"""By number of an error of the system what to do about it."""


def _open_streams() -> None:
    """Give what is printed a place to go: streams that were closed lead nowhere, odd characters are escaped.

    A descriptor that stayed closed would be taken by the next file that is opened.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.stdout, sys.stderr = cast(TextIO, VisibleStream(sys.stdout)), cast(TextIO, VisibleStream(sys.stderr))


def _refuse(error: Any) -> NoReturn:
    """Say in one line what of a command line is not understood; without any command show what there is."""
    if type(error).__name__ == "NoArgsIsHelpError":
        typer.echo(error.format_message(), err=True, nl=False)  # Empty where it is drawn already.
        sys.exit(error.exit_code)
    words = ["groupbench", *(word for word in sys.argv[1:2] if word in COMMANDS)]
    path = " ".join(words) if error.ctx is None else error.ctx.command_path
    said = " ".join(error.format_message().split()).rstrip(".")
    with suppress(ValueError):
        sys.argv.remove("--debug")
    _end(f"{said[:1].lower()}{said[1:]} ('{path} --help' shows what there is)", error.exit_code)


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")


def _in_home(argument: str) -> str:
    """The argument with `~` as the home folder, where the shell left it: in `--results=~/x` or in quotes."""
    option, equals, value = argument.partition("=") if argument.startswith("--") else ("", "", argument)
    return f"{option}{equals}{expanded(value)}" if value.startswith("~") else argument


def _end(message: str, status: int) -> NoReturn:
    """Say why it ends, if anybody can hear it, and leave nothing that Python would try to print once more."""
    with suppress(OSError, ValueError):
        if "--debug" in sys.argv and message:
            traceback.print_exc()
        if message:
            print(f"groupbench: {shortened(message)}", file=sys.stderr, flush=True)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(status)
