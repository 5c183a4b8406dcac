"""Values of single users or groups, side by side: the rows that paired statistics compare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from groupbench.core.arrays import FloatArray, IntArray, ObjectArray, Segments
from groupbench.core.errors import ResultError
from groupbench.report.long import ResultKey
from groupbench.results import store
from groupbench.results.archive import GROUPS
from groupbench.results.facts import id_of
from groupbench.results.job_tables import JobTables, without_values

RowId = tuple[str, str]
"""Method and aggregator."""


@dataclass(frozen=True)
class EntityScores:
    """The values of several rows of a table, one per evaluated list and seed, in one order.

    Attributes:
        entity: `user` or `group`.
        seeds: (n_lists,) seed of each list, numbered from 0.
        n_seeds: number of seeds.
        entities: (n_lists,) who is evaluated, numbered from 0; groups with the same members are one.
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
    values: Mapping[RowId, FloatArray]


class EntityReader:
    """Reads the parquet files of runs, each once and only the columns that are asked for.

    Args:
        results: the results folder.
        metrics: the columns to read.
    """

    def __init__(self, results: Path, metrics: Sequence[str]) -> None:
        self._tables = JobTables(results)
        self._metrics = list(metrics)
        self._cache: dict[Path, dict[RowId, tuple[ObjectArray, FloatArray]]] = {}
        self._unknown: dict[tuple[str, ...], list[str]] = {}

    def lacks(self, records: Iterable[store.RunRecord], key: ResultKey, row: RowId) -> bool:
        """Whether the means of a row at `key` are kept, and its values of users or groups are not."""
        place = key.view, row[1]
        return any(
            place in {(entry.view, entry.aggregator) for entry in record.metrics}
            and self._tables.are_partial(record)
            and place not in self._tables.places(record)
            for record in records
            if record.method == row[0]
        )

    def scores(
        self, records: Iterable[store.RunRecord], key: ResultKey, rows: Sequence[RowId]
    ) -> EntityScores:
        """The values of `rows` at `key`.

        Args:
            records: the records of the key's data set and protocol.
            key: data set, protocol and view.
            rows: methods by their labels, with their aggregators.

        Raises:
            ResultError: if a file is missing or damaged, or runs of one seed evaluated different lists.
        """
        wanted = set(rows)
        runs = [
            (record, (record.method, entry.aggregator))
            for record in records
            for entry in record.metrics
            if entry.view == key.view and (record.method, entry.aggregator) in wanted
        ]
        first = {record.seed: (record, row[1]) for record, row in reversed(runs)}
        seeds = sorted(first)
        lists = [self._row(*first[seed], key.view)[0] for seed in seeds]
        starts = np.concatenate([[0], np.cumsum([len(names) for names in lists])]).astype(np.int64)
        values = {row: np.full((int(starts[-1]), len(self._metrics)), np.nan) for row in rows}
        for record, row in runs:
            number = seeds.index(record.seed)
            names, scores = self._row(record, row[1], key.view)
            if not np.array_equal(names, lists[number]):
                raise ResultError(
                    f"{self._folder(record)} and {self._folder(first[record.seed][0])} evaluated different "
                    f"lists in view {key.view}, so that they cannot be paired; run them again"
                )
            values[row][starts[number] : starts[number + 1]] = scores
        entity = str(first[seeds[0]][0].views.get(key.view, {}).get("entity", "user"))
        members = [
            self._members(first[seed][0], names) if entity == "group" else [(name,) for name in names]
            for seed, names in zip(seeds, lists, strict=True)
        ]
        return _numbered(entity, [len(names) for names in lists], members, values)

    def unknown(self, record: store.RunRecord) -> list[str]:
        """The metrics of which no values of single users or groups are kept, where some are."""
        of = id_of(record)
        if of not in self._unknown:
            partial = self._tables.are_partial(record)
            frame = self._tables.entities(record, self._metrics) if partial else None
            self._unknown[of] = [] if frame is None else without_values(frame, self._metrics)
        return self._unknown[of]

    def known(self, record: store.RunRecord) -> str:
        """The metrics of which there are, with commas between them."""
        names = sorted({name for entry in record.metrics for name in entry.values})
        missing = without_values(self._tables.entities(record, names), names)
        return ", ".join(name for name in names if name not in missing)

    def _row(self, record: store.RunRecord, aggregator: str, view: str) -> tuple[ObjectArray, FloatArray]:
        """The names of the evaluated, (n_lists,), and their values."""
        found = self._of(record).get((view, aggregator))
        if found is None and self._tables.are_partial(record):
            raise ResultError(
                f"the archive keeps no values of single users or groups of {record.method} {aggregator} in "
                f"{view}, but those of the first rows of a table; name one of these, or do the runs yourself"
            )
        if found is None:
            raise ResultError(
                f"{self._folder(record)}/entities.parquet has no values of {view} {aggregator}, as "
                "run.json has; delete the folder and run the job again"
            )
        return found

    def _of(self, record: store.RunRecord) -> dict[RowId, tuple[ObjectArray, FloatArray]]:
        """By view and aggregator: the names of the evaluated, (n_lists,), and their values."""
        folder = self._folder(record)
        if folder not in self._cache:
            frame = self._tables.entities(record, self._metrics)
            frame = frame.reindex(columns=["view", "aggregator", "entity", *self._metrics])
            names = frame["entity"].to_numpy(dtype=object)
            values = frame[self._metrics].to_numpy(dtype=np.float64)
            positions: Any = frame.groupby(["view", "aggregator"], observed=True, sort=False).indices
            self._cache[folder] = {
                (str(view), str(aggregator)): (names[rows], values[rows])
                for (view, aggregator), rows in positions.items()
            }
        return self._cache[folder]

    def _members(self, record: store.RunRecord, names: ObjectArray) -> list[tuple[str, ...]]:
        """The sorted members of the groups of these names."""
        frame = self._tables.groups(record)
        members = {g: tuple(sorted(m)) for g, m in zip(frame["group"], frame["members"], strict=True)}
        if unknown := [name for name in names if name not in members]:
            raise ResultError(
                f"{self._folder(record)}/{GROUPS} does not know the group {unknown[0]!r}, which has values; "
                "delete its folder and run the job again"
            )
        return [members[name] for name in names]

    def _folder(self, record: store.RunRecord) -> Path:
        return self._tables.folder(record)


def _numbered(
    entity: str,
    sizes: Sequence[int],
    keys: Sequence[Sequence[tuple[str, ...]]],
    values: Mapping[RowId, FloatArray],
) -> EntityScores:
    """Give entities and users numbers; `keys` are the members of each list's entity, seed by seed."""
    flat = [key for of_seed in keys for key in of_seed]
    number = {key: index for index, key in enumerate(dict.fromkeys(flat))}
    users = np.array([user for key in number for user in key], dtype=object)
    return EntityScores(
        entity,
        np.repeat(np.arange(len(sizes)), sizes),
        len(sizes),
        np.array([number[key] for key in flat], dtype=np.int64),
        Segments.from_sizes([len(key) for key in number]),
        np.unique(users.astype(str), return_inverse=True)[1].astype(np.int64),
        values,
    )
