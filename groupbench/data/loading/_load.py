"""The verbs of the package that get and read data."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from groupbench.core.errors import ConfigError, DatasetError, GroupbenchError
from groupbench.core.files import expanded
from groupbench.core.names import unregistered
from groupbench.core.registry import datasets
from groupbench.core.text import one_line
from groupbench.data.dataset import Dataset
from groupbench.data.loading._card import Card, card
from groupbench.data.loading._download import download
from groupbench.data.loading._folder import open_folder
from groupbench.data.loading._source import Source, locate
from groupbench.data.loading._variants import split_variant, varied
from groupbench.data.loading.layouts import split_layout


def load(name_or_path: str | Path, data_dir: str | Path | None = None) -> Dataset:
    """Read a data set, fetching its files first if they lie neither in `data_dir` nor in the cache.

    Args:
        name_or_path: a registered name, or a folder with the user's own `ratings.csv`, or one of another
            layout with that behind a colon (`folder:agree`); with `:clean` behind it, the variant without
            what the doctor can fix (see `groupbench.data.leakage`).
        data_dir: a folder with one sub-folder per data set; by default what GROUPBENCH_DATA names.

    Raises:
        ConfigError: if it is neither a name nor a folder, or there is no such variant of it.
        DatasetError: if files are missing, changed or malformed.
    """
    name, variant = split_variant(expanded(name_or_path))
    if is_folder(name):
        folder = open_folder(name)
        return varied(replace(folder.load(), notes=tuple(folder.source.notes)), variant)
    found = card(name)
    path = locate(found, None if data_dir is None else Path(expanded(data_dir)))
    if path is None and found.downloads:
        path = download(found)
    with opened(found, path) as source:
        return varied(replace(run_loader(source), notes=tuple(source.notes)), variant)


def fetch(name: str, data_dir: Path | None = None, allow_unverified: bool = False) -> list[Path]:
    """Make sure that the files of a data set are here; returns where they are.

    Args:
        name: a registered name, or a variant of one; of a folder, the files in it are returned.
        data_dir: as for `load`; nothing is ever written there, downloads go to the user's cache.
        allow_unverified: whether to download an archive of which no checksum is published.

    Raises:
        ConfigError: if it is neither a name nor a folder.
        DatasetError: if the files cannot be had.
    """
    name, _ = split_variant(expanded(name))
    if is_folder(name):
        source = open_folder(name).source
        return [source.folder / file for file in source.card.files]
    found = card(name)
    if not found.downloads:
        return []
    path = locate(found, data_dir) or download(found, allow_unverified)
    return [path] if path.is_file() else [path / file for file in found.files]


def is_folder(name: str) -> bool:
    """Whether `name` is a folder of the user's; a `ConfigError` if it is no registered name either."""
    known = datasets
    if name in known:
        return False
    base, layout = split_layout(name)
    if layout and base in known:
        raise ConfigError(f"{base} is a data set of its own; leave out the layout {layout}")
    if not os.path.isdir(base):
        remedy = "a folder of your own needs a ratings.csv; give its path"
        raise ConfigError(unregistered("data set", name, known, remedy))
    return True


def run_loader(source: Source) -> Dataset:
    """What the registered loader makes of `source`; a `DatasetError` if that is no data set."""
    entry = datasets[source.card.name]
    try:
        made = entry.create(source=source)
    except (GroupbenchError, OSError, MemoryError):
        raise
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        frame = [*frames[-1:], *(one for one in frames if one.filename == str(entry.file))][-1]
        raise DatasetError(
            f"{source.card.name}: its loader raised {type(error).__name__}: {one_line(str(error))} "
            f"(at {frame.filename}:{frame.lineno}); fix the loader or the files"
        ) from error
    if not isinstance(made, Dataset):
        raise DatasetError(
            f"{source.card.name}: its loader returned {type(made).__name__}; return a groupbench.Dataset"
        )
    return made


@contextmanager
def opened(found: Card, path: Path | None) -> Iterator[Source]:
    """The source of a data set, closed afterwards."""
    source = Source(found, path)
    try:
        yield source
    finally:
        source.close()
