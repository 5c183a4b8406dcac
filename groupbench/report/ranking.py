"""Average ranks of methods over data sets, views and, if wanted, seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from groupbench.core.errors import ConfigError, unknown
from groupbench.report import statistics
from groupbench.report.lines import Line, lower_is_better
from groupbench.report.rows import pick, require_aggregator, require_level
from groupbench.report.select import Block, Names, gather
from groupbench.results.store import RunRecord

BLOCKS = ("places", "seeds")
"""What counts as a block: a data set, protocol and view (its mean over seeds), or each of its seeds."""


@dataclass(frozen=True)
class Ranking:
    """Average ranks and what they are of.

    Attributes:
        ranks: the ranks and their tests.
        metric: what was ranked by.
        title: metric, blocks and outcome of the tests in two lines.
        notes: what to keep in mind, a sentence each.
    """

    ranks: statistics.Ranks
    metric: str
    title: str
    notes: tuple[str, ...]


def rank_methods(
    records: Sequence[RunRecord],
    *,
    views: Names = None,
    metric: str = "ndcg@10",
    aggregator: str = "average",
    methods: Sequence[str] | None = None,
    blocks: str = "places",
    level: float = 0.05,
) -> Ranking:
    """Rank the methods that were judged in every block.

    Args:
        records: run records.
        views: as of `groupbench.report.render`.
        metric: what to rank by.
        aggregator: its name; a method's own row or the one without counts where there is none. Or `best`.
        methods: labels of the methods; None is all but the reference rows.
        blocks: one of `BLOCKS`.
        level: level of the tests.

    Raises:
        ConfigError: if a name is unknown, or there are too few methods or blocks.
    """
    require_level(level)
    if blocks not in BLOCKS:
        raise ConfigError(unknown("kind of blocks", blocks, BLOCKS))
    asked = aggregator if aggregator == "best" else "all"
    report = gather(records, views=views, metrics=metric, aggregator=asked)
    if aggregator != "best":
        require_aggregator((line for block in report.blocks for line in block.lines), aggregator)
    lines = [dict(_lines(block, aggregator, methods)) for block in report.blocks]
    _require_known(report.blocks, methods)
    everywhere = [m for m in dict.fromkeys(m for held in lines for m in held) if all(m in h for h in lines)]
    rows = [
        values
        for block, held in zip(report.blocks, lines, strict=True)
        for values in _values(block, [held[method] for method in everywhere], metric, blocks)
    ]
    _require_enough(everywhere, rows)
    sign = -1.0 if lower_is_better(metric) else 1.0
    ranks = statistics.average_ranks(sign * np.array(rows), everywhere, level=level)
    left = sorted({method for held in lines for method in held} - set(everywhere))
    title = _title(ranks, metric, report.blocks)
    return Ranking(ranks, metric, title, tuple(_notes(report.blocks, ranks, left)))


def _lines(block: Block, aggregator: str, methods: Sequence[str] | None) -> Iterator[tuple[str, Line]]:
    """The line of each method that is to be ranked, by label."""
    for method in dict.fromkeys(line.method for line in block.lines):
        own = [line for line in block.lines if line.method == method]
        line = own[0] if aggregator == "best" else pick(own, method, aggregator)
        wanted = line is not None and (line.competes if methods is None else method in methods)
        if line is not None and wanted and line.status == "done" and not np.isnan(_mean(line)):
            yield method, line


def _mean(line: Line) -> float:
    return float(line.spreads["expected"].mean[0])


def _values(block: Block, lines: Sequence[Line], metric: str, blocks: str) -> Iterator[list[float]]:
    """The figures of the lines, once or for each seed that all of them have."""
    if blocks == "places":
        yield [_mean(line) for line in lines]
        return
    by_seed: dict[int, dict[tuple[str, str], float]] = {}
    for record in block.records:
        for figures in record.figures:
            value = figures.values.get(metric, np.nan)
            if figures.view == block.place.view and not np.isnan(value):
                by_seed.setdefault(record.seed, {})[record.method, figures.aggregator] = value
    for seed in sorted(by_seed):
        if all(line.row in by_seed[seed] for line in lines):
            yield [by_seed[seed][line.row] for line in lines]


def _require_known(blocks: Sequence[Block], methods: Sequence[str] | None) -> None:
    known = {line.method for block in blocks for line in block.lines}
    for method in methods or ():
        if method not in known:
            raise ConfigError(unknown("method of these results", method, known))


def _require_enough(methods: Sequence[str], rows: Sequence[Sequence[float]]) -> None:
    if len(methods) < statistics.FEWEST_RANKED or len(rows) < statistics.FEWEST_BLOCKS:
        named = f" ({', '.join(methods)})" if methods else ""
        raise ConfigError(
            f"ranks need at least {statistics.FEWEST_RANKED} methods that were judged in at least "
            f"{statistics.FEWEST_BLOCKS} blocks; here are {len(methods)}{named} in {len(rows)}: run more "
            "methods or data sets ('groupbench run --methods all --dataset NAME,NAME'), take more views "
            "(--view all) or count seeds as blocks (--blocks seeds)"
        )


def _title(ranks: statistics.Ranks, metric: str, blocks: Sequence[Block]) -> str:
    names = {b.place.dataset: " (simulated data)" if b.simulated else "" for b in blocks}
    sources = ", ".join(name + label for name, label in names.items())
    p = "< 0.0001" if ranks.p < 1e-4 else f"= {ranks.p:.4f}"
    return (
        f"Average ranks by {metric} over {ranks.n_blocks} blocks of {sources}\n"
        f"Friedman p {p}; Nemenyi's critical difference at level {ranks.level:g}: {ranks.distance:.2f}"
    )


def _notes(blocks: Sequence[Block], ranks: statistics.Ranks, left: Sequence[str]) -> Iterator[str]:
    count = len({block.place.dataset for block in blocks})
    if ranks.n_blocks > count:
        sources = "1 data set" if count == 1 else f"{count} data sets"
        yield (
            f"the {ranks.n_blocks} blocks come from {sources} and are not independent: "
            "read the bars as a description"
        )
    if left:
        yield f"left out, as not judged in every block: {', '.join(left)}"
