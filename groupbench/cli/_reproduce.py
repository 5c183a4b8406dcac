"""`groupbench reproduce`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groupbench.cli._options import DataDir, Results
from groupbench.cli._progress import Progress

if TYPE_CHECKING:
    from groupbench.runner.config import Config
    from groupbench.runner.reproduction import RecordedInputs

NamedPlugins = Annotated[
    list[str] | None,
    typer.Option("--plugin", help="Plugin of the runs, wherever it lies now, if it is the recorded one."),
]


def reproduce(
    run: Annotated[
        list[str],
        typer.Argument(
            help="Run folders, a results folder for all of its runs, or key prefixes; or the name of one "
            "method.",
            show_default=False,
        ),
    ],
    results: Results = Path("results"),
    dataset: Annotated[
        str | None,
        typer.Option(help="The data set of a method; or the new path of that of runs."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds of a method.")] = 3,
    tolerance: Annotated[
        float | None,
        typer.Option(
            min=0, help="How far below a reported value a method may stay and reach it; default 0.01."
        ),
    ] = None,
    plugin: NamedPlugins = None,
    data_dir: DataDir = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Worker processes.")] = 1,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds after which a job is ended.")] = 3600.0,
) -> None:
    """Repeat recorded runs value by value; or put reported values of a method beside ours.

    A run is done again from its record alone. A method needs --dataset; it is run where runs are missing.
    """
    from groupbench.core.errors import ConfigError
    from groupbench.runner import reproduction
    from groupbench.runner.config import make_config

    if _names_method(run, results, plugin or []):
        if dataset is None:
            raise ConfigError(
                f"{run[0]} is a method: say with --dataset where its reported values are to be reached, or "
                "give the folder or key of a run"
            )
        data = {"dataset": [dataset], "plugins": plugin, "data_dir": data_dir}
        config = make_config(
            None, **{**data, "methods": run, "seeds": seeds, "jobs": jobs, "timeout": timeout}
        )
        _compare_reported(config, results, reproduction.TOLERANCE if tolerance is None else tolerance)
    else:
        _repeat(run, results, reproduction.RecordedInputs(data_dir, dataset, plugin or []), jobs, timeout)


def _names_method(run: list[str], results: Path, plugins: list[str]) -> bool:
    """Whether a method is meant and no runs; plugins are imported only where no record could name them."""
    from groupbench.core import registry
    from groupbench.core.plugins import load_plugins
    from groupbench.report.names import registered_name
    from groupbench.runner import reproduction

    if len(run) > 1 or reproduction.names_run(run[0], results):
        return False
    load_plugins(plugins)
    return registered_name(run[0]) in registry.methods


def _repeat(run: list[str], results: Path, inputs: RecordedInputs, jobs: int, timeout: float) -> None:
    from groupbench.runner import reproduction

    folders = reproduction.found_runs(run, results)
    runs = list(folders.values())
    repeatable = reproduction.repeatable_runs(runs)
    if len(repeatable) < len(runs):
        typer.echo(
            f"{len(runs) - len(repeatable)} of {len(runs)} runs did not end well, or evaluated rankings made "
            "elsewhere; they are left out"
        )
    repeats = []
    for repeat in reproduction.reproduce(repeatable, inputs, folders=folders, jobs=jobs, timeout=timeout):
        repeats.append(repeat)
        typer.echo(reproduction.format_repeat(repeat))
    for line in reproduction.format_summary(repeats):
        typer.echo(line)
    if not all(repeat.holds for repeat in repeats):
        raise typer.Exit(1)


def _compare_reported(config: Config, results: Path, tolerance: float) -> None:
    """Run the only method of `config` under each protocol that papers report it for, and compare."""
    from groupbench.runner import reproduction
    from groupbench.runner.run import collect, start

    method, dataset = config.method_names()[0], config.dataset[0]
    failed = False
    for protocol, reported in reproduction.reported_for(method, dataset).items():
        with Progress() as progress:
            of_protocol = config.model_copy(update={"protocol": {"name": protocol}, "references": False})
            jobs = start(of_protocol, results, progress.report, progress.tell, progress.begin)
        records = collect(jobs)
        failed |= any(record.status != "done" for record in records)
        typer.echo(f"{method} on {dataset}, protocol {protocol}")
        for line in reproduction.format_reported(reproduction.beside_ours(reported, records, tolerance)):
            typer.echo(line)
    if failed:
        raise typer.Exit(1)
