"""Tables as text, in every format, and as a frame."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from groupbench.core.errors import ConfigError, unknown
from groupbench.report.long import frame
from groupbench.report.select import Names, Report, gather
from groupbench.results.store import RunRecord

if TYPE_CHECKING:
    import pandas as pd

    from groupbench.report.significance import Significance

FORMATS = ("plain", "markdown", "latex", "html", "csv", "json")


def render(
    records: Sequence[RunRecord],
    *,
    format: str,
    views: Names = None,
    metrics: Names = None,
    aggregator: str = "average",
    ties: str | None = None,
    against: str | None = None,
    significance: Significance | None = None,
    color: bool = False,
) -> str:
    """Write the tables of `records`, one per data set, protocol and view.

    Args:
        records: run records; of the same dataset, protocol, method and seed the newest counts.
        format: one of `FORMATS`; csv and json are the rows of `table_frame`, the others are for people.
        views: names of views, `all`, or None for rated-group and rated-user where they were judged.
        metrics: names of metrics, `all`, or None for precision, recall and NDCG at 10.
        aggregator: a name, `best` or `all`, as of `tidy`.
        ties: `expected`, `best`, `worst`, or `all` for expected with the bounds; adds the share of ties.
        against: `reported` to add the figures that papers print for the same data and view.
        significance: how to test which rows differ from a reference; None for no tests.
        color: whether plain text marks by terminal codes instead of letters.

    Returns:
        The text, without a newline at its end.

    Raises:
        ResultError: if there are no records.
        ConfigError: if a format, view, metric, aggregator, tie rule or comparison is unknown.
    """
    if format not in FORMATS:
        raise ConfigError(unknown("format", format, FORMATS))
    report = gather(
        records,
        views=views,
        metrics=metrics,
        aggregator=aggregator,
        ties=ties,
        against=against,
        significance=significance,
    )
    if format == "csv":
        return frame(report).to_csv(index=False, lineterminator="\n").rstrip("\n")
    if format == "json":
        return _json(frame(report))
    return _for_people(report, format, color)


def table_frame(
    records: Sequence[RunRecord],
    *,
    views: Names = None,
    metrics: Names = None,
    aggregator: str = "average",
    ties: str | None = None,
    against: str | None = None,
    significance: Significance | None = None,
) -> pd.DataFrame:
    """The rows behind the table that `render` writes: those of `tidy`, and reported ones if asked for.

    Reported rows have the status `reported`, no aggregator, no seeds and their source as reason. With tests
    the columns of `groupbench.report.significance.Verdict` follow.

    Args:
        records: run records.
        views: as of `render`.
        metrics: as of `render`.
        aggregator: as of `render`.
        ties: as of `render`.
        against: as of `render`.
        significance: as of `render`.

    Raises:
        ResultError: if there are no records.
        ConfigError: if a view, metric, aggregator, tie rule or comparison is unknown.
    """
    return frame(
        gather(
            records,
            views=views,
            metrics=metrics,
            aggregator=aggregator,
            ties=ties,
            against=against,
            significance=significance,
        )
    )


def _for_people(report: Report, format: str, color: bool) -> str:
    from groupbench.report import captions, formats

    form = {
        "plain": formats.COLOURED if color else formats.PLAIN,
        "markdown": formats.MARKDOWN,
        "latex": formats.LATEX,
        "html": formats.HTML,
    }[format]
    tables = [form.table(captions.table(report, block)) for block in report.blocks]
    return "\n\n".join([*tables, form.closing(captions.closing(report))])


def _json(table: pd.DataFrame) -> str:
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return json.dumps(rows, ensure_ascii=False, indent=1)
