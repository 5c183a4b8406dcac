"""`groupbench plot training|tsne|attention`: figures of what happens inside DMTL."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groupbench.cli._options import NOT_OF_DATA, Except, Seed, with_options
from groupbench.cli._study import Method, study_config
from groupbench.runner.config import Config

if TYPE_CHECKING:
    from groupbench.evaluation.task import Task
    from groupbench.report.plots import Drawing
    from groupbench.runner.job import Job
    from groupbench.studies import Inspectable

ModelOptions = Annotated[Config, Except(*(field for field in NOT_OF_DATA if field not in ("set", "tuned")))]
Title = Annotated[str | None, typer.Option(help="What stands above the drawing; '' for nothing.")]
_OUTPUT = typer.Option("--output", "-o", help="An .svg, .png or .pdf file.")


@with_options
def training(
    config: ModelOptions,
    method: Method = "dmtl",
    seed: Seed = 0,
    title: Title = None,
    output: Annotated[Path, _OUTPUT] = Path("training.svg"),
) -> None:
    """Fit DMTL as a run does and draw its losses by epoch."""
    from groupbench.report.plots import check_suffix, draw_training
    from groupbench.studies import job_title, losses_of

    check_suffix(output)
    job, _, model = _fit(_of_seed(config, method, seed))
    losses = losses_of(model)
    usual = f"{job_title(job)}: {job.label}, seed {seed}"
    drawn = draw_training({job.label: losses}, title=usual if title is None else title)
    for name, values in losses.items():
        typer.echo(
            f"{name}: {values[0]:.4f} in the first, {values[-1]:.4f} in the last of {len(values)} epochs"
        )
    _write(drawn, output)


@with_options
def tsne(
    config: ModelOptions,
    method: Method = "dmtl",
    seed: Seed = 0,
    title: Title = None,
    output: Annotated[Path, _OUTPUT] = Path("tsne.svg"),
) -> None:
    """Draw users by their mean shared representation, colored by group; beside it without profiling.

    Silhouette and neighbourhood purity are measured before t-SNE, which shows clusters where there are none.
    """
    from groupbench.report.plots import check_suffix, draw_maps
    from groupbench.studies import job_title, user_map, weighted

    check_suffix(output)
    chosen = _of_seed(config, method, seed)
    without = weighted(chosen, 0.0)
    maps = {}
    for drawn_config in (chosen, without):
        job, task, model = _fit(drawn_config, needs=("representations",))
        users = user_map(model, task.train.ratings, task.train.groups, random_state=seed)
        typer.echo(f"{job.label}: {users.summary}")
        caption = "\n".join([job.label, *users.summary.split("; ")])
        maps[caption] = (users.points, users.labels)
    usual = f"{job_title(job)}: users by group, seed {seed}"
    _write(draw_maps(maps, title=usual if title is None else title), output)


@with_options
def attention(
    config: ModelOptions,
    method: Method = "dmtl",
    seed: Seed = 0,
    title: Title = None,
    output: Annotated[Path, _OUTPUT] = Path("attention.svg"),
) -> None:
    """Draw mean attention weights by item feature: genres, catalogues or words, the 30 most frequent at most.

    Attention weighs the units of the encoded item, not its features: a row shows how the weights shift where
    the item has the feature.
    """
    from groupbench.core.seeding import generator
    from groupbench.report.plots import check_suffix, draw_attention
    from groupbench.studies import attention_by_feature, job_title

    check_suffix(output)
    job, task, model = _fit(_of_seed(config, method, seed))
    rng = generator("attention", seed)
    names, weights, units = attention_by_feature(model, task.train.ratings, task.train.item_features, rng=rng)
    usual = f"{job_title(job)}: attention of {job.label}, seed {seed} (effective units of {weights.shape[1]})"
    for name, row, effective in zip(names, weights, units, strict=True):
        typer.echo(f"{name:24s} {effective:5.1f} effective units, weights {row.min():.2f} to {row.max():.2f}")
    typer.echo("weights times width: 1 is even")
    _write(draw_attention(names, weights, units, title=usual if title is None else title), output)


def _write(drawn: Drawing, output: Path) -> None:
    from groupbench.report.plots import save

    save(drawn, output)
    typer.echo(f"drawn in {output}")


def _of_seed(config: Config, method: str, seed: int) -> Config:
    return study_config(config, method).model_copy(update={"seeds": [seed]})


def _fit(config: Config, needs: Sequence[str] | None = None) -> tuple[Job, Task, Inspectable]:
    from groupbench.runner.run import load_dataset
    from groupbench.studies import EVERYTHING, fitted, only_job, task_of

    dataset = load_dataset(config)
    job = only_job(config, dataset)
    task = task_of(job, dataset)
    return job, task, fitted(job, task, needs=EVERYTHING if needs is None else needs)
