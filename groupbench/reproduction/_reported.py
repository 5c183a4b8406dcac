"""Figures that are reported elsewhere beside ours: which are reached, and which with lucky ties only."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from groupbench.errors import ConfigError, ResultError
from groupbench.report.gather import WITHOUT_AGGREGATOR, gather
from groupbench.report.lines import Line, TieRule, lower_is_better
from groupbench.report.reported import Paper, ReportedRow, papers
from groupbench.store import RunRecord

TOLERANCE = 0.01
"""How far below a reported figure ours may stay and still reach it."""

Verdict = Literal["reached", "only under best-case ties", "not reached", "not measured"]
Reported = tuple[Paper, ReportedRow]


@dataclass(frozen=True)
class Beside:
    """One reported figure and ours.

    Attributes:
        paper: where it is reported.
        row: the method there.
        label: our method with its non-default hyperparameters.
        view: the view that gives our figure.
        seeds: repeats that ours is the mean of.
        metric: our name of the metric.
        ours: our figure by the place that equal scores get; NaN where it was not measured.
        tolerance: how far ours may stay behind.
    """

    paper: Paper
    row: ReportedRow
    label: str
    view: str
    seeds: int
    metric: str
    ours: Mapping[TieRule, float]
    tolerance: float = TOLERANCE

    @property
    def reported(self) -> float:
        """The reported figure."""
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
        raise ConfigError(f"no figures of {method} on {dataset} are reported; {hint}")
    return dict(found)


def beside_ours(
    reported: Sequence[Reported], records: Sequence[RunRecord], tolerance: float = TOLERANCE
) -> list[Beside]:
    """Put reported figures beside the means of `records`.

    Args:
        reported: figures of one method on one data set under one protocol.
        records: runs of it; those that did not end well count for nothing.
        tolerance: how far ours may stay behind.

    Raises:
        ResultError: if no record ended well.
    """
    done = [record for record in records if record.status == "done"]
    if not done:
        reasons = "; ".join(sorted({record.reason for record in records if record.reason}))
        raise ResultError(f"no run ended well, so there is nothing to compare: {reasons or 'none was made'}")
    metrics = list(dict.fromkeys(metric for _, row in reported for metric in row.values))
    views = list(dict.fromkeys(view for paper, _ in reported for view in paper.views))
    blocks = gather(done, views=views, metrics=metrics).blocks
    return [
        Beside(paper, row, line.method, line.place.view, line.seeds, metric, _ours(line, place), tolerance)
        for block in blocks
        for line in _one_each(block.lines)
        for paper, row in reported
        if line.place.view in paper.views
        for place, metric in enumerate(metrics)
        if metric in row.values
    ]


def _one_each(lines: Sequence[Line]) -> Iterator[Line]:
    """Of each method its own lists for groups, or those without an aggregator; else the averaged ones."""
    rank = {name: place for place, name in enumerate(reversed(WITHOUT_AGGREGATOR))}
    by_method: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        by_method[line.method].append(line)
    for rivals in by_method.values():
        yield min(rivals, key=lambda line: rank.get(line.aggregator, len(rank)))


def _ours(line: Line, place: int) -> dict[TieRule, float]:
    return {rule: float(spread.mean[place]) for rule, spread in line.spreads.items()}
