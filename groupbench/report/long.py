"""The long format of a table: one row per figure, for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from groupbench.report.lines import TIE_RULES, Line, Place, TieRule
from groupbench.report.select import Names, Report, gather
from groupbench.results.store import RunRecord

if TYPE_CHECKING:
    import pandas as pd

FIGURE_COLUMNS = (
    "dataset",
    "protocol",
    "view",
    "method",
    "aggregator",
    "metric",
    "seed",
    "value",
    "status",
    "reason",
)
COLUMNS = (
    "dataset",
    "protocol",
    "view",
    "method",
    "aggregator",
    "metric",
    "mean",
    "std",
    "seeds",
    "status",
    "reason",
    "tuning",
)


def long_frame(
    records: Sequence[RunRecord],
    *,
    views: Names = None,
    metrics: Names = None,
    aggregator: str = "average",
    ties: str = "expected",
) -> pd.DataFrame:
    """One row per figure with the columns `COLUMNS`.

    `mean` and `std` (ddof=1, NaN for one seed) are over the `seeds` that finished. What has no
    figures is one row per view, method and status with an empty metric, NaN and the reason; where
    some seeds finished and others did not, there are both kinds of rows and the reason starts
    with the count. The reason of rows from simulated data starts with `simulated data`.

    Args:
        records: run records; of the same dataset, protocol, method and seed the newest counts.
        views: names of views, `all`, or None for rated-group and rated-user where they were judged.
        metrics: names of metrics, `all`, or None for precision, recall and NDCG at 10.
        aggregator: a name (with it come the rows that need none), `best` for each method's best in
            the first metric, picked on the held-out rows, or `all`.
        ties: `expected`, `best`, `worst`; `all` gives all three, the bounds as `ndcg@10:best`
            and `ndcg@10:worst`.

    Raises:
        ResultError: if there are no records.
        ConfigError: if a view, metric, aggregator or tie rule is unknown.
    """
    return frame(gather(records, views=views, metrics=metrics, aggregator=aggregator, ties=ties))


def figures_frame(records: Sequence[RunRecord]) -> pd.DataFrame:
    """Every figure of every job, one row each, with the columns `FIGURE_COLUMNS`.

    A job that did not finish is one row with its status and reason, an empty metric and NaN.
    """
    import pandas as pd

    rows = [row for record in records for row in _figure_rows(record)]
    return pd.DataFrame(rows, columns=list(FIGURE_COLUMNS))


def _figure_rows(record: RunRecord) -> Iterator[tuple[Any, ...]]:
    where = (record.dataset, record.protocol)
    ending = (record.status, _labelled(record.simulated, record.reason))
    if record.status != "done":
        yield (*where, "", record.method, "", "", record.seed, float("nan"), *ending)
    for figures in record.figures:
        named = (*where, figures.view, record.method, figures.aggregator)
        for metric, value in figures.values.items():
            yield (*named, metric, record.seed, value, *ending)


def frame(report: Report) -> pd.DataFrame:
    """The long frame of a gathered report."""
    import pandas as pd

    rules: tuple[TieRule, ...] = TIE_RULES if report.ties == "all" else (shown_rule(report.ties),)
    rows = [
        row
        for block in report.blocks
        for line in (*block.lines, *block.reported, *block.unfinished)
        for row in _rows(line, report.metrics, rules, block.simulated)
    ]
    made = pd.DataFrame(rows, columns=list(COLUMNS))
    return made if all(block.tested is None for block in report.blocks) else _with_verdicts(made, report)


def _with_verdicts(rows: pd.DataFrame, report: Report) -> pd.DataFrame:
    """The rows with the columns of their verdicts, empty where nothing was tested."""
    import pandas as pd

    from groupbench.report.significance import VERDICT_COLUMNS

    tested = {block.place: block.tested.verdicts for block in report.blocks if block.tested is not None}
    places = zip(rows["dataset"], rows["protocol"], rows["view"], strict=True)
    keys = zip(rows["method"], rows["aggregator"], rows["metric"], strict=True)
    found = [tested.get(Place(*place), {}).get(key) for place, key in zip(places, keys, strict=True)]
    columns = {name: [getattr(verdict, name, None) for verdict in found] for name in VERDICT_COLUMNS}
    return pd.concat([rows, pd.DataFrame(columns, index=rows.index)], axis=1)


def shown_rule(ties: str | None) -> TieRule:
    """The tie rule whose values are shown; `all` shows the expected ones with the bounds."""
    return next((rule for rule in TIE_RULES if rule == ties), "expected")


def _rows(
    line: Line, metrics: Sequence[str], rules: Sequence[TieRule], simulated: bool
) -> Iterator[tuple[Any, ...]]:
    reason = _labelled(simulated, line.reason)
    named = (*line.place, line.method, line.aggregator)
    if not line.spreads or np.isnan(line.spreads["expected"].mean).all():
        reason = _labelled(simulated, line.reason or "no value of the chosen metrics")
        yield (*named, "", float("nan"), float("nan"), line.seeds, line.status, reason, line.tuning)
        return
    for rule in rules:
        spread = line.spreads[rule]
        ending = f":{rule}" if len(rules) > 1 and rule != "expected" else ""
        columns = (spread.mean.tolist(), spread.std.tolist(), spread.seeds.tolist())
        for metric, mean, std, seeds in zip(metrics, *columns, strict=True):
            if mean == mean:
                yield (*named, metric + ending, mean, std, seeds, line.status, reason, line.tuning)


def _labelled(simulated: bool, reason: str) -> str:
    return "; ".join(part for part in ("simulated data" if simulated else "", reason) if part)
