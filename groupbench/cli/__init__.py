"""The command line; what most calls do not need is imported by those that do, and so are libraries."""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn, TextIO, cast

from groupbench.cli._commands import COMMANDS, help_page, version_line
from groupbench.core.errors import ConfigError, GroupbenchError, GroupbenchWarning
from groupbench.core.text import VisibleStream, shortened

if TYPE_CHECKING:
    from groupbench.cli._app import app, load_all

__all__ = ["COMMANDS", "INTERRUPTED", "app", "load_all", "main"]

INTERRUPTED = 130
"""Exit status after Ctrl-C; the command line's framework turns the interrupt into it."""


def __getattr__(name: str) -> Any:
    if name in ("app", "load_all"):
        return getattr(importlib.import_module("groupbench.cli._app"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


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
        arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
        try:
            if (text := _soon_answered(arguments)) is None:
                sys.exit(_run_command(arguments))
            print(text)
            sys.exit(0)
        finally:
            sys.stdout.flush()
    except (KeyboardInterrupt, SystemExit) as end:
        if isinstance(end, SystemExit) and end.code != INTERRUPTED:
            raise
        _end("interrupted; the same command goes on where it stopped", INTERRUPTED)
    except BrokenPipeError:
        _end("", 1)
    except _usage_error() as error:
        _refuse(error)
    except GroupbenchError as error:
        _end(str(error), error.exit_status)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _end(f"{where}{error.strerror or error}{_REMEDIES.get(error.errno or 0, _DEBUG)}", 1)
    except MemoryError:
        _end("memory ran out; take fewer --jobs, less data or a larger machine", 1)
    except Exception as error:
        import traceback

        said = traceback.format_exception_only(error)[-1]
        _end(f"unexpected {' '.join(said.split())[:500]}{_DEBUG}", 1)


def _soon_answered(arguments: Sequence[str]) -> str | None:
    """What the most common questions are answered by, without any library; None for all other arguments."""
    if arguments in (["--help"], ["-h"]):
        return help_page()
    if arguments == ["--version"]:
        return version_line()
    from groupbench.cli._listing import listed

    return listed(arguments)


def _run_command(arguments: Sequence[str]) -> int:
    """The status of a command, or what the framework raises."""
    import shlex

    from groupbench.cli._app import app

    # Records of whatever this command runs, in processes of its own, name it.
    os.environ["GROUPBENCH_COMMAND"] = shlex.join(["groupbench", *sys.argv[1:]])
    # Figures are files; a notebook may name a backend that is not there.
    os.environ["MPLBACKEND"] = "Agg"
    expanded = [_in_home(argument) for argument in arguments]
    return cast(int, app(args=expanded, prog_name="groupbench", standalone_mode=False))


def _usage_error() -> type[Exception]:
    from groupbench.cli._app import USAGE_ERROR

    return USAGE_ERROR


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
        print(error.format_message(), file=sys.stderr)
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
    from groupbench.core.files import expanded

    option, equals, value = argument.partition("=") if argument.startswith("--") else ("", "", argument)
    return f"{option}{equals}{expanded(value)}" if value.startswith("~") else argument


def _end(message: str, status: int) -> NoReturn:
    """Say why it ends, if anybody can hear it, and leave nothing that Python would try to print once more."""
    with suppress(OSError, ValueError):
        if "--debug" in sys.argv and message:
            import traceback

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
