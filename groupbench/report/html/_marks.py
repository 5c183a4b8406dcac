"""Which rows differ significantly from the best."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from groupbench.core.errors import ResultError
from groupbench.report.html._leaderboard import Content, numbers
from groupbench.report.long import ResultKey
from groupbench.report.names import Wording
from groupbench.report.resolution import Names
from groupbench.report.select import gather
from groupbench.report.significance import Significance
from groupbench.report.verdicts import Tested
from groupbench.results.job_tables import JobTables
from groupbench.results.store import RunRecord


def marks(
    results: Path,
    records: Sequence[RunRecord],
    views: Names,
    metrics: Sequence[str],
    aggregator: str,
    wording: Wording,
) -> dict[ResultKey, Content]:
    """By key the tests of `groupbench table --significance`, for the rows of one aggregator.

    Returns:
        `marks`: metric -> list of (method, aggregator, arrow, p); `notes`: sentences on what was tested and
        how, or why nothing was.
    """
    chosen = partial(gather, records, views=views, metrics=metrics, aggregator=aggregator)
    try:
        report = chosen(significance=Significance(results))
    except ResultError as error:
        untested = {"marks": {}, "notes": [_why_none(results, records, error)]}
        return {section.key: untested for section in chosen().sections}
    return {s.key: _of(s.tested, metrics, wording) for s in report.sections if s.tested is not None}


def _why_none(results: Path, records: Sequence[RunRecord], error: ResultError) -> str:
    tables = JobTables(results)
    if not any(tables.places(record) for record in records):
        return (
            "No significance tests are shown: these results keep means alone (they were archived, or merged "
            "without tables), and tests need the values of single users and groups; results of one's own "
            "'groupbench run' have them."
        )
    # The page may travel: it does not say where the folder was.
    return f"No significance tests are shown: {str(error).replace(f'{results}/', '')}."


def _of(tested: Tested, metrics: Sequence[str], wording: Wording) -> Content:
    by_metric: dict[str, list[list[object]]] = {metric: [] for metric in metrics}
    for (method, aggregator, metric), verdict in tested.verdicts.items():
        by_metric[metric].append([method, aggregator, tested.arrow(verdict), *numbers([verdict.p_corrected])])
    return {"marks": by_metric, "notes": list(tested.notes(wording))}
