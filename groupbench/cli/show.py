"""`groupbench table`, `list` and `explain`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

Split = Annotated[list[str] | None, typer.Option(help="Comma-separated or repeated.")]


def table(
    results: Annotated[Path, typer.Option(help="Results folder.")] = Path("results"),
    format_: Annotated[
        str, typer.Option("--format", "-f", help="plain, markdown, latex, html, csv or json.")
    ] = "plain",
    metrics: Annotated[list[str] | None, typer.Option(help="Metrics; the first one orders the rows.")] = None,
    view: Annotated[list[str] | None, typer.Option(help="Views, or 'all'.")] = None,
    aggregator: Annotated[str, typer.Option(help="A name, 'best' or 'all'.")] = "average",
    dataset: Annotated[list[str] | None, typer.Option(help="Only these data sets.")] = None,
    ties: Annotated[str | None, typer.Option(help="expected, best, worst or all bounds.")] = None,
    against: Annotated[
        str | None, typer.Option(help="'reported' adds the figures that papers print.")
    ] = None,
) -> None:
    """Show the figures of a results folder."""
    from groupbench.api import load_records
    from groupbench.cli.run import split_names
    from groupbench.errors import ConfigError, unknown
    from groupbench.report import render

    records = load_records(results)
    if dataset is not None:
        asked = split_names(dataset) or []
        known = {r.dataset for r in records}
        for name in asked:
            if name not in known:
                raise ConfigError(unknown("dataset of these results", name, known))
        records = [r for r in records if r.dataset in asked]
    options = {"views": split_names(view), "metrics": split_names(metrics)}
    typer.echo(
        render(
            records,
            format=format_,
            aggregator=aggregator,
            ties=ties,
            against=against,
            color=sys.stdout.isatty() and format_ == "plain",
            **{k: v for k, v in options.items() if v is not None},
        )
    )


def list_names(
    name: Annotated[str | None, typer.Argument(help="A kind (methods, datasets ...) or a name.")] = None,
    plugin: Annotated[list[str] | None, typer.Option(help="Python file that adds something.")] = None,
) -> None:
    """List methods, data sets, aggregators, metrics and views; or the parameters of one."""
    from groupbench import catalogue

    catalogue.load_plugins(plugin or [])
    typer.echo(catalogue.listing(name))


def explain(
    name: Annotated[str, typer.Argument(help="A metric (ndcg@10), view, aggregator, method or data set.")],
    plugin: Annotated[list[str] | None, typer.Option(help="Python file that adds something.")] = None,
) -> None:
    """Print definition, formula and source of anything that has a name."""
    from groupbench import catalogue

    catalogue.load_plugins(plugin or [])
    typer.echo(catalogue.explanation(name))
