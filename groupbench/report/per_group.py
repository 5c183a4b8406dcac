"""What runs kept per user or group, side by side: the rows that paired statistics compare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from groupbench.core.arrays import FloatArray, IntArray, Segments
from groupbench.core.errors import ResultError
from groupbench.report.lines import Place
from groupbench.results import store

if TYPE_CHECKING:
    import pandas as pd

Row = tuple[str, str]
"""Method and aggregator."""


@dataclass(frozen=True)
class Judged:
    """The values of several rows of a table, one per judged list and seed, in one order.

    Attributes:
        entity: `user` or `group`.
        seeds: (n_lists,) seed of each list, numbered from 0.
        n_seeds: number of seeds.
        entities: (n_lists,) who is judged, numbered from 0; groups with the same members are one.
        members: which rows of `users` belong to which entity.
        users: (n_members,) the users of each entity, numbered from 0.
        values: by row (n_lists, n_metrics); NaN where a run has no value.
    """

    entity: str
    seeds: IntArray
    n_seeds: int
    entities: IntArray
    members: Segments
    users: IntArray
    values: Mapping[Row, FloatArray]


class Entities:
    """Reads the parquet files of runs, each once and only the columns that are asked for."""

    def __init__(self, results: Path, metrics: Sequence[str]) -> None:
        self._results = results
        self._metrics = list(metrics)
        self._held: dict[str, dict[Row, tuple[Any, FloatArray]]] = {}

    def judged(self, records: Iterable[store.RunRecord], place: Place, rows: Sequence[Row]) -> Judged:
        """The values of `rows` at `place`.

        Args:
            records: the records of the place's data set and protocol.
            place: where they were judged.
            rows: methods by their labels, with their aggregators.

        Raises:
            ResultError: if a file is missing or damaged, or runs of one seed judged different lists.
        """
        wanted = set(rows)
        runs = [
            (record, (record.method, figures.aggregator))
            for record in records
            for figures in record.figures
            if figures.view == place.view and (record.method, figures.aggregator) in wanted
        ]
        first = {record.seed: (record, row[1]) for record, row in reversed(runs)}
        seeds = sorted(first)
        lists = [self._of(first[seed][0])[place.view, first[seed][1]][0] for seed in seeds]
        starts = np.concatenate([[0], np.cumsum([len(names) for names in lists])]).astype(np.int64)
        values = {row: np.full((int(starts[-1]), len(self._metrics)), np.nan) for row in rows}
        for record, row in runs:
            number = seeds.index(record.seed)
            names, found = self._of(record)[place.view, row[1]]
            if not np.array_equal(names, lists[number]):
                raise ResultError(
                    f"{self._folder(record)} and {self._folder(first[record.seed][0])} judged different "
                    f"lists in view {place.view}, so that they cannot be paired; run them again"
                )
            values[row][starts[number] : starts[number + 1]] = found
        entity = str(first[seeds[0]][0].views[place.view].get("entity", "user"))
        keys = [
            self._members(first[seed][0], names) if entity == "group" else [(name,) for name in names]
            for seed, names in zip(seeds, lists, strict=True)
        ]
        return _numbered(entity, [len(names) for names in lists], keys, values)

    def _of(self, record: store.RunRecord) -> dict[Row, tuple[Any, FloatArray]]:
        """By view and aggregator: the names of the judged, (n_lists,), and their values."""
        if record.key not in self._held:
            frame = read_table(
                self._folder(record) / "entities.parquet", ["view", "aggregator", "entity", *self._metrics]
            )
            frame = frame.reindex(columns=["view", "aggregator", "entity", *self._metrics])
            names = frame["entity"].to_numpy(dtype=object)
            values = frame[self._metrics].to_numpy(dtype=np.float64)
            places: Any = frame.groupby(["view", "aggregator"], observed=True, sort=False).indices
            self._held[record.key] = {
                (str(view), str(aggregator)): (names[rows], values[rows])
                for (view, aggregator), rows in places.items()
            }
        return self._held[record.key]

    def _members(self, record: store.RunRecord, names: Any) -> list[tuple[str, ...]]:
        """The sorted members of the groups of these names."""
        file = self._folder(record) / "groups.parquet"
        frame = read_table(file, ["group", "members"])
        if "members" not in frame:
            raise ResultError(
                f"{file} does not say who the members are; delete its folder and run the job again"
            )
        members = {g: tuple(sorted(m)) for g, m in zip(frame["group"], frame["members"], strict=True)}
        return [members[name] for name in names]

    def _folder(self, record: store.RunRecord) -> Path:
        return store.folder_of(self._results, record.dataset, record.protocol, record.method, record.key)


def read_table(file: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Those of `columns` that a parquet file has.

    Raises:
        ResultError: if it is missing or damaged.
    """
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as held:
            there = [name for name in columns if name in set(held.schema_arrow.names)]
            found: pd.DataFrame = held.read(columns=there).to_pandas()
            return found
    except FileNotFoundError as error:
        raise ResultError(
            f"{file} is not there: packed results, and those merged as figures alone, keep no values of "
            "single users and groups; where these are needed do the run itself"
        ) from error
    except (OSError, ValueError) as error:
        raise ResultError(
            f"{file} cannot be read ({error}); delete its folder and run the job again"
        ) from error


def _numbered(
    entity: str,
    sizes: Sequence[int],
    keys: Sequence[Sequence[tuple[str, ...]]],
    values: Mapping[Row, FloatArray],
) -> Judged:
    """Give entities and users numbers; `keys` are the members of each list's entity, seed by seed."""
    flat = [key for of_seed in keys for key in of_seed]
    number = {key: place for place, key in enumerate(dict.fromkeys(flat))}
    users = np.array([user for key in number for user in key], dtype=object)
    return Judged(
        entity,
        np.repeat(np.arange(len(sizes)), sizes),
        len(sizes),
        np.array([number[key] for key in flat], dtype=np.int64),
        Segments.from_sizes([len(key) for key in number]),
        np.unique(users.astype(str), return_inverse=True)[1].astype(np.int64),
        values,
    )
