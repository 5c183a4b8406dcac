"""What tests say of the rows of a table: a verdict on each, an arrow, and sentences on how it was tested."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from groupbench.report.aggregate import ResultRow
from groupbench.report.names import Wording


@dataclass(frozen=True)
class Verdict:
    """How a row differs from its reference in a metric; differences are row minus reference.

    Attributes:
        reference: METHOD:AGGREGATOR that it is compared with.
        difference: of the means.
        low: lower end of its interval with confidence 1 - level.
        high: upper end.
        p: of the test, before correction.
        p_corrected: over the rows of the metric.
        cohen_d: mean of the paired differences by their standard deviation.
        rank_biserial: of the paired differences, -1 to 1.
        units: as many independent pairs they weigh like.
        pairing: what is paired.
        test: the test that was made.
    """

    reference: str
    difference: float
    low: float
    high: float
    p: float
    p_corrected: float
    cohen_d: float
    rank_biserial: float
    units: float
    pairing: str
    test: str


VERDICT_COLUMNS = tuple(Verdict.__dataclass_fields__)


@dataclass(frozen=True)
class Tested:
    """The outcome of the tests in one section.

    Attributes:
        level: corrected p-values up to this are significant.
        verdicts: by method, aggregator and metric; without the references themselves.
        notes: what was tested and how, a sentence each, by how a table speaks.
    """

    level: float
    verdicts: Mapping[tuple[str, str, str], Verdict] = field(default_factory=dict)
    notes: Callable[[Wording], Iterable[str]] = lambda wording: ()

    def mark(self, row: ResultRow, metric: str) -> str:
        """An arrow where the row is significantly higher or lower than the reference, or nothing."""
        verdict = self.verdicts.get((*row.id, metric))
        return "" if verdict is None else self.arrow(verdict)

    def arrow(self, verdict: Verdict) -> str:
        """The arrow of a significant difference, or nothing."""
        if not verdict.p_corrected <= self.level:
            return ""
        return "↑" if verdict.difference > 0 else "↓"
