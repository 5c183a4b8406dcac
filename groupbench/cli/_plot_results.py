"""`groupbench plot bars`, `pareto` and `by-size`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from groupbench.cli._options import Results, with_options
from groupbench.report.options import ResultFilter

Output = Annotated[Path, typer.Option("--output", "-o", help="A .pdf, .svg or .png file.")]


@with_options
def bars(chosen: ResultFilter, results: Results = Path("results"), output: Output = Path("bars.pdf")) -> None:
    """Draw means with the 95% interval over seeds, best first."""
    from groupbench.cli._plot_data import plot_rows, print_drawn
    from groupbench.metrics import bounds
    from groupbench.report.plots import check_suffix, draw_bars
    from groupbench.report.statistics import half_widths

    check_suffix(output)
    rows = plot_rows(results, chosen)
    draw_bars(
        rows.names,
        rows.means,
        half_widths(rows.std, rows.seeds),
        output,
        metric=rows.metric,
        title=rows.title,
        pale=rows.references,
        bounds=bounds(rows.metric),
    )
    print_drawn(output, rows)


@with_options
def pareto(
    chosen: ResultFilter,
    results: Results = Path("results"),
    output: Output = Path("pareto.pdf"),
    cost: Annotated[str, typer.Option(help="seconds or memory.")] = "seconds",
) -> None:
    """Draw a metric against seconds or memory of the whole job, with the Pareto front."""
    from groupbench.cli._plot_data import cost_of, plot_rows, print_drawn
    from groupbench.metrics import lower_is_better
    from groupbench.report.plots import check_suffix, draw_pareto

    check_suffix(output)
    rows = plot_rows(results, chosen)
    costly, values, unit = cost_of(rows, cost)
    draw_pareto(
        costly.names,
        values,
        costly.means,
        output,
        metric=rows.metric,
        unit=unit,
        title=rows.title,
        lower_is_better=lower_is_better(rows.metric),
    )
    print_drawn(output, costly)


@with_options
def by_size(
    chosen: ResultFilter,
    results: Results = Path("results"),
    output: Output = Path("by-size.pdf"),
    by: Annotated[str, typer.Option(help="size, cohesion or activity.")] = "size",
) -> None:
    """Draw a metric by what groups are like: their size, cohesion or activity."""
    from groupbench.cli._plot_data import by_kind
    from groupbench.report.plots import check_suffix, draw_kinds

    check_suffix(output)
    rows = by_kind(results, chosen, by=by)
    draw_kinds(rows.names, rows.kinds, rows.means, output, metric=rows.metric, by=by, title=rows.title)
    typer.echo(f"{len(rows.names)} rows, {rows.title}: drawn in {output}")
