"""The command line; heavy modules are imported by the command that needs them."""

from __future__ import annotations

import io
import os
import shlex
import sys
import traceback

import typer

from groupbench.cli import (
    data,
    develop,
    exchange,
    plot,
    report,
    reproduce,
    run,
    show,
    statistics,
    study,
    tune,
)
from groupbench.core.errors import ConfigError, GroupbenchError

INTERRUPTED = 130
"""Exit status after Ctrl-C; the command line's framework turns the interrupt into it."""

app = typer.Typer(
    name="groupbench",
    help="An honest benchmark suite for group recommenders.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.run)
app.command("tune")(tune.tune)
app.command("table")(show.table)
app.command("report")(report.report)
app.command("compare")(statistics.compare)
app.command("list")(show.list_names)
app.command("explain")(show.explain)
app.command("reproduce")(reproduce.reproduce)
app.command("export")(exchange.export)
app.command("export-task")(exchange.export_task)
app.command("score")(exchange.score)
app.command("merge")(exchange.merge)
app.command("check")(develop.check)
app.command("doctor")(develop.doctor)
app.add_typer(plot.app, name="plot")
app.add_typer(study.app, name="study")
app.add_typer(data.app, name="data")
app.add_typer(develop.new_app, name="new")


def _version(asked: bool) -> None:
    if asked:
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
    """Refuse what no results file could hold: bytes that are no UTF-8, passed on as surrogates."""
    for argument in arguments:
        if any("\ud800" <= character <= "\udfff" for character in argument):
            raise ConfigError(f"{argument!r} is not UTF-8; rename the file, or set the terminal to UTF-8")


def main() -> None:
    """Run the command line; a typed error is one line on standard error and its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        _require_text(sys.argv[1:])
        # Records of whatever this command runs, in processes of its own, name it.
        os.environ["GROUPBENCH_COMMAND"] = shlex.join(["groupbench", *sys.argv[1:]])
        app(args=[argument for argument in sys.argv[1:] if argument != "--debug"])
    except GroupbenchError as error:
        if "--debug" in sys.argv:
            traceback.print_exc()
        print(f"groupbench: {error}", file=sys.stderr)
        sys.exit(error.exit_status)
    except (KeyboardInterrupt, SystemExit) as end:
        if isinstance(end, SystemExit) and end.code != INTERRUPTED:
            raise
        print("groupbench: interrupted; the same command goes on where it stopped", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
