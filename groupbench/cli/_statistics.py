"""`groupbench compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from groupbench.cli._options import Except, Level, Results, with_options
from groupbench.report.options import ResultFilter

_FIRST = "METHOD:AGGREGATOR, or METHOD: its own scores of groups, else the averaged ones."


@with_options
def compare(
    first: Annotated[str, typer.Argument(help=_FIRST)],
    second: Annotated[str, typer.Argument(help="The same; it is subtracted.")],
    chosen: Annotated[ResultFilter, Except("methods")],
    results: Results = Path("results"),
    level: Level = 0.05,
    format_: Annotated[str, typer.Option("--format", "-f", help="plain, csv or json.")] = "plain",
) -> None:
    """Compare two rows: wins, difference with its interval, effect size, and every test."""
    from groupbench.api import load_records
    from groupbench.report.compare import compare_frame, render_comparison

    frame = compare_frame(
        results,
        load_records(results, chosen.dataset, protocols=chosen.protocol),
        first,
        second,
        views=chosen.views,
        metrics=chosen.metrics,
        k=chosen.k,
        aggregator=chosen.one("aggregator"),
        level=level,
    )
    typer.echo(render_comparison(frame, format=format_, level=level))
