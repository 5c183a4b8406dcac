"""`groupbench run`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groupbench.cli._options import Except, Quiet, ResultsOutput, with_options
from groupbench.cli._progress import Progress
from groupbench.runner.config import Config

if TYPE_CHECKING:
    from groupbench.runner.job import Job
    from groupbench.runner.pool import JobOutcome

AsJson = Annotated[
    bool,
    typer.Option("--json", help="End with one JSON object on standard output.", rich_help_panel="Output"),
]


_TOUR = "a tour: 8 methods on simulated data, 3 seeds; the main job is 'groupbench run --methods all'"


@with_options
def run(
    config: Annotated[Config, Except("tuned")],
    results: ResultsOutput = Path("results"),
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Run what is missing: fit each method once per data set and seed, evaluate it under every view.

    Without options it is a tour of some seconds: a few methods on simulated data.
    """
    from groupbench.runner.run import collect, start

    with Progress(quiet=quiet or as_json) as progress:
        if config.is_bare:
            config = config.as_tour()
            progress.tell(_TOUR)
        jobs = start(config, results, progress.report, progress.tell, progress.begin)
        present = [job for job in jobs if job.key not in progress.outcomes]
        leaders = progress.leaders(collect(present)) if progress.live else []
    failed = [outcome for outcome in progress.outcomes.values() if outcome.status != "done"]
    if as_json:
        rows = [_row(job, progress.outcomes.get(job.key)) for job in jobs]
        typer.echo(json.dumps({"results": str(results), "ran": progress.ended, "jobs": rows}))
    elif not quiet:
        where = "" if results == Path("results") else f" --results {results}"
        count = "1 job" if len(jobs) == 1 else f"{len(jobs)} jobs"
        typer.echo(f"{count}: {progress.ended} run, {len(present)} already there, {len(failed)} failed")
        for line in leaders:
            typer.echo(line)
        typer.echo(f"see the metrics with: groupbench table{where}")
    if failed:
        raise typer.Exit(1)


def _row(job: Job, outcome: JobOutcome | None) -> dict[str, str | int]:
    """A job and how it ended; one that was not run is there already."""
    status, reason = ("done", "") if outcome is None else (outcome.status, outcome.reason)
    key: dict[str, str | int] = {"dataset": job.dataset, "method": job.label, "seed": job.seed}
    return {**key, "status": status, "reason": reason}
