"""`groupbench data fetch|check|info|doctor`; `build` stands in a module of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from groupbench.cli import _build
from groupbench.cli._options import DataDir

if TYPE_CHECKING:
    from groupbench.data import loading

app = typer.Typer(help="Fetch, check, describe and build data sets.", no_args_is_help=True)
app.add_typer(_build.app, name="build")
Name = Annotated[
    str, typer.Argument(help="A registered name or a folder with a ratings.csv; NAME:clean is a variant.")
]


@app.command()
def fetch(
    name: Name,
    data_dir: DataDir = None,
    allow_unverified: Annotated[
        bool, typer.Option("--allow-unverified", help="Take files of which no checksum is published.")
    ] = False,
) -> None:
    """Find the files of a data set, downloading and verifying what is missing."""
    from groupbench.data import loading

    for path in loading.fetch(name, data_dir, allow_unverified=allow_unverified):
        typer.echo(str(path))


@app.command()
def check(name: Name, data_dir: DataDir = None) -> None:
    """Verify checksums and that the data set loads; nothing is downloaded."""
    from groupbench.data import loading

    found = loading.check(name, data_dir)
    for file in found.files:
        typer.echo(f"{file.status:10s} {file.file}")
    _show_counts(found)
    if not found.ok:
        typer.echo(found.problem, err=True)
        raise typer.Exit(2)


@app.command()
def info(name: Name, data_dir: DataDir = None) -> None:
    """Show origin, licence, citation, counts and notes of a data set."""
    from groupbench.core.errors import DatasetError
    from groupbench.data import loading

    known = loading.info(name, data_dir)
    card = known.card
    rows = {
        "title": card.title,
        "licence": card.licence,
        "citation": card.citation,
        "homepage": card.homepage,
        "addresses": ", ".join(card.addresses),
        "sha256": card.sha256,
        "checksum by": card.sha256_source,
        "found in": str(known.check.path or "") or known.check.problem,
    }
    for key, value in rows.items():
        if value:
            typer.echo(f"{key:12s} {value}")
    if known.check.path and known.check.problem:
        raise DatasetError(known.check.problem)
    _show_counts(known.check)


@app.command()
def doctor(
    name: Name,
    fix: Annotated[
        bool, typer.Option("--fix", help="Show what the clean variant changes, and how to use it.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Look for leaks, repeats, gaps and contradictions in a data set; no file is ever changed."""
    from groupbench.data import doctor as diagnosis
    from groupbench.data import loading

    dataset = loading.load(name, data_dir)
    before = diagnosis.diagnose(dataset)
    after = diagnosis.diagnose(loading.clean(dataset)) if fix and before.fixable else None
    if as_json:
        typer.echo(diagnosis.as_json(before, after))
        return
    for line in diagnosis.format_diagnosis(before):
        typer.echo(line)
    if fix:
        typer.echo("")
        lines = ["there is nothing to fix"] if after is None else diagnosis.format_repair(before, after)
        for line in lines:
            typer.echo(line)


def _show_counts(found: loading.DatasetCheck) -> None:
    for key, value in found.counts.items():
        typer.echo(f"{key:16s} {value:.4g}" if isinstance(value, float) else f"{key:16s} {value:,}")
    for note in found.notes:
        typer.echo(f"note: {note}")
