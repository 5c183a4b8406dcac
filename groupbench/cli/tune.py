"""`groupbench tune`."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groupbench.cli.run import Address, Executor, Jobs, Names, split_names

if TYPE_CHECKING:
    from rich.progress import Progress

    from groupbench.tuning import Search


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
    protocol: Annotated[str | None, typer.Option(help="paper, coupled, natural or given.")] = None,
    groups_as: Annotated[
        list[str] | None,
        typer.Option(
            help="How recommenders of users serve groups with rows of their own, each with its own trials: "
            "members, rows or both; default: each that the data allows."
        ),
    ] = None,
    group_weight: Annotated[
        int | None, typer.Option(help="Hold the weight of groups' rows fixed, which is tuned in both.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="A protocol option, KEY=VALUE (ratio=0.85, groups=natural).")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A hyperparameter to hold fixed, METHOD.NAME=VALUE.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file as for 'run'.")] = None,
    plugin: Annotated[
        list[str] | None, typer.Option(help="Python file that adds methods and the like.")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of original data files.")] = None,
    results: Annotated[Path, typer.Option(help="Results folder; it keeps the trials.")] = Path("results"),
    executor: Executor = None,
    address: Address = None,
    jobs: Jobs = None,
    threads: Annotated[int | None, typer.Option(help="Threads of each worker.")] = None,
    timeout: Annotated[float | None, typer.Option(help="Seconds after which a single fit is ended.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> None:
    """Choose hyperparameters on rows cut from training rows, with as many trials for every method.

    The same command goes on where an earlier one stopped; with more --trials it adds to them.
    """
    from groupbench import api
    from groupbench.config import make_config, parse_options, parse_set
    from groupbench.tuning import as_config, make_options, require_writable, write

    named = {} if protocol is None else {"name": protocol}
    resolved = make_config(
        config,
        methods=split_names(methods),
        dataset=None if dataset is None else [dataset],
        protocol=named | parse_options(option or []),
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
    with _Shown(quiet) as shown:
        searches = api.start_tuning(resolved, options, results, shown.report, shown.tell)
    found = as_config(resolved, searches)
    write(output, found)
    failed = [search for search in searches if search.failed]
    shown.tell(f"{len(found['tuned'])} of {len(searches)} methods tuned, {len(failed)} failed")
    shown.tell(f"run them with: groupbench run --config {output}")
    if failed:
        raise typer.Exit(1)


class _Shown:
    """One plain line for each method when its search is over; on a terminal a live bar above them."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._searches: dict[str, Search] = {}
        self._over: set[str] = set()
        self._bar: Progress | None = None
        self._stack = ExitStack()

    def __enter__(self) -> _Shown:
        if not self._quiet and sys.stdout.isatty():
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            columns = MofNCompleteColumn(), TextColumn("trials"), BarColumn(bar_width=30), TimeElapsedColumn()
            self._bar = self._stack.enter_context(Progress(*columns))
            self._bar.add_task("", total=None)
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()
        self._bar = None

    def tell(self, line: str) -> None:
        """Print a line, unless asked to be quiet."""
        if self._quiet:
            return
        if self._bar is None:
            print(line, flush=True)
        else:
            self._bar.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def report(self, search: Search) -> None:
        """Take note of a search that began or got on."""
        name = search.job.served
        self._searches[name] = search
        if search.over and name not in self._over:
            self._over.add(name)
            self.tell(_line(search))
        if self._bar is not None:
            made = sum(len(held.trials) for held in self._searches.values())
            total = sum(held.options.trials for held in self._searches.values() if not held.unsuited)
            self._bar.update(self._bar.task_ids[0], total=total, completed=made)


def _line(search: Search) -> str:
    name = f"{search.job.served:24s}"
    if search.unsuited:
        return f"{name} not tuned: {search.unsuited}"
    ended = [trial.status for trial in search.trials]
    counts = [f"{ended.count(kind)} {kind}" for kind in ("pruned", "failed") if kind in ended]
    line = f"{name} {', '.join([f'{len(ended)} trials', *counts])}, {search.seconds:.1f} s"
    if search.best is None:
        return f"{line}: none succeeded: {search.trials[0].reason}"
    values = ", ".join(f"{k}={v}" for k, v in search.best.hyperparameters.items())
    default = search.trials[0]
    before = f"{default.mean:.4f}" if default.status == "done" else default.status
    return f"{line}: {search.options.metric} {before} -> {search.best.mean:.4f} with {values}"
