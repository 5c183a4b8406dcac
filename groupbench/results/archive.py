"""Archives: the records of a results folder in one file beside a manifest, and tables that tests need."""

from __future__ import annotations

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groupbench.core.errors import ResultError
from groupbench.core.files import read_text, replacing, require_readable
from groupbench.core.text import count
from groupbench.metrics import definition
from groupbench.results.schema import parsed
from groupbench.results.store import RunRecord
from groupbench.results.tables import read_columns

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 10_000_000
"""Records that an archive may have."""

FILE = "records.parquet"
MANIFEST = "manifest.json"
ENTITIES = "entities.parquet"
"""Values of single users and groups, of a job in its folder, of several in an archive."""
GROUPS = "groups.parquet"
"""Who the groups are."""

_WRITING: Mapping[str, Any] = {
    "compression": "zstd",
    "compression_level": 19,
    "row_group_size": ROWS,
    "data_page_size": 1 << 26,
    "max_rows_per_page": ROWS,
}
"""Pages as large as can be, as compression finds what repeats within one: every job names the same groups."""

LEADERBOARD = "leaderboard"
"""Name of the results that come with groupbench, where no folder of this name is meant."""


def shipped() -> Path:
    """The folder of the results that come with groupbench: a part of the package, or of the checkout."""
    here = Path(__file__).parents[1]
    checkout = here.parent / "results" / LEADERBOARD
    return checkout if checkout.is_dir() else here / LEADERBOARD


def located(results: Path) -> Path:
    """The folder that is meant by a path, which is `shipped` where `leaderboard` names no other."""
    return shipped() if str(results) == LEADERBOARD and not results.exists() else results


def write_archive(
    records: Sequence[RunRecord], out: Path, command: str, tables: Mapping[str, pa.Table] | None = None
) -> None:
    """Write `records.parquet`, one row of JSON per record, and `manifest.json`, which says what it holds.

    The same records give the same bytes. What lay in `out` under these names is replaced: the manifest first,
    which for a moment speaks of both, so that a kill leaves either what lay there or what is written.

    Args:
        records: scores, hyperparameters and provenance.
        out: results folder, new or not.
        command: how the records were made, for the manifest.
        tables: `ENTITIES` and `GROUPS` of some of them (`groupbench.results.job_tables`); by default none.

    Raises:
        ResultError: if the folder cannot be written.
    """
    import pyarrow as pa
    from pyarrow import parquet

    order = sorted(records, key=lambda r: (r.dataset, r.protocol, r.method, r.seed, r.key))
    columns = {name: [getattr(r, name) for r in order] for name in ("dataset", "protocol", "method", "seed")}
    contents = {FILE: pa.table({**columns, "record": [r.to_json() for r in order]}), **(tables or {})}
    try:
        out.mkdir(parents=True, exist_ok=True)
        ours = archived_tables(out)
        if strange := [name for name in (ENTITIES, GROUPS) if (out / name).exists() and name not in ours]:
            raise ResultError(f"{out / strange[0]} is of no archive; move it away, or choose another folder")
        before = {name: _sha256(out / name) for name in {*contents, *ours} if (out / name).is_file()}
        with ExitStack() as stack:
            files = {name: stack.enter_context(replacing(out / name)) for name in contents}
            for name, table in contents.items():
                parquet.write_table(table, files[name], **_WRITING)
            digests = {name: _sha256(file) for name, file in files.items()}
            manifest = _manifest(order, digests, command)
            _write_manifest(out, {**manifest, "replaces": before} if before else manifest)
        for name in ours - contents.keys():
            (out / name).unlink(missing_ok=True)
        _write_manifest(out, manifest)
    except OSError as error:
        raise ResultError(f"cannot write {out}: {error.strerror or error}; choose another folder") from error


def require_kept(out: Path, records: Sequence[RunRecord]) -> None:
    """Refuse to replace an archive in `out` that has jobs which `records` lack; a damaged one has none.

    Raises:
        ResultError: if it has.
    """
    try:
        there = {_place(record): record for record in read_archive(out)}
    except ResultError:
        return
    if lost := sorted(there.keys() - {_place(record) for record in records}):
        first = ", ".join(map(str, lost[0]))
        raise ResultError(
            f"{out} is an archive with {count(len(lost), 'job')} that would be lost ({first}); name it among "
            "the folders to join as well, or choose another folder"
        )


def _place(record: RunRecord) -> tuple[str, str, str, str]:
    """What tables show one record of."""
    return record.dataset, record.protocol, record.method, f"seed {record.seed}"


def _write_manifest(out: Path, manifest: dict[str, Any]) -> None:
    with replacing(out / MANIFEST) as temporary:
        temporary.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def read_archive(root: Path) -> Iterator[RunRecord]:
    """The records archived in `root`; none if there is no `records.parquet`.

    Raises:
        ResultError: if the file is not the one that the manifest speaks of, or holds anything but records.
    """
    from pyarrow import ArrowException, parquet

    file = root / FILE
    if not os.path.lexists(file):
        return
    try:
        _require_whole(file)
        with parquet.ParquetFile(file) as packed:
            names = list(packed.schema_arrow.names)
            if names.count("record") != 1 or packed.metadata.num_rows > ROWS:
                raise ValueError("it has no column of records")
            texts = packed.read(columns=["record"]).column("record").to_pylist()
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("its column of records holds something else")
        records = [RunRecord.from_json(text) for text in texts]
    except (OSError, ArrowException, ValueError, MemoryError) as error:
        raise _damaged(file, "archived records", error) from error
    yield from records


def archived_tables(root: Path) -> set[str]:
    """The tables that an archive has by its manifest, which are `ENTITIES` and `GROUPS` at most.

    Raises:
        ResultError: if there is a manifest that cannot be read.
    """
    file = root / MANIFEST
    if not os.path.lexists(file):
        return set()
    try:
        require_readable(file)
        tables = parsed(read_text(file)).get("tables", {})
    except (OSError, ValueError) as error:
        raise _damaged(root / FILE, "archived records", error) from error
    return {ENTITIES, GROUPS} & set(tables) if isinstance(tables, dict) else set()


def read_archived(root: Path, name: str, columns: Sequence[str]) -> pa.Table:
    """The columns of an archived table that are named or those of a metric.

    Args:
        root: the archive.
        name: of the table.
        columns: those that it must have.

    Raises:
        ResultError: if the file is not the one that the manifest speaks of, or cannot be read.
    """
    from pyarrow import ArrowException, parquet

    file = root / name
    try:
        _require_whole(file)
        with parquet.ParquetFile(file) as table:
            names = list(table.schema_arrow.names)
        if missing := [column for column in columns if column not in names]:
            raise ValueError(f"it has no column {missing[0]}")
        return read_columns(file, [n for n in names if n in columns or definition(n) is not None])
    except (OSError, ValueError, ArrowException, MemoryError, ResultError) as error:
        raise _damaged(file, "archived values", error) from error


def _require_whole(file: Path) -> None:
    """Raise a `ValueError` unless the file is the one that the manifest beside it speaks of."""
    require_readable(file)
    require_readable(file.parent / MANIFEST)
    manifest = parsed(read_text(file.parent / MANIFEST))
    known = [manifest.get("sha256")] if file.name == FILE else []
    for digests in (manifest.get("tables"), manifest.get("replaces")):
        known += [digests.get(file.name)] if isinstance(digests, dict) else []
    if _sha256(file) not in known:
        raise ValueError(f"its sha256 is not that of {MANIFEST}")


def _damaged(file: Path, what: str, error: BaseException) -> ResultError:
    return ResultError(
        f"{file} holds no {what} ({' '.join(str(error).split())[:300]}); get the folder anew, "
        "or make it again with 'groupbench merge --pack'"
    )


def _sha256(file: Path) -> str:
    require_readable(file)
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _manifest(records: Sequence[RunRecord], digests: Mapping[str, str], command: str) -> dict[str, Any]:
    by_place: dict[tuple[str, str], list[RunRecord]] = defaultdict(list)
    for record in records:
        by_place[record.dataset, record.protocol].append(record)
    holds = [
        {
            "dataset": dataset,
            "protocol": protocol,
            "records": len(there),
            "methods": len({r.method for r in there}),
            "tuned": len({r.method for r in there if r.tuning}),
            "seeds": sorted({r.seed for r in there}),
        }
        for (dataset, protocol), there in by_place.items()
    ]
    tables = {name: digest for name, digest in digests.items() if name != FILE}
    return {
        "command": command,
        "sha256": digests[FILE],
        **({"tables": tables} if tables else {}),
        "records": len(records),
        "holds": holds,
    }
