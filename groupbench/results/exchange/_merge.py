"""Results of several machines in one folder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from groupbench.core.errors import ConfigError, ResultError, unknown
from groupbench.core.files import is_whole_parquet
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
    def id(self) -> tuple[str, str]:
        """What one record is stored of: method and key."""
        return self.record.method, self.record.key

    @property
    def worth(self) -> tuple[bool, str]:
        """Of two records with one key the greater stays: one that is done, then the one that ended last."""
        return self.record.status == "done", self.record.finished

    def fullness(self, metrics_only: bool) -> tuple[int, int]:
        """How much there is of it, which decides between two that agree: entries, and tables beside it."""
        tables = 0 if metrics_only else sum(map(is_whole_parquet, self.folder.glob("*.parquet")))
        return len(self.record.metrics), tables


@dataclass(frozen=True)
class MergeSummary:
    """What a merge came to: records written, records that were there already, and repetitions left out."""

    written: int
    there: int
    repeated: int


def merge(
    folders: Sequence[Path],
    out: Path,
    *,
    keep_newest: bool = False,
    aggregators: Sequence[str] | None = None,
    metrics_only: bool = False,
    archive_as: str | None = None,
) -> MergeSummary:
    """Copy the records of several results folders into one, record by record, each whole or not at all.

    All is checked before anything is written; what `out` holds already takes part, unless it is an archive.

    Args:
        folders: results folders, of runs or archives; archived records have no tables.
        out: results folder, new or not.
        keep_newest: of records with one key but different scores keep the newest instead of refusing.
        aggregators: the aggregators whose scores are retained; by default all.
        metrics_only: leave out the tables of single users and groups, and the lists.
        archive_as: write the records to one file with a manifest that names this command (`write_archive`);
            of the same row and seed only the newest, which is what tables show.

    Raises:
        ConfigError: if there are no folders, or no record has an aggregator of that name.
        ResultError: if a folder holds no results, a record cannot be read or written, records do not go
            together, or one key has different scores.
    """
    if not folders:
        raise ConfigError("name the results folders to merge")
    stored_records = [stored for folder in folders for stored in _required(folder)]
    there = {stored.id: stored for stored in _runs(out)}
    _require_known([*there.values(), *stored_records], aggregators)
    chosen = [_thinned(stored, aggregators) for stored in stored_records]
    retained = _retained([*there.values(), *chosen], keep_newest, metrics_only)
    _require_alike(retained)
    new = [stored for stored in retained if stored != there.get(stored.id)]
    if archive_as is not None:
        records = store.newest(_thinned(stored, aggregators).record for stored in retained)
        write_archive(records, out, archive_as)
        return MergeSummary(len(records), 0, len(there) + len(stored_records) - len(records))
    for stored in new:
        _copy(stored, out, metrics_only)
    return MergeSummary(len(new), len(retained) - len(new), len(there) + len(stored_records) - len(retained))


def _require_known(retained: Sequence[StoredRecord], aggregators: Sequence[str] | None) -> None:
    known = {entry.aggregator for stored in retained for entry in stored.record.metrics}
    for name in aggregators or ():
        if name not in known:
            raise ConfigError(unknown("aggregator of these results", name, known))


def _required(results: Path) -> list[StoredRecord]:
    """All records of a folder; archived ones as if they lay there without tables."""
    stored_records = _runs(results)
    for record in read_archive(results):
        folder = store.folder_of(results, record.dataset, record.protocol, record.method, record.key)
        stored_records.append(StoredRecord(folder, record))
    if not stored_records:
        raise ResultError(f"{results} holds no results; give folders that 'groupbench run' wrote")
    return stored_records


def _runs(results: Path) -> list[StoredRecord]:
    folders = [file.parent for file in sorted((results / "runs").glob("*/*/*/*/run.json"))]
    return [StoredRecord(folder, record) for folder in folders if (record := store.read(folder)) is not None]


def _retained(
    stored_records: Sequence[StoredRecord], keep_newest: bool, metrics_only: bool
) -> list[StoredRecord]:
    """One record for each method and key, tuned rows apart from untuned ones; of equal ones the fullest."""
    by_key: dict[tuple[str, str], StoredRecord] = {}
    for stored in stored_records:
        other = by_key.get(stored.id)
        if other is not None and not keep_newest:
            _require_same(other, stored)
        if other is None or _better(stored, other, metrics_only):
            by_key[stored.id] = stored
    return list(by_key.values())


def _better(stored: StoredRecord, other: StoredRecord, metrics_only: bool) -> bool:
    """Whether a record is to stand in the place of another one of the same job."""
    both_done = stored.record.status == other.record.status == "done"
    if both_done and not agreement(stored.record, other.record).differing:
        fullness, before = stored.fullness(metrics_only), other.fullness(metrics_only)
        if fullness != before:
            return fullness > before
    return stored.worth > other.worth


def _require_same(one: StoredRecord, other: StoredRecord) -> None:
    """Refuse scores of one job that differ."""
    if one.record.status == other.record.status == "done":
        differing = agreement(one.record, other.record).differing
        if differing:
            raise ResultError(
                f"{one.folder} and {other.folder} are the same job with different scores ({differing[0]}); "
                "find out which is right ('groupbench reproduce'), or take the newest with --keep newest"
            )


def _require_alike(stored_records: Sequence[StoredRecord]) -> None:
    """Refuse records whose scores one table could not compare."""
    _require_one(stored_records, "evaluation", lambda record: ((), record.config.get("evaluation")))
    _require_one(stored_records, "protocol", lambda record: (_split(record), record.config.get("protocol")))
    _require_one(stored_records, "data", lambda record: (_split(record), record.config.get("content_hash")))


def _split(record: RunRecord) -> tuple[str, str]:
    return record.dataset, record.protocol


def _require_one(
    stored_records: Sequence[StoredRecord], what: str, of: Callable[[RunRecord], tuple[object, object]]
) -> None:
    """Refuse records that have `what` in different versions in one group."""
    versions: dict[object, list[tuple[object, StoredRecord]]] = defaultdict(list)
    for stored in stored_records:
        if stored.record.status == "done":
            group, version = of(stored.record)
            versions[group].append((version, stored))
    for (first, one), *others in versions.values():
        for version, other in others:
            if version != first:
                raise ResultError(
                    f"{one.folder} and {other.folder} differ in their {what} ({_short(first)} and "
                    f"{_short(version)}), so their scores cannot stand in one table; merge them apart, or "
                    "run one of them again with the code and data of the other"
                )


def _short(version: object) -> str:
    text = str(version)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _thinned(stored: StoredRecord, aggregators: Sequence[str] | None) -> StoredRecord:
    if aggregators is None:
        return stored
    retained = tuple(e for e in stored.record.metrics if e.aggregator in (*aggregators, "none", "own"))
    return StoredRecord(stored.folder, replace(stored.record, metrics=retained))


def _copy(stored: StoredRecord, out: Path, metrics_only: bool) -> None:
    """Copy a job's tables, and its record last."""
    from pyarrow import ArrowException, parquet

    record = stored.record
    target = store.folder_of(out, record.dataset, record.protocol, record.method, record.key)
    try:
        files = [] if metrics_only else sorted(stored.folder.glob("*.parquet"))
        tables = {file.stem: parquet.ParquetFile(file).read() for file in files}
    except (OSError, ValueError, MemoryError, ArrowException) as error:
        why = " ".join(str(error).split())[:200]
        raise ResultError(
            f"{stored.folder} holds a damaged table ({why}); delete the folder or run the job again"
        ) from error
    store.write(target, record, tables)
