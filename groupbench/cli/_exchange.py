"""`groupbench export`, `export-task`, `score` and `merge`: results that travel."""

from __future__ import annotations

import shlex
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groupbench.cli._options import (
    NOT_OF_DATA,
    DataDir,
    Except,
    Plugins,
    Results,
    Seed,
    split_names,
    with_options,
)
from groupbench.report.options import ResultFilter
from groupbench.runner.config import Config

if TYPE_CHECKING:
    from groupbench.results import exchange

TaskOptions = Annotated[Config, Except(*NOT_OF_DATA)]


@with_options
def export(
    output: Annotated[Path, typer.Option("--output", "-o", help="A new folder.")],
    chosen: Annotated[ResultFilter, Except("metrics", "k")],
    results: Results = Path("results"),
    format_: Annotated[str, typer.Option("--format", "-f", help="trec, parquet or csv.")] = "trec",
    data_dir: DataDir = None,
    plugin: Plugins = None,
) -> None:
    """Write recommended lists and the truth that they were evaluated by, for other tools."""
    from groupbench.api import load_records
    from groupbench.report.resolution import methods_meant
    from groupbench.results import exchange
    from groupbench.runner import reproduction

    records = load_records(results, chosen.dataset, protocols=chosen.protocol)
    methods = methods_meant(records, chosen.methods)
    wanted = exchange.ExportFilter(None, methods, chosen.views, chosen.aggregator)
    inputs = reproduction.RecordedInputs(data_dir, None, plugin or [])
    exported = exchange.export(records, results, output, format_, chosen=wanted, inputs=inputs)
    typer.echo(f"{exported.runs} runs of {len(exported.parts)} splits written to {output}")
    for location, reason in exported.left_out.items():
        typer.echo(f"left out: {location}: {reason}")
    if exported.tied:
        method_, share = max(exported.tied.items(), key=lambda pair: pair[1])
        typer.echo(
            f"ties decide places in lists of {len(exported.tied)} methods (up to {share:.0%}: {method_}); "
            "tools then give the value of one order, not the expectation"
        )


@with_options
def export_task(
    output: Annotated[Path, typer.Option("--output", "-o", help="A new folder.")],
    config: Annotated[Config, Except(*NOT_OF_DATA, "layout")],
    seed: Seed = 0,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="With --layout: seeds 0, 1 ..., each in a folder seed-N.")
    ] = None,
    layout: Annotated[
        str | None, typer.Option(help="Files as official code reads them: agree, groupim or recbole.")
    ] = None,
) -> None:
    """Write training rows, groups and candidates, and no truth, for methods that run elsewhere.

    With --layout also what is held out, as official code evaluates itself.
    """
    from groupbench.core.errors import ConfigError, unknown
    from groupbench.data.loading.layouts import WRITABLE
    from groupbench.results import exchange
    from groupbench.runner.run import load_dataset

    if seeds is not None and layout is None:
        raise ConfigError("--seeds goes with --layout; without it name one --seed")
    if layout is not None and layout not in WRITABLE:
        raise ConfigError(unknown("layout to write", layout, WRITABLE))
    loaded = load_dataset(config)
    if layout is not None:
        numbers = [seed] if seeds is None else range(seeds)
        splits = [exchange.PreparedSplit.make(loaded, config.protocol, number) for number in numbers]
        exchange.export_layout(splits, output, layout)
        label, written = splits[0].protocol.label, ", ".join(map(str, numbers))
        typer.echo(
            f"{loaded.name}, protocol {label}, seed {written}: written to {output} in the layout {layout}"
        )
        return
    split = exchange.PreparedSplit.make(loaded, config.protocol, seed)
    for view in exchange.export_task(split, output):
        typer.echo(f"view {view}")
    typer.echo(f"{loaded.name}, protocol {split.protocol.label}, seed {seed}: written to {output}")


@with_options
def score(
    file: Annotated[
        list[Path],
        typer.Argument(
            help="Rankings: a TREC run, or CSV or parquet with entity, item, score (view, seed); - is a pipe."
        ),
    ],
    config: TaskOptions,
    seed: Seed = 0,
    view: Annotated[
        list[str] | None, typer.Option(help="The view of each FILE, in order; by default the first one.")
    ] = None,
    task: Annotated[
        Path | None,
        typer.Option(help="Folder of 'export-task --layout', whose numbers FILE has; or a .npy matrix."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the method; by default that of FILE.")] = None,
    results: Results = Path("results"),
) -> None:
    """Evaluate rankings that were made elsewhere, and put them beside the others in the table."""
    from groupbench.core.errors import ConfigError
    from groupbench.report.render import render
    from groupbench.results import exchange
    from groupbench.runner.run import load_dataset

    folder = None if task is None else exchange.TaskFolder.read(task)
    if folder is not None and (config.protocol not in ({}, folder.protocol) or seed not in (0, folder.seed)):
        raise ConfigError(
            f"protocol and seed are those of --task {task}; leave out the options that say others"
        )
    if folder is None and any(one.suffix.lower() == ".npy" for one in file):
        raise ConfigError(f"{file[0]} says nothing of its rows; name the folder it was made for with --task")
    if folder is not None and "dataset" not in config.model_fields_set:
        config = config.model_copy(update={"dataset": [folder.dataset]})
    scored = exchange.score(
        file,
        load_dataset(config),
        config.protocol,
        name=file[0].stem if name is None else name,
        results=results,
        source=config.dataset[0],
        seed=seed,
        views=split_names(view, "view") or [],
        task=folder,
    )
    for record, ranked in scored:
        for one in ranked:
            typer.echo(f"seed {record.seed}, {one.results[0].case.view.name}: {_coverage(one)}")
    views = [one.results[0].case.view.name for _, ranked in scored for one in ranked]
    typer.echo(render([record for record, _ in scored], format="plain", views=views, aggregator="all"))


def merge(
    folder: Annotated[
        list[Path], typer.Argument(help="Results folders, and bundles of 'groupbench submit'.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Results folder, new or not.")],
    keep: Annotated[
        str | None, typer.Option(help="'newest': of one job with different values, keep what ended last.")
    ] = None,
    aggregator: Annotated[
        list[str] | None, typer.Option(help="Keep the values of these only; comma-separated or repeated.")
    ] = None,
    figures_only: Annotated[
        bool, typer.Option("--figures-only", help="Leave out lists, and values of single users and groups.")
    ] = False,
    pack: Annotated[
        bool, typer.Option("--pack", help="Write the means of metrics, in one file, with a manifest.")
    ] = False,
    significance: Annotated[
        int | None,
        typer.Option(
            min=2,
            metavar="N",
            help="With --pack: what tests need too, values of users and groups in the first rows of tables.",
        ),
    ] = None,
    metrics: Annotated[
        list[str] | None,
        typer.Option(help="With --significance: by which rows are first, and values of which (ndcg@10)."),
    ] = None,
) -> None:
    """Join the results of several machines in one folder."""
    from groupbench.core.errors import ConfigError, unknown
    from groupbench.results import exchange

    if keep not in (None, "newest"):
        raise ConfigError(unknown("choice of --keep", keep, ["newest"]))
    merged = exchange.merge(
        folder,
        output,
        keep_newest=keep is not None,
        aggregators=split_names(aggregator, "aggregator"),
        metrics_only=figures_only,
        packing=_packing(pack, significance, split_names(metrics, "metric"), figures_only),
    )
    typer.echo(
        f"{merged.written} records written to {output}, {merged.there} were there already, "
        f"{merged.repeated} of the same jobs left out"
    )
    for note in merged.notes:
        typer.echo(note)


def _packing(
    pack: bool, n_rows: int | None, metrics: list[str] | None, figures_only: bool
) -> exchange.Packing | None:
    """How an archive is made; None without one."""
    from groupbench.core.errors import ConfigError
    from groupbench.report.leading import leading_rows
    from groupbench.results import exchange

    if n_rows is None and metrics is not None:
        raise ConfigError("--metrics is what --significance N goes by; name both or none")
    if n_rows is not None and not pack:
        raise ConfigError("--significance is for what --pack writes; without it all values are copied")
    if n_rows is not None and figures_only:
        raise ConfigError("--figures-only leaves out what --significance retains; name one of them")
    if not pack:
        return None
    rows = n_rows and partial(leading_rows, n=n_rows, metrics=metrics or ["ndcg@10"])
    return exchange.Packing(shlex.join(["groupbench", *sys.argv[1:]]), rows or None)


def _coverage(ranked: exchange.RankedView) -> str:
    """How many candidates have a score, and what the rows hold besides."""
    text = f"{ranked.candidates:,} candidates"
    text += (
        f", {ranked.missing:,} without a score: ranked last, tied" if ranked.missing else ", all with a score"
    )
    return text + (f"; {ranked.others:,} rows are no candidates: left out" if ranked.others else "")
