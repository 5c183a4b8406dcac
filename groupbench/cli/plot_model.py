"""`groupbench plot training|tsne|attention`: figures of what happens inside DMTL."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groupbench.cli._options import ConfigFile, DataDir, Plugins, Protocol, ProtocolOptions, Seed, Set
from groupbench.cli.study import Dataset, Method, make_study

if TYPE_CHECKING:
    from groupbench.evaluation.task import Task
    from groupbench.runner.config import Config
    from groupbench.runner.job import Job
    from groupbench.studies import Inspectable

_OUTPUT = typer.Option("--output", "-o", help="An .svg, .png or .pdf file.")


def training(
    method: Method = "dmtl",
    dataset: Dataset = None,
    seed: Seed = 0,
    protocol: Protocol = None,
    option: ProtocolOptions = None,
    set_: Set = None,
    config: ConfigFile = None,
    plugin: Plugins = None,
    data_dir: DataDir = None,
    output: Annotated[Path, _OUTPUT] = Path("training.svg"),
) -> None:
    """Fit DMTL as a run does and draw its losses by epoch."""
    from groupbench.report.plots import check_suffix, draw_training
    from groupbench.studies import job_title, losses_of

    check_suffix(output)
    asked = make_study(method, dataset, [seed], protocol, option, set_, config, plugin, data_dir)
    job, _, model = _fit(asked)
    losses = losses_of(model)
    draw_training({job.label: losses}, output, title=f"{job_title(job)}: {job.label}, seed {seed}")
    for name, values in losses.items():
        typer.echo(
            f"{name}: {values[0]:.4f} in the first, {values[-1]:.4f} in the last of {len(values)} epochs"
        )
    typer.echo(f"drawn in {output}")


def tsne(
    method: Method = "dmtl",
    dataset: Dataset = None,
    seed: Seed = 0,
    protocol: Protocol = None,
    option: ProtocolOptions = None,
    set_: Set = None,
    config: ConfigFile = None,
    plugin: Plugins = None,
    data_dir: DataDir = None,
    output: Annotated[Path, _OUTPUT] = Path("tsne.svg"),
) -> None:
    """Draw users by their mean shared representation, coloured by group; beside it without profiling.

    Silhouette and neighbourhood purity are measured before t-SNE, which shows clusters where there are none.
    """
    from groupbench.report.plots import check_suffix, draw_maps
    from groupbench.studies import job_title, user_map, weighted

    check_suffix(output)
    asked = make_study(method, dataset, [seed], protocol, option, set_, config, plugin, data_dir)
    without = weighted(asked, 0.0)
    maps = {}
    for drawn_config in (asked, without):
        job, task, model = _fit(drawn_config)
        drawn = user_map(model, task.train.ratings, task.train.groups, random_state=seed)
        typer.echo(f"{job.label}: {drawn.summary}")
        caption = "\n".join([job.label, *drawn.summary.split("; ")])
        maps[caption] = (drawn.points, drawn.labels)
    draw_maps(maps, output, title=f"{job_title(job)}: users by group, seed {seed}")
    typer.echo(f"drawn in {output}")


def attention(
    method: Method = "dmtl",
    dataset: Dataset = None,
    seed: Seed = 0,
    protocol: Protocol = None,
    option: ProtocolOptions = None,
    set_: Set = None,
    config: ConfigFile = None,
    plugin: Plugins = None,
    data_dir: DataDir = None,
    output: Annotated[Path, _OUTPUT] = Path("attention.svg"),
) -> None:
    """Draw mean attention weights by item feature.

    Attention weighs the units of the encoded item, not its features: a row shows how the weights shift where
    the item has the feature.
    """
    from groupbench.core.seeding import generator
    from groupbench.report.plots import check_suffix, draw_attention
    from groupbench.studies import attention_by_feature, job_title

    check_suffix(output)
    asked = make_study(method, dataset, [seed], protocol, option, set_, config, plugin, data_dir)
    job, task, model = _fit(asked)
    rng = generator("attention", seed)
    names, weights, units = attention_by_feature(model, task.train.ratings, task.train.item_features, rng=rng)
    title = f"{job_title(job)}: attention of {job.label}, seed {seed} (effective units of {weights.shape[1]})"
    draw_attention(names, weights, units, output, title=title)
    for name, row, effective in zip(names, weights, units, strict=True):
        typer.echo(f"{name:24s} {effective:5.1f} effective units, weights {row.min():.2f} to {row.max():.2f}")
    typer.echo("weights times width: 1 is even")
    typer.echo(f"drawn in {output}")


def _fit(config: Config) -> tuple[Job, Task, Inspectable]:
    from groupbench.studies import fitted, load_for, only_job, task_of

    dataset = load_for(config)
    job = only_job(config, dataset)
    task = task_of(job, dataset)
    return job, task, fitted(job, task)
