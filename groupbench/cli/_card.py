"""`groupbench card`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from groupbench.cli._options import Only, Plugins, Results, require_place, split_names


def card(
    results: Results = Path("results"),
    format_: Annotated[str, typer.Option("--format", "-f", help="markdown or latex.")] = "markdown",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; default: the terminal.")
    ] = None,
    dataset: Only = None,
    plugin: Plugins = None,
) -> None:
    """Write the methods section of a run, with the reproducibility checklist filled in from its records."""
    from groupbench.api import load_records
    from groupbench.core import registry
    from groupbench.core.files import writing
    from groupbench.report.card import make_card

    if output is not None:
        require_place(output)
    registry.load_plugins(plugin or [])
    records = load_records(results, split_names(dataset, "dataset"), lambda note: None)
    text = make_card(records).text(format_)
    if output is None:
        typer.echo(text)
        return
    with writing(output) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    jobs = "1 job" if len(records) == 1 else f"{len(records):,} jobs"
    typer.echo(f"methods section of {jobs} written to {output}")
