"""Results of several machines in one folder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from groupbench.core.errors import ConfigError, ResultError, unknown
from groupbench.results import store
from groupbench.results.agreement import agreement
from groupbench.results.archive import read_archive, write_archive
from groupbench.results.store import RunRecord


@dataclass(frozen=True)
class StoredRecord:
    """A record and the folder that holds it."""

    folder: Path
    record: RunRecord

    @property
    def place(self) -> tuple[str, str]:
        """What one record is kept of."""
        return self.record.method, self.record.key

    @property
    def worth(self) -> tuple[bool, str]:
        """Of two records with one key the greater is kept: one that is done, then the one that ended last."""
        return self.record.status == "done", self.record.finished


@dataclass(frozen=True)
class MergeSummary:
    """What a merge came to: records written, records that were there already, and repeats left out."""

    written: int
    there: int
    repeats: int


def merge(
    folders: Sequence[Path],
    out: Path,
    *,
    keep_newest: bool = False,
    aggregators: Sequence[str] | None = None,
    figures_only: bool = False,
    archive_as: str | None = None,
) -> MergeSummary:
    """Copy the records of several results folders into one, record by record, each whole or not at all.

    All is checked before anything is written; what `out` holds already takes part, unless it is packed.

    Args:
        folders: results folders, of runs or packed; packed records have no tables.
        out: results folder, new or not.
        keep_newest: of records with one key but different figures keep the newest instead of refusing.
        aggregators: the aggregators whose figures are kept; by default all.
        figures_only: leave out the tables of single users and groups, and the lists.
        archive_as: write the records to one file with a manifest that names this command (`archive.write_archive`);
            of the same row and seed only the newest, which is what tables show.

    Raises:
        ConfigError: if there are no folders, or no record has an aggregator of that name.
        ResultError: if a folder holds no results, a record cannot be read or written, records do not go
            together, or one key has different figures.
    """
    if not folders:
        raise ConfigError("name the results folders to merge")
    found = [held for folder in folders for held in _required(folder)]
    there = {held.place: held for held in _runs(out)}
    kept = _kept([*there.values(), *found], keep_newest)
    _require_alike(kept)
    _require_known(kept, aggregators)
    new = [held for held in kept if held != there.get(held.place)]
    if archive_as is not None:
        records = store.newest(_thinned(held, aggregators).record for held in kept)
        write_archive(records, out, archive_as)
        return MergeSummary(len(records), 0, len(there) + len(found) - len(records))
    for held in new:
        _copy(_thinned(held, aggregators), out, figures_only)
    return MergeSummary(len(new), len(kept) - len(new), len(there) + len(found) - len(kept))


def _require_known(kept: Sequence[StoredRecord], aggregators: Sequence[str] | None) -> None:
    known = {figures.aggregator for held in kept for figures in held.record.metrics}
    for name in aggregators or ():
        if name not in known:
            raise ConfigError(unknown("aggregator of these results", name, known))


def _required(results: Path) -> list[StoredRecord]:
    """All records of a folder; packed ones as if they lay there without tables."""
    found = _runs(results)
    for record in read_archive(results):
        place = store.folder_of(results, record.dataset, record.protocol, record.method, record.key)
        found.append(StoredRecord(place, record))
    if not found:
        raise ResultError(f"{results} holds no results; give folders that 'groupbench run' wrote")
    return found


def _runs(results: Path) -> list[StoredRecord]:
    folders = [file.parent for file in sorted((results / "runs").glob("*/*/*/*/run.json"))]
    return [StoredRecord(folder, record) for folder in folders if (record := store.read(folder)) is not None]


def _kept(found: Sequence[StoredRecord], keep_newest: bool) -> list[StoredRecord]:
    """One record for each method and key; a tuned row can have the key of an untuned one."""
    by_key: dict[tuple[str, str], StoredRecord] = {}
    for held in found:
        other = by_key.get(held.place)
        if other is not None and not keep_newest:
            _require_same(other, held)
        if other is None or held.worth > other.worth:
            by_key[held.place] = held
    return list(by_key.values())


def _require_same(one: StoredRecord, other: StoredRecord) -> None:
    """Refuse figures of one job that differ."""
    if one.record.status == other.record.status == "done":
        differing = agreement(one.record, other.record).differing
        if differing:
            raise ResultError(
                f"{one.folder} and {other.folder} are the same job with different figures ({differing[0]}); "
                "find out which is right ('groupbench reproduce'), or take the newest with --keep newest"
            )


def _require_alike(found: Sequence[StoredRecord]) -> None:
    """Refuse records whose figures one table could not compare."""
    _require_one(found, "evaluation", lambda record: ((), record.config.get("evaluation")))
    _require_one(found, "protocol", lambda record: (_split(record), record.config.get("protocol")))
    _require_one(found, "data", lambda record: (_split(record), record.config.get("content_hash")))


def _split(record: RunRecord) -> tuple[str, str]:
    return record.dataset, record.protocol


def _require_one(
    found: Sequence[StoredRecord], what: str, of: Callable[[RunRecord], tuple[Any, Any]]
) -> None:
    """Refuse records that have `what` in different versions at one place."""
    versions: dict[Any, list[tuple[Any, StoredRecord]]] = defaultdict(list)
    for held in found:
        if held.record.status == "done":
            place, version = of(held.record)
            versions[place].append((version, held))
    for (first, one), *others in versions.values():
        for version, other in others:
            if version != first:
                raise ResultError(
                    f"{one.folder} and {other.folder} differ in their {what} ({_short(first)} and "
                    f"{_short(version)}), so their figures cannot stand in one table; merge them apart, or "
                    "run one of them again with the code and data of the other"
                )


def _short(version: Any) -> str:
    text = str(version)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _thinned(held: StoredRecord, aggregators: Sequence[str] | None) -> StoredRecord:
    if aggregators is None:
        return held
    kept = tuple(f for f in held.record.metrics if f.aggregator in (*aggregators, "none", "own"))
    return StoredRecord(held.folder, replace(held.record, metrics=kept))


def _copy(held: StoredRecord, out: Path, figures_only: bool) -> None:
    """Copy a job's tables, and its record last."""
    from pyarrow import ArrowException, parquet

    record = held.record
    target = store.folder_of(out, record.dataset, record.protocol, record.method, record.key)
    try:
        files = [] if figures_only else sorted(held.folder.glob("*.parquet"))
        tables = {file.stem: parquet.read_table(file) for file in files}
    except (OSError, ArrowException) as error:
        raise ResultError(
            f"{held.folder} holds a damaged table ({error}); delete the folder or run the job again"
        ) from error
    store.write(target, record, tables)
