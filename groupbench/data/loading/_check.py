"""The verbs of the package that tell what is here: check and info."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from groupbench.core.errors import DatasetError
from groupbench.core.files import expanded
from groupbench.data.dataset import Dataset
from groupbench.data.loading._card import Card, card
from groupbench.data.loading._folder import open_folder
from groupbench.data.loading._load import is_folder, opened, run_loader
from groupbench.data.loading._source import Source, locate, read_bytes
from groupbench.data.loading._variants import split_variant, varied


@dataclass(frozen=True)
class FileCheck:
    """What became of one file.

    Attributes:
        file: its name.
        status: `ok`, `unverified` (no checksum is known), `changed` or `unreadable`.
        expected: the sha256 it should have, or "".
        found: the sha256 it has, or "".
    """

    file: str
    status: Literal["ok", "unverified", "changed", "unreadable"]
    expected: str = ""
    found: str = ""


@dataclass(frozen=True)
class DatasetCheck:
    """Whether a data set is here and whole.

    Attributes:
        name: the name it was asked for by.
        path: the folder or archive, or None.
        files: one row per file, the archive first.
        problem: why it does not load, or "".
        counts: users, items, ratings ... where it loads.
        notes: what the loader changed or left out.
    """

    name: str
    path: Path | None
    files: tuple[FileCheck, ...]
    problem: str
    counts: Mapping[str, int | float]
    notes: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether it loads and no checksum differs."""
        return not self.problem


def check(name: str, data_dir: Path | None = None) -> DatasetCheck:
    """Verify the checksum of every file of a data set, and that it loads; nothing is downloaded.

    Raises:
        ConfigError: if it is neither a name nor a folder.
    """
    base, variant = split_variant(expanded(name))
    own = open_folder(base) if is_folder(base) else None
    found = own.source.card if own else card(base)
    try:
        path = own.source.path if own else locate(found, data_dir)
    except DatasetError as error:
        return DatasetCheck(name, None, (), str(error), {}, ())
    with closing(own.source if own else Source(found, path)) as source:
        files = tuple(_file_checks(source)) if path else ()
        try:
            loaded = own.load() if own else run_loader(source)
        except DatasetError as error:
            return DatasetCheck(name, path, files, str(error), {}, tuple(source.notes))
    dataset = varied(replace(loaded, notes=tuple(source.notes)), variant)
    return DatasetCheck(name, path, files, "", counts(dataset), dataset.notes)


@dataclass(frozen=True)
class DatasetInfo:
    """All that is known of a data set.

    Attributes:
        card: title, licence, citation, addresses and checksums.
        check: where it lies and what it holds.
    """

    card: Card
    check: DatasetCheck


def info(name: str, data_dir: Path | None = None) -> DatasetInfo:
    """What is known of a data set, and of the files if they are here; nothing is downloaded.

    Raises:
        ConfigError: if it is neither a name nor a folder.
    """
    base, _ = split_variant(expanded(name))
    found = open_folder(base).source.card if is_folder(base) else card(base)
    return DatasetInfo(found, check(name, data_dir))


def counts(dataset: Dataset) -> dict[str, int | float]:
    """How many users, items, ratings ... a data set has; `density` is rated pairs over all pairs."""
    ratings, joint, groups = dataset.ratings, dataset.group_ratings, dataset.groups
    pairs = len(ratings.unique())
    texts = {"user": dataset.user_texts, "item": dataset.item_texts, "rating": ratings.texts}
    features = {"user": dataset.user_features, "item": dataset.item_features}
    return {
        "users": ratings.n_users,
        "items": ratings.n_items,
        "ratings": len(ratings),
        "pairs": pairs,
        "density": pairs / (ratings.n_users * ratings.n_items),
        "groups": 0 if groups is None else len(groups),
        "memberships": 0 if groups is None else len(groups.members),
        "group ratings": 0 if joint is None else len(joint),
        "social ties": 0 if dataset.social is None else len(dataset.social),
        **{f"{kind} features": 0 if f is None else len(f.names) for kind, f in features.items()},
        **{f"{kind} texts": sum(map(bool, written or ())) for kind, written in texts.items()},
    }


def _file_checks(source: Source) -> Iterator[FileCheck]:
    """Compare the archive, then each file; in a verified archive a file needs no checksum of its own."""
    path, sealed = source.folder, False
    if path.is_file():
        archive = _compared(path.name, read_bytes(path), source.card.sha256)
        sealed = archive.status == "ok"
        yield archive
    with opened(Card(source.card.name), path) as unverified:
        for name, expected in source.card.files.items():
            try:
                yield _compared(name, unverified.read(name), expected, sealed)
            except DatasetError:
                yield FileCheck(name, "unreadable", expected)


def _compared(name: str, data: bytes, expected: str, sealed: bool = False) -> FileCheck:
    found = hashlib.sha256(data).hexdigest()
    if not expected:
        return FileCheck(name, "ok" if sealed else "unverified", "", found)
    return FileCheck(name, "ok" if found == expected else "changed", expected, found)
