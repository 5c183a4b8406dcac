"""`groupbench tune`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from groupbench.cli._options import Except, Quiet, ResultsOutput, with_options
from groupbench.cli._trials import Trials
from groupbench.runner.config import Config
from groupbench.runner.tuning import TuningOptions

Output = Annotated[
    Path,
    typer.Option("--output", "-o", help="TOML file to write, for 'run --config'.", rich_help_panel="Output"),
]


@with_options
def tune(
    config: Annotated[Config, Except("seeds", "aggregators", "references", "k")],
    options: TuningOptions,
    output: Output = Path("tuned.toml"),
    results: ResultsOutput = Path("results"),
    quiet: Quiet = False,
) -> None:
    """Choose hyperparameters on rows cut from training rows, with as many trials for every method.

    The same command goes on where an earlier one stopped; with more --trials it adds to them.
    """
    from groupbench.runner.run import start_tuning
    from groupbench.runner.tuning import as_config, require_writable, write

    require_writable(output)
    with Trials(quiet=quiet) as progress:
        searches = start_tuning(config, options, results, progress.report, progress.tell, progress.begin)
    found = as_config(config, searches)
    write(output, found)
    failed = [search for search in searches if search.failed]
    progress.tell(f"{len(found['tuned'])} of {len(searches)} methods tuned, {len(failed)} failed")
    if found["tuned"]:
        progress.tell(f"run them with: groupbench run --config {output}")
    if failed:
        raise typer.Exit(1)
