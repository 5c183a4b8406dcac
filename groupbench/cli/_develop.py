"""`groupbench new`, `check` and `doctor`: for those who add something, and for bug reports."""

from __future__ import annotations

import sys
from collections.abc import Container
from pathlib import Path
from typing import Annotated

import typer

from groupbench.cli._options import DataDir, Results

new_app = typer.Typer(help="Write a working template.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Its name: lower case, digits, dashes.")]
Folder = Annotated[Path, typer.Option(help="Where to write the file.")]


@new_app.command("method")
def new_method(
    name: Name,
    folder: Folder = Path(),
    group: Annotated[bool, typer.Option("--group", help="It scores groups itself.")] = False,
    torch: Annotated[
        bool,
        typer.Option(
            "--torch", help="It is trained with PyTorch; with --group by the trainer of deep group models."
        ),
    ] = False,
) -> None:
    """Write NAME.py, a method that works at once; then run it with --plugin."""
    from groupbench.core.registry import methods
    from groupbench.testing import method_template

    _write("method", name, folder, method_template(name, group=group, torch=torch), methods)


@new_app.command("aggregator")
def new_aggregator(name: Name, folder: Folder = Path()) -> None:
    """Write NAME.py, an aggregator that works at once; then run it with --plugin."""
    from groupbench.core.registry import aggregators

    _write_part("aggregator", name, folder, aggregators)


@new_app.command("metric")
def new_metric(name: Name, folder: Folder = Path()) -> None:
    """Write NAME.py, a metric that works at once; then run with --plugin."""
    from groupbench.metrics import definitions

    _write_part("metric", name, folder, definitions())


@new_app.command("dataset")
def new_dataset(name: Name, folder: Folder = Path()) -> None:
    """Write NAME.py, a data set that loads at once; then run on it with --plugin."""
    from groupbench.core.registry import datasets

    _write_part("dataset", name, folder, datasets)


@new_app.command("view")
def new_view(name: Name, folder: Folder = Path()) -> None:
    """Write NAME.py, a view that works at once; a protocol names it among its views."""
    from groupbench.evaluation.views import VIEWS

    _write_part("view", name, folder, VIEWS)


def _write_part(kind: str, name: str, folder: Path, known: Container[str]) -> None:
    from groupbench.testing import part_template

    _write(kind, name, folder, part_template(kind, name), known)


def _write(kind: str, name: str, folder: Path, text: str, known: Container[str]) -> None:
    from importlib.metadata import packages_distributions

    from groupbench.core.errors import ConfigError

    if name in known:
        raise ConfigError(f"there is a {kind} {name!r} already; choose another name")
    file = folder / f"{name.replace('-', '_')}.py"
    if file.stem in sys.stdlib_module_names or file.stem in packages_distributions():
        raise ConfigError(
            f"a file {file.name} would hide the module {file.stem} of Python; choose another name"
        )
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError as error:
        raise ConfigError(f"{file} exists; choose another name or remove it") from error
    except OSError as error:
        raise ConfigError(f"cannot write {file}: {error.strerror}; choose another --folder") from error
    typer.echo(f"{file} is written; try: groupbench check {name} --plugin {file}")


def check(
    name: Annotated[
        str, typer.Argument(help="A method, aggregator, metric, data set or view; or a FILE.py with some.")
    ],
    data_dir: DataDir = None,
) -> None:
    """Run the conformance tests that the built-in ones pass."""
    from groupbench import testing

    names = testing.named_in(name) if name.endswith(".py") or "/" in name else [name]
    if sum(_failures(one, data_dir) for one in names):
        raise typer.Exit(1)


def _failures(name: str, data_dir: Path | None) -> int:
    """Check what has that name, print how each check ended, and count those that failed."""
    from groupbench import testing
    from groupbench.core.registry import methods
    from groupbench.report.names import registered_name

    method = registered_name(name)
    known = method in methods
    outcomes = testing.check(methods[method]) if known else testing.check_part(name, data_dir)
    for outcome in outcomes:
        status = "FAILED" if not outcome.passed else "skipped" if outcome.message else "passed"
        typer.echo(f"{status}  {outcome.name}")
        if outcome.message:
            typer.echo(f"        {outcome.message}")
    failed = sum(not o.passed for o in outcomes)
    typer.echo(f"{name}: {len(outcomes) - failed} passed, {failed} failed")
    return failed


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
