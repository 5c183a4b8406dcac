"""Which rows of a table differ from a reference row, by paired tests over users or groups and seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.errors import ConfigError, unknown
from groupbench.core.seeding import generator
from groupbench.report import statistics
from groupbench.report.lines import Line, Place, lower_is_better
from groupbench.report.pairing import Pairing, pair, test_name
from groupbench.report.per_group import Entities
from groupbench.report.rows import pick, require_level, row_name

if TYPE_CHECKING:
    from groupbench.results.store import RunRecord

POOLED = frozenset({"rmse", "mae"})
"""Metrics whose figure pools the rows of all lists; what is tested is the mean over lists."""
_MANY_SEEDS = 10
"""With fewer a note says that seeds limit what can be found."""


@dataclass(frozen=True)
class Significance:
    """How a table is tested.

    Attributes:
        results: the results folder; values per user and group are read from its parquet files.
        test: one of `stats.TESTS`.
        correction: one of `stats.CORRECTIONS`, over the rows of each metric.
        level: corrected p-values up to this are significant.
        reference: METHOD or METHOD:AGGREGATOR that rows are compared with, or None for each metric's best.
    """

    results: Path
    test: str = "bootstrap"
    correction: statistics.Correction = "holm"
    level: float = 0.05
    reference: str | None = None

    def __post_init__(self) -> None:
        """Refuse what is unknown with a `ConfigError`."""
        if self.test not in statistics.TESTS:
            raise ConfigError(unknown("test", self.test, statistics.TESTS))
        if self.correction not in statistics.CORRECTIONS:
            raise ConfigError(unknown("correction", self.correction, statistics.CORRECTIONS))
        require_level(self.level)


@dataclass(frozen=True)
class Verdict:
    """How a row differs from its reference in a metric; differences are row minus reference."""

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
    """The outcome of the tests in one block.

    Attributes:
        level: corrected p-values up to this are significant.
        verdicts: by method, aggregator and metric; without the references themselves.
        notes: what was tested and how, a sentence each.
    """

    level: float
    verdicts: Mapping[tuple[str, str, str], Verdict] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def mark(self, line: Line, metric: str) -> str:
        """An arrow where the line is significantly higher or lower than the reference, or nothing."""
        verdict = self.verdicts.get((line.method, line.aggregator, metric))
        if verdict is None or not verdict.p_corrected <= self.level:
            return ""
        return "↑" if verdict.difference > 0 else "↓"


def judge_all(
    how: Significance,
    lines: Mapping[Place, Sequence[Line]],
    records: Mapping[tuple[str, str], Sequence[RunRecord]],
    metrics: Sequence[str],
) -> dict[Place, Tested]:
    """Compare the lines at each place with their reference; the oracle, a bound, is left out.

    Args:
        how: how.
        lines: the lines with figures at each place.
        records: the records of each data set and protocol.
        metrics: the metrics that the lines' spreads hold.

    Raises:
        ConfigError: if the reference is at none of the places.
        ResultError: if what runs kept per user or group cannot be read or paired.
    """
    name = how.reference
    if name is not None and not any(pick(at_place, name) for at_place in lines.values()):
        known = {row_name(line.row) for at_place in lines.values() for line in at_place}
        raise ConfigError(unknown("row of this table", name, known))
    entities = Entities(how.results, metrics)
    return {
        place: _judge(how, entities, place, records[place.dataset, place.protocol], at_place, metrics)
        for place, at_place in lines.items()
        if at_place
    }


def _judge(
    how: Significance,
    entities: Entities,
    place: Place,
    records: Sequence[RunRecord],
    lines: Sequence[Line],
    metrics: Sequence[str],
) -> Tested:
    lines = [line for line in lines if line.name != "oracle"]
    references = [_reference(how, lines, number, metric) for number, metric in enumerate(metrics)]
    pairs = [
        _Pair(line, reference, number, metrics[number])
        for number, reference in enumerate(references)
        for line in lines
        if reference is not None and line is not reference
    ]
    if not pairs:
        return Tested(how.level, notes=("no significance test: there is nothing to compare with",))
    judged = entities.judged(records, place, [line.row for line in lines])
    pairing = pair(judged, records)
    if pairing.kind == "none":
        return Tested(how.level, notes=(f"no significance test: {pairing.words}",))
    verdicts: dict[tuple[str, str, str], Verdict] = {}
    untested = []
    for number, metric in enumerate(metrics):
        # One metric at a time, as the replicates of many rows fill memory.
        own = [p for p in pairs if p.number == number]
        found = _compared(how, pairing, own, generator("significance", *place), len(lines)) if own else None
        if found is not None:
            verdicts |= _verdicts(how, pairing, found, own, 2 if how.reference else len(lines))
            untested += [metric] if (found.paired.n_seeds == 0).any() else []
    return Tested(how.level, verdicts, tuple(_notes(how, pairing, pairs, untested)))


def _compared(
    how: Significance, pairing: Pairing, pairs: Sequence[_Pair], rng: np.random.Generator, n_lines: int
) -> statistics.Comparison | None:
    """The rows of one metric against its reference."""
    values = pairing.judged.values
    differences = [values[p.line.row][:, p.number] - values[p.reference.row][:, p.number] for p in pairs]
    return pairing.compare(
        np.stack(differences, axis=1),
        tests=[how.test],
        level=how.level,
        # As many as let the smallest p-value stay far below the level when it is corrected.
        replicates=max(statistics.REPLICATES, int(2 * n_lines**2 / how.level)),
        rng=rng,
    )


@dataclass(frozen=True)
class _Pair:
    line: Line
    reference: Line
    number: int
    metric: str


def _reference(how: Significance, lines: Sequence[Line], number: int, metric: str) -> Line | None:
    """The line named, or the best in the metric of those that compete."""
    if how.reference is not None:
        return pick(lines, how.reference)
    sign = -1.0 if lower_is_better(metric) else 1.0
    means = [(sign * float(line.spreads["expected"].mean[number]), line) for line in lines if line.competes]
    known = [(mean, line) for mean, line in means if not np.isnan(mean)]
    return max(known, key=lambda held: held[0])[1] if known else None


def _verdicts(
    how: Significance, pairing: Pairing, found: statistics.Comparison, pairs: Sequence[_Pair], among: int
) -> Iterator[tuple[tuple[str, str, str], Verdict]]:
    """The verdict on each pair of one metric that could be tested, p-values corrected together."""
    test = pairing.test(how.test)
    p_values = found.p[test]
    corrected = statistics.corrected(p_values, how.correction, picked_among=among)
    for column, tested in enumerate(pairs):
        if not np.isnan(p_values[column]):
            yield (
                (*tested.line.row, tested.metric),
                Verdict(
                    reference=row_name(tested.reference.row),
                    difference=float(found.difference[column]),
                    low=float(found.low[column]),
                    high=float(found.high[column]),
                    p=float(p_values[column]),
                    p_corrected=float(corrected[column]),
                    cohen_d=float(found.cohen_d[column]),
                    rank_biserial=float(found.rank_biserial[column]),
                    units=float(found.uncertainty.units[column]),
                    pairing=pairing.kind,
                    test=test,
                ),
            )


def _notes(
    how: Significance, pairing: Pairing, pairs: Sequence[_Pair], untested: Sequence[str]
) -> Iterator[str]:
    test = pairing.test(how.test)
    reference = how.reference or "the best method in the metric"
    compared = max(Counter(p.number for p in pairs).values())
    allowed = "" if how.reference else " and the choice of the best"
    correction = {
        "holm": f"Holm's correction for {compared} comparisons{allowed}",
        "bh": f"Benjamini & Hochberg's correction for {compared} comparisons{allowed}",
        "none": f"{compared} comparisons without correction",
    }[how.correction]
    name = test_name(pairing.kind, test)
    yield f"↑ ↓ higher or lower than {reference}: {name}, {correction}, level {how.level:g}"
    yield pairing.words + ("" if test == how.test else f"; {how.test} needs clusters")
    seeds = pairing.judged.n_seeds
    if pairing.kind != "seeds" and seeds < statistics.FEWEST_SEEDS:
        few = f"fewer than {statistics.FEWEST_SEEDS} seeds ({seeds})"
        yield f"{few}: differences are between the fits that were made, not between methods"
    elif seeds < _MANY_SEEDS:
        freedom = "1 degree" if seeds == 2 else f"{seeds - 1} degrees"
        yield f"luck between {seeds} seeds has {freedom} of freedom: more seeds find smaller differences"
    if untested:
        yield f"not tested, as no value per {pairing.judged.entity} exists: {', '.join(sorted(untested))}"
    if pooled := sorted(POOLED & {p.metric for p in pairs}):
        yield f"{', '.join(pooled)}: what is tested is the mean over {pairing.judged.entity}s"
