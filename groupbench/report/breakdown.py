"""Scores by what groups are like: their size, cohesion or activity, or how much they choose from."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from groupbench.core.errors import ConfigError, GroupbenchWarning
from groupbench.core.names import matching, one_of
from groupbench.core.text import count
from groupbench.metrics import lower_is_better
from groupbench.report.cells import BLANK, CaptionedTable, Cell, Column
from groupbench.report.formats import PRINTED, write_tables
from groupbench.report.names import Wording, labels_meant
from groupbench.report.notes import with_caption
from groupbench.report.options import LayoutOptions
from groupbench.report.render import FORMATS, FRAMES, frame_text
from groupbench.report.resolution import Names, aggregators_meant, methods_meant, metrics_meant, usual_metric
from groupbench.results import store
from groupbench.results.facts import id_of
from groupbench.results.job_tables import JobTables
from groupbench.results.selection import select

if TYPE_CHECKING:
    import pandas as pd

BY = ("size", "cohesion", "activity", "options")
MANY = 8
"""More distinct sizes or numbers of options are put into thirds, like cohesion and activity."""
_ROW = ["dataset", "simulated", "protocol", "view", "method", "aggregator"]


def breakdown_frame(
    results: Path,
    records: Sequence[store.RunRecord],
    *,
    by: str,
    metric: str | None = None,
    k: Sequence[int] | None = None,
    aggregator: Names = "average",
    methods: Names = None,
    views: Names = "all",
) -> pd.DataFrame:
    """Mean of a metric over the groups of each kind, then over seeds.

    Sizes and numbers of options are kinds of their own, unless there are more than `MANY`; cohesion and
    activity are cut into thirds of each run's groups. Groups without a cohesion (no pair of members with
    common ratings) are a kind, too.

    Args:
        results: the results folder the records come from, or an archive; values per group are read from its
            parquet files.
        records: run records.
        by: `size`, `cohesion`, `activity` or `options`, which groups of the protocol `aggregate` have.
        metric: the metric; by default NDCG, or of views without it the first of their own.
        k: its K, where it is named without one; by default 10.
        aggregator: names, or `all`; native rows of group methods and references are always there.
        methods: labels or names; None for all.
        views: names of views, or `all`.

    Returns:
        Columns dataset, simulated, protocol, view, method, aggregator, metric, by, kind, groups (mean number
        over seeds), mean, std, seeds.

    Raises:
        ConfigError: if `by` or a name is unknown, or no run has the metric for groups.
        ResultError: if a parquet file cannot be read.
    """
    import pandas as pd

    by = one_of("property of groups", by, BY)
    records = select(records)
    aggregators = aggregators_meant(records, aggregator)
    asked = metric or usual_metric(records, views, k)
    (metric, *others) = metrics_meant(records, asked, k) or (asked,)
    if others:
        raise ConfigError(f"{by} shows one metric at a time, not {', '.join([metric, *others])}; name one")
    meant = methods_meant(records, methods)
    chosen = [record for record in records if meant is None or record.method in meant]
    kinds = _Kinds(tables := JobTables(results), by)
    parts: list[pd.DataFrame] = []
    lost: list[str] = []
    for record in chosen:
        wanted = _wanted(record, metric, aggregators)
        part = _part(tables, kinds, record, metric, wanted)
        parts += [] if part is None else [part]
        kept = set() if part is None else set(zip(part["view"], part["aggregator"], strict=True))
        lost += [f"{record.method} in {record.dataset}"] if wanted - kept else []
    if not parts:
        raise ConfigError(
            f"no finished run stored {metric} and {by} of single groups with the aggregator "
            f"{', '.join(aggregators)}; see 'groupbench table --view all --aggregator all' for what there is"
        )
    _warn_of_lost(list(dict.fromkeys(lost)), by)
    runs = pd.concat(parts, ignore_index=True)
    if views is not None and "all" not in views:
        known = dict.fromkeys(runs["view"], ())
        written = [views] if isinstance(views, str) else views
        runs = runs[runs["view"].isin(matching(f"view with {metric} of groups", written, known))]
    grouped = runs.groupby([*_ROW, "order", "kind"], sort=True)
    found = grouped.agg(
        groups=("groups", "mean"), mean=("value", "mean"), std=("value", "std"), seeds=("value", "size")
    )
    found = found.reset_index().sort_values([*_ROW, "order"]).drop(columns="order")
    found.insert(len(_ROW), "metric", metric)
    found.insert(len(_ROW) + 1, "by", by)
    return found.reset_index(drop=True)


def _warn_of_lost(lost: Sequence[str], by: str) -> None:
    """Warn of the runs whose values of single groups, or what these are like, are not kept."""
    if lost:
        what = "values" if by == "size" else f"values or {by}"
        of = lost[0] if len(lost) == 1 else f"{lost[0]} and {len(lost) - 1} more"
        warnings.warn(
            f"left out, as {what} of single groups are not kept of {count(len(lost), 'method')}: {of}",
            GroupbenchWarning,
            stacklevel=3,
        )


def render_breakdown(frame: pd.DataFrame, *, format: str, layout: LayoutOptions | None = None) -> str:
    """The frame of `breakdown_frame` as text: one line per method, one column per kind of group.

    Args:
        frame: the frame.
        format: one of `groupbench.report.render.FORMATS`.
        layout: digits, caption and labels; what else it has is refused.

    Raises:
        ConfigError: if the format or a label is unknown, or the layout is of other tables.
    """
    format = one_of("format", format, FORMATS)
    layout = layout or LayoutOptions.make()
    if format in FRAMES:
        layout.require_none(f"{format} has all columns and digits, and names as they are")
        return frame_text(frame, format)
    layout.require_none("tables by kinds of groups have one layout", but=["caption", "digits", "labels"])
    names = [str(name) for column in ("method", "metric", "dataset") for name in frame[column].unique()]
    labels = labels_meant(layout.labels, names, "these results")
    wording = Wording(printed=format in PRINTED, labels=labels)
    tables = []
    for (dataset, simulated, protocol, view), rows in frame.groupby(_ROW[:4], sort=True):
        metric, by = wording.metric(rows["metric"].iloc[0]), rows["by"].iloc[0]
        data = wording.data(str(dataset), simulated=bool(simulated))
        caption = f"{data}, protocol {protocol}, view {view}: {metric} by {by} of the group"
        columns = tuple(_columns(rows, wording, layout.digits))
        tables.append(CaptionedTable(with_caption(layout.caption, caption), columns))
    return write_tables(tables, format)


def _columns(rows: pd.DataFrame, wording: Wording, digits: int) -> Iterator[Column]:
    kinds = list(dict.fromkeys(rows["kind"]))
    by_row = {row: part.set_index("kind") for row, part in rows.groupby(["method", "aggregator"])}
    sign = 1.0 if lower_is_better(str(rows["metric"].iloc[0])) else -1.0
    order = sorted(by_row, key=lambda row: sign * float(by_row[row]["mean"].mean()))
    yield Column(wording.head("method"), [Cell(wording.method(str(method))) for method, _ in order])
    yield Column(wording.head("aggregator"), [Cell("" if name == "none" else str(name)) for _, name in order])
    for kind in kinds:
        count = float(rows.loc[rows["kind"] == kind, "groups"].mean())
        cells = []
        for row in order:
            known = kind in by_row[row].index
            cells.append(Cell(f"{by_row[row].loc[kind, 'mean']:.{digits}f}" if known else BLANK))
        yield Column(f"{kind} ({count:.0f})", cells, "right")


def _wanted(record: store.RunRecord, metric: str, aggregators: Sequence[str]) -> set[tuple[str, str]]:
    """The views of groups and aggregators in which a run has the metric."""
    of_groups = {view for view, facts in record.views.items() if facts.get("entity") == "group"}
    return {
        (entry.view, entry.aggregator)
        for entry in record.metrics
        if entry.view in of_groups
        and ("all" in aggregators or entry.aggregator in (*aggregators, "own", "none"))
        and math.isfinite(entry.values.get(metric, math.nan))
    }


class _Kinds:
    """What kind each group of a run is, worked out once where an archive keeps them by split."""

    def __init__(self, tables: JobTables, by: str) -> None:
        self._tables, self._by = tables, by
        self._known: dict[tuple[object, ...], pd.DataFrame | None] = {}

    def of(self, record: store.RunRecord) -> pd.DataFrame | None:
        """Columns kind and order, by the group; None if what they go by is not kept."""
        archived = self._tables.are_archived(record)
        key = (record.dataset, record.protocol, record.seed) if archived else id_of(record)
        if key not in self._known:
            self._known[key] = self._found(record)
        return self._known[key]

    def _found(self, record: store.RunRecord) -> pd.DataFrame | None:
        groups = self._tables.groups(record, [self._by])
        if self._by == "size" and self._by not in groups:
            groups = groups.assign(size=groups["members"].map(len))
        return _kinds(groups, self._by) if self._by in groups else None


def _part(
    tables: JobTables, kinds: _Kinds, record: store.RunRecord, metric: str, wanted: set[tuple[str, str]]
) -> pd.DataFrame | None:
    """The mean of each view, aggregator and kind of one run; None if there is none."""
    import pandas as pd

    if not wanted or not tables.places(record):
        return None
    values, of_groups = tables.entities(record, [metric]), kinds.of(record)
    if metric not in values or of_groups is None:
        return None
    lists: Any = values.groupby(["view", "aggregator"], observed=True, sort=False).indices
    kind_of = pd.factorize(of_groups["kind"])[0]
    kinds_there = list(of_groups.drop_duplicates("kind").itertuples(index=False, name=None))
    rows = []
    for view, aggregator in sorted(wanted & set(lists)):
        found = values.iloc[lists[view, aggregator]]
        place, value = of_groups.index.get_indexer(found["entity"]), found[metric].to_numpy(dtype=np.float64)
        judged = (place >= 0) & ~np.isnan(value)
        kind, value = kind_of[place[judged]], value[judged]
        sums, counts = (np.bincount(kind, weights, len(kinds_there)) for weights in (value, None))
        means = zip(kinds_there, sums, counts, strict=True)
        rows += [(view, aggregator, *kind_and_order, total / n, n) for kind_and_order, total, n in means if n]
    if not rows:
        return None
    part = pd.DataFrame(rows, columns=["view", "aggregator", "kind", "order", "value", "groups"])
    return part.assign(
        dataset=record.dataset, simulated=record.simulated, protocol=record.protocol, method=record.method
    )


def _kinds(groups: pd.DataFrame, by: str) -> pd.DataFrame:
    """The kind of each group and its rank in the order of kinds, by its name."""
    import pandas as pd

    values = groups[by]
    if by in ("size", "options") and values.nunique() <= MANY:
        found = pd.DataFrame({"kind": values.astype(str), "order": values})
    else:
        ranks = values.rank(method="first") * 3 / max(int(values.notna().sum()), 1)
        thirds = (ranks - 1e-9).fillna(3).astype(int)
        names = [f"low {by}", f"middle {by}", f"high {by}", f"no {by}"]
        found = pd.DataFrame({"kind": [names[t] for t in thirds], "order": thirds})
    return found.set_axis(pd.Index(groups["group"]), axis=0)
