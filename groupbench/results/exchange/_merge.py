"""Results of several machines in one folder."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from groupbench.core.errors import ConfigError, ResultError, unknown
from groupbench.core.files import is_whole_parquet, require_readable
from groupbench.results import store
from groupbench.results.agreement import Difference, agreement
from groupbench.results.archive import read_archive, require_kept, write_archive
from groupbench.results.exchange._bundle import read_bundle
from groupbench.results.facts import ended, id_of, seed_label
from groupbench.results.job_tables import JobTables, TableRow, retained_tables
from groupbench.results.selection import select
from groupbench.results.store import RunRecord


@dataclass(frozen=True)
class StoredRecord:
    """A record, the folder that holds it, and the results folder that this is in.

    Attributes:
        folder: the job's folder.
        record: what is in its run.json.
        root: the results folder.
        beside: the tables of that folder.
    """

    folder: Path
    record: RunRecord
    root: Path
    beside: JobTables = field(compare=False, repr=False)

    @property
    def id(self) -> tuple[str, str, str, str]:
        """Of the record, which is stored once."""
        return id_of(self.record)

    @property
    def worth(self) -> tuple[bool, str]:
        """Of two with one key the greater stays: one that is done, then the one that ended last."""
        return self.record.status == "done", ended(self.record)

    def fullness(self, metrics_only: bool) -> tuple[int, int, int]:
        """What decides between two that agree: entries, tables that are whole, rows of an archive."""
        if metrics_only:
            return len(self.record.metrics), 0, 0
        if self.beside.are_partial(self.record):
            return len(self.record.metrics), 0, len(self.beside.places(self.record))
        return len(self.record.metrics), sum(map(is_whole_parquet, self.folder.glob("*.parquet"))), 0


@dataclass(frozen=True)
class Packing:
    """How an archive is made.

    Attributes:
        command: the command, for its manifest.
        rows: which rows keep the values of single users and groups, by which metrics; None for no rows.
    """

    command: str
    rows: Callable[[Sequence[RunRecord]], tuple[Collection[TableRow], Sequence[str]]] | None = None


Version = tuple[object, StoredRecord]
"""What decides whether records can be compared, and a record that has it."""


@dataclass(frozen=True)
class MergeSummary:
    """What a merge came to.

    Attributes:
        written: records written.
        there: records that were there already.
        repeated: repetitions left out.
        notes: what was left out that is no repetition, one line each.
    """

    written: int
    there: int
    repeated: int
    notes: tuple[str, ...] = ()


def merge(
    folders: Sequence[Path],
    out: Path,
    *,
    keep_newest: bool = False,
    aggregators: Sequence[str] | None = None,
    metrics_only: bool = False,
    packing: Packing | None = None,
) -> MergeSummary:
    """Copy the records of several results folders into one, record by record, each whole or not at all.

    All is checked before anything is written; what `out` holds already takes part, unless it is an archive.

    Args:
        folders: results folders, of runs or archives, and bundles; archived records have no tables.
        out: results folder, new or not.
        keep_newest: of records with one key but different scores keep the newest instead of refusing.
        aggregators: the aggregators whose scores are retained; by default all.
        metrics_only: leave out the tables of single users and groups, and the lists.
        packing: write the records to one file with a manifest (`write_archive`); only those that stand
            together (`groupbench.results.selection`), which is what tables show.

    Raises:
        ConfigError: if there are no folders, or no record has an aggregator of that name.
        ResultError: if a folder holds no results, a record cannot be read or written, records do not go
            together, one key has different scores, or jobs of an archive in `out` would be lost.
    """
    if not folders:
        raise ConfigError("name the results folders to merge")
    stored_records = [stored for folder in folders for stored in _required(folder)]
    there = {stored.id: stored for stored in _runs(out, JobTables(out))}
    _require_known([*there.values(), *stored_records], aggregators)
    chosen = [_thinned(stored, aggregators) for stored in stored_records]
    retained, notes = _retained([*there.values(), *chosen], keep_newest, metrics_only)
    _require_alike(retained)
    new = [stored for stored in retained if stored != there.get(stored.id)]
    if packing is not None:
        records = select(_thinned(stored, aggregators).record for stored in retained)
        if out.resolve() not in [folder.resolve() for folder in folders]:
            require_kept(out, records)
        beside = {stored.id: stored.beside for stored in retained}
        tables, lost = (
            ({}, ()) if packing.rows is None else retained_tables(records, beside, *packing.rows(records))
        )
        write_archive(records, out, packing.command, tables)
        repeated = len(there) + len(stored_records) - len(records)
        return MergeSummary(len(records), 0, repeated, (*notes, *records.notes, *lost))
    for stored in new:
        _copy(stored, out, metrics_only)
    repeated = len(there) + len(stored_records) - len(retained)
    return MergeSummary(len(new), len(retained) - len(new), repeated, tuple(notes))


def _require_known(retained: Sequence[StoredRecord], aggregators: Sequence[str] | None) -> None:
    known = {entry.aggregator for stored in retained for entry in stored.record.metrics}
    for name in aggregators or ():
        if name not in known:
            raise ConfigError(unknown("aggregator of these results", name, known))


def _required(results: Path) -> list[StoredRecord]:
    """All records of a folder or bundle; archived ones as if they lay there without tables."""
    packed = read_bundle(results).records if results.is_file() else read_archive(results)
    beside = JobTables(results)
    stored_records = _runs(results, beside)
    for record in packed:
        folder = store.folder_of(results, record.dataset, record.protocol, record.method, record.key)
        stored_records.append(StoredRecord(folder, record, results, beside))
    if not stored_records:
        raise ResultError(f"{results} holds no results; give folders that 'groupbench run' wrote")
    return stored_records


def _runs(results: Path, beside: JobTables) -> list[StoredRecord]:
    folders = [file.parent for file in sorted((results / "runs").glob("*/*/*/*/run.json"))]
    return [
        StoredRecord(folder, record, results, beside)
        for folder in folders
        if (record := store.read(folder)) is not None
    ]


def _retained(
    stored_records: Sequence[StoredRecord], keep_newest: bool, metrics_only: bool
) -> tuple[list[StoredRecord], list[str]]:
    """One record for each job, and what to say of those whose scores differ from the one that stays."""
    by_key: dict[tuple[str, str, str, str], StoredRecord] = {}
    replaced: Counter[Path] = Counter()
    for stored in stored_records:
        other = by_key.get(stored.id)
        better = other is None or _better(stored, other, metrics_only)
        if other is not None and (differing := _differing(other, stored)):
            if not keep_newest:
                raise ResultError(
                    f"{other.folder} and {stored.folder} are the same job with different scores "
                    f"({differing[0]}); find out which is right ('groupbench reproduce'), or take the newest "
                    "with --keep newest"
                )
            replaced[other.root if better else stored.root] += 1
        if better:
            by_key[stored.id] = stored
    notes = [
        f"left out {n} of the records of {root} for newer ones of the same jobs with other scores"
        for root, n in replaced.items()
    ]
    return list(by_key.values()), notes


def _better(stored: StoredRecord, other: StoredRecord, metrics_only: bool) -> bool:
    """Whether a record is to stand in the place of another one of its job: of equal ones the fuller."""
    both_done = stored.record.status == other.record.status == "done"
    if both_done and not _differing(stored, other):
        fullness, before = stored.fullness(metrics_only), other.fullness(metrics_only)
        if fullness != before:
            return fullness > before
    return stored.worth > other.worth


def _differing(one: StoredRecord, other: StoredRecord) -> tuple[Difference, ...]:
    """The scores of one job that differ."""
    done = one.record.status == other.record.status == "done"
    return agreement(one.record, other.record).differing if done else ()


def _require_alike(stored_records: Sequence[StoredRecord]) -> None:
    """Refuse folders of which no table could show both; a folder may hold several versions of its own."""
    _require_one(stored_records, "evaluation", lambda record: ((), record.config.get("evaluation")))
    _require_one(stored_records, "protocol", lambda record: (_split(record), record.config.get("protocol")))
    _require_one(
        stored_records,
        "data",
        lambda record: (_split(record), (record.config.get("content_hash"), seed_label(record))),
    )


def _split(record: RunRecord) -> tuple[str, str]:
    return record.dataset, record.protocol


def _require_one(
    stored_records: Sequence[StoredRecord], what: str, of: Callable[[RunRecord], tuple[object, object]]
) -> None:
    """Refuse results folders that have no version of `what` of one group in common."""
    groups: dict[object, dict[Path, list[Version]]] = defaultdict(lambda: defaultdict(list))
    for stored in stored_records:
        if stored.record.status == "done":
            group, version = of(stored.record)
            groups[group][stored.root.resolve()].append((version, stored))
    for folders in groups.values():
        there, *others = folders.values()
        (first, one), *_ = there
        for versions in others:
            (version, other), *_ = versions
            if not any(mine == theirs for mine, _ in there for theirs, _ in versions):
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
    return replace(stored, record=replace(stored.record, metrics=retained))


def _copy(stored: StoredRecord, out: Path, metrics_only: bool) -> None:
    """Copy a job's tables, and its record last."""
    from pyarrow import ArrowException, parquet

    record = stored.record
    target = store.folder_of(out, record.dataset, record.protocol, record.method, record.key)
    try:
        files = [] if metrics_only else sorted(stored.folder.glob("*.parquet"))
        for file in files:
            require_readable(file)
        tables = {file.stem: parquet.ParquetFile(file).read() for file in files}
        if not metrics_only and stored.beside.are_archived(record):
            tables = stored.beside.all_of(record)
    except (OSError, ValueError, MemoryError, ArrowException) as error:
        why = " ".join(str(error).split())[:200]
        raise ResultError(
            f"{stored.folder} holds a damaged table ({why}); delete the folder or run the job again"
        ) from error
    store.write(target, record, tables)
