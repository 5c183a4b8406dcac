"""The first rows of each table: those that an archive keeps the values of single users and groups of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from groupbench.metrics import lower_is_better
from groupbench.report.resolution import Names, metrics_meant
from groupbench.report.select import gather
from groupbench.results.job_tables import TableRow
from groupbench.results.store import RunRecord


def leading_rows(
    records: Sequence[RunRecord], n: int, metrics: Names, *, k: Sequence[int] | None = None
) -> tuple[set[TableRow], tuple[str, ...]]:
    """The rows down to the `n`th that is ranked by each metric in every view, without the oracle, a bound.

    Args:
        records: run records.
        n: how many.
        metrics: names of metrics.
        k: the K of those that are named without one; by default 10.

    Returns:
        The rows, and the metrics that are meant.

    Raises:
        ConfigError: if a metric is unknown.
        ResultError: if there are no records.
    """
    meant = metrics_meant(records, metrics, k)
    report = gather(records, views="all", metrics=meant, aggregator="all")
    rows = set()
    for section in report.sections:
        for number, metric in enumerate(report.metrics):
            sign = 1.0 if lower_is_better(metric) else -1.0
            ranked = [row for row in section.rows if row.name != "oracle" and not np.isnan(row.mean(number))]
            ranked.sort(key=lambda row: sign * row.mean(number))
            competing = [place for place, row in enumerate(ranked) if row.competes]
            first = ranked[: competing[n - 1] + 1] if n <= len(competing) else ranked
            rows |= {TableRow(*section.key, *row.id) for row in first}
    return rows, report.metrics
