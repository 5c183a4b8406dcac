"""`groupbench new`, `check` and `doctor`: for those who add something, and for bug reports."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from groupbench.cli._options import DataDir, Results

new_app = typer.Typer(help="Write a working template.", no_args_is_help=True)


@new_app.command("method")
def new_method(
    name: Annotated[str, typer.Argument(help="Name of the method: lower case, digits, dashes.")],
    folder: Annotated[Path, typer.Option(help="Where to write the file.")] = Path(),
) -> None:
    """Write NAME.py, a method that works at once; then run it with --plugin."""
    from groupbench.core.errors import ConfigError
    from groupbench.core.registry import methods
    from groupbench.testing import method_template

    if name in methods:
        raise ConfigError(f"there is a method {name!r} in {methods[name].file}; choose another name")
    file = folder / f"{name.replace('-', '_')}.py"
    text = method_template(name)
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError as error:
        raise ConfigError(f"{file} exists; choose another name or remove it") from error
    except OSError as error:
        raise ConfigError(f"cannot write {file}: {error.strerror}; choose another --folder") from error
    typer.echo(f"{file} is written; try: groupbench check {name} --plugin {file}")


def check(
    name: Annotated[str, typer.Argument(help="Name of the method.")],
) -> None:
    """Run the conformance tests that the built-in methods pass."""
    from groupbench import testing
    from groupbench.core.registry import methods

    outcomes = testing.check(methods[name])
    for outcome in outcomes:
        typer.echo(f"{'passed' if outcome.passed else 'FAILED'}  {outcome.name}")
        if not outcome.passed:
            typer.echo(f"        {outcome.message}")
    failed = sum(not o.passed for o in outcomes)
    typer.echo(f"{name}: {len(outcomes) - failed} passed, {failed} failed")
    if failed:
        raise typer.Exit(1)


def doctor(
    data_dir: DataDir = None,
    results: Results = Path("results"),
) -> None:
    """Show versions, state of the code, machine, and which data sets are at hand."""
    import os

    from groupbench.core import provenance
    from groupbench.core.registry import datasets
    from groupbench.data import loading

    known = provenance.environment()
    code = {f"code {name}": text for name, text in known.pop("code").items()}
    for name, text in {**code, **known.pop("packages"), **known}.items():
        typer.echo(f"{name:16s} {text}")
    for name in datasets:
        found = loading.check(name, data_dir)
        typer.echo(f"{'dataset ' + name:24s} {'ready' if found.ok else found.problem}")
    place = next(folder for folder in (results.absolute(), *results.absolute().parents) if folder.exists())
    writable = place.is_dir() and os.access(place, os.W_OK)
    typer.echo(f"{'results folder':24s} {results} {'writable' if writable else 'NOT writable'}")
