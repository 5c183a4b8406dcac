"""`groupbench plot`: of results from `_plot_results`, of what happens inside DMTL from `_plot_model`."""

from __future__ import annotations

import typer

from groupbench.cli import _plot_model, _plot_results, _study

app = typer.Typer(help="Draw figures of a results folder.", no_args_is_help=True)
app.command("bars")(_plot_results.bars)
app.command("pareto")(_plot_results.pareto)
app.command("by-size")(_plot_results.by_size)
app.command("distribution")(_plot_results.distribution)
app.command("cd")(_plot_results.critical_difference)
app.command("lambda")(_study.weights)
app.command("training")(_plot_model.training)
app.command("tsne")(_plot_model.tsne)
app.command("attention")(_plot_model.attention)


@app.callback()
def _figures() -> None:
    """Draw figures of a results folder."""
