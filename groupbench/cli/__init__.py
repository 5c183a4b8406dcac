"""The command line; heavy modules are imported by the command that needs them."""

from __future__ import annotations

import sys

import typer

from groupbench.cli import data, develop, run, show
from groupbench.errors import GroupbenchError

app = typer.Typer(
    name="groupbench",
    help="An honest benchmark suite for group recommenders.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.run)
app.command("table")(show.table)
app.command("list")(show.list_names)
app.command("explain")(show.explain)
app.command("check")(develop.check)
app.command("doctor")(develop.doctor)
app.add_typer(data.app, name="data")
app.add_typer(develop.new_app, name="new")


def _version(asked: bool) -> None:
    if asked:
        from groupbench import __version__

        typer.echo(f"groupbench {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of errors."),
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version."
    ),
) -> None:
    """An honest benchmark suite for group recommenders."""


def main() -> None:
    """Run the command line; a typed error is one line on standard error and its exit status."""
    try:
        app()
    except GroupbenchError as error:
        if "--debug" in sys.argv:
            raise
        print(f"groupbench: {error}", file=sys.stderr)
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        print("groupbench: interrupted; the same command goes on where it stopped", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
