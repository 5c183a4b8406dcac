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


@with_options
def run(
    config: Annotated[Config, Except("tuned")],
    results: ResultsOutput = Path("results"),
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Run what is missing: fit each method once per data set and seed, evaluate it under every view."""
    from groupbench.runner.run import start

    with Progress(quiet=quiet or as_json) as progress:
        jobs = start(config, results, progress.report, progress.tell, progress.begin)
    failed = [outcome for outcome in progress.outcomes.values() if outcome.status != "done"]
    if as_json:
        rows = [_row(job, progress.outcomes.get(job.key)) for job in jobs]
        typer.echo(json.dumps({"results": str(results), "ran": progress.ended, "jobs": rows}))
    elif not quiet:
        present = len(jobs) - progress.ended
        where = "" if results == Path("results") else f" --results {results}"
        count = "1 job" if len(jobs) == 1 else f"{len(jobs)} jobs"
        typer.echo(f"{count}: {progress.ended} run, {present} already there, {len(failed)} failed")
        typer.echo(f"see the metrics with: groupbench table{where}")
    if failed:
        raise typer.Exit(1)


def _row(job: Job, outcome: JobOutcome | None) -> dict[str, str | int]:
    """A job and how it ended; one that was not run is there already."""
    status, reason = ("done", "") if outcome is None else (outcome.status, outcome.reason)
    key: dict[str, str | int] = {"dataset": job.dataset, "method": job.label, "seed": job.seed}
    return {**key, "status": status, "reason": reason}
