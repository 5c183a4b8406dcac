"""What an export writes, in each of its formats."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from groupbench.core.text import csv_cell
from groupbench.results.exchange._trec import Queries, quoted, write_qrels, write_run
from groupbench.results.exchange._truth import Truth, list_numbers
from groupbench.results.store import RunRecord, safe_name

if TYPE_CHECKING:
    from groupbench.core.arrays import IntArray
    from groupbench.evaluation.views import EvaluationCase
    from groupbench.results.exchange._ranked import RecommendedLists
    from groupbench.results.exchange._task_split import PreparedSplit


class Writer(ABC):
    """Writes truth and lists below a folder; `close` ends it."""

    @abstractmethod
    def truth(self, split: PreparedSplit, case: EvaluationCase, truth: Truth) -> None:
        """Write the truth of a view."""

    @abstractmethod
    def lists(
        self, split: PreparedSplit, case: EvaluationCase, record: RunRecord, shown: RecommendedLists
    ) -> None:
        """Write the lists that a run showed in the view whose truth was written last."""

    @abstractmethod
    def close(self) -> None:
        """End all files."""


class TrecWriter(Writer):
    """`<dataset>/<protocol>/<view>/seed-<n>/`: a file `qrels`, and a file for each method and aggregator.

    Args:
        folder: where the data sets' folders go.
    """

    def __init__(self, folder: Path) -> None:
        self._root = folder
        self._queries: Queries | None = None

    def truth(self, split: PreparedSplit, case: EvaluationCase, truth: Truth) -> None:
        """Write the qrels."""
        self._queries = Queries(split, case, truth)
        names = (split.dataset.name, split.protocol.label, case.view.name, f"seed-{split.seed}")
        self._folder = self._root.joinpath(*map(safe_name, names))
        self._folder.mkdir(parents=True)
        self._items = quoted(split.dataset.item_ids)
        write_qrels(self._folder / "qrels", self._queries, truth, self._items)

    def lists(
        self, split: PreparedSplit, case: EvaluationCase, record: RunRecord, shown: RecommendedLists
    ) -> None:
        """Write a run."""
        assert self._queries is not None
        name = record.method if shown.aggregator == "none" else f"{record.method}+{shown.aggregator}"
        tag = safe_name(name)
        write_run(self._folder / f"{tag}.run", self._queries, shown, self._items, tag)

    def close(self) -> None:
        """Nothing is left open."""


class TableWriter(Writer):
    """Two tables with everything, `lists` and `truth`, as CSV or parquet.

    Args:
        folder: where both tables go.
        form: `csv` or `parquet`.
    """

    def __init__(self, folder: Path, form: str) -> None:
        self._folder = folder
        self._form = form
        self._open: dict[str, Any] = {}

    def truth(self, split: PreparedSplit, case: EvaluationCase, truth: Truth) -> None:
        """Add the truth of a view."""
        import pyarrow as pa

        of_list = truth.members < 0
        members = np.where(of_list, np.array(None, dtype=object), split.user_ids[truth.members])
        self._add(
            "truth",
            {
                **_place(split, case, len(truth.lists)),
                **_owners(split, case, truth.lists),
                "member": pa.array(members, type=pa.string()),
                "item": pa.array(split.item_ids[truth.items], type=pa.string()),
                "rating": pa.array(truth.ratings),
                "relevant": pa.array(truth.relevant),
            },
        )

    def lists(
        self, split: PreparedSplit, case: EvaluationCase, record: RunRecord, shown: RecommendedLists
    ) -> None:
        """Add the lists of a run."""
        import pyarrow as pa

        n = len(shown.lists)
        self._add(
            "lists",
            {
                **_place(split, case, n),
                "method": pa.repeat(record.method, n),
                "aggregator": pa.repeat(shown.aggregator, n),
                **_owners(split, case, shown.lists),
                "item": pa.array(split.item_ids[shown.items], type=pa.string()),
                "rank": pa.array(shown.ranks),
            },
        )

    def close(self) -> None:
        """End both tables."""
        for writer in self._open.values():
            writer.close()

    def _add(self, name: str, columns: dict[str, Any]) -> None:
        import pyarrow as pa
        from pyarrow import csv, parquet

        if self._form == "csv":
            columns = {name: _safe_cells(values) for name, values in columns.items()}
        table = pa.table(columns)
        if name not in self._open:
            kind = csv.CSVWriter if self._form == "csv" else parquet.ParquetWriter
            self._open[name] = kind(self._folder / f"{name}.{self._form}", table.schema)
        self._open[name].write_table(table)


def _safe_cells(values: Any) -> Any:
    """Text of a column of CSV as of `csv_cell`; other columns as they are."""
    import pyarrow as pa

    if not pa.types.is_string(values.type):
        return values
    texts = values.dictionary_encode()
    cells = pa.array([csv_cell(text) for text in texts.dictionary.to_pylist()], type=pa.string())
    return cells.take(texts.indices)


def _place(split: PreparedSplit, case: EvaluationCase, n: int) -> dict[str, Any]:
    import pyarrow as pa

    names = {
        "dataset": split.dataset.name,
        "protocol": split.protocol.label,
        "view": case.view.name,
        "seed": split.seed,
    }
    return {name: pa.repeat(value, n) for name, value in names.items()}


def _owners(split: PreparedSplit, case: EvaluationCase, lists: IntArray) -> dict[str, Any]:
    """The user or group of each list, and which of its lists it is."""
    import pyarrow as pa

    entities = case.lists.entities
    ids = np.array(split.entity_ids(case), dtype=object)
    return {
        "entity": pa.array(ids[entities[lists]], type=pa.string()),
        "list": pa.array(list_numbers(entities)[lists]),
    }
