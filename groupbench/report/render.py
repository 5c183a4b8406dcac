"""Tables as text, in every format, and as a frame."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Unpack

import numpy as np

from groupbench.core.names import one_of
from groupbench.core.text import csv_text
from groupbench.report.aggregate import ResultRow
from groupbench.report.formats import PRINTED, write_tables
from groupbench.report.long import TIE_RULES, TieRule, shown_rule, with_origin
from groupbench.report.matrix import MatrixTable
from groupbench.report.names import Wording, labels_meant
from groupbench.report.notes import captioned, legend, remarks
from groupbench.report.options import LayoutOptions
from groupbench.report.select import Report, TableOptions, gather
from groupbench.report.verdicts import VERDICT_COLUMNS
from groupbench.report.wide import WideTable
from groupbench.results.store import RunRecord

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("plain", "markdown", "latex", "html", "csv", "json")
FRAMES = ("csv", "json")
"""Formats for programs."""
COLUMNS = (
    "dataset",
    "protocol",
    "view",
    "method",
    "aggregator",
    "metric",
    "mean",
    "std",
    "seeds",
    "status",
    "reason",
    "tuning",
    "norm",
    "seconds",
    "mib",
    "joules",
    "n",
    "tau",
)


def render(
    records: Sequence[RunRecord],
    *,
    format: str,
    color: bool = False,
    layout: LayoutOptions | None = None,
    **options: Unpack[TableOptions],
) -> str:
    """Write the tables of `records`, one per data set, protocol and view.

    Args:
        records: run records; those count that stand together (`groupbench.results.selection.select`).
        format: one of `FORMATS`; csv and json are the rows of `table_frame`, the others are for people.
        color: whether plain text marks by terminal codes instead of letters.
        layout: how tables for people are laid out.
        **options: what to show (`groupbench.report.select.TableOptions`).

    Returns:
        The text, without a newline at its end.

    Raises:
        ResultError: if there are no records.
        ConfigError: if a format, view, metric, aggregator, tie rule, comparison or label is unknown, or a
            layout is given for csv or json.
    """
    format = one_of("format", format, FORMATS)
    layout = layout or LayoutOptions.make()
    wide = layout.layout == "wide"
    if format in FRAMES:
        layout.require_none(f"{format} has all columns and digits, and names as they are", but=["layout"])
    report = gather(records, **options)
    if format in FRAMES:
        return frame_text(MatrixTable(report, layout).frame() if wide else _table_frame(report), format)
    wording = Wording(printed=format in PRINTED, labels=_labels(report, layout))
    if wide:
        tables = [MatrixTable(report, layout, wording).captioned()]
    else:
        tables = [captioned(WideTable(report, section, layout, wording)) for section in report.sections]
    keys = [column.key for table in tables for column in table.columns]
    about = legend(report, keys), remarks(report, wording)
    return write_tables(tables, "colored" if color and format == "plain" else format, *about)


def _labels(report: Report, layout: LayoutOptions) -> dict[str, str]:
    """What methods, metrics and data sets are called instead."""
    records = [record for section in report.sections for record in section.records]
    names = [name for record in records for name in (record.method, record.dataset)]
    return labels_meant(layout.labels, [*names, *report.metrics], "these results")


def table_frame(records: Sequence[RunRecord], **options: Unpack[TableOptions]) -> pd.DataFrame:
    """The rows behind the table that `render` writes, one per metric, with the columns `COLUMNS`.

    `mean` and `std` (ddof=1, NaN for one seed) are over the `seeds` that finished. What has no values is one
    row per view, method and status with an empty metric, NaN and the reason; where some seeds finished and
    others did not, there are both kinds of rows and the reason starts with the count. The reason of rows from
    simulated data starts with `simulated data`. With `ties="all"` there are all three rules, the bounds as
    `ndcg@10:best` and `ndcg@10:worst`. Reported rows have the status `reported`, no aggregator, no seeds and
    their source as reason. `norm` is (x - random) / (oracle - random) of each metric, `seconds`, `mib` and
    `joules` are of the whole job, `n` is the mean number of users or groups that have the metric in a seed.
    With tests the columns of `groupbench.report.verdicts.Verdict` follow.

    Args:
        records: run records; those count that stand together (`groupbench.results.selection.select`).
        **options: what to show (`groupbench.report.select.TableOptions`).

    Raises:
        ResultError: if there are no records.
        ConfigError: if a view, metric, aggregator, tie rule or comparison is unknown.
    """
    return _table_frame(gather(records, **options))


def _table_frame(report: Report) -> pd.DataFrame:
    import pandas as pd

    rules: tuple[TieRule, ...] = TIE_RULES if report.ties == "all" else (shown_rule(report.ties),)
    verdicts: list[object] = []
    cells = []
    for section in report.sections:
        known = section.tested.verdicts if section.tested else {}
        table = WideTable(report, section)
        for row in (*section.rows, *section.reported, *section.unfinished):
            for cell in _cells(table, row, rules):
                cells.append(cell)
                verdicts.append(known.get((*row.id, str(cell[5]))))
    frame = pd.DataFrame(cells, columns=list(COLUMNS))
    if all(section.tested is None for section in report.sections):
        return frame
    columns = {name: [getattr(verdict, name, None) for verdict in verdicts] for name in VERDICT_COLUMNS}
    return pd.concat([frame, pd.DataFrame(columns, index=frame.index)], axis=1)


def _cells(table: WideTable, row: ResultRow, rules: Sequence[TieRule]) -> Iterator[tuple[object, ...]]:
    metrics, simulated = table.report.metrics, table.section.simulated
    named = (*row.key, *row.id)
    cost = row.seconds, row.peak_mb, row.joules
    if not row.scores or all(np.isnan(row.scores[rule].mean).all() for rule in rules):
        reason = with_origin(simulated, row.reason or "no value of the chosen metrics")
        yield (
            *named,
            "",
            np.nan,
            np.nan,
            row.seeds,
            row.status,
            reason,
            row.tuning,
            np.nan,
            *cost,
            row.n,
            row.tau,
        )
        return
    ending = (row.status, with_origin(simulated, row.reason), row.tuning)
    fewer = table.section.fewer(row.method)
    for rule in rules:
        scores = row.scores[rule]
        suffix = f":{rule}" if len(rules) > 1 and rule != "expected" else ""
        columns = (scores.mean.tolist(), scores.std.tolist(), scores.seeds.tolist())
        for metric, mean, std, seeds in zip(metrics, *columns, strict=True):
            if mean == mean:
                norm = table.normalized(row, metric, rule)
                n = fewer.get(metric, row.n)
                yield *named, metric + suffix, mean, std, seeds, *ending, norm, *cost, n, row.tau


def frame_text(frame: pd.DataFrame, format: str) -> str:
    """A frame as csv, or as a json list of its rows; what is missing is empty or null."""
    if format == "csv":
        return csv_text(frame)
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return json.dumps(rows, ensure_ascii=False, indent=1)
