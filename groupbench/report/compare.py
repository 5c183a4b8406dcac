"""Two rows against each other: how large the difference is, and how sure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from groupbench.core.errors import ConfigError, unknown
from groupbench.core.seeding import generator
from groupbench.report import statistics
from groupbench.report.lines import Line
from groupbench.report.pairing import pair, test_name
from groupbench.report.per_group import Entities
from groupbench.report.rows import pick, require_aggregator, require_level, row_name
from groupbench.report.select import Block, Names, gather
from groupbench.report.significance import POOLED

if TYPE_CHECKING:
    import pandas as pd

    from groupbench.results.store import RunRecord

COMPARE_FORMATS = ("plain", "csv", "json")


def compare_frame(
    results: Path,
    records: Sequence[RunRecord],
    first: str,
    second: str,
    *,
    views: Names = None,
    metrics: Names = ("ndcg@10",),
    aggregator: str = "average",
    level: float = 0.05,
) -> pd.DataFrame:
    """Compare two rows wherever both were judged, with every test.

    Args:
        results: the results folder; values per user and group are read from its parquet files.
        records: run records.
        first: METHOD or METHOD:AGGREGATOR.
        second: the row to subtract.
        views: as of `groupbench.report.render`.
        metrics: names of metrics, or `all`.
        aggregator: for a METHOD without one; where it has no such row, its own or the one without counts.
        level: 1 - level is the confidence of the interval.

    Returns:
        One row per data set, protocol, view and metric with the columns dataset, simulated, protocol, view,
        metric, first, second, seeds, entities, wins, ties, losses (of the first, by user or group),
        mean_first, mean_second, difference, low, high, cohen_d, rank_biserial, p_bootstrap, p_permutation,
        p_t, p_wilcoxon, units (effective number of independent ones), inflation (of the variance, by seeds),
        pairing and unit (in words). What does not apply is NaN. The interval belongs to p_bootstrap, or to
        p_t where that is the only test.

    Raises:
        ConfigError: if a name is unknown, or both rows are the same or nowhere together.
        ResultError: if files of runs cannot be read or paired.
    """
    import pandas as pd

    require_level(level)
    report = gather(records, views=views, metrics=metrics, aggregator="all")
    _require_methods(report.blocks, first, second)
    require_aggregator((line for block in report.blocks for line in block.lines), aggregator)
    entities = Entities(results, report.metrics)
    rows = []
    for block in report.blocks:
        lines = [pick(block.lines, name, aggregator) for name in (first, second)]
        if lines[0] is not None and lines[1] is not None:
            rows += list(_rows(entities, block, (lines[0], lines[1]), report.metrics, level))
    if not rows:
        raise ConfigError(
            f"{first} and {second} have no view, metric and aggregator in common; "
            "see 'groupbench table --view all --aggregator all'"
        )
    return pd.DataFrame(rows)


def render_comparison(frame: pd.DataFrame, *, format: str, level: float = 0.05) -> str:
    """The frame of `compare_frame` as text.

    Raises:
        ConfigError: if the format is unknown.
    """
    if format not in COMPARE_FORMATS:
        raise ConfigError(unknown("format", format, COMPARE_FORMATS))
    if format == "csv":
        return frame.to_csv(index=False, lineterminator="\n").rstrip("\n")
    if format == "json":
        return json.dumps(frame.astype(object).where(frame.notna(), None).to_dict("records"), indent=1)
    rows: Any = frame.to_dict("records")
    return "\n\n".join("\n".join(_lines(row, level)) for row in rows)


def _require_methods(blocks: Sequence[Block], first: str, second: str) -> None:
    rows = {line.row for block in blocks for line in block.lines}
    known = {method for method, _ in rows} | {row_name(row) for row in rows}
    for name in (first, second):
        if name not in known:
            raise ConfigError(unknown("row of these results", name, known))


def _rows(
    entities: Entities, block: Block, lines: tuple[Line, Line], metrics: Sequence[str], level: float
) -> Iterator[dict[str, Any]]:
    first, second = lines
    if first.row == second.row:
        raise ConfigError(f"{row_name(first.row)} is compared with itself; name two rows")
    judged = entities.judged(block.records, block.place, [first.row, second.row])
    pairing = pair(judged, block.records)
    differences = judged.values[first.row] - judged.values[second.row]
    paired = statistics.Paired(differences, judged.seeds, judged.entities)
    found = pairing.compare(
        differences,
        tests=statistics.TESTS,
        level=level,
        replicates=statistics.REPLICATES,
        rng=generator("compare", *block.place, *first.row, *second.row),
    )
    counts = statistics.wins(paired.entity_means)
    effects = statistics.cohen_d(paired.entity_means), statistics.rank_biserial(paired.entity_means)
    for number, metric in enumerate(metrics):
        if paired.n_seeds[number] == 0:
            continue
        values = [judged.values[row][:, number] for row in (first.row, second.row)]
        means = [float((paired.weights[:, number] * np.nan_to_num(v)).sum()) for v in values]
        yield {
            **block.place._asdict(),
            "simulated": block.simulated,
            "metric": metric,
            "first": row_name(first.row),
            "second": row_name(second.row),
            "seeds": int(paired.n_seeds[number]),
            "entities": int(sum(count[number] for count in counts)),
            **{
                name: int(count[number])
                for name, count in zip(("wins", "ties", "losses"), counts, strict=True)
            },
            "mean_first": means[0],
            "mean_second": means[1],
            "difference": float(paired.difference[number]),
            "low": np.nan if found is None else float(found.low[number]),
            "high": np.nan if found is None else float(found.high[number]),
            "cohen_d": float(effects[0][number]),
            "rank_biserial": float(effects[1][number]),
            **{
                f"p_{t}": float(found.p[t][number]) if found and t in found.p else np.nan
                for t in statistics.TESTS
            },
            "units": np.nan if found is None else float(found.uncertainty.units[number]),
            "inflation": np.nan if found is None else float(found.uncertainty.inflation[number]),
            "pairing": pairing.kind,
            "unit": pairing.words,
        }


def _lines(row: dict[str, Any], level: float) -> Iterator[str]:
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
    yield "Cohen's d", f"{row['cohen_d']:+.2f} (paired: mean of the differences / their standard deviation)"
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
