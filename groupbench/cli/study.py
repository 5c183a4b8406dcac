"""`groupbench study ablation|lambda|profiling`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groupbench.cli._options import (
    ConfigFile,
    DataDir,
    Jobs,
    Level,
    Plugins,
    Protocol,
    ProtocolOptions,
    Set,
    protocol_options,
    split_names,
)
from groupbench.cli._progress import Progress

if TYPE_CHECKING:
    from groupbench.runner.config import Config
    from groupbench.studies import StudyReport

app = typer.Typer(help="Studies of DMTL, the joint model.", no_args_is_help=True)

Method = Annotated[str, typer.Option(help="DMTL or a variant of it.")]
Dataset = Annotated[
    str | None,
    typer.Option(help="A data set by name, or a folder; default: as --config says, or itmrec-sim."),
]
Seeds = Annotated[int, typer.Option(min=1, help="Number of repeats.")]
Results = Annotated[Path, typer.Option(help="Results folder; it keeps what was measured.")]
Metrics = Annotated[list[str] | None, typer.Option(help="Metrics; default: ndcg@10.")]
Aggregator = Annotated[str, typer.Option(help="Which group scores; 'own' are the model's own.")]
Format = Annotated[str, typer.Option("--format", "-f", help="plain, markdown, csv or json.")]


@app.command()
def ablation(
    method: Method = "dmtl",
    dataset: Dataset = None,
    seeds: Seeds = 5,
    protocol: Protocol = None,
    option: ProtocolOptions = None,
    set_: Set = None,
    config: ConfigFile = None,
    view: Annotated[list[str] | None, typer.Option(help="Views, or 'all'.")] = None,
    metric: Annotated[list[str] | None, typer.Option(help="Metrics; default: ndcg@10.")] = None,
    aggregator: Aggregator = "average",
    level: Level = 0.05,
    plugin: Plugins = None,
    data_dir: DataDir = None,
    results: Results = Path("results"),
    jobs: Jobs = None,
    format_: Format = "plain",
) -> None:
    """Run the method and its ablations, and compare each with the full one, paired.

    What is set for the method is set for its ablations too, but for what makes them ablations.
    """
    from groupbench.studies import check_format, study_ablation

    check_format(format_)
    asked = make_study(method, dataset, seeds, protocol, option, set_, config, plugin, data_dir, jobs)
    with _progress() as shown:
        found = study_ablation(
            asked,
            results,
            views=split_names(view, "view"),
            metrics=split_names(metric, "metric") or ("ndcg@10",),
            aggregator=aggregator,
            level=level,
            report=shown.report,
            begin=shown.begin,
        )
    _show(found, format_)


@app.command("lambda")
def weights(
    method: Method = "dmtl",
    dataset: Dataset = None,
    weights: Annotated[str | None, typer.Option(help="Weights; default: 0,0.01,0.03,0.1,0.3,1,3,10.")] = None,
    seeds: Seeds = 5,
    protocol: Protocol = None,
    option: ProtocolOptions = None,
    set_: Set = None,
    config: ConfigFile = None,
    metric: Annotated[str, typer.Option(help="What recommendations are judged by.")] = "ndcg@10",
    aggregator: Aggregator = "average",
    plugin: Plugins = None,
    data_dir: DataDir = None,
    results: Results = Path("results"),
    jobs: Jobs = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="An .svg, .png or .pdf file.")] = Path(
        "lambda.svg"
    ),
    format_: Format = "plain",
) -> None:
    """Run DMTL with several profile weights; table and draw both losses and both tasks.

    What was run before is not run again: the same command draws the figure anew.
    """
    from groupbench.metrics import bounds
    from groupbench.report.plots import check_suffix, draw_sweep
    from groupbench.studies import WEIGHTS, check_format, study_weights

    check_format(format_)
    check_suffix(output)
    asked = make_study(method, dataset, seeds, protocol, option, set_, config, plugin, data_dir, jobs)
    chosen = WEIGHTS if weights is None else _numbers(weights)
    with _progress() as shown:
        found = study_weights(
            asked,
            results,
            chosen,
            metric=metric,
            aggregator=aggregator,
            report=shown.report,
            begin=shown.begin,
            step=shown.step,
            tell=shown.tell,
        )
    tasks = dict(zip(found.frame["metric"], found.frame["task"], strict=True))
    ends = {
        figure: (0.0, 1.0) if task == "profiling" else bounds(figure.split()[-1])
        for figure, task in tasks.items()
    }
    draw_sweep(found.frame, output, title=found.title, bounds=ends)
    _tell(f"drawn in {output}")
    _show(found, format_)


@app.command()
def profiling(
    method: Method = "dmtl",
    dataset: Dataset = None,
    seeds: Seeds = 5,
    folds: Annotated[int, typer.Option(min=2, help="Parts of the users; each is withheld once.")] = 5,
    protocol: Protocol = None,
    option: ProtocolOptions = None,
    set_: Set = None,
    config: ConfigFile = None,
    plugin: Plugins = None,
    data_dir: DataDir = None,
    results: Results = Path("results"),
    format_: Format = "plain",
) -> None:
    """Judge how well the model tells the group of users whose group it was never told."""
    from groupbench.studies import check_format, study_profiling

    check_format(format_)
    asked = make_study(method, dataset, seeds, protocol, option, set_, config, plugin, data_dir)
    with _progress() as shown:
        found = study_profiling(asked, results, folds=folds, step=shown.step, tell=shown.tell)
    _show(found, format_)


def make_study(
    method: str,
    dataset: str | None,
    seeds: int | list[int],
    protocol: str | None,
    option: list[str] | None,
    set_: list[str] | None,
    config: Path | None,
    plugin: list[str] | None,
    data_dir: Path | None,
    jobs: int | None = None,
) -> Config:
    """The config of a study of one method; what a file sets for other methods that it runs is left aside."""
    from groupbench.runner.config import make_config, parse_set

    asked = make_config(
        config,
        dataset=None if dataset is None else [dataset],
        seeds=seeds,
        protocol=protocol_options(protocol, option),
        set=parse_set(set_ or []),
        plugins=plugin,
        data_dir=None if data_dir is None else str(data_dir),
        jobs=jobs,
    )
    others = set() if config is None else set(asked.methods) - {method}
    kept = {
        table: {name: values for name, values in getattr(asked, table).items() if name not in others}
        for table in ("set", "tuned")
    }
    return asked.model_copy(update={"methods": [method], **kept})


def _numbers(text: str) -> list[float]:
    from groupbench.core.errors import ConfigError

    try:
        return [float(part) for part in text.split(",") if part.strip()]
    except ValueError as error:
        raise ConfigError(f"--weights {text}: give numbers (0,0.1,1)") from error


def _progress() -> Progress:
    """Progress on standard error, so that standard output holds the table alone."""
    return Progress(stream=sys.stderr)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _show(found: StudyReport, format: str) -> None:
    from groupbench.studies import as_text

    typer.echo(as_text(found, format=format))
    for line in found.failed:
        _tell(line)
    if found.failed:
        raise typer.Exit(1)
