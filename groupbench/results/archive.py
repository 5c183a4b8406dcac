"""Archives: the records of a results folder in one file beside a manifest."""

from __future__ import annotations

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from groupbench.core.errors import ResultError
from groupbench.core.files import read_text, replacing, require_readable
from groupbench.results.schema import parsed
from groupbench.results.store import RunRecord

ROWS = 10_000_000
"""Records that an archive may have."""

FILE = "records.parquet"
MANIFEST = "manifest.json"


LEADERBOARD = "leaderboard"
"""Name of the results that come with groupbench, where no folder of this name is meant."""


def shipped() -> Path:
    """The folder of the results that come with groupbench: a part of the package, or of the checkout."""
    here = Path(__file__).parents[1]
    checkout = here.parent / "results" / LEADERBOARD
    return checkout if checkout.is_dir() else here / LEADERBOARD


def write_archive(records: Sequence[RunRecord], out: Path, command: str) -> None:
    """Write `records.parquet`, one row of JSON per record, and `manifest.json`, which says what it holds.

    The same records give the same bytes. What lay in `out` under these names is replaced: the manifest first,
    which for a moment speaks of both, so that a kill leaves either what lay there or what is written.

    Args:
        records: scores, hyperparameters and provenance; tables of single users and groups are left out.
        out: results folder, new or not.
        command: how the records were made, for the manifest.

    Raises:
        ResultError: if the folder cannot be written.
    """
    import pyarrow as pa
    from pyarrow import parquet

    order = sorted(records, key=lambda r: (r.dataset, r.protocol, r.method, r.seed, r.key))
    columns = {name: [getattr(r, name) for r in order] for name in ("dataset", "protocol", "method", "seed")}
    table = pa.table({**columns, "record": [r.to_json() for r in order]})
    try:
        out.mkdir(parents=True, exist_ok=True)
        before = _sha256(out / FILE) if (out / FILE).is_file() else None
        with replacing(out / FILE) as temporary:
            parquet.write_table(table, temporary, compression="zstd", compression_level=19)
            manifest = _manifest(order, _sha256(temporary), command)
            if before not in (None, manifest["sha256"]):
                _write_manifest(out, {**manifest, "replaces": before})
            else:
                _write_manifest(out, manifest)
        _write_manifest(out, manifest)
    except OSError as error:
        raise ResultError(f"cannot write {out}: {error.strerror or error}; choose another folder") from error


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
    require_readable(file)
    require_readable(root / MANIFEST)
    try:
        manifest = parsed(read_text(root / MANIFEST))
        if _sha256(file) not in (manifest.get("sha256"), manifest.get("replaces")):
            raise ValueError(f"its sha256 is not that of {MANIFEST}")
        with parquet.ParquetFile(file) as packed:
            names = list(packed.schema_arrow.names)
            if names.count("record") != 1 or packed.metadata.num_rows > ROWS:
                raise ValueError("it has no column of records")
            texts = packed.read(columns=["record"]).column("record").to_pylist()
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("its column of records holds something else")
        records = [RunRecord.from_json(text) for text in texts]
    except (OSError, ArrowException, ValueError, MemoryError) as error:
        raise ResultError(
            f"{file} holds no archived records ({' '.join(str(error).split())[:300]}); get the folder anew, "
            "or make it again with 'groupbench merge --pack'"
        ) from error
    yield from records


def _sha256(file: Path) -> str:
    require_readable(file)
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _manifest(records: Sequence[RunRecord], digest: str, command: str) -> dict[str, Any]:
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
    return {"command": command, "sha256": digest, "records": len(records), "holds": holds}
