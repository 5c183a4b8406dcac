"""Average ranks of methods over data sets, views and, if wanted, seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from groupbench.core.errors import ConfigError
from groupbench.core.names import one_of
from groupbench.metrics import lower_is_better
from groupbench.report import statistics
from groupbench.report.aggregate import ResultRow, pick, require_aggregator
from groupbench.report.names import Wording
from groupbench.report.resolution import Names, aggregators_meant
from groupbench.report.select import Report, Section, gather, only_metric
from groupbench.report.significance import require_level
from groupbench.results.store import RunRecord

BLOCKS = ("views", "seeds")
"""What counts as a block: a data set, protocol and view (its mean over seeds), or each of its seeds."""

_NAMES = Wording(printed=True)


@dataclass(frozen=True)
class MethodRanking:
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
    metric: str = "ndcg",
    k: Sequence[int] | None = None,
    aggregator: str | None = None,
    methods: Names = None,
    blocks: str = "views",
    level: float = 0.05,
) -> MethodRanking:
    """Rank the methods that were evaluated in every block.

    Args:
        records: run records.
        views: as of `groupbench.report.render`.
        metric: what to rank by.
        k: its K, where it is named without one; by default 10.
        aggregator: its name, or `best`; by default a method's native row counts, else the averaged one.
        methods: as of `groupbench.report.render`; None is all but the reference rows.
        blocks: one of `BLOCKS`.
        level: level of the tests.

    Raises:
        ConfigError: if a name is unknown, or there are too few methods or blocks.
    """
    require_level(level)
    blocks = one_of("kind of blocks", blocks, BLOCKS)
    (meant,) = aggregators_meant(records, aggregator)
    asked = meant if meant == "best" else "all"
    report = gather(records, views=views, metrics=metric, k=k, aggregator=asked, methods=methods)
    metric = only_metric(report)
    if meant != "best":
        require_aggregator(report.rows, meant)
    rows = [
        dict(_rows(section, aggregator and meant, every=methods is not None)) for section in report.sections
    ]
    ranked = dict.fromkeys(method for of_section in rows for method in of_section)
    everywhere = [method for method in ranked if all(method in of_section for of_section in rows)]
    values = [
        block
        for section, of_section in zip(report.sections, rows, strict=True)
        for block in _blocks(report, section, [of_section[method] for method in everywhere], blocks)
    ]
    _require_enough(everywhere, values)
    sign = -1.0 if lower_is_better(metric) else 1.0
    ranks = statistics.average_ranks(sign * np.array(values), everywhere, level=level)
    left = sorted(ranked.keys() - set(everywhere))
    title = _title(ranks, metric, report.sections)
    few = [
        one for one in everywhere if blocks == "views" and any(_misses_seeds(one, there) for there in rows)
    ]
    return MethodRanking(ranks, metric, title, tuple(_notes(report.sections, ranks, left, few)))


def _rows(section: Section, aggregator: str | None, *, every: bool) -> Iterator[tuple[str, ResultRow]]:
    """The row of each method that is to be ranked, by label; of reference rows if `every` one is."""
    for method in dict.fromkeys(row.method for row in section.rows):
        rivals = [row for row in section.rows if row.method == method]
        row = rivals[0] if aggregator == "best" else pick(rivals, method, aggregator)
        if row is None or np.isnan(row.mean(0)):
            continue
        if every or row.competes:
            yield method, row


def _blocks(
    report: Report, section: Section, rows: Sequence[ResultRow], blocks: str
) -> Iterator[Sequence[float]]:
    """The values of the rows, once or for each seed that all of them have."""
    if blocks == "views":
        yield [row.mean(0) for row in rows]
        return
    frame = report.frame[(report.frame["ties"] == "expected") & (report.frame["metric"] != "")]
    for column, name in section.key._asdict().items():
        frame = frame[frame[column] == name]
    by_seed = frame.astype({"method": str, "aggregator": str}).pivot(
        index="seed", columns=["method", "aggregator"], values="value"
    )
    yield from by_seed.reindex(columns=[row.id for row in rows]).dropna().to_numpy().tolist()


def _require_enough(methods: Sequence[str], rows: Sequence[Sequence[float]]) -> None:
    if len(methods) < statistics.FEWEST_RANKED or len(rows) < statistics.FEWEST_BLOCKS:
        named = f" ({', '.join(methods)})" if methods else ""
        raise ConfigError(
            f"ranks need at least {statistics.FEWEST_RANKED} methods that were evaluated in at least "
            f"{statistics.FEWEST_BLOCKS} blocks; here are {len(methods)}{named} in {len(rows)}: run more "
            "methods or data sets ('groupbench run --methods all --dataset NAME,NAME'), take more views "
            "(--view all) or count seeds as blocks (--blocks seeds)"
        )


def _title(ranks: statistics.Ranks, metric: str, sections: Sequence[Section]) -> str:
    sources = ", ".join(dict.fromkeys(_NAMES.data(s.key.dataset, simulated=s.simulated) for s in sections))
    p = "< 0.0001" if ranks.p < 1e-4 else f"= {ranks.p:.4f}"
    return (
        f"Average ranks by {_NAMES.metric(metric)} over {ranks.n_blocks} blocks of {sources}\n"
        f"Friedman p {p}; Nemenyi's critical difference at level {ranks.level:g}: {ranks.distance:.2f}"
    )


def _misses_seeds(method: str, rows: Mapping[str, ResultRow]) -> bool:
    """Whether another method of a section has the metric in more seeds."""
    seeds = {name: int(row.scores["expected"].seeds[0]) for name, row in rows.items()}
    return seeds[method] < max(seeds.values())


def _notes(
    sections: Sequence[Section], ranks: statistics.Ranks, left: Sequence[str], few: Sequence[str]
) -> Iterator[str]:
    count = len({section.key.dataset for section in sections})
    if ranks.n_blocks > count:
        sources = "1 data set" if count == 1 else f"{count} data sets"
        yield (
            f"the {ranks.n_blocks} blocks come from {sources} and are not independent: "
            "read the bars as a description"
        )
    if left:
        yield f"left out, as not evaluated in every block: {', '.join(map(_NAMES.method, left))}"
    if few:
        yield f"means over fewer seeds than others have: {', '.join(map(_NAMES.method, few))}"
