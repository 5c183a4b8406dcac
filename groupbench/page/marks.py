"""Which rows differ significantly from the best, tested one metric at a time to bound memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from groupbench.errors import ResultError
from groupbench.page.leaderboard import numbers
from groupbench.report.gather import Names, gather
from groupbench.report.lines import Place
from groupbench.report.significance import Significance, Tested
from groupbench.store import RunRecord


class Marks:
    """The tests of `groupbench table --significance`, for the rows of the usual aggregator."""

    def __init__(self, results: Path, records: Sequence[RunRecord], views: Names, aggregator: str) -> None:
        self._how = Significance(results)
        self._records = records
        self._views = views
        self._aggregator = aggregator
        self._held: dict[str, dict[Place, Tested | None] | str] = {}

    def of(self, place: Place, metrics: Sequence[str]) -> dict[str, Any]:
        """By metric the marks of rows, and in `notes` what was tested and how.

        Returns:
            `marks`: metric -> list of (method, aggregator, arrow, p); `notes`: sentences.
        """
        marks: dict[str, list[list[Any]]] = {}
        notes: dict[str, None] = {}
        for metric in metrics:
            outcome = self._outcome(metric)
            if isinstance(outcome, str):
                notes[f"no significance test: {outcome}"] = None
                continue
            tested = outcome.get(place)
            if tested is None:
                continue
            notes |= dict.fromkeys(tested.notes)
            marks[metric] = [
                [method, aggregator, _arrow(verdict, tested.level), *numbers([verdict.p_corrected])]
                for (method, aggregator, name), verdict in tested.verdicts.items()
                if name == metric
            ]
        return {"marks": marks, "notes": list(notes)}

    def _outcome(self, metric: str) -> dict[Place, Tested | None] | str:
        """The tests at every place, or why there are none."""
        if metric not in self._held:
            try:
                report = gather(
                    self._records,
                    views=self._views,
                    metrics=metric,
                    aggregator=self._aggregator,
                    significance=self._how,
                )
                self._held[metric] = {block.place: block.tested for block in report.blocks}
            except ResultError as error:
                # The page may travel: it does not say where the folder was.
                self._held[metric] = str(error).replace(f"{self._how.results}/", "")
        return self._held[metric]


def _arrow(verdict: Any, level: float) -> str:
    if not verdict.p_corrected <= level:
        return ""
    return "↑" if verdict.difference > 0 else "↓"
