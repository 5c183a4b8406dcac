"""Bundles: the records of a results folder in one file, for a leaderboard that others keep."""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groupbench.core.errors import DatasetError, ResultError
from groupbench.core.files import read_bytes, writing
from groupbench.core.version import VERSION
from groupbench.data.loading import Archive
from groupbench.results.archive import FILE, MANIFEST, read_archive, write_archive
from groupbench.results.store import RunRecord

CARD = "card.md"
CONTENTS = "bundle.json"
_HELD = (MANIFEST, FILE, CARD)
_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The time of files in a bundle, so that the same records give the same bytes."""


@dataclass(frozen=True)
class Bundle:
    """What a bundle holds, once its checksums agree.

    Attributes:
        records: the records.
        card: the methods section, as Markdown.
        submitter: who made it, in their own words.
        version: the version of groupbench that made it.
        sha256: of the file, in hexadecimal.
    """

    records: tuple[RunRecord, ...]
    card: str
    submitter: str
    version: str
    sha256: str


def write_bundle(records: Sequence[RunRecord], out: Path, *, card: str, submitter: str, command: str) -> None:
    """Write records, their card and the checksums of both to a zip file; the same give the same bytes.

    Args:
        records: whole records, without tables of single users and groups.
        out: the file.
        card: the methods section, as Markdown.
        submitter: who makes it.
        command: how it is made, for the manifest.

    Raises:
        ResultError: if it cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="groupbench-bundle-") as scratch:
        folder = Path(scratch)
        write_archive(records, folder, command)
        (folder / CARD).write_text(card, encoding="utf-8")
        contents = {
            "groupbench": VERSION,
            "submitter": submitter,
            "files": {name: _sha256((folder / name).read_bytes()) for name in _HELD},
            "records": {record.key: record.method for record in sorted(records, key=lambda r: r.key)},
        }
        (folder / CONTENTS).write_text(json.dumps(contents, indent=1) + "\n", encoding="utf-8")
        with writing(out) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as packed:
            for name in (*_HELD, CONTENTS):
                packed.writestr(
                    zipfile.ZipInfo(name, _EARLIEST), (folder / name).read_bytes(), zipfile.ZIP_DEFLATED
                )


def read_bundle(file: Path) -> Bundle:
    """Read a bundle of anybody's: nothing in it is run, and nothing is unpacked to where it says.

    Raises:
        ResultError: if it is none, was changed, or holds anything but records.
    """
    try:
        content = read_bytes(file)
    except OSError as error:
        raise _no_bundle(file, f"it cannot be read ({error.strerror})") from error
    held = _unpacked(file)
    contents = _contents(file, held)
    for name in _HELD:
        if _sha256(held[name]) != contents["files"].get(name):
            raise _no_bundle(file, f"{name} is not what {CONTENTS} says: it was changed")
    with tempfile.TemporaryDirectory(prefix="groupbench-bundle-") as scratch:
        for name in (MANIFEST, FILE):
            (Path(scratch) / name).write_bytes(held[name])
        try:
            records = tuple(read_archive(Path(scratch)))
        except ResultError as error:
            raise _no_bundle(file, f"{FILE} holds no archived records") from error
    if len({record.key for record in records}) < len(records):
        raise _no_bundle(file, "it holds a key twice")
    if not records:
        raise _no_bundle(file, "it holds no records")
    if not contents["submitter"].isprintable():
        raise _no_bundle(file, "its submitter is no plain text")
    if {record.key: record.method for record in records} != contents["records"]:
        raise _no_bundle(file, f"its records are not those that {CONTENTS} lists")
    card = held[CARD].decode("utf-8", "replace")
    return Bundle(records, card, contents["submitter"], contents["groupbench"], _sha256(content))


def _unpacked(file: Path) -> dict[str, bytes]:
    try:
        with closing(Archive(file)) as archive:
            if missing := [name for name in (*_HELD, CONTENTS) if name not in archive]:
                raise _no_bundle(file, f"it lacks {', '.join(missing)}")
            return {name: archive.read(name) for name in (*_HELD, CONTENTS)}
    except DatasetError as error:
        raise _no_bundle(file, "it is no zip archive that is safe to read") from error


def _contents(file: Path, held: dict[str, bytes]) -> dict[str, Any]:
    try:
        found = json.loads(held[CONTENTS])
        kinds = {"groupbench": str, "submitter": str, "files": dict, "records": dict}
        if not all(isinstance(found[name], kind) for name, kind in kinds.items()):
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _no_bundle(file, f"{CONTENTS} is not as it was written") from error
    return dict(found)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _no_bundle(file: Path, why: str) -> ResultError:
    return ResultError(f"{file} is no bundle: {why}; make one with 'groupbench submit'")
