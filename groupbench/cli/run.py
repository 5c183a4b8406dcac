"""`groupbench run`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groupbench.cli._options import (
    Address,
    ConfigFile,
    DataDir,
    Executor,
    GroupsAs,
    Jobs,
    Names,
    Plugins,
    Protocol,
    Quiet,
    Results,
    Set,
    Threads,
    split_names,
)
from groupbench.cli._progress import Progress

if TYPE_CHECKING:
    from groupbench.runner.job import Job
    from groupbench.runner.pool import JobOutcome


def run(
    methods: Names = None,
    dataset: Annotated[
        list[str] | None, typer.Option(help="Data sets by name, or folders with a ratings.csv.")
    ] = None,
    seeds: Annotated[str | None, typer.Option(help="Number of repeats, or the repeats: 0,3,4 or 3,")] = None,
    protocol: Protocol = None,
    ratio: Annotated[float | None, typer.Option(help="Share of the ratings for training.")] = None,
    groups: Annotated[
        str | None, typer.Option(help="How groups are formed: kmeans, random, natural ...")
    ] = None,
    n_groups: Annotated[int | None, typer.Option(help="Number of groups to form.")] = None,
    tau: Annotated[float | None, typer.Option(help="Relevant from this rating on.")] = None,
    groups_as: GroupsAs = None,
    group_weight: Annotated[
        int | None, typer.Option(help="As how many users a group stands in rows and both.")
    ] = None,
    aggregators: Annotated[
        list[str] | None, typer.Option(help="Aggregators to judge; 'all' is every one, the default.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="Another protocol option, KEY=VALUE (group_features=shares).")
    ] = None,
    set_: Set = None,
    config: ConfigFile = None,
    plugin: Plugins = None,
    data_dir: DataDir = None,
    results: Results = Path("results"),
    executor: Executor = None,
    address: Address = None,
    jobs: Jobs = None,
    threads: Threads = None,
    train_workers: Annotated[
        int | None, typer.Option(help="Processes that share the training of a job (dmtl); default: 1.")
    ] = None,
    memory_budget: Annotated[
        float | None, typer.Option(help="GiB that a job may take beyond its data.", metavar="GIB")
    ] = None,
    deterministic: Annotated[
        bool | None,
        typer.Option(
            "--deterministic/--no-deterministic",
            help="Hold methods to one thread that cannot be repeated with more; on by default.",
            show_default=False,
        ),
    ] = None,
    timeout: Annotated[float | None, typer.Option(help="Seconds after which a job is ended.")] = None,
    quiet: Quiet = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="End with one JSON object on standard output.")
    ] = False,
) -> None:
    """Run what is missing: fit each method once per data set and seed, judge it under every view."""
    from groupbench import api
    from groupbench.runner.config import make_config, parse_options, parse_set

    given = {"name": protocol, "ratio": ratio, "groups": groups, "n_groups": n_groups, "tau": tau}
    given |= parse_options(option or [])
    resolved = make_config(
        config,
        methods=split_names(methods),
        dataset=split_names(dataset),
        seeds=_seeds(seeds),
        protocol={k: v for k, v in given.items() if v is not None},
        groups_as=split_names(groups_as),
        group_weight=group_weight,
        aggregators=split_names(aggregators),
        set=parse_set(set_ or []),
        plugins=plugin,
        data_dir=None if data_dir is None else str(data_dir),
        executor=executor,
        address=address,
        jobs=jobs,
        threads=threads,
        train_workers=train_workers,
        memory_budget=memory_budget,
        deterministic=deterministic,
        timeout=timeout,
    )
    with Progress(quiet=quiet or as_json) as shown:
        planned = api.start(resolved, results, shown.report, shown.tell, shown.begin)
    failed = [o for o in shown.outcomes.values() if o.status != "done"]
    if as_json:
        ended = [_ended(job, shown.outcomes.get(job.key)) for job in planned]
        typer.echo(json.dumps({"results": str(results), "ran": shown.ended, "jobs": ended}))
    elif not quiet:
        there = len(planned) - shown.ended
        where = "" if results == Path("results") else f" --results {results}"
        typer.echo(f"{len(planned)} jobs: {shown.ended} run, {there} already there, {len(failed)} failed")
        typer.echo(f"see the figures with: groupbench table{where}")
    if failed:
        raise typer.Exit(1)


def _ended(job: Job, outcome: JobOutcome | None) -> dict[str, str | int]:
    """How a job stands; one that was not run is there already."""
    status, reason = ("done", "") if outcome is None else (outcome.status, outcome.reason)
    place: dict[str, str | int] = {"dataset": job.dataset, "method": job.label, "seed": job.seed}
    return {**place, "status": status, "reason": reason}


def _seeds(text: str | None) -> int | list[int] | None:
    from groupbench.core.errors import ConfigError

    if text is None:
        return None
    try:
        numbers = [int(part) for part in text.removesuffix(",").split(",")]
    except ValueError as error:
        raise ConfigError(f"--seeds {text}: give a number of repeats (5) or the repeats (0,3,4)") from error
    return numbers if "," in text else numbers[0]
