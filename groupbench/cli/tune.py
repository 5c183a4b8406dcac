"""`groupbench tune`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
    ProtocolOptions,
    Quiet,
    Threads,
    protocol_options,
    split_names,
)
from groupbench.cli._trials import Trials


def tune(
    methods: Names = None,
    dataset: Annotated[str | None, typer.Option(help="A data set by name, or a folder.")] = None,
    trials: Annotated[
        int | None, typer.Option(help="Settings to try of each method; default 20, the first is the default.")
    ] = None,
    timeout_per_method: Annotated[
        float | None, typer.Option(help="Seconds after which no trial of a method begins.")
    ] = None,
    view: Annotated[str | None, typer.Option(help="View that decides; default: the first one.")] = None,
    metric: Annotated[str | None, typer.Option(help="Metric that decides; default ndcg@10.")] = None,
    aggregator: Annotated[str | None, typer.Option(help="Its aggregator; default average.")] = None,
    seed: Annotated[int | None, typer.Option(help="Repeat whose training rows are used; default 0.")] = None,
    repeats: Annotated[
        int | None, typer.Option(help="Validation splits of these rows for each setting; default 3.")
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="TOML file to write, for 'run --config'.")
    ] = Path("tuned.toml"),
    protocol: Protocol = None,
    groups_as: GroupsAs = None,
    group_weight: Annotated[
        int | None, typer.Option(help="Hold the weight of groups' rows fixed, which is tuned in both.")
    ] = None,
    option: ProtocolOptions = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A hyperparameter to hold fixed, METHOD.NAME=VALUE.")
    ] = None,
    config: ConfigFile = None,
    plugin: Plugins = None,
    data_dir: DataDir = None,
    results: Annotated[Path, typer.Option(help="Results folder; it keeps the trials.")] = Path("results"),
    executor: Executor = None,
    address: Address = None,
    jobs: Jobs = None,
    threads: Threads = None,
    timeout: Annotated[float | None, typer.Option(help="Seconds after which a single fit is ended.")] = None,
    quiet: Quiet = False,
) -> None:
    """Choose hyperparameters on rows cut from training rows, with as many trials for every method.

    The same command goes on where an earlier one stopped; with more --trials it adds to them.
    """
    from groupbench import api
    from groupbench.runner.config import make_config, parse_set
    from groupbench.runner.tuning import as_config, make_options, require_writable, write

    resolved = make_config(
        config,
        methods=split_names(methods),
        dataset=None if dataset is None else [dataset],
        protocol=protocol_options(protocol, option),
        groups_as=split_names(groups_as),
        group_weight=group_weight,
        set=parse_set(set_ or []),
        plugins=plugin,
        data_dir=None if data_dir is None else str(data_dir),
        executor=executor,
        address=address,
        jobs=jobs,
        threads=threads,
        timeout=timeout,
    )
    options = make_options(
        trials=trials,
        timeout_per_method=timeout_per_method,
        view=view,
        metric=metric,
        aggregator=aggregator,
        seed=seed,
        repeats=repeats,
    )
    require_writable(output)
    with Trials(quiet=quiet) as shown:
        searches = api.start_tuning(resolved, options, results, shown.report, shown.tell, shown.begin)
    found = as_config(resolved, searches)
    write(output, found)
    failed = [search for search in searches if search.failed]
    shown.tell(f"{len(found['tuned'])} of {len(searches)} methods tuned, {len(failed)} failed")
    if found["tuned"]:
        shown.tell(f"run them with: groupbench run --config {output}")
    if failed:
        raise typer.Exit(1)
