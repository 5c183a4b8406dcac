"""`groupbench plot bars`, `pareto`, `by-size`, `distribution` and `cd`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from groupbench.cli._options import Level, Results, with_options
from groupbench.report.options import DrawingOptions, ResultFilter

if TYPE_CHECKING:
    from groupbench.core.options import Options

Output = Annotated[Path, typer.Option("--output", "-o", help="A .pdf, .svg or .png file.")]


@with_options
def bars(
    chosen: ResultFilter,
    drawing: DrawingOptions,
    results: Results = Path("results"),
    output: Output = Path("bars.pdf"),
) -> None:
    """Draw means with the 95% interval over seeds, best first."""
    _draw("bars", output, chosen, drawing, results=results)


@with_options
def pareto(
    chosen: ResultFilter,
    drawing: DrawingOptions,
    results: Results = Path("results"),
    output: Output = Path("pareto.pdf"),
    cost: Annotated[str, typer.Option(help="seconds, memory or energy.")] = "seconds",
) -> None:
    """Draw a metric against seconds, memory or energy of the whole job, with the Pareto front."""
    _draw("pareto", output, chosen, drawing, results=results, cost=cost)


@with_options
def by_size(
    chosen: ResultFilter,
    drawing: DrawingOptions,
    results: Results = Path("results"),
    output: Output = Path("by-size.pdf"),
    by: Annotated[str, typer.Option(help="size, cohesion, activity or options.")] = "size",
) -> None:
    """Draw a metric by what groups are like: their size, cohesion or activity."""
    _draw("by_size", output, chosen, drawing, results=results, by=by)


@with_options
def distribution(
    chosen: ResultFilter,
    drawing: DrawingOptions,
    results: Results = Path("results"),
    output: Output = Path("distribution.pdf"),
) -> None:
    """Draw how a metric is distributed over groups or users: quantiles and the mean, best mean first."""
    _draw("distribution", output, chosen, drawing, results=results)


@with_options
def critical_difference(
    chosen: ResultFilter,
    drawing: DrawingOptions,
    results: Results = Path("results"),
    output: Output = Path("cd.svg"),
    blocks: Annotated[str, typer.Option(help="views (of each data set and protocol) or seeds.")] = "views",
    level: Level = 0.05,
) -> None:
    """Draw average ranks with the critical difference (Friedman's and Nemenyi's tests)."""
    _draw("cd", output, chosen, drawing, results=results, blocks=blocks, level=level)


def _draw(name: str, output: Path, *options: Options, **further: Any) -> None:
    """Write what `groupbench.plot.NAME` draws, and say what it is."""
    from groupbench.api import plot
    from groupbench.report.plots import check_suffix, save

    check_suffix(output)
    given = {key: value for one in options for key, value in one.model_dump(exclude_unset=True).items()}
    drawn = getattr(plot, name)(**given, **further)
    save(drawn, output)
    typer.echo(f"{drawn.about}\ndrawn in {output}")
