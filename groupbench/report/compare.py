"""Two rows against each other: how large the difference is, and how sure."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from groupbench.core.errors import ConfigError, GroupbenchWarning, ResultError
from groupbench.core.names import one_of
from groupbench.core.seeding import generator
from groupbench.metrics import lower_is_better
from groupbench.report import statistics
from groupbench.report.aggregate import ResultRow, pick, require_aggregator, row_meant
from groupbench.report.entity_scores import EntityReader
from groupbench.report.pairing import pair, test_name
from groupbench.report.render import frame_text
from groupbench.report.resolution import Names, aggregators_meant, usual_metric
from groupbench.report.select import Report, Section, gather
from groupbench.report.significance import require_level
from groupbench.results.agreement import POOLED

if TYPE_CHECKING:
    import pandas as pd

    from groupbench.core.arrays import FloatArray
    from groupbench.results.store import RunRecord

COMPARE_FORMATS = ("plain", "csv", "json")
_NUMBERS = (
    *("entities", "wins", "ties", "losses", "mean_first", "mean_second", "difference", "low", "high"),
    *("cohen_d", "rank_biserial", *(f"p_{test}" for test in statistics.TESTS), "units", "inflation"),
)
"""Columns of the frame that are numbers of each metric, in their order."""
_FEWEST_PAIRED = 2
"""Seeds that two rows must share where only seeds can be paired."""
_ONE_SEED = (
    "only seeds can be paired here, and both rows have no more than 1 in common; run both with the same, "
    "such as --seeds 5"
)


def compare_frame(
    results: Path,
    records: Sequence[RunRecord],
    first: str,
    second: str,
    *,
    views: Names = None,
    metrics: Names = None,
    k: Sequence[int] | None = None,
    aggregator: str | None = None,
    level: float = 0.05,
) -> pd.DataFrame:
    """Compare two rows wherever both were evaluated, with every test.

    Python warns of views in which an archive keeps no values of single users or groups of both.

    Args:
        results: the results folder; values per user and group are read from its parquet files.
        records: run records.
        first: METHOD or METHOD:AGGREGATOR.
        second: the row to subtract.
        views: as of `groupbench.report.render`.
        metrics: names of metrics, or `all`; by default NDCG, or of views without it the first of their own.
        k: the K of metrics that are named without one; by default 10.
        aggregator: for a METHOD without one; by default its native row counts, else the averaged one.
        level: 1 - level is the confidence of the interval.

    Returns:
        One row per data set, protocol, view and metric with the columns dataset, simulated, protocol, view,
        metric, first, second, seeds, entities, wins, ties, losses (of the first, by user or group; a lower
        value wins where lower is better), mean_first, mean_second, difference, low, high, cohen_d and
        rank_biserial (which have the sign of the difference), p_bootstrap, p_permutation,
        p_t, p_wilcoxon, units (effective number of independent ones), inflation (of the variance, by seeds),
        pairing and unit (in words). What does not apply is NaN. The interval belongs to p_bootstrap, or to
        p_t where that is the only test.

    Raises:
        ConfigError: if a name is unknown, or both rows are the same or nowhere together.
        ResultError: if files of runs cannot be read or paired.
    """
    import pandas as pd

    require_level(level)
    metrics = metrics or usual_metric(records, views, k)
    report = gather(records, views=views, metrics=metrics, k=k, aggregator="all")
    first, second = (row_meant("row of these results", report.rows, name) for name in (first, second))
    (meant,) = aggregators_meant(records, aggregator)
    require_aggregator(report.rows, meant)
    entities = EntityReader(results, report.metrics)
    rows: list[dict[str, object]] = []
    unkept: list[tuple[Section, str]] = []
    for section in report.sections:
        one, other = (pick(section.rows, name, aggregator and meant) for name in (first, second))
        if one is None or other is None:
            continue
        if lost := [row for row in (one, other) if entities.lacks(section.records, section.key, row.id)]:
            unkept.append((section, " and ".join(row.label for row in lost)))
        else:
            rows += list(_rows(entities, section, (one, other), report, level))
    _tell_unkept(entities, unkept, any_left=bool(rows))
    if not rows:
        raise ConfigError(
            f"{first} and {second} have no view, metric, aggregator and seed in common; "
            "see 'groupbench table --view all --aggregator all', or run both with the same --seeds"
        )
    return pd.DataFrame(rows)


def _tell_unkept(entities: EntityReader, unkept: Sequence[tuple[Section, str]], *, any_left: bool) -> None:
    """Warn of views in which values of the rows are not kept; if no other is left, raise a `ResultError`."""
    told = [
        f"{', '.join(section.key)}: the archive keeps no values of single {section.unit}s of {labels}"
        for section, labels in unkept
    ]
    if unkept and not any_left:
        section = unkept[0][0]
        kept = [r.label for r in section.rows if not entities.lacks(section.records, section.key, r.id)]
        raise ResultError(
            f"{told[0]}, but of {', '.join(kept) or 'no row'}; name these, or do the runs yourself"
        )
    for text in told:
        warnings.warn(f"left out {text}", GroupbenchWarning, stacklevel=3)


def render_comparison(frame: pd.DataFrame, *, format: str, level: float = 0.05) -> str:
    """The frame of `compare_frame` as text.

    Raises:
        ConfigError: if the format is unknown.
    """
    format = one_of("format", format, COMPARE_FORMATS)
    if format != "plain":
        return frame_text(frame, format)
    rows: Any = frame.to_dict("records")
    return "\n\n".join("\n".join(_text(row, level)) for row in rows)


def _rows(
    entities: EntityReader, section: Section, rows: tuple[ResultRow, ResultRow], report: Report, level: float
) -> Iterator[dict[str, object]]:
    first, second = rows
    if first.id == second.id:
        raise ConfigError(f"{first.label} is compared with itself; name two rows")
    records = _common(section.records, first.method, second.method)
    if not records:
        return
    scores = entities.scores(records, section.key, [first.id, second.id])
    for record in records:
        if record.method in (first.method, second.method) and (unknown := entities.unknown(record)):
            raise ResultError(
                f"{record.dataset}, {record.protocol}: no {unknown[0]} of single users or groups is kept of "
                f"{record.method}, but {entities.known(record)}; name that, or do the runs yourself"
            )
    pairing = pair(scores, records)
    differences = scores.values[first.id] - scores.values[second.id]
    paired = statistics.Paired(differences, scores.seeds, scores.entities)
    tested = pairing.compare(
        differences,
        tests=statistics.TESTS,
        level=level,
        replicates=statistics.REPLICATES,
        rng=generator("compare", *section.key, *first.id, *second.id),
    )
    means = {"mean_first": first.id, "mean_second": second.id}
    columns = {
        **{name: _means(paired, scores.values[row]) for name, row in means.items()},
        **_effects(paired, np.array([-1.0 if lower_is_better(metric) else 1.0 for metric in report.metrics])),
        **_tests(tested, len(report.metrics)),
    }
    named = {**section.key._asdict(), "simulated": section.simulated}
    for number, metric in enumerate(report.metrics):
        if seeds := int(paired.n_seeds[number]):
            few = pairing.kind == "seeds" and seeds < _FEWEST_PAIRED
            yield {
                **named,
                "metric": metric,
                "first": first.label,
                "second": second.label,
                "seeds": seeds,
                **{name: columns[name][number].item() for name in _NUMBERS},
                **(dict.fromkeys(("units", "inflation"), np.nan) if few else {}),
                "pairing": "none" if few else pairing.kind,
                "unit": _ONE_SEED if few else pairing.reason,
            }


def _effects(paired: statistics.Paired, merit: FloatArray) -> dict[str, Any]:
    """What needs no test, by column of the frame, one value for each metric.

    Args:
        paired: the differences.
        merit: (n_metrics,) -1 where lower is better, else 1.
    """
    wins, ties, losses = statistics.wins(paired.entity_means * merit)
    return {
        "entities": wins + ties + losses,
        "wins": wins,
        "ties": ties,
        "losses": losses,
        "difference": paired.difference,
        "cohen_d": statistics.cohen_d(paired.entity_means),
        "rank_biserial": statistics.rank_biserial(paired.entity_means),
    }


def _tests(tested: statistics.PairedComparison | None, n_metrics: int) -> dict[str, Any]:
    """What tests say, likewise; NaN where there are none."""
    missing = np.full(n_metrics, np.nan)
    p = {} if tested is None else tested.p
    return {
        "low": missing if tested is None else tested.low,
        "high": missing if tested is None else tested.high,
        **{f"p_{test}": p.get(test, missing) for test in statistics.TESTS},
        "units": missing if tested is None else tested.uncertainty.units,
        "inflation": missing if tested is None else tested.uncertainty.inflation,
    }


def _common(records: Sequence[RunRecord], first: str, second: str) -> list[RunRecord]:
    """The records of seeds with which both methods were run."""
    seeds = [{r.seed for r in records if r.method == one and r.status == "done"} for one in (first, second)]
    return [record for record in records if record.seed in seeds[0] & seeds[1]]


def _means(paired: statistics.Paired, values: FloatArray) -> FloatArray:
    """The weighted mean of each column."""
    weighted = [paired.weights[:, n] * np.nan_to_num(values[:, n]) for n in range(values.shape[1])]
    return np.array([column.sum() for column in weighted])


def _text(row: dict[str, Any], level: float) -> Iterator[str]:
    """What is printed of one comparison."""
    name = f"{row['dataset']} (simulated data)" if row["simulated"] else row["dataset"]
    seeds = "1 seed" if row["seeds"] == 1 else f"{row['seeds']} seeds"
    pooled = " (mean over lists; tables pool their rows)" if row["metric"] in POOLED else ""
    yield f"{name}, protocol {row['protocol']}, view {row['view']}: {row['metric']}{pooled}, {seeds}"
    facts = dict(_facts(row, level))
    width = max(map(len, facts))
    yield from (f"  {label:{width}s}  {text}" for label, text in facts.items())


def _facts(row: dict[str, Any], level: float) -> Iterator[tuple[str, str]]:
    tested = not np.isnan(row["units"])
    interval = f"  [{row['low']:+.4f}, {row['high']:+.4f}] with {1 - level:.0%} confidence"
    yield row["first"], f"{row['mean_first']:.4f}"
    yield row["second"], f"{row['mean_second']:.4f}"
    yield "difference", f"{row['difference']:+.4f}" + (interval if tested else "")
    yield "wins", f"{row['wins']}, ties {row['ties']}, losses {row['losses']}"
    if not np.isnan(row["cohen_d"]):
        yield (
            "Cohen's d",
            f"{row['cohen_d']:+.2f} (paired: mean of the differences / their standard deviation)",
        )
    if not np.isnan(row["rank_biserial"]):
        yield "rank-biserial", f"{row['rank_biserial']:+.2f}"
    for test in statistics.TESTS:
        p = row[f"p_{test}"]
        if not np.isnan(p):
            yield f"p {test}", f"{'< 0.0001' if p < 1e-4 else f'{p:.4f}'} ({test_name(row['pairing'], test)})"
    yield "unit", row["unit"] if tested else f"no test: {row['unit']}"
    if tested and row["pairing"] != "seeds":
        seeds = f"{1 - 1 / row['inflation']:.0%} of the variance is between seeds"
        if row["seeds"] < statistics.FEWEST_SEEDS:
            seeds = "too few seeds to tell methods from the fits that were made"
        yield "independent", f"{row['units']:.1f} units; {seeds}"
