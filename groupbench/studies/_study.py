"""What a study found, and its text."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from groupbench.core.errors import ConfigError, unknown
from groupbench.core.text import csv_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from groupbench.results.store import RunRecord
    from groupbench.runner.job import Job

STUDY_FORMATS = ("plain", "markdown", "csv", "json")


@dataclass(frozen=True)
class StudyReport:
    """A table with what one must know to read it.

    Attributes:
        title: data set, protocol and what was studied.
        frame: the scores.
        notes: sentences below the table.
        failed: a line for each job that did not finish.
    """

    title: str
    frame: pd.DataFrame
    notes: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


def check_format(format: str) -> None:
    """Raise a `ConfigError` unless studies can be written in `format`."""
    if format not in STUDY_FORMATS:
        raise ConfigError(unknown("format", format, STUDY_FORMATS))


def require_metrics(metrics: Sequence[str]) -> None:
    """Raise a `ConfigError` if a metric, but for `all`, is unknown."""
    from groupbench.metrics import explain

    for metric in metrics:
        if metric != "all":
            explain(metric)


def as_text(study: StudyReport, *, format: str) -> str:
    """The study as text; `csv` and `json` hold the frame alone.

    Raises:
        ConfigError: if the format is unknown.
    """
    from tabulate import tabulate

    check_format(format)
    frame = study.frame
    if format == "csv":
        return csv_text(frame)
    if format == "json":
        return json.dumps(frame.astype(object).where(frame.notna(), None).to_dict("records"), indent=1)
    cells = [["–" if cell != cell else _cell(cell) for cell in row] for row in frame.itertuples(index=False)]
    aligned = ["right" if kind.kind in "fi" else "left" for kind in frame.dtypes]
    style = "simple" if format == "plain" else "pipe"
    grid = tabulate(cells, list(frame.columns), style, disable_numparse=True, colalign=aligned)
    if format == "plain":
        return "\n".join([study.title, "", grid, *study.notes])
    return "\n".join([f"### {study.title}", "", grid, "", *(f"- {note}" for note in study.notes)])


def require_aggregator(aggregator: str) -> None:
    """Raise a `ConfigError` unless groups are scored so: by an aggregator's name, or `own`."""
    from groupbench.core.registry import aggregators

    if aggregator not in ("own", *aggregators):
        raise ConfigError(unknown("aggregator", aggregator, ["own", *aggregators]))


def scored_by(records: Sequence[RunRecord], aggregator: str) -> list[RunRecord]:
    """The records with the scores of single users and of groups scored by `aggregator` alone."""
    return [
        replace(r, metrics=tuple(f for f in r.metrics if f.aggregator in (aggregator, "none")))
        for r in records
    ]


def job_title(job: Job) -> str:
    """Data set and protocol of a job, in words."""
    simulated = " (simulated data)" if job.simulated else ""
    return f"{job.dataset}{simulated}, protocol {job.protocol_label}"


def failures(records: Sequence[RunRecord]) -> tuple[str, ...]:
    """A line for each record of a job that did not finish."""
    return tuple(
        f"{record.method} seed {record.seed} {record.status}: {record.reason}"
        for record in records
        if record.status != "done"
    )


def _cell(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)
