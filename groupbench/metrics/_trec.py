"""Metrics of TREC files: a run, evaluated by qrels."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import Segments, in_sorted, stable_order
from groupbench.core.errors import DatasetError
from groupbench.core.kernels import worthwhile
from groupbench.metrics._list_loops import OrderedLists
from groupbench.metrics._metric import Metric, parse
from groupbench.metrics._select import counts, gather, sort_keys, top_candidates

if TYPE_CHECKING:
    from groupbench.core.arrays import Array, BoolArray, FloatArray, IntArray
    from groupbench.metrics._ranking import Ties

    _Order = tuple[Array | slice, IntArray]
    """Rows query after query, and where those of each query end."""

_BLOCK = 1 << 18
"""Documents that are laid out at once."""

_BLANKS = bytes(byte if byte > 32 or byte == 10 else 32 for byte in range(256))
"""Every control character parts columns; a line feed alone ends a row."""


@dataclass(frozen=True)
class _Kind:
    """A kind of TREC file: its columns, which are query, document and value, and how many a row needs."""

    name: str
    columns: str
    which: tuple[int, int, int]
    least: int

    @property
    def most(self) -> int:
        return len(self.columns.split())


_RUN = _Kind("run", "query Q0 document rank score tag", (0, 2, 4), 5)
_QRELS = _Kind("qrels", "query 0 document relevance", (0, 2, 3), 4)
_KINDS = _RUN, _QRELS


@dataclass(frozen=True, eq=False)
class _Rows:
    """The rows of a run and of its qrels, one file after the other.

    Attributes:
        n_ranked: how many are of the run.
        queries: (n_rows,) numbers of queries.
        documents: (n_rows,) numbers of documents.
        values: (n_rows,) scores, then relevance.
        ids: of the queries, by number.
        n_documents: how many different ones there are.
    """

    n_ranked: int
    queries: Array
    documents: Array
    values: FloatArray
    ids: list[str]
    n_documents: int

    @property
    def parts(self) -> tuple[slice, slice]:
        """The rows of each file."""
        return slice(0, self.n_ranked), slice(self.n_ranked, len(self.queries))


def evaluate_trec(
    run: Path | str, qrels: Path | str, metrics: Iterable[Metric | str], *, ties: Ties = "expected"
) -> tuple[list[str], dict[str, FloatArray]]:
    """Evaluate a run by qrels, files in the formats of trec_eval, columns parted by white space.

    Documents rank by score alone: equal scores are ordered as `ties` says, and not by name as in trec_eval.
    Relevance above 0 is relevant. Queries that only one of the files has are left out.

    Args:
        run: rows `query Q0 document rank score tag`.
        qrels: rows `query 0 document relevance`.
        metrics: such as "ndcg@10".
        ties: how equal scores are ordered.

    Returns:
        The ids of the queries, and their values, (n_queries,), by the metric's name, NaN where a metric is
        undefined (see `explain`).

    Raises:
        ConfigError: if a metric or the tie rule is unknown.
        DatasetError: if a file cannot be read, a row has other columns or a value that is no finite number,
            a query ranks a document twice, or the files share no query.
    """
    wanted = {metric.name: metric for metric in map(parse, metrics)}
    files = Path(run), Path(qrels)
    texts = [_bytes(file) for file in files]
    compiled = worthwhile(sum(map(len, texts)))
    rows = (_read_compiled if compiled else _read)(files, texts)
    ranked, judged = (_by_query(rows.queries, part, len(rows.ids)) for part in rows.parts)
    hits, n_relevant = (_judge_compiled if compiled else _judge)(files[0], rows, ranked, judged)
    sizes = [np.diff(ends, prepend=0) for _, ends in (ranked, judged)]
    shared = np.flatnonzero((sizes[0] > 0) & (sizes[1] > 0))
    if not len(shared):
        raise DatasetError(f"{files[0]} has no query of {files[1]}; give the qrels of this run")
    scores = rows.values[ranked[0]]
    starts = (ranked[1] - sizes[0])[shared]
    found = _evaluated(scores, hits, starts, sizes[0][shared], n_relevant[shared], wanted, ties)
    return [rows.ids[query] for query in shared.tolist()], found


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes().removeprefix(codecs.BOM_UTF8)
    except OSError as error:
        raise DatasetError(f"{file} cannot be read: {error.strerror}; give a TREC file") from error


def _by_query(queries: Array, part: slice, n: int) -> _Order:
    """The rows of a part by query in the order of the file, and where those of each of `n` queries end."""
    here = queries[part]
    ends = np.cumsum(np.bincount(here, minlength=n))
    if (here[1:] >= here[:-1]).all():
        return part, ends
    return stable_order(here.astype(np.int64), n) + part.start, ends


def _evaluated(
    scores: FloatArray,
    hits: BoolArray,
    starts: IntArray,
    sizes: IntArray,
    n_relevant: IntArray,
    metrics: dict[str, Metric],
    ties: Ties,
) -> dict[str, FloatArray]:
    """The metrics of lists that stand one after the other; those of similar lengths are laid out together."""
    out = {name: np.empty(len(sizes)) for name in metrics}
    depth = max((metric.k for metric in metrics.values()), default=1)
    order = np.argsort(sizes, kind="stable")
    for start, stop in Segments.from_sizes(np.ones(len(order))).blocks(sizes[order], _BLOCK):
        lists = order[start:stop]
        columns = np.arange(int(sizes[lists[-1]]))
        valid = columns < sizes[lists, None]
        rows = np.where(valid, starts[lists, None] + columns, 0)
        keys, best = top_candidates(sort_keys(scores[rows], valid), depth)
        found = OrderedLists(keys, gather(hits[rows], best), counts(valid), n_relevant[lists], metrics, depth)
        for name, values in found.values(ties).items():
            out[name][lists] = values
    return out


def _read(files: tuple[Path, Path], texts: list[bytes]) -> _Rows:
    """Both files, line by line."""
    found: list[tuple[bytes, bytes]] = []
    values: list[float] = []
    n_ranked = 0
    for file, text, kind in zip(files, texts, _KINDS, strict=True):
        n_ranked = len(found)
        rows = [row for line in text.translate(_BLANKS).split(b"\n") if (row := line.split())]
        for number, row in enumerate(rows):
            if not kind.least <= len(row) <= kind.most:
                raise _other_columns(file, kind, number)
        query, document, value = kind.which
        found += [(row[query], row[document]) for row in rows]
        values += [_number(file, kind, number, row[value]) for number, row in enumerate(rows)]
    (queries, ids), (documents, names) = (_numbered([row[kind] for row in found]) for kind in range(2))
    return _Rows(n_ranked, queries, documents, np.array(values), list(map(_decoded, ids)), len(names))


def _numbered(ids: list[bytes]) -> tuple[Array, list[bytes]]:
    """The number of each id, in the order in which they are met first, and the ids by number."""
    numbers = {one: number for number, one in enumerate(dict.fromkeys(ids))}
    return np.array([numbers[one] for one in ids], dtype=np.int64), list(numbers)


def _read_compiled(files: tuple[Path, Path], texts: list[bytes]) -> _Rows:
    """The same by loops over the bytes."""
    from groupbench.metrics import _trec_kernels as kernels

    n_lines = [text.count(b"\n") + 1 for text in texts]
    most, row, bounds = sum(n_lines), 0, [0]
    # Empty arrays take up memory only as they are filled.
    table = np.zeros((2, 1 << (2 * most).bit_length()), dtype=np.int32)
    pool = np.empty((2, sum(map(len, texts)) // 8 + 2 * most), dtype=np.uint64)
    ends, found = np.zeros((2, most + 1), dtype=np.int64), np.zeros(5, dtype=np.int64)
    codes, values = np.empty((2, most), dtype=np.int32), np.empty(most)
    odd = np.empty((3, most), dtype=np.int64)
    for file, text, kind in zip(files, texts, _KINDS, strict=True):
        # The eight bytes from each byte on, those behind the end included.
        padded = np.frombuffer(text + bytes(8), dtype=np.uint8)
        words = np.ndarray(len(text) + 1, "<u8", padded, strides=(1,))
        which = np.array([*kind.which, kind.least, kind.most])
        given = padded[:-8], words, which, row, found, table, pool, ends
        found[2:4] = 0, -1
        stop = kernels.parse(*given, codes, values, odd)
        if stop < 0:
            raise _other_columns(file, kind, -1 - stop - row)
        for at, begin, end in odd[:, : found[2]].T.tolist():
            values[at] = _number(file, kind, at - row, text[begin:end])
        row = stop
        bounds.append(row)
    names = pool[0, : ends[0, found[0]]].tobytes().translate(None, b"\0")
    ids = _decoded(names).split("\n")[:-1]
    return _Rows(bounds[1], codes[0, :row], codes[1, :row], values[:row], ids, int(found[1]))


def _judge(run: Path, rows: _Rows, ranked: _Order, judged: _Order) -> tuple[BoolArray, IntArray]:
    """Whether each ranked document is relevant, by query, and how many are to each query."""
    keys = rows.queries.astype(np.int64) * rows.n_documents + rows.documents
    relevant = np.unique(keys[judged[0]][rows.values[judged[0]] > 0])
    shown = keys[ranked[0]]
    again = np.ones(len(shown), dtype=np.bool_)
    again[np.unique(shown, return_index=True)[1]] = False
    if again.any():
        raise _twice(run, rows, int(np.arange(len(keys))[ranked[0]][again.argmax()]))
    return in_sorted(shown, relevant), np.bincount(relevant // rows.n_documents, minlength=len(rows.ids))


def _judge_compiled(run: Path, rows: _Rows, ranked: _Order, judged: _Order) -> tuple[BoolArray, IntArray]:
    """The same by loops over queries."""
    from groupbench.metrics import _trec_kernels as kernels

    hits, n_relevant = np.empty(rows.n_ranked, dtype=np.bool_), np.empty(len(rows.ids), dtype=np.int64)
    met = np.full((2, rows.n_documents), -1, dtype=np.int32)
    of_judged = rows.documents[judged[0]], judged[1], rows.values[judged[0]]
    again = kernels.judge(*of_judged, rows.documents[ranked[0]], ranked[1], met, hits, n_relevant)
    if again >= 0:
        raise _twice(run, rows, int(np.arange(len(rows.values))[ranked[0]][again]))
    return hits, n_relevant


def _decoded(text: bytes) -> str:
    """What the bytes spell; those that are no UTF-8 are written out, so that different ids stay different."""
    return text.decode("utf-8", "backslashreplace")


def _number(file: Path, kind: _Kind, row: int, text: bytes) -> float:
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise DatasetError(f"{file}: row {row + 1} has the value {_decoded(text)!r}; give a finite number")
    return value


def _other_columns(file: Path, kind: _Kind, row: int) -> DatasetError:
    return DatasetError(
        f"{file}: row {row + 1} has other columns than `{kind.columns}`; give a TREC {kind.name}"
    )


def _twice(run: Path, rows: _Rows, row: int) -> DatasetError:
    query = rows.ids[rows.queries[row]]
    return DatasetError(
        f"{run}: row {row + 1} ranks a document that query {query!r} has already; leave one out"
    )
