"""`groupbench compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from groupbench.cli._options import Only, Results, split_names


def compare(
    first: Annotated[str, typer.Argument(help="METHOD or METHOD:AGGREGATOR.")],
    second: Annotated[str, typer.Argument(help="The same; it is subtracted.")],
    results: Results = Path("results"),
    dataset: Only = None,
    view: Annotated[list[str] | None, typer.Option(help="Views, or 'all'.")] = None,
    metric: Annotated[list[str] | None, typer.Option(help="Metrics, or 'all'; default: ndcg@10.")] = None,
    aggregator: Annotated[str, typer.Option(help="For a METHOD that names none.")] = "average",
    level: Annotated[float, typer.Option(help="1 - level is the confidence of the interval.")] = 0.05,
    format_: Annotated[str, typer.Option("--format", "-f", help="plain, csv or json.")] = "plain",
) -> None:
    """Compare two rows: wins, difference with its interval, effect size, and every test."""
    from groupbench.api import load_records
    from groupbench.report.compare import compare_frame, render_comparison

    records = load_records(results, split_names(dataset, "dataset"))
    frame = compare_frame(
        results,
        records,
        first,
        second,
        views=split_names(view, "view"),
        metrics=split_names(metric, "metric") or ("ndcg@10",),
        aggregator=aggregator,
        level=level,
    )
    typer.echo(render_comparison(frame, format=format_, level=level))
