"""TREC files: the qrels and runs that retrieval tools read, with ids that may be any text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from groupbench.core.arrays import ObjectArray, Segments
from groupbench.results.exchange._truth import Truth, list_numbers

if TYPE_CHECKING:
    from groupbench.core.arrays import IntArray
    from groupbench.evaluation.views import EvaluationCase
    from groupbench.results.exchange._ranked import RecommendedLists
    from groupbench.results.exchange._task_split import PreparedSplit

_SAFE = "!$&'()*+:;<=>?@[]^`{|}"
"""Characters that ids keep, beside letters, digits and `_.-~`; `/` and `#` part the pieces of a query."""


def quoted(ids: Iterable[str]) -> ObjectArray:
    """Ids as they stand in TREC files, which part columns by white space: other characters become `%XX`."""
    return np.array([quote(text, safe=_SAFE) for text in ids], dtype=object)


class Queries:
    """The queries of a view: a list, or what one member of a group makes of the group's list.

    A query is named after its user or group, `group#2` if that has several lists, `group/member` for members.

    Args:
        split: the split.
        case: the view.
        truth: the truth of its evaluated lists.
    """

    def __init__(self, split: PreparedSplit, case: EvaluationCase, truth: Truth) -> None:
        self._width = split.dataset.ratings.n_users + 1
        if case.lists.members is None:
            lists = np.flatnonzero(case.evaluated)
            self._keys = lists * self._width
        else:
            self._keys = np.unique(truth.lists * self._width + truth.members + 1)
        lists, members = np.divmod(self._keys, self._width)
        entities = case.lists.entities
        owner = quoted(split.entity_ids(case))[entities]
        numbers = list_numbers(entities)
        if (numbers > 1).any():
            owner = owner + np.char.mod("#%d", numbers).astype(object)
        self.names = owner[lists]
        if case.lists.members is not None:
            self.names = self.names + "/" + quoted(split.dataset.user_ids)[members - 1]

    def of_truth(self, truth: Truth) -> IntArray:
        """The number of each truth row's query, (n_rows,)."""
        return np.searchsorted(self._keys, truth.lists * self._width + truth.members + 1)

    def rows(self, shown: RecommendedLists) -> tuple[IntArray, IntArray]:
        """Query numbers and rows of `shown`: each list once for every query that asks for it."""
        lists, sizes = np.unique(shown.lists, return_counts=True)
        which = np.searchsorted(lists, self._keys // self._width)
        rows, inside = Segments.from_sizes(sizes).window(which)
        return np.nonzero(inside)[0], rows[inside]


def write_qrels(file: Path, queries: Queries, truth: Truth, items: ObjectArray) -> None:
    """Write `query 0 item relevance`: 1 for relevant candidates, 0 for others with a held-out rating.

    These are the gains of NDCG here, which are 0 or 1.
    """
    numbers = queries.of_truth(truth)
    order = np.lexsort((truth.items, numbers))
    columns = (queries.names[numbers], "0", items[truth.items], truth.relevant.astype(np.int64))
    _write(file, [column if isinstance(column, str) else column[order] for column in columns])


def write_run(file: Path, queries: Queries, shown: RecommendedLists, items: ObjectArray, tag: str) -> None:
    """Write `query Q0 item rank score tag`; scores count down, so that no two of a list are equal."""
    numbers, rows = queries.rows(shown)
    ranks = shown.ranks[rows]
    scores = int(ranks.max(initial=0)) + 1 - ranks
    _write(file, [queries.names[numbers], "Q0", items[shown.items[rows]], ranks, scores, tag])


def _write(file: Path, columns: Sequence[NDArray[Any] | str]) -> None:
    """Write columns parted by spaces; a text stands in every row."""
    import pyarrow as pa
    from pyarrow import csv

    n = max(len(column) for column in columns if not isinstance(column, str))
    arrays = [pa.repeat(c, n) if isinstance(c, str) else pa.array(c) for c in columns]
    table = pa.table(arrays, names=[str(number) for number in range(len(arrays))])
    options = csv.WriteOptions(include_header=False, delimiter=" ", quoting_style="none")
    csv.write_csv(table, file, options)
