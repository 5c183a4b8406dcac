"""Which runs are meant: by folder, results folder or the beginning of a key; by data set or protocol."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from groupbench.core.errors import ConfigError, ResultError, unknown
from groupbench.core.names import matching
from groupbench.results import store
from groupbench.results.facts import content
from groupbench.results.selection import SHORT
from groupbench.results.store import RunRecord


def find_runs(asked: Sequence[str], results: Path) -> list[RunRecord]:
    """The records that `asked` names, each once, in that order.

    Args:
        asked: folders of runs, folders above some (a results folder for all of its runs), or beginnings of
            keys.
        results: the results folder in which to look for keys.

    Raises:
        ResultError: if nothing or several runs answer to a name, or a record cannot be read.
    """
    return list(found_runs(asked, results).values())


def found_runs(asked: Sequence[str], results: Path) -> dict[Path, RunRecord]:
    """The records that `asked` names by their folders; arguments and errors as of `find_runs`."""
    folders = dict.fromkeys(folder for text in asked for folder in _folders(text, results))
    return {folder: record for folder in folders if (record := store.read(folder)) is not None}


def names_run(text: str, results: Path) -> bool:
    """Whether there is a file or folder of this name, or a key in `results` begins so."""
    is_key = re.fullmatch("[0-9a-f]+", text) and any(results.glob(f"runs/*/*/*/{text}*/run.json"))
    return Path(text).exists() or bool(is_key)


def of_data(records: Sequence[RunRecord], names: Sequence[str]) -> list[RunRecord]:
    """The records of the data sets of these names; `NAME@HASH` is one with a content hash that begins so.

    Raises:
        ConfigError: if there is none of a name.
    """
    chosen: set[int] = set()
    for text in names:
        name, _, start = text.partition("@")
        known = {r.dataset for r in records}
        same = matching("dataset of these results", [name], dict.fromkeys(known, ()))
        meant = [r for r in records if r.dataset in same and content(r).startswith(start)]
        if not meant:
            known |= {f"{r.dataset}@{content(r)[:SHORT]}" for r in records}
            raise ConfigError(unknown("dataset of these results", text, known))
        chosen |= set(map(id, meant))
    return [record for record in records if id(record) in chosen]


def of_protocols(records: Sequence[RunRecord], names: Sequence[str]) -> list[RunRecord]:
    """The records under protocols of these labels, or names, which stand for all of their labels.

    Raises:
        ConfigError: if there is none of a name.
    """
    known = {record.protocol: (record.protocol.partition("+")[0],) for record in records}
    chosen = set(matching("protocol of these results", names, known))
    return [record for record in records if record.protocol in chosen]


def repeatable_runs(records: Sequence[RunRecord]) -> list[RunRecord]:
    """Those that ended well and whose scores were made here.

    Raises:
        ResultError: if there is none.
    """
    left = [record for record in records if record.status == "done" and record.family != store.EXTERNAL]
    if not left:
        reasons = {record.reason or "its rankings were made elsewhere" for record in records}
        raise ResultError(f"there is nothing to repeat: {'; '.join(sorted(reasons))}")
    return left


def _folders(text: str, results: Path) -> list[Path]:
    path = Path(text)
    if path.is_dir():
        below = path / "runs" if (path / "runs").is_dir() else path
        folders = sorted(file.parent.resolve() for file in below.rglob("run.json"))
        if not folders:
            raise ResultError(f"{text} holds no run; give the folder of a run, or a results folder")
        return folders
    folders = []
    if re.fullmatch("[0-9a-f]+", text):
        folders = [file.parent.resolve() for file in results.glob(f"runs/*/*/*/{text}*/run.json")]
    if not folders:
        raise ResultError(
            f"{text} is no folder, and no key in {results} begins so; give the folder of a run, or say with "
            "--results where to look for keys"
        )
    if len(folders) > 1:
        keys = sorted(folder.name for folder in folders)
        if len(set(keys)) == 1:
            places = ", ".join(map(str, folders))
            raise ResultError(f"{len(folders)} runs have the key {keys[0]}: {places}; give the folder")
        listed = ", ".join(keys)
        raise ResultError(f"{len(folders)} keys begin with {text}: {listed}; give more of the one meant")
    return folders
