"""Which rows of a table differ from a reference row, by paired tests over users or groups and seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.errors import ConfigError, unknown
from groupbench.core.names import one_of
from groupbench.core.seeding import generator
from groupbench.core.text import count
from groupbench.metrics import lower_is_better
from groupbench.report import statistics
from groupbench.report.aggregate import ResultRow, pick, row_meant
from groupbench.report.entity_scores import EntityReader
from groupbench.report.long import ResultKey
from groupbench.report.names import Wording
from groupbench.report.pairing import Pairing, pair
from groupbench.report.verdict_notes import notes_on_metrics, notes_on_outcome, notes_on_test
from groupbench.report.verdicts import Tested, Verdict

if TYPE_CHECKING:
    from groupbench.results.store import RunRecord

_MOST_REPLICATES = 5_000_000
"""Of a bootstrap or permutation test; a column of them is 40 MB."""


def require_level(level: float) -> None:
    """Raise a `ConfigError` unless `level` lies between 0 and 1."""
    if not 0 < level < 1:
        raise ConfigError(f"level={level:g}: give the share of false alarms, between 0 and 1 (0.05)")


@dataclass(frozen=True)
class Significance:
    """How a table is tested.

    Attributes:
        results: the results folder; values per user and group are read from its parquet files.
        test: one of `statistics.TESTS`.
        correction: one of `statistics.CORRECTIONS`, over the rows of each metric.
        level: corrected p-values up to this are significant.
        reference: METHOD or METHOD:AGGREGATOR that rows are compared with, or None for each metric's best.
    """

    results: Path
    test: str = "bootstrap"
    correction: statistics.Correction = "holm"
    level: float = 0.05
    reference: str | None = None

    def __post_init__(self) -> None:
        """Take names in any case, and refuse what is unknown with a `ConfigError`."""
        object.__setattr__(self, "test", one_of("test", self.test, statistics.TESTS))
        object.__setattr__(self, "correction", one_of("correction", self.correction, statistics.CORRECTIONS))
        require_level(self.level)


def test_rows(
    how: Significance,
    rows: Mapping[ResultKey, Sequence[ResultRow]],
    records: Mapping[tuple[str, str], Sequence[RunRecord]],
    metrics: Sequence[str],
) -> dict[ResultKey, Tested]:
    """Compare the rows of each key with their reference; the oracle, a bound, is left out.

    Args:
        how: how.
        rows: the rows with values of each key.
        records: the records of each data set and protocol.
        metrics: the metrics of the rows' statistics.

    Raises:
        ConfigError: if no key has the reference.
        ResultError: if what runs stored per user or group cannot be read or paired.
    """
    if how.reference is not None:
        how = replace(how, reference=_reference_meant(rows, how.reference))
    entities = EntityReader(how.results, metrics)
    return {
        key: _test(how, entities, key, records[key.dataset, key.protocol], of_key, metrics)
        for key, of_key in rows.items()
        if of_key
    }


def _reference_meant(rows: Mapping[ResultKey, Sequence[ResultRow]], written: str) -> str:
    """The row that all are compared with; it has to be in one table at least."""
    kind, shown = "row of this table", [row for of_key in rows.values() for row in of_key]
    name = row_meant(kind, shown, written)
    if not any(pick(of_key, name) for of_key in rows.values()):
        raise ConfigError(unknown(kind, written, {row.label for row in shown}))
    return name


def _test(
    how: Significance,
    entities: EntityReader,
    key: ResultKey,
    records: Sequence[RunRecord],
    rows: Sequence[ResultRow],
    metrics: Sequence[str],
) -> Tested:
    rows = [row for row in rows if row.name != "oracle"]
    lost = {row.id for row in rows if entities.lacks(records, key, row.id)}
    all_pairs = list(_pairs(how, rows, metrics))
    pairs = [p for p in all_pairs if not p.rows & lost]
    gone = [p for p in all_pairs if p.rows & lost and not np.isnan(p.row.mean(p.number))]
    if not pairs:
        reason = _values_left(rows, lost) if gone else "there is nothing to compare with"
        return _untested(how, reason)
    pairing = pair(entities.scores(records, key, [row.id for row in rows if row.id not in lost]), records)
    if pairing.kind == "none":
        return _untested(how, pairing.reason)
    verdicts: dict[tuple[str, str, str], Verdict] = {}
    untested: list[str] = []
    alone: list[ResultRow] = []
    for number, metric in enumerate(metrics):
        # One metric at a time, as the replicates of many rows fill memory.
        of_metric = [p for p in pairs if p.number == number]
        known = [p for p in of_metric if pairing.has_values(p.row.id, p.reference.id, metric=number)]
        n_gone = sum(p.number == number for p in gone)
        untested += [metric] if len(known) + n_gone < sum(p.number == number for p in all_pairs) else []
        rng = generator("significance", *key)
        found = _compared(how, pairing, known, rng, len(rows)) if known else None
        if found is not None:
            verdicts |= _verdicts(how, pairing, found, known, len(rows), n_gone)
            alone += [p.row for p in known if (*p.row.id, metric) not in verdicts]
    unkept = _unkept(entities, records, rows) if untested else set()
    reference = pairs[0].reference if how.reference else None
    compared = max(Counter(p.number for p in all_pairs).values())

    def notes(wording: Wording) -> Iterator[str]:
        name = "" if reference is None else wording.row(*reference.id)
        yield from notes_on_test(how, pairing, compared, name)
        tested = {p.metric for p in pairs}
        yield from notes_on_metrics(wording, pairing.scores.entity, tested, untested, unkept)
        if gone:
            below = f"{count(len({p.row.id for p in gone}), 'row')} below the first"
            yield f"not tested, as the archive keeps no values per {pairing.scores.entity}: {below}"
        yield from notes_on_outcome(
            how, verdicts, name or "the best", [wording.row(*row.id) for row in alone]
        )

    return Tested(how.level, verdicts, notes)


def _unkept(entities: EntityReader, records: Sequence[RunRecord], rows: Sequence[ResultRow]) -> set[str]:
    """The metrics that some of the rows have means of and, in an archive, no values of users or groups."""
    methods = {row.method for row in rows}
    return {name for record in records if record.method in methods for name in entities.unknown(record)}


def _values_left(rows: Sequence[ResultRow], lost: set[tuple[str, str]]) -> str:
    kept = ", ".join(row.label for row in rows if row.id not in lost) or "no row"
    return f"the archive has values per user or group of {kept} alone"


def _untested(how: Significance, reason: str) -> Tested:
    return Tested(how.level, notes=lambda wording: (f"no significance test: {reason}",))


def _compared(
    how: Significance, pairing: Pairing, pairs: Sequence[_Pair], rng: np.random.Generator, n_rows: int
) -> statistics.PairedComparison | None:
    """The rows of one metric against its reference."""
    values = pairing.scores.values
    differences = [values[p.row.id][:, p.number] - values[p.reference.id][:, p.number] for p in pairs]
    return pairing.compare(
        np.stack(differences, axis=1),
        tests=[how.test],
        level=how.level,
        replicates=_replicates(how, n_rows),
        rng=rng,
    )


def _replicates(how: Significance, n_rows: int) -> int:
    """As many as let the smallest p-value stay far below the level when it is corrected."""
    needed = 2 * n_rows**2 / how.level
    if how.test in ("bootstrap", "permutation") and needed > _MOST_REPLICATES:
        raise ConfigError(
            f"level={how.level:g} takes more replicates of the {how.test} test of {n_rows} rows than memory "
            f"holds; take {2 * n_rows**2 / _MOST_REPLICATES:.1g} or more, or --test t"
        )
    return max(statistics.REPLICATES, int(min(needed, _MOST_REPLICATES)))


@dataclass(frozen=True)
class _Pair:
    row: ResultRow
    reference: ResultRow
    number: int
    metric: str

    @property
    def rows(self) -> set[tuple[str, str]]:
        return {self.row.id, self.reference.id}


def _pairs(how: Significance, rows: Sequence[ResultRow], metrics: Sequence[str]) -> Iterator[_Pair]:
    """Every row with the reference of each metric."""
    for number, metric in enumerate(metrics):
        reference = _reference(how, rows, number, metric)
        if reference is not None:
            yield from (_Pair(row, reference, number, metric) for row in rows if row is not reference)


def _reference(how: Significance, rows: Sequence[ResultRow], number: int, metric: str) -> ResultRow | None:
    """The row named, or the best in the metric of those that compete and have the most seeds."""
    if how.reference is not None:
        return pick(rows, how.reference)
    sign = -1.0 if lower_is_better(metric) else 1.0
    known = [row for row in rows if row.competes and not np.isnan(row.mean(number))]
    seeds = [int(row.scores["expected"].seeds[number]) for row in known]
    full = [row for row, n in zip(known, seeds, strict=True) if n == max(seeds)]
    return max(full, key=lambda row: sign * row.mean(number), default=None)


def _verdicts(
    how: Significance,
    pairing: Pairing,
    found: statistics.PairedComparison,
    pairs: Sequence[_Pair],
    n_rows: int,
    n_gone: int,
) -> Iterator[tuple[tuple[str, str, str], Verdict]]:
    """The verdict on each pair of one metric that could be tested, p-values corrected together.

    Pairs whose values are gone count as comparisons, with the largest p-value.
    """
    test = pairing.test(how.test)
    p_values = found.p[test]
    p_of_all = np.append(p_values, np.ones(n_gone))
    among = 2 if how.reference else n_rows
    corrected = statistics.corrected(p_of_all, how.correction, picked_among=among)
    for column, tested in enumerate(pairs):
        if not np.isnan(p_values[column]):
            yield (
                (*tested.row.id, tested.metric),
                Verdict(
                    reference=tested.reference.label,
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
