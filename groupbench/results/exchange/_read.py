"""Rankings that were made elsewhere, read and checked row by row."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

import numpy as np

from groupbench.core.arrays import BoolArray, FloatArray, IntArray
from groupbench.core.errors import DatasetError, shown, unknown
from groupbench.results.exchange._ids import indices

if TYPE_CHECKING:
    import pandas as pd

TREC = ("entity", "Q0", "item", "rank", "score", "tag")
"""Columns of a TREC run."""

NEEDED = ("entity", "item", "score")

EXACT = 2.0**53
"""From here on floating-point numbers skip whole ones."""

STDIN = "-"
"""The file that stands for standard input."""

Compression = Literal["gzip", "bz2", "xz", "zstd", "zip"]
_COMPRESSED: dict[str, Compression] = {
    ".gz": "gzip",
    ".bz2": "bz2",
    ".xz": "xz",
    ".zst": "zstd",
    ".zip": "zip",
}


@dataclass(frozen=True)
class RankingRows:
    """The rows of a file of rankings.

    Attributes:
        file: the file.
        first: number of its first row as an editor counts lines, or 1 for parquet.
        frame: columns `entity`, `item` (text) and `score`, and `view` (text) and `seed` where the file has
            them; the index counts from 0.
        sha256: of the content of the file, in hexadecimal.
    """

    file: Path
    first: int
    frame: pd.DataFrame
    sha256: str

    def at(self, row: int) -> str:
        """Where a row stands, for messages."""
        return f"{self.file}:{self.first + int(self.frame.index[row])}"

    def take(self, mask: BoolArray) -> RankingRows:
        """The rows of the `mask`, (n_rows,)."""
        return replace(self, frame=self.frame[mask])


@dataclass(frozen=True)
class Scores:
    """A score for some pairs of an entity and an item.

    Attributes:
        keys: (n_pairs,) ascending `entity * n_items + item`.
        order: (n_pairs,) the scores as whole numbers from 1, equal where scores are equal.
        n_items: number of items.
    """

    keys: IntArray
    order: FloatArray
    n_items: int

    def positions(self, entities: IntArray, items: IntArray) -> IntArray:
        """Which pair each candidate, (n_lists, width), of `entities`, (n_lists,), is; -1 if it is none."""
        wanted = entities[:, None] * self.n_items + items
        index = np.searchsorted(self.keys, wanted).clip(max=len(self.keys) - 1)
        return np.where(self.keys[index] == wanted, index, -1)


def read_rows(file: Path) -> RankingRows:
    """Read a CSV (`.csv`) or parquet file (`.parquet`) with the columns of `NEEDED`, or a TREC run.

    The content is read once, so that it may come from a pipe: `-` is standard input. What has no ending is
    taken for what it looks like.

    Raises:
        DatasetError: if the file cannot be read, lacks columns or rows, or a score is no finite number.
    """
    import pandas as pd

    try:
        content = sys.stdin.buffer.read() if str(file) == STDIN else file.read_bytes()
        kind, buffer = file.suffix.lower() or _looks_like(content), BytesIO(content)
        if kind == ".parquet":
            frame = pd.read_parquet(buffer)
        elif kind == ".csv":
            frame = pd.read_csv(buffer, dtype=str, keep_default_na=False, skip_blank_lines=False)
        else:
            frame = _read_trec(buffer, _COMPRESSED.get(kind))
    except FileNotFoundError as error:
        raise DatasetError(f"{file}: no such file; give a TREC run, or a .csv or .parquet file") from error
    except (OSError, ValueError) as error:
        first = (isinstance(error, OSError) and error.strerror) or str(error).partition("\n")[0]
        raise DatasetError(
            f"{file} cannot be read: {first}; give a TREC run, or a .csv or .parquet file"
        ) from error
    frame = frame[(frame != "").any(axis=1)]
    rows = RankingRows(file, 2 if kind == ".csv" else 1, frame, hashlib.sha256(content).hexdigest())
    if missing := [name for name in NEEDED if name not in frame]:
        raise DatasetError(f"{file} has no column {', '.join(missing)}; it needs {', '.join(NEEDED)}")
    if not len(frame):
        raise DatasetError(f"{file} has no rows; rank at least one item")
    for name in ("entity", "item", *({"view"} & set(frame))):
        frame[name] = frame[name].astype(str)
    frame["score"] = _finite(rows)
    if "seed" in frame:
        frame["seed"] = _seeds(rows)
    return rows


def _looks_like(content: bytes) -> str:
    """The ending that a file of this content should have; none for a TREC run."""
    if content.startswith(b"PAR1"):
        return ".parquet"
    header = content.partition(b"\n")[0].decode("utf-8-sig", "replace")
    return ".csv" if set(NEEDED) <= {name.strip().strip('"') for name in header.split(",")} else ""


def _read_trec(buffer: BytesIO, compression: Compression | None) -> pd.DataFrame:
    import csv

    import pandas as pd

    frame: pd.DataFrame = pd.read_csv(
        buffer,
        compression=compression,
        sep=r"\s+",
        names=(*TREC, "more"),
        index_col=False,
        dtype=str,
        keep_default_na=False,
        skip_blank_lines=False,
        quoting=csv.QUOTE_NONE,
    ).fillna("")
    wrong = ((frame["tag"] == "") | (frame["more"] != "")) & (frame["entity"] != "")
    if wrong.any():
        raise ValueError(f"line {int(wrong.to_numpy().argmax()) + 1} has not the columns {' '.join(TREC)}")
    for name in ("entity", "item"):
        frame[name] = frame[name].map(unquote)
    return frame


def scores_of(rows: RankingRows, kind: str, entity_ids: Sequence[str], item_ids: Sequence[str]) -> Scores:
    """The scores by index.

    Args:
        rows: the rows of one view and seed.
        kind: what entities are: `user` or `group`.
        entity_ids: their ids.
        item_ids: ids of the items.

    Raises:
        DatasetError: naming the first row with an unknown id, or with a pair that another row has.
    """
    entities = _indices(rows, "entity", kind, entity_ids)
    keys = entities * len(item_ids) + _indices(rows, "item", "item", item_ids)
    order = np.argsort(keys, kind="stable")
    again = np.flatnonzero(keys[order][1:] == keys[order][:-1])
    if len(again):
        one, other = order[again[0]], order[again[0] + 1]
        entity, item = (rows.frame[name].iloc[one] for name in ("entity", "item"))
        raise DatasetError(
            f"{rows.at(other)}: {kind} {entity!r} has item {item!r} already (at {rows.at(one)}); "
            "give each pair one score"
        )
    _, places = np.unique(rows.frame["score"].to_numpy(), return_inverse=True)
    return Scores(keys[order], places[order].astype(np.float64) + 1, len(item_ids))


def _indices(rows: RankingRows, column: str, kind: str, ids: Sequence[str]) -> IntArray:
    import pyarrow as pa

    positions = indices(pa.array(rows.frame[column], type=pa.string()), ids)
    if (positions < 0).any():
        row = int((positions < 0).argmax())
        raise DatasetError(f"{rows.at(row)}: {unknown(kind, rows.frame[column].iloc[row], ids)}")
    return positions


def _finite(rows: RankingRows) -> FloatArray:
    scores = _floats(rows.frame["score"])
    wrong = ~np.isfinite(scores)
    if wrong.any():
        row = int(wrong.argmax())
        raise DatasetError(
            f"{rows.at(row)}: score {shown(rows.frame['score'].iloc[row])} is no finite number; "
            "give one to every row"
        )
    for row in map(int, np.flatnonzero(np.abs(scores) >= EXACT)):
        text = str(rows.frame["score"].iloc[row])
        if text.lstrip("+-").isdecimal() and Decimal(text) != Decimal(float(scores[row])):
            raise DatasetError(
                f"{rows.at(row)}: score {shown(text)} is beyond 2**53, where it would tie with others; "
                "write smaller ones in the same order"
            )
    return scores


def _floats(column: pd.Series[Any]) -> FloatArray:
    """Numbers, correctly rounded (pandas is a little off); NaN for what is none."""
    import pandas as pd
    import pyarrow as pa

    try:
        numbers = pa.array(column).cast(pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        numbers = pd.to_numeric(column, errors="coerce").to_numpy()
    return np.asarray(numbers, dtype=np.float64)


def _seeds(rows: RankingRows) -> IntArray:
    seeds = _floats(rows.frame["seed"])
    wrong = ~((seeds >= 0) & (seeds == np.floor(seeds)) & np.isfinite(seeds))
    if wrong.any():
        row = int(wrong.argmax())
        raise DatasetError(
            f"{rows.at(row)}: seed {shown(rows.frame['seed'].iloc[row])} is no repetition; write 0, 1, 2 ..."
        )
    return seeds.astype(np.int64)
