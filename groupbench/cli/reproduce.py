"""`groupbench reproduce`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groupbench.cli._options import DataDir, Results
from groupbench.cli._progress import Progress

if TYPE_CHECKING:
    from groupbench.runner.reproduction import RecordedInputs


def reproduce(
    run: Annotated[
        list[str],
        typer.Argument(
            help="Folders of runs, a results folder for all of its runs, or beginnings of keys; or the name "
            "of one method.",
            show_default=False,
        ),
    ],
    results: Results = Path("results"),
    dataset: Annotated[
        str | None,
        typer.Option(help="The data set of a method; or where that of runs lies now, if it has moved."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Repeats of a method.")] = 3,
    tolerance: Annotated[
        float | None,
        typer.Option(
            min=0, help="How far below a reported figure a method may stay and reach it; default 0.01."
        ),
    ] = None,
    plugin: Annotated[
        list[str] | None, typer.Option(help="Where a plugin lies now, if it has moved.")
    ] = None,
    data_dir: DataDir = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Worker processes.")] = 1,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds after which a job is ended.")] = 3600.0,
) -> None:
    """Repeat recorded runs figure by figure; or put reported figures of a method beside ours.

    A run is done again from its record alone. A method needs --dataset; it is run where runs are missing.
    """
    from groupbench.core import registry
    from groupbench.runner import reproduction

    registry.load_plugins(plugin or [])
    if len(run) == 1 and run[0] in registry.methods.all() and not Path(run[0]).exists():
        _beside_reported(run[0], dataset, results, seeds, tolerance, plugin, data_dir, jobs, timeout)
    else:
        _repeat(run, results, reproduction.RecordedInputs(data_dir, dataset, plugin or []), jobs, timeout)


def _repeat(run: list[str], results: Path, inputs: RecordedInputs, jobs: int, timeout: float) -> None:
    from groupbench.runner import reproduction

    known = reproduction.find_runs(run, results)
    left = reproduction.repeatable_runs(known)
    if len(left) < len(known):
        typer.echo(
            f"{len(known) - len(left)} of {len(known)} runs did not end well, or judged rankings made "
            "elsewhere; they are left out"
        )
    repeats = []
    for repeat in reproduction.reproduce(left, inputs, jobs=jobs, timeout=timeout):
        repeats.append(repeat)
        typer.echo(reproduction.spoken(repeat))
    for line in reproduction.summary(repeats):
        typer.echo(line)
    if not all(repeat.holds for repeat in repeats):
        raise typer.Exit(1)


def _beside_reported(
    method: str,
    dataset: str | None,
    results: Path,
    seeds: int,
    tolerance: float | None,
    plugin: list[str] | None,
    data_dir: Path | None,
    jobs: int,
    timeout: float,
) -> None:
    from groupbench import api
    from groupbench.core.errors import ConfigError
    from groupbench.runner import reproduction
    from groupbench.runner.config import make_config

    if dataset is None:
        raise ConfigError(
            f"{method} is a method: say with --dataset where its reported figures are to be reached, or give "
            "the folder or key of a run"
        )
    failed = False
    for protocol, reported in reproduction.reported_for(method, dataset).items():
        config = make_config(
            methods=[method],
            dataset=[dataset],
            protocol={"name": protocol},
            seeds=seeds,
            plugins=plugin,
            data_dir=None if data_dir is None else str(data_dir),
            jobs=jobs,
            timeout=timeout,
        )
        with Progress() as shown:
            planned = api.start(config, results, shown.report, shown.tell, shown.begin)
        records = api.collect(planned)
        failed |= any(record.status != "done" for record in records)
        found = reproduction.beside_ours(
            reported, records, reproduction.TOLERANCE if tolerance is None else tolerance
        )
        typer.echo(f"{method} on {dataset}, protocol {protocol}")
        for line in reproduction.told(found):
            typer.echo(line)
    if failed:
        raise typer.Exit(1)
