"""`groupbench study ablation|lambda|profiling`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groupbench.cli._options import Except, Level, ResultsOutput, split_names, with_options
from groupbench.cli._progress import Progress
from groupbench.runner.config import Config

if TYPE_CHECKING:
    from groupbench.studies import StudyReport

app = typer.Typer(help="Studies of DMTL, the joint model.", no_args_is_help=True)

StudyOptions = Annotated[Config, Except("methods", "references", "groups_as", "group_weight", "aggregators")]
Method = Annotated[str, typer.Option(help="DMTL or a variant of it.", rich_help_panel="Methods")]
Metrics = Annotated[list[str] | None, typer.Option(help="Metrics; default: ndcg@10.")]
Aggregator = Annotated[str, typer.Option(help="A name, or 'own' for the group scores of the model itself.")]
Format = Annotated[str, typer.Option("--format", "-f", help="plain, markdown, csv or json.")]


@app.command()
@with_options
def ablation(
    config: StudyOptions,
    method: Method = "dmtl",
    view: Annotated[list[str] | None, typer.Option(help="Views, or 'all'.")] = None,
    metric: Annotated[list[str] | None, typer.Option(help="Metrics; default: ndcg@10.")] = None,
    aggregator: Aggregator = "average",
    level: Level = 0.05,
    results: ResultsOutput = Path("results"),
    format_: Format = "plain",
) -> None:
    """Run the method and its ablations, and compare each with the full one, paired.

    What is set for the method is set for its ablations too, but for what makes them ablations.
    """
    from groupbench.studies import check_format, study_ablation

    check_format(format_)
    with _progress() as progress:
        found = study_ablation(
            study_config(config, method),
            results,
            views=split_names(view, "view"),
            metrics=split_names(metric, "metric") or ("ndcg@10",),
            aggregator=aggregator,
            level=level,
            report=progress.report,
            begin=progress.begin,
        )
    _show(found, format_)


@app.command("lambda")
@with_options
def weights(
    config: StudyOptions,
    method: Method = "dmtl",
    weights: Annotated[str | None, typer.Option(help="Weights; default: 0,0.01,0.03,0.1,0.3,1,3,10.")] = None,
    metric: Annotated[str, typer.Option(help="Metric of the recommendations.")] = "ndcg@10",
    aggregator: Aggregator = "average",
    results: ResultsOutput = Path("results"),
    title: Annotated[str | None, typer.Option(help="What stands above the drawing.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="An .svg, .png or .pdf file.")] = Path(
        "lambda.svg"
    ),
    format_: Format = "plain",
) -> None:
    """Run DMTL with several profile weights; table and draw both losses and both tasks.

    What was run before is not run again: the same command draws the figure anew.
    """
    from groupbench.metrics import bounds
    from groupbench.report.plots import check_suffix, draw_sweep, save
    from groupbench.studies import WEIGHTS, check_format, study_weights

    check_format(format_)
    check_suffix(output)
    chosen = WEIGHTS if weights is None else _numbers(weights)
    with _progress() as progress:
        found = study_weights(
            study_config(config, method),
            results,
            chosen,
            metric=metric,
            aggregator=aggregator,
            report=progress.report,
            begin=progress.begin,
            step=progress.step,
            tell=progress.tell,
        )
    tasks = dict(zip(found.frame["metric"], found.frame["task"], strict=True))
    ends = {
        figure: (0.0, 1.0) if task == "profiling" else bounds(figure.split()[-1])
        for figure, task in tasks.items()
    }
    above = found.title if title is None else title
    save(draw_sweep(found.frame, title=above, bounds=ends), output)
    _tell(f"drawn in {output}")
    _show(found, format_)


@app.command()
@with_options
def profiling(
    config: StudyOptions,
    method: Method = "dmtl",
    folds: Annotated[int, typer.Option(min=2, help="Parts of the users; each is withheld once.")] = 5,
    results: ResultsOutput = Path("results"),
    format_: Format = "plain",
) -> None:
    """Evaluate how well the model predicts the group of users whose group it was never given."""
    from groupbench.studies import check_format, study_profiling

    check_format(format_)
    with _progress() as progress:
        found = study_profiling(
            study_config(config, method), results, folds=folds, step=progress.step, tell=progress.tell
        )
    _show(found, format_)


def study_config(config: Config, method: str) -> Config:
    """`config` for a study of one method; what a file sets for other methods that it runs is left aside."""
    others = set(config.methods) - {method}
    tables = {
        table: {name: values for name, values in getattr(config, table).items() if name not in others}
        for table in ("set", "tuned")
    }
    return config.model_copy(update={"methods": [method], **tables})


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
