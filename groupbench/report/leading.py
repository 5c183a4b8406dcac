"""The first rows of each table: those that an archive keeps the values of single users and groups of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from groupbench.metrics import lower_is_better
from groupbench.report.aggregate import ResultRow
from groupbench.report.resolution import WITHOUT_AGGREGATOR, Names, metrics_meant
from groupbench.report.select import gather
from groupbench.results.job_tables import TableRow
from groupbench.results.store import RunRecord


def leading_rows(
    records: Sequence[RunRecord], n: int, metrics: Names, *, k: Sequence[int] | None = None
) -> tuple[set[TableRow], tuple[str, ...]]:
    """The rows down to the `n`th that is ranked by each metric, without the oracle, a bound.

    That is in the table of every view and aggregator, and in that of all aggregators.

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
            for shown in ("all", *sorted({row.aggregator for row in ranked})):
                of_table = [
                    r for r in ranked if shown in ("all", r.aggregator) or r.aggregator in WITHOUT_AGGREGATOR
                ]
                rows |= {TableRow(*section.key, *row.id) for row in _first(of_table, n, number)}
    return rows, report.metrics


def _first(ranked: Sequence[ResultRow], n: int, number: int) -> Sequence[ResultRow]:
    """The rows down to the `n`th that competes with all seeds that any competing row has."""
    seeds = [int(row.scores["expected"].seeds[number]) if row.competes else 0 for row in ranked]
    full = [place for place, count in enumerate(seeds) if count and count == max(seeds)]
    return ranked[: full[n - 1] + 1] if n <= len(full) else ranked
