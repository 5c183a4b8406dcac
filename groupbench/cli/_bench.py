"""`groupbench bench`: what the benchmarks against other libraries found."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Show and check saved benchmarks against other libraries.", no_args_is_help=True)

_SAVED = typer.Argument(help="JSON file that 'tox -e bench' wrote.")


@app.command("report")
def report(
    file: Annotated[Path, _SAVED] = Path(".benchmarks/latest.json"),
    format_: Annotated[str, typer.Option("--format", "-f", help="plain or markdown.")] = "plain",
    plot: Annotated[Path | None, typer.Option(help="Draw growth to an .svg, .png or .pdf file.")] = None,
) -> None:
    """Show both sides' medians, the ratio and peak memory, and how time and memory grow."""
    from groupbench import benchmarks

    found = benchmarks.read(file)
    tables = []
    if found.comparisons:
        tables.append(benchmarks.render(found.comparisons, format_))
    if found.growth:
        tables.append(benchmarks.render_growth(found.growth, format_))
    typer.echo("\n\n".join([*tables, found.machine]))
    if plot is not None:
        benchmarks.draw_growth(found.growth, plot)
        typer.echo(f"drawn in {plot}")


@app.command("check")
def check(
    ratios: Annotated[Path, typer.Argument(help="JSON file of benchmarks and their ratios.")],
    file: Annotated[Path, _SAVED] = Path(".benchmarks/latest.json"),
) -> None:
    """Compare saved ratios with committed ones; fail below half of one."""
    from groupbench import benchmarks

    committed = benchmarks.read_ratios(ratios)
    slower = benchmarks.regressions(benchmarks.read(file).comparisons, committed)
    for line in slower:
        typer.echo(line, err=True)
    typer.echo(f"{len(committed)} ratios, {len(slower)} below {benchmarks.LEAST:.0%} of what they were")
    if slower:
        raise typer.Exit(1)
