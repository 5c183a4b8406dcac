"""`groupbench table`, `list` and `explain`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from groupbench.cli._options import Aggregator, Only, Plugins, Results, split_names

if TYPE_CHECKING:
    from groupbench.results.store import RunRecord


def table(
    results: Results = Path("results"),
    format_: Annotated[
        str, typer.Option("--format", "-f", help="plain, markdown, latex, html, csv or json.")
    ] = "plain",
    metrics: Annotated[list[str] | None, typer.Option(help="Metrics; the first one orders the rows.")] = None,
    view: Annotated[list[str] | None, typer.Option(help="Views, or 'all'.")] = None,
    aggregator: Aggregator = "average",
    dataset: Only = None,
    ties: Annotated[str | None, typer.Option(help="expected, best, worst or all bounds.")] = None,
    against: Annotated[
        str | None, typer.Option(help="'reported' adds the figures that papers print.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="Break groups down by size, cohesion or activity (first metric).")
    ] = None,
    significance: Annotated[
        bool, typer.Option("--significance", help="Mark rows that differ from the best by paired tests.")
    ] = False,
    reference: Annotated[
        str | None, typer.Option(help="Test against METHOD or METHOD:AGGREGATOR instead of the best.")
    ] = None,
    test: Annotated[str | None, typer.Option(help="bootstrap, permutation, t or wilcoxon.")] = None,
    correction: Annotated[
        str | None, typer.Option(help="holm, bh or none, over the rows of a metric.")
    ] = None,
    level: Annotated[float | None, typer.Option(help="Level of the tests.")] = None,
) -> None:
    """Show the figures of a results folder."""
    from groupbench.api import load_records
    from groupbench.core.errors import ConfigError
    from groupbench.report.render import render
    from groupbench.report.significance import Significance

    records = of_datasets(load_records(results), split_names(dataset, "dataset"))
    given = {"reference": reference, "test": test, "correction": correction, "level": level}
    asked_for: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    how = Significance(results, **asked_for) if significance or asked_for else None
    asked = {"views": split_names(view, "view"), "metrics": split_names(metrics, "metrics")}
    if by is not None:
        if how is not None:
            raise ConfigError("--by shows no tests; leave out --significance, or --by")
        _show_breakdown(results, records, by, asked["metrics"], asked["views"], aggregator, format_)
        return
    typer.echo(
        render(
            records,
            format=format_,
            aggregator=aggregator,
            ties=ties,
            against=against,
            significance=how,
            color=sys.stdout.isatty() and format_ == "plain",
            **{k: v for k, v in asked.items() if v is not None},
        )
    )


def of_datasets(records: list[RunRecord], asked: list[str] | None) -> list[RunRecord]:
    """The records of the data sets asked for; None is all of them."""
    from groupbench.core.errors import ConfigError, unknown

    known = {record.dataset for record in records}
    for name in asked or ():
        if name not in known:
            raise ConfigError(unknown("dataset of these results", name, known))
    return [record for record in records if asked is None or record.dataset in asked]


def _show_breakdown(
    results: Path,
    records: list[RunRecord],
    by: str,
    metrics: list[str] | None,
    views: list[str] | None,
    aggregator: str,
    format_: str,
) -> None:
    from groupbench.core.errors import ConfigError, unknown
    from groupbench.report.breakdown import breakdown_frame, render_breakdown

    metric = metrics[0] if metrics else "ndcg@10"
    frame = breakdown_frame(results, records, by=by, metric=metric, aggregator=aggregator)
    known = set(frame["view"])
    for name in views or ():
        if name not in known | {"all"}:
            raise ConfigError(unknown(f"view with {metric} of groups", name, known))
    if views and "all" not in views:
        frame = frame[frame["view"].isin(views)]
    typer.echo(render_breakdown(frame, format=format_))


def list_names(
    name: Annotated[str | None, typer.Argument(help="A kind (methods, datasets ...) or a name.")] = None,
    plugin: Plugins = None,
) -> None:
    """List methods, data sets, aggregators, metrics and views; or the parameters of one."""
    from groupbench.cli import describe
    from groupbench.core import registry

    registry.load_plugins(plugin or [])
    typer.echo(describe.listing(name))


def explain(
    name: Annotated[str, typer.Argument(help="A metric (ndcg@10), view, aggregator, method or data set.")],
    plugin: Plugins = None,
) -> None:
    """Print definition, formula and source of anything that has a name."""
    from groupbench.cli import describe
    from groupbench.core import registry

    registry.load_plugins(plugin or [])
    typer.echo(describe.explanation(name))
