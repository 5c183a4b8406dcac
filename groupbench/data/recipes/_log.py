"""Raw logs as arrays of codes, and what is counted while they are read.

A code is the rank of an id among all ids of its kind, so it depends on what a file holds and not on the order
of its rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import Array, FloatArray, IntArray
from groupbench.core.errors import ConfigError, DatasetError, shown
from groupbench.core.files import expanded, read_bytes
from groupbench.data.dataset import Ratings
from groupbench.data.loading import read_parquet, read_table, sorted_ids

if TYPE_CHECKING:
    from groupbench.data.loading import TextTable

TIMES = ("timestamp", "time")
"""What a column of times may be called."""

LATEST = 2**36
"""Times from here on are no seconds."""


@dataclass(frozen=True, repr=False)
class Log:
    """Rows of users as codes, in any order.

    Attributes:
        users: (n,) codes, int32.
        items: (n,) codes, int32.
        user_ids: (n_users,) the ids behind the codes, sorted.
        item_ids: (n_items,) likewise.
        times: (n,) seconds, where the log has them.
        values: (n,) ratings, where the log has them.
    """

    users: IntArray
    items: IntArray
    user_ids: tuple[str, ...]
    item_ids: tuple[str, ...]
    times: IntArray | None = None
    values: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.users)

    @property
    def pairs(self) -> IntArray:
        """One integer for the (user, item) pair of each row, (n,)."""
        return self.users.astype(np.int64) * len(self.item_ids) + self.items

    def require_times(self) -> IntArray:
        """The times, for recipes that cannot do without."""
        assert self.times is not None
        return self.times

    def extended(self, user_ids: tuple[str, ...], item_ids: tuple[str, ...]) -> Log:
        """The same rows with codes that have room for further ids, which have no rows."""
        users = sorted_ids(chain(self.user_ids, user_ids))
        items = sorted_ids(chain(self.item_ids, item_ids))
        return Log(
            ranks(self.user_ids, users)[self.users],
            ranks(self.item_ids, items)[self.items],
            users,
            items,
            self.times,
            self.values,
        )

    @property
    def scale(self) -> tuple[float, float]:
        """Lowest and highest rating that occurs; 1 and 1 where rows are choices."""
        if self.values is None:
            return 1.0, 1.0
        return float(self.values.min()), float(self.values.max())


@dataclass
class Tally:
    """What a recipe read, kept and left out; it becomes the manifest.

    Attributes:
        inputs: by option, name, sha256, bytes and rows of each file.
        dropped: how many rows, groups or the like were left out, by reason.
        facts: what else was counted.
    """

    inputs: dict[str, dict[str, object]] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    facts: dict[str, object] = field(default_factory=dict)

    def drop(self, reason: str, n: int) -> None:
        """Count what is left out; reasons that apply to nothing are there as 0."""
        self.dropped[reason] = self.dropped.get(reason, 0) + int(n)

    def table(self, option: str, path: Path | None) -> TextTable:
        """The table of a file that an option names.

        Raises:
            ConfigError: if the option is missing.
            DatasetError: if the file cannot be read or is no table.
        """
        if path is None:
            raise ConfigError(f"this recipe needs a file; name it with --{option} FILE")
        path = Path(expanded(path))
        read = read_parquet if path.suffix == ".parquet" else read_table
        table = read(self.read(option, path), str(path))
        self.inputs[option]["rows"] = len(table)
        return table

    def read(self, option: str, path: Path) -> bytes:
        """The bytes of a file that an option names; a `DatasetError` if it cannot be read."""
        try:
            data = read_bytes(path)
        except OSError as error:
            remedy = (
                f"name a file in it, such as {path / 'ratings.csv'}" if path.is_dir() else "name another file"
            )
            raise DatasetError(f"{path}: cannot be read ({error.strerror or error}); {remedy}") from error
        digest = hashlib.sha256(data).hexdigest()
        self.inputs[option] = {"file": path.name, "sha256": digest, "bytes": len(data)}
        return data


def read_log(tally: Tally, path: Path | None, *, timed: bool = False, rated: bool | None = False) -> Log:
    """The log of `--log`: columns user, item and, where it has them, rating and time (or timestamp).

    Args:
        tally: counts what is read.
        path: the file.
        timed: whether times are needed.
        rated: whether ratings are needed; None takes them where there are any, False has choices for rows.

    Raises:
        DatasetError: naming the line of an empty id, or a number or time that is none.
    """
    table = tally.table("log", path).require("user", "item", *(["rating"] if rated else []))
    users, user_ids = codes(table, "user")
    items, item_ids = codes(table, "item")
    times = times_of(table, required=timed)
    there = "rating" in table.columns
    values = table.numbers("rating") if there and rated is not False else None
    if there and values is None:
        tally.facts["ratings"] = "not used: the rows of this recipe are choices"
    return Log(users, items, user_ids, item_ids, times, values)


def codes(table: TextTable, column: str) -> tuple[IntArray, tuple[str, ...]]:
    """A column of ids as codes, (n,) int32, and the sorted ids behind them; none may be empty."""
    found, distinct = table.coded(column)
    texts = distinct.to_pylist()
    if "" in texts:
        table.filled(column)
    ids = sorted_ids(texts)
    return ranks(texts, ids)[found], ids


def known_codes(table: TextTable, column: str, ids: tuple[str, ...]) -> IntArray:
    """A column of ids as codes among `ids`, (n,) int32; -1 for those that are not among them."""
    found, own = codes(table, column)
    return ranks(own, ids)[found]


def ranks(texts: Sequence[str], ids: Sequence[str]) -> IntArray:
    """The place of each text among the ids, (n_texts,) int32; -1 for those that are not among them."""
    import pandas as pd

    return np.asarray(pd.Index(ids).get_indexer(pd.Index(texts)), dtype=np.int32)


def times_of(table: TextTable, *, required: bool) -> IntArray | None:
    """The column of times in seconds, (n,); None if there is none.

    Raises:
        DatasetError: naming the line of a value that is no time, or lies beyond the year 4147 and is thus in
            another unit; or if there is no such column and one is needed.
    """
    name = next((one for one in TIMES if one in table.columns), None)
    if name is None:
        if required:
            table.require(TIMES[0])
        return None
    times = table.times(name)
    wrong = (times >= LATEST) | (times <= -LATEST)
    if wrong.any():
        row = int(np.argmax(wrong))
        value = shown(table.columns[name][row])
        raise table.error(row, f"{name} {value} is not in seconds", "write seconds since 1970")
    return times


def own_rows(log: Log, tally: Tally) -> Ratings:
    """The users' own rows, one per (user, item) pair, sorted: of visits the first, of ratings the latest.

    Raises:
        DatasetError: if a pair has several ratings and no times say which is the latest.
    """
    pairs = log.pairs
    keys: tuple[Array, ...] = (pairs,)
    if log.times is not None:
        keys = (log.times, pairs) if log.values is None else (-log.values, -log.times, pairs)
    order = np.lexsort(keys)
    pairs = pairs[order]
    first = np.diff(pairs, prepend=-1) > 0
    repeated = len(pairs) - int(first.sum())
    if repeated and log.values is not None and log.times is None:
        again = order[int(np.argmin(first))]
        user, item = log.user_ids[log.users[again]], log.item_ids[log.items[again]]
        raise DatasetError(
            f"the log has several ratings of user {shown(user)} and item {shown(item)}, and no times that "
            "say which is the latest; add a column timestamp, or leave one row of each pair"
        )
    tally.drop("further rows of the same user and item", repeated)
    order = order[first]
    values = np.ones(len(order)) if log.values is None else log.values[order]
    times = None if log.times is None else log.times[order]
    n_users, n_items = len(log.user_ids), len(log.item_ids)
    return Ratings(log.users[order], log.items[order], values, n_users, n_items, times)
