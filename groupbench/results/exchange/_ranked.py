"""The lists that a finished run recommended, read from its folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from groupbench.core.arrays import IntArray
from groupbench.core.errors import ResultError
from groupbench.results import store
from groupbench.results.exchange._ids import indices
from groupbench.results.tables import read_columns

if TYPE_CHECKING:
    from groupbench.evaluation.views import EvaluationCase
    from groupbench.results.exchange._task_split import PreparedSplit


@dataclass(frozen=True)
class RecommendedLists:
    """Recommended items, one row each, the lists one after the other and best first.

    Attributes:
        aggregator: whose lists they are.
        lists: (n_rows,) number of the list among all of the view.
        ranks: (n_rows,) rank in the list, from 1.
        items: (n_rows,) item index.
    """

    aggregator: str
    lists: IntArray
    ranks: IntArray
    items: IntArray


def recommended_lists(
    results: Path, record: store.RunRecord, split: PreparedSplit, case: EvaluationCase
) -> Iterator[RecommendedLists]:
    """The recommended lists of a run in one view, for each aggregator.

    Raises:
        ResultError: if the run left no lists, or they are not those of the split.
    """
    import pyarrow.compute as pc

    aggregators = [entry.aggregator for entry in record.metrics if entry.view == case.view.name]
    if not aggregators:
        return
    folder = store.folder_of(results, record.dataset, record.protocol, record.method, record.key)
    table = _read(folder / "top.parquet", case.view.name)
    for aggregator in aggregators:
        rows = table.filter(pc.equal(table["aggregator"], aggregator))
        ranks = rows["rank"].to_numpy().astype(np.int64)
        owners = indices(rows["entity"], split.entity_ids(case))
        items = indices(rows["item"], split.dataset.item_ids)
        lists = _list_of_row(case, owners, ranks)
        if lists is None or (items < 0).any():
            raise ResultError(
                f"run {record.key} ({record.method}): its lists are not those of the split that this code "
                "makes; run it again"
            )
        yield RecommendedLists(aggregator, lists, ranks, items)


def _list_of_row(case: EvaluationCase, owners: IntArray, ranks: IntArray) -> IntArray | None:
    """The list of each row, or None if owners do not fit: lists follow each other, each from rank 1."""
    evaluated = np.flatnonzero(case.evaluated)
    expected = case.lists.entities[evaluated]
    if not np.array_equal(owners[ranks == 1], expected) or (len(ranks) and ranks[0] != 1):
        return None
    numbers = np.cumsum(ranks == 1) - 1
    return np.asarray(evaluated[numbers]) if np.array_equal(owners, expected[numbers]) else None


def _read(file: Path, view: str) -> Any:
    import pyarrow.compute as pc

    if not file.exists():
        raise ResultError(
            f"{file.parent} holds no lists (top.parquet); delete it and run the job again, or export from "
            "the results folder that it was copied from"
        )
    columns = ["view", "aggregator", "entity", "rank", "item"]
    table = read_columns(file, columns)
    if table.column_names != columns:
        raise ResultError(
            f"{file} lacks a column of {', '.join(columns)}; delete its folder and run the job again"
        )
    return table.filter(pc.equal(table["view"], view))
