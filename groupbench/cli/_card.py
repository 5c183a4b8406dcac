"""`groupbench card`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from groupbench.cli._options import Except, Results, require_place, with_options
from groupbench.report.options import LabelOptions, ResultFilter


@with_options
def card(
    chosen: Annotated[ResultFilter, Except("views", "aggregator", "metrics", "k")],
    words: LabelOptions,
    results: Results = Path("results"),
    format_: Annotated[str, typer.Option("--format", "-f", help="markdown or latex.")] = "markdown",
    short: Annotated[bool, typer.Option("--short", help="One paragraph, as papers have room for.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; default: the terminal.")
    ] = None,
) -> None:
    """Write the methods section of a run, with the reproducibility checklist filled in from its records."""
    from groupbench import api
    from groupbench.core.files import writing

    if output is not None:
        require_place(output)
    made = api.card(
        results, chosen.dataset, protocol=chosen.protocol, methods=chosen.methods, labels=words.labels
    )
    text = made.text(format_, short=short)
    if output is None:
        typer.echo(text)
        return
    with writing(output) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    jobs = "1 job" if made.jobs == 1 else f"{made.jobs:,} jobs"
    typer.echo(f"methods section of {jobs} written to {output}")
