"""The tables beside records: in each job's own folder, or what an archive retains of them for tests."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from groupbench.core.errors import ResultError
from groupbench.core.text import count
from groupbench.results import store
from groupbench.results.archive import ENTITIES, FILE, GROUPS, archived_tables, located, read_archived
from groupbench.results.facts import id_of
from groupbench.results.store import RunRecord
from groupbench.results.tables import ID, PARTIAL, is_partial, read_columns

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_PLACE = ("view", "aggregator")
_LIST = (*_PLACE, "entity")
_GROUP = ("group", "members")
_SPLIT = ("dataset", "protocol", "seed")
"""What decides who the members of a group are."""


class TableRow(NamedTuple):
    """A row of a table, with all of its seeds.

    Attributes:
        dataset: name of the data set.
        protocol: label of the protocol.
        view: name of the view.
        method: label of the method.
        aggregator: name of the aggregator, `none` or `own`.
    """

    dataset: str
    protocol: str
    view: str
    method: str
    aggregator: str


class JobTables:
    """Values of single users and groups, and who the groups are, wherever a results folder has them.

    Args:
        results: a results folder, of runs or an archive, or `leaderboard` (`archive.located`).
    """

    def __init__(self, results: Path) -> None:
        self._root = located(results)
        self._tables = archived_tables(self._root)
        self._partial: dict[tuple[str, ...], bool] = {}
        self._places: dict[tuple[str, ...], set[tuple[str, str]]] = {}

    def folder(self, record: RunRecord) -> Path:
        """The folder of the job, which is not there if the record is archived."""
        return store.folder_of(self._root, record.dataset, record.protocol, record.method, record.key)

    def are_archived(self, record: RunRecord) -> bool:
        """Whether values of a record lie in an archive, which has those of some rows, not in its folder."""
        return ENTITIES in self._tables and not (self.folder(record) / ENTITIES).exists()

    def are_partial(self, record: RunRecord) -> bool:
        """Whether there are values of some rows only: in an archive, or put back from one."""
        of = id_of(record)
        if of not in self._partial:
            self._partial[of] = self.are_archived(record) or is_partial(self.folder(record) / ENTITIES)
        return self._partial[of]

    def places(self, record: RunRecord) -> set[tuple[str, str]]:
        """Views and aggregators with values of single users or groups; empty where they are gone."""
        of = id_of(record)
        if self.are_archived(record):
            return self._archived_places.get(of, set())
        if of not in self._places:
            there = (self.folder(record) / ENTITIES).exists()
            once = self.entities(record).drop_duplicates([*_PLACE]) if there else None
            self._places[of] = (
                set() if once is None else set(zip(once["view"], once["aggregator"], strict=True))
            )
        return self._places[of]

    def all_of(self, record: RunRecord) -> dict[str, pa.Table]:
        """What an archive retains of a record, maybe nothing, as the tables of a folder by name."""
        import pyarrow as pa

        metrics = [str(name) for name in self._entities if name not in (*ID, *_LIST)]
        schema = {**dict.fromkeys(_LIST, pa.string()), **dict.fromkeys(metrics, pa.float64())}
        frames = {"entities": (self.entities(record, metrics), pa.schema(schema))}
        if len(frames["entities"][0]):
            members = {"group": pa.string(), "members": pa.list_(pa.string())}
            frames["groups"] = self.groups(record), pa.schema(members)
        return {
            name: pa.Table.from_pandas(frame, schema, preserve_index=False).replace_schema_metadata(PARTIAL)
            for name, (frame, schema) in frames.items()
        }

    def entities(self, record: RunRecord, metrics: Sequence[str] = ()) -> pd.DataFrame:
        """Columns view, aggregator, entity, and of `metrics` those that are stored; one row for each list.

        Raises:
            ResultError: if they are missing or damaged.
        """
        if not self.are_archived(record):
            file = self.folder(record) / ENTITIES
            if not file.parent.exists() and (self._root / FILE).exists():
                raise ResultError(
                    f"{self._root} has means alone, and no values of single users or groups; pack it again "
                    "with --significance N, or take the results folders that it was made of"
                )
            frame = _frame(read_columns(file, [*_LIST, *metrics]), _LIST, file)
            _require_sound(frame, file, record)
            return frame
        stored = [name for name in metrics if name in self._entities]
        found: pd.DataFrame = self._entities.iloc[self._rows.get(id_of(record), [])][[*_LIST, *stored]]
        return found

    def groups(self, record: RunRecord, properties: Sequence[str] = ()) -> pd.DataFrame:
        """Columns group and members, a list of the ids of users, and of `properties` those that are stored.

        Raises:
            ResultError: if they are missing or damaged.
        """
        if not self.are_archived(record):
            file = self.folder(record) / GROUPS
            frame = _frame(read_columns(file, [*_GROUP, *properties]), _GROUP, file)
            _require_distinct(frame, file, "delete its folder and run the job again")
            return frame
        if GROUPS not in self._tables:
            return self._entities.iloc[:0].assign(group="", members="")[[*_GROUP]]
        split = tuple(getattr(record, name) for name in _SPLIT)
        found: pd.DataFrame = self._groups.iloc[self._rows_of_splits.get(split, [])][[*_GROUP]]
        _require_distinct(found, self._root / GROUPS, "get the folder anew, or pack the results again")
        return found

    @cached_property
    def _entities(self) -> pd.DataFrame:
        return self._whole(ENTITIES, (*ID, *_LIST))

    @cached_property
    def _rows(self) -> dict[tuple[str, ...], Any]:
        """The rows of each record."""
        return _indices(self._entities, ID)

    @cached_property
    def _archived_places(self) -> dict[tuple[str, ...], set[tuple[str, str]]]:
        """Views and aggregators of each record."""
        columns = [*ID, *_PLACE]
        once = self._entities.drop_duplicates(columns)
        found: dict[tuple[str, ...], set[tuple[str, str]]] = defaultdict(set)
        for *of, view, aggregator in zip(*(once[name] for name in columns), strict=True):
            found[tuple(of)].add((view, aggregator))
        return dict(found)

    @cached_property
    def _groups(self) -> pd.DataFrame:
        return self._whole(GROUPS, (*_SPLIT, *_GROUP))

    @cached_property
    def _rows_of_splits(self) -> dict[tuple[str, ...], Any]:
        """The groups of each split."""
        return _indices(self._groups, _SPLIT)

    def _whole(self, name: str, columns: Sequence[str]) -> pd.DataFrame:
        frame: pd.DataFrame = read_archived(self._root, name, columns).to_pandas()
        return frame


def retained_tables(
    records: Sequence[RunRecord],
    tables: Mapping[tuple[str, str, str, str], JobTables],
    rows: Collection[TableRow],
    metrics: Sequence[str],
) -> tuple[dict[str, pa.Table], tuple[str, ...]]:
    """What an archive retains of some rows, so that they can be tested: `ENTITIES` and `GROUPS`.

    Args:
        records: the records that are archived.
        tables: where the tables of each record are, by data set, protocol, method and key.
        rows: the rows.
        metrics: their metrics.

    Returns:
        The tables by name, and a sentence if values of some rows are gone.

    Raises:
        ResultError: if a table is damaged.
    """
    import pandas as pd
    import pyarrow as pa

    values: list[pd.DataFrame] = []
    groups: dict[tuple[object, ...], pd.DataFrame] = {}
    gone: Counter[str] = Counter()
    for record in sorted(records, key=id_of):
        wanted = {
            (entry.view, entry.aggregator)
            for entry in record.metrics
            if (record.dataset, record.protocol, entry.view, record.method, entry.aggregator) in rows
        }
        beside = tables[id_of(record)]
        there = wanted & beside.places(record) if wanted else set()
        gone[_place(record)] += len(wanted - there)
        if not there:
            continue
        frame = beside.entities(record, metrics)
        frame = rows_in(frame, there)
        measured = {m for entry in record.metrics for m, value in entry.values.items() if value == value}
        gone[_place(record)] += len(measured.intersection(without_values(frame, metrics)))
        values.append(frame.assign(**dict(zip(ID, id_of(record), strict=True))))
        split = tuple(getattr(record, name) for name in _SPLIT)
        if split not in groups and any(
            record.views.get(view, {}).get("entity") == "group" for view, _ in there
        ):
            groups[split] = beside.groups(record).assign(**dict(zip(_SPLIT, split, strict=True)))
    lost = sorted(+gone)
    notes = [f"values of single users or groups are gone of {name}" for name in lost]
    if not values:
        return {}, tuple(notes)
    columns = {ENTITIES: [*ID, *_LIST, *metrics], GROUPS: [*_SPLIT, *_GROUP]}
    frames = {ENTITIES: values, GROUPS: [groups[split] for split in sorted(groups, key=str)]}
    return {
        name: pa.Table.from_pandas(pd.concat(parts).reindex(columns=columns[name]), preserve_index=False)
        for name, parts in frames.items()
        if parts
    }, tuple(notes)


def rows_in(frame: pd.DataFrame, places: Collection[tuple[str, str]]) -> pd.DataFrame:
    """The rows of a frame of `JobTables.entities` that are of one of these views and aggregators."""
    import pandas as pd

    found: pd.DataFrame = frame[pd.MultiIndex.from_frame(frame[[*_PLACE]]).isin(list(places))]
    return found


def without_values(frame: pd.DataFrame, metrics: Sequence[str]) -> list[str]:
    """The metrics that a frame of `JobTables.entities` has no value of."""
    return [name for name in metrics if name not in frame or bool(frame[name].isna().all())]


def _indices(frame: pd.DataFrame, by: Sequence[str]) -> dict[tuple[str, ...], Any]:
    """The positions of the rows with each of the values that `by` has."""
    found: Any = frame.groupby([*by], sort=False).indices
    return dict(found)


def _place(record: RunRecord) -> str:
    return f"{record.method} in {record.dataset}, {record.protocol}"


def _frame(table: pa.Table, columns: Sequence[str], file: Path) -> pd.DataFrame:
    """The table as a frame, if it has these columns."""
    if missing := [name for name in columns if name not in table.column_names]:
        raise ResultError(f"{file} has no column {missing[0]}; delete its folder and run the job again")
    frame: pd.DataFrame = table.to_pandas()
    return frame


def _require_distinct(groups: pd.DataFrame, file: Path, remedy: str) -> None:
    """Raise a `ResultError` if a group has two rows."""
    repeated = groups["group"].duplicated().to_numpy()
    if repeated.any():
        name = groups["group"].iloc[int(repeated.argmax())]
        raise ResultError(f"{file} has two rows of the group {name!r}; {remedy}")


def _require_sound(frame: pd.DataFrame, file: Path, record: RunRecord) -> None:
    """Raise a `ResultError` if a value is infinite, or there are not as many lists as the record says."""
    for name in frame.columns.difference([*_LIST]):
        if np.isinf(frame[name].to_numpy(dtype=np.float64)).any():
            raise ResultError(f"{file} has an infinite {name}; delete its folder and run the job again")
    lists: Any = frame.groupby([*_PLACE], observed=True, sort=False).size()
    for (view, aggregator), n in lists.items():
        evaluated = record.views.get(view, {}).get("entities", n)
        if n != evaluated:
            raise ResultError(
                f"{file} has {count(n, 'list')} in {view}, {aggregator}, and {evaluated} by run.json; "
                "delete its folder and run the job again"
            )
