"""`groupbench plot`: `cd` here, what happens inside DMTL from `groupbench.cli._plot_model`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from groupbench.cli import _plot_model, _plot_results, _study
from groupbench.cli._options import Level, Results, with_options
from groupbench.report.options import ResultFilter

app = typer.Typer(help="Draw figures of a results folder.", no_args_is_help=True)
app.command("bars")(_plot_results.bars)
app.command("pareto")(_plot_results.pareto)
app.command("by-size")(_plot_results.by_size)
app.command("lambda")(_study.weights)
app.command("training")(_plot_model.training)
app.command("tsne")(_plot_model.tsne)
app.command("attention")(_plot_model.attention)


@app.callback()
def _figures() -> None:
    """Draw figures of a results folder."""


@app.command("cd")
@with_options
def critical_difference(
    chosen: ResultFilter,
    results: Results = Path("results"),
    output: Annotated[Path, typer.Option("--output", "-o", help="An .svg, .png or .pdf file.")] = Path(
        "cd.svg"
    ),
    blocks: Annotated[str, typer.Option(help="views (of each data set and protocol) or seeds.")] = "views",
    level: Level = 0.05,
) -> None:
    """Draw average ranks with the critical difference (Friedman's and Nemenyi's tests)."""
    from groupbench.api import load_records
    from groupbench.report.plots import check_suffix, draw_ranks
    from groupbench.report.ranking import rank_methods

    check_suffix(output)
    found = rank_methods(
        load_records(results, chosen.dataset, protocols=chosen.protocol),
        views=chosen.views,
        metric=chosen.one("metrics") or "ndcg",
        k=chosen.k,
        aggregator=chosen.one("aggregator") or "average",
        methods=chosen.methods,
        blocks=blocks,
        level=level,
    )
    draw_ranks(found.ranks, output, title=found.title)
    for name, rank in zip(found.ranks.names, found.ranks.ranks, strict=True):
        typer.echo(f"{rank:6.2f}  {name}")
    for line in (*found.title.splitlines(), *found.notes):
        typer.echo(line)
    typer.echo(f"drawn in {output}")
