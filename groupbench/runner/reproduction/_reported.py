"""Values that are reported elsewhere beside ours: which are reached, and which with lucky ties only."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from groupbench.core.errors import ConfigError, ResultError
from groupbench.metrics import lower_is_better
from groupbench.report.aggregate import ResultRow, aggregate
from groupbench.report.long import ResultKey, TieRule, long_frame
from groupbench.report.published import Publication, ReportedRow, papers
from groupbench.results.store import RunRecord

TOLERANCE = 0.01
"""How far below a reported value ours may stay and still reach it."""

_FIRST = ("own", "none", "average")
"""Whose lists are compared, where there are several."""

Verdict = Literal["reached", "only under best-case ties", "not reached", "not measured"]
Reported = tuple[Publication, ReportedRow]


@dataclass(frozen=True)
class Beside:
    """One reported value and ours.

    Attributes:
        paper: where it is reported.
        row: the method there.
        label: our method with its non-default hyperparameters.
        view: the view that gives our value.
        seeds: repeats that ours is the mean of.
        metric: our name of the metric.
        ours: our value by the place that equal scores get; NaN where it was not measured.
        tolerance: how far ours may stay behind.
    """

    paper: Publication
    row: ReportedRow
    label: str
    view: str
    seeds: int
    metric: str
    ours: Mapping[TieRule, float]
    tolerance: float = TOLERANCE

    @property
    def reported(self) -> float:
        """The reported value."""
        return self.row.values[self.metric]

    @property
    def verdict(self) -> Verdict:
        """Whether ours is as good, in expectation over the orders of equal scores or at its luckiest."""
        if math.isnan(self.ours["expected"]):
            return "not measured"
        if self._reaches("expected"):
            return "reached"
        return "only under best-case ties" if self._reaches("best") else "not reached"

    def _reaches(self, rule: TieRule) -> bool:
        ahead = self.ours[rule] - self.reported
        return (-ahead if lower_is_better(self.metric) else ahead) >= -self.tolerance


def reported_for(method: str, dataset: str) -> dict[str, list[Reported]]:
    """What is reported of a registered method on a data set, by protocol.

    Raises:
        ConfigError: if nothing is.
    """
    known = [(paper, row) for paper in papers() for row in paper.rows if row.ours is not None]
    found: dict[str, list[Reported]] = defaultdict(list)
    for paper, row in known:
        if (row.ours, row.dataset) == (method, dataset):
            found[paper.protocol].append((paper, row))
    if not found:
        there = sorted({row.dataset for _, row in known if row.ours == method})
        others = ", ".join(sorted({str(row.ours) for _, row in known}))
        hint = f"there are some on {', '.join(there)}" if there else f"methods that have some: {others}"
        raise ConfigError(f"no values of {method} on {dataset} are reported; {hint}")
    return dict(found)


def beside_ours(
    reported: Sequence[Reported], records: Sequence[RunRecord], tolerance: float = TOLERANCE
) -> list[Beside]:
    """Put reported values beside the means of `records`.

    Args:
        reported: values of one method on one data set under one protocol.
        records: runs of it; those that did not end well count for nothing.
        tolerance: how far ours may stay behind.

    Raises:
        ResultError: if no record ended well, or none has a view of the reported values.
    """
    done = [record for record in records if record.status == "done"]
    if not done:
        reasons = "; ".join(sorted({record.reason for record in records if record.reason}))
        raise ResultError(f"no run ended well, so there is nothing to compare: {reasons or 'none was made'}")
    known = {ResultKey(r.dataset, r.protocol, entry.view) for r in done for entry in r.metrics}
    keys = sorted(key for key in known if any(key.view in paper.views for paper, _ in reported))
    if not keys:
        raise ResultError("the runs were not evaluated in any view that the reported scores can stand beside")
    metrics = list(dict.fromkeys(metric for _, row in reported for metric in row.values))
    ours = aggregate(long_frame(done, keys=set(keys), metrics=metrics), keys, metrics)
    return [
        Beside(paper, row, mine.method, mine.key.view, mine.seeds, metric, _ours(mine, column), tolerance)
        for mine in _one_each(ours)
        for paper, row in reported
        if mine.key.view in paper.views
        for column, metric in enumerate(metrics)
        if metric in row.values
    ]


def _one_each(rows: Sequence[ResultRow]) -> Iterator[ResultRow]:
    """Of each method and view its own lists, or those of single users; else the averaged ones."""
    found: dict[tuple[ResultKey, str], dict[str, ResultRow]] = defaultdict(dict)
    for row in rows:
        found[row.key, row.method][row.aggregator] = row
    for rivals in found.values():
        chosen = [rivals[name] for name in _FIRST if name in rivals]
        yield from chosen[:1]


def _ours(row: ResultRow, column: int) -> dict[TieRule, float]:
    return {rule: row.mean(column, rule) for rule in row.scores}
