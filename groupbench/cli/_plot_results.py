"""`groupbench plot bars`, `pareto` and `by-size`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from groupbench.cli._options import Aggregator, Only, Results

Output = Annotated[Path, typer.Option("--output", "-o", help="A .pdf, .svg or .png file.")]
DatasetName = Annotated[str | None, typer.Option(help="Data set; needed where there are several.")]
ProtocolName = Annotated[str | None, typer.Option(help="Protocol; needed where there are several.")]
ViewName = Annotated[str | None, typer.Option(help="View; default: the first that the tables show.")]
MetricName = Annotated[str, typer.Option(help="What to draw.")]


def bars(
    results: Results = Path("results"),
    output: Output = Path("bars.pdf"),
    dataset: DatasetName = None,
    protocol: ProtocolName = None,
    view: ViewName = None,
    metric: MetricName = "ndcg@10",
    aggregator: Aggregator = "average",
    methods: Only = None,
) -> None:
    """Draw means with the 95% interval over seeds, best first."""
    from groupbench.cli._plot_data import plot_rows, print_drawn
    from groupbench.metrics import bounds
    from groupbench.report.plots import check_suffix, draw_bars
    from groupbench.report.statistics import half_widths

    check_suffix(output)
    rows = plot_rows(results, (dataset, protocol, view), metric, aggregator, methods)
    draw_bars(
        rows.names,
        rows.means,
        half_widths(rows.std, rows.seeds),
        output,
        metric=metric,
        title=rows.title,
        pale=rows.references,
        bounds=bounds(metric),
    )
    print_drawn(output, rows)


def pareto(
    results: Results = Path("results"),
    output: Output = Path("pareto.pdf"),
    dataset: DatasetName = None,
    protocol: ProtocolName = None,
    view: ViewName = None,
    metric: MetricName = "ndcg@10",
    aggregator: Aggregator = "average",
    methods: Only = None,
    cost: Annotated[str, typer.Option(help="seconds, memory or energy.")] = "seconds",
) -> None:
    """Draw a metric against seconds, memory or energy of the whole job, with the Pareto front."""
    from groupbench.cli._plot_data import cost_of, plot_rows, print_drawn
    from groupbench.metrics import lower_is_better
    from groupbench.report.plots import check_suffix, draw_pareto

    check_suffix(output)
    rows = plot_rows(results, (dataset, protocol, view), metric, aggregator, methods)
    costly, values, unit = cost_of(rows, cost)
    draw_pareto(
        costly.names,
        values,
        costly.means,
        output,
        metric=metric,
        unit=unit,
        title=rows.title,
        lower_is_better=lower_is_better(metric),
    )
    print_drawn(output, costly)


def by_size(
    results: Results = Path("results"),
    output: Output = Path("by-size.pdf"),
    dataset: DatasetName = None,
    protocol: ProtocolName = None,
    view: ViewName = None,
    metric: MetricName = "ndcg@10",
    aggregator: Aggregator = "average",
    methods: Only = None,
    by: Annotated[str, typer.Option(help="size, cohesion or activity.")] = "size",
) -> None:
    """Draw a metric by what groups are like: their size, cohesion or activity."""
    from groupbench.cli._plot_data import by_kind
    from groupbench.report.plots import check_suffix, draw_kinds

    check_suffix(output)
    names, kinds, means, title = by_kind(
        results, (dataset, protocol, view), metric, aggregator, methods, by=by
    )
    draw_kinds(names, kinds, means, output, metric=metric, by=by, title=title)
    typer.echo(f"{len(names)} rows, {title}: drawn in {output}")
