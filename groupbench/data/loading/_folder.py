"""The user's own data: a folder with `ratings.csv` and, if there are any, groups and features.

Folders that papers and other libraries made are read by their layout.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import ClassVar

from groupbench.core.errors import DatasetError, shown, unknown
from groupbench.data.dataset import Dataset
from groupbench.data.loading._card import STRICT, Card, read_toml, validated
from groupbench.data.loading._columns import column_features, genres
from groupbench.data.loading._folder_source import FolderSource, tables_of
from groupbench.data.loading._ids import IdColumn, memberships, rating_rows, sorted_ids
from groupbench.data.loading._numerals import LARGEST
from groupbench.data.loading._source import Source
from groupbench.data.loading._table import TextTable
from groupbench.data.loading._times import note_zone
from groupbench.data.loading.layouts import LAYOUTS, split_layout

FILES = {
    "ratings.csv": ("user", "item", "rating"),
    "groups.csv": ("group", "user"),
    "group_ratings.csv": ("group", "item", "rating"),
    "users.csv": ("user",),
    "items.csv": ("item",),
}
"""The files of a folder, and the columns that each must have; only the first file is needed."""

LATEST = 2**36
"""Times beyond it, in the year 4147 if they are seconds, are in another unit."""


@dataclass(frozen=True)
class Settings:
    """What `dataset.toml` may say.

    Attributes:
        name: the name that results are filed under; the folder's by default.
        title: the name to print; `name` by default.
        scale: lowest and highest possible rating; by default those that occur, which a note tells.
        citation: what to cite.
        licence: under which terms the data may be used.
        layout: what the files are called, where they are not those of `FILES`: one of `LAYOUTS`.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = STRICT

    name: str = ""
    title: str = ""
    scale: tuple[float, float] | None = None
    citation: str = ""
    licence: str = "not stated"
    layout: str = ""


@dataclass(frozen=True)
class Folder:
    """A user's folder.

    Attributes:
        source: its files, with what `dataset.toml` says on the card.
        layout: what they are called, or "" for `FILES`.
    """

    source: Source
    layout: str

    def load(self) -> Dataset:
        """Read it; errors as of `load_folder`, or of the layout."""
        layout = LAYOUTS.get(self.layout)
        if layout is None or layout.read is None:
            for name in layout.unread if layout else ():
                if self.source.has(name):
                    self.source.note(f"{name} is not read")
            return load_folder(self.source)
        scale = _settings(self.source.folder).scale
        if scale is not None and not -LARGEST <= scale[0] <= scale[1] <= LARGEST:
            raise _wrong_scale(self.source.file("dataset.toml"), *scale)
        made = layout.read(self.source, scale)
        return replace(made, seeds_by_content=True)


def open_folder(name: str) -> Folder:
    """A folder, with its layout behind a colon where its `dataset.toml` does not state it.

    Raises:
        DatasetError: if `dataset.toml` is malformed, or a file is there as CSV and as Parquet.
    """
    base, layout = split_layout(name)
    path = Path(base)
    settings = _settings(path)
    layout = layout or settings.layout
    name = settings.name or (re.sub(r"[^\w.-]+", "-", path.resolve().name).strip(".-") or "data")
    tables = tables_of(path, layout, FILES)
    known = [file.name for file in tables.values() if file]
    known = known or sorted(file.name for file in path.iterdir() if file.is_file())
    files = {file: "" for file in known if (path / file).exists()}
    card = Card(name, settings.title or name, settings.licence, settings.citation, files=files)
    return Folder(FolderSource(card, path, tables), layout)


def load_folder(source: Source) -> Dataset:
    """Read a user's folder; ids are text, further columns of users.csv and items.csv are features.

    Raises:
        DatasetError: naming file, line, value and remedy for whatever is wrong.
    """
    tables = _tables(source)
    users = _ids(source, tables, "user", "ratings.csv", "users.csv")
    items = _ids(source, tables, "item", "ratings.csv", "items.csv", "group_ratings.csv")
    of_users, of_items = IdColumn("user", users, "users.csv"), IdColumn("item", items, "items.csv")
    scale = _scale(source, tables)
    _note_times(source, tables)
    groups, joint = None, None
    if "groups.csv" in tables:
        groups = memberships(tables["groups.csv"], "group", "user", users, "ratings.csv or users.csv")
    if groups is not None and "group_ratings.csv" in tables:
        of_groups = IdColumn("group", groups.ids, "groups.csv")
        joint = rating_rows(tables["group_ratings.csv"], of_groups, of_items, scale=scale)
    return Dataset(
        name=source.card.name,
        seeds_by_content=True,
        title=source.card.title,
        ratings=rating_rows(tables["ratings.csv"], of_users, of_items, scale=scale),
        user_ids=users,
        item_ids=items,
        scale=scale,
        groups=groups,
        group_ratings=joint,
        user_features=column_features(source, tables.get("users.csv"), "user", users),
        item_features=column_features(source, tables.get("items.csv"), "item", items),
        categories=genres(tables.get("items.csv"), "item", items),
        tables={name: table.typed("user", "item", "group") for name, table in tables.items()},
    )


def _tables(source: Source) -> dict[str, TextTable]:
    if not source.has("ratings.csv"):
        fitting = [name for name, layout in LAYOUTS.items() if layout.fits(source.folder)]
        remedy = "write one with the columns user, item, rating and, where it is known, timestamp"
        if fitting:
            remedy = f"its files are those of the layout {fitting[0]}, so add --layout {fitting[0]}"
        raise DatasetError(f"{source.path}: has no {Path(source.file('ratings.csv')).name}; {remedy}")
    tables = {}
    for name, columns in FILES.items():
        if source.has(name):
            table = source.table(name).require(*columns)
            timed = "rating" in columns and "timestamp" in table.columns
            key = [c for c in columns if c != "rating"] + ["timestamp"] * timed
            table.filled(*key)
            table.distinct(key)
            tables[name] = table
    if "group_ratings.csv" in tables and "groups.csv" not in tables:
        file = source.file("groups.csv")
        raise DatasetError(f"{file}: is missing, but there are group ratings; write it with group and user")
    return tables


def _ids(source: Source, tables: Mapping[str, TextTable], kind: str, *files: str) -> tuple[str, ...]:
    ids = sorted_ids(chain.from_iterable(tables[file].uniques(kind) for file in files if file in tables))
    if len(ids) < 2:
        raise DatasetError(
            f"{source.file('ratings.csv')}: holds only the {kind} {shown(ids[0])}; "
            "a benchmark needs two at least"
        )
    return ids


def _scale(source: Source, tables: Mapping[str, TextTable]) -> tuple[float, float]:
    stated = _settings(source.folder).scale
    rated = [tables[f].numbers("rating") for f in ("ratings.csv", "group_ratings.csv") if f in tables]
    low, high = stated or (float(min(r.min() for r in rated)), float(max(r.max() for r in rated)))
    if not -LARGEST <= low < high <= LARGEST:
        raise _wrong_scale(source.file("dataset.toml"), low, high)
    if stated is None:
        tau = low + 0.625 * (high - low)
        source.note(
            "dataset.toml states no scale, so it is that of all ratings, held-out ones too: "
            f"{low:g} to {high:g}, and a tau of 3.5 among 1 to 5 is {tau:g}; state the possible ratings, "
            f"as in scale = [{low:g}, {high:g}]"
        )
    return low, high


def _wrong_scale(file: str, low: float, high: float) -> DatasetError:
    return DatasetError(
        f"{file}: the rating scale is {low:g} to {high:g}; state its lowest and highest possible rating as "
        "in scale = [1, 5]"
    )


def _note_times(source: Source, tables: Mapping[str, TextTable]) -> None:
    """Say where times are no seconds, or nobody would know that they were taken for some."""
    for name in ("ratings.csv", "group_ratings.csv"):
        if name in tables and "timestamp" in tables[name].columns:
            note_zone(source, tables[name], "timestamp")
            latest = int(tables[name].times("timestamp").max())
            if latest > LATEST:
                source.note(f"{name}: timestamp {latest} is not in seconds; only the order of times counts")


def _settings(path: Path) -> Settings:
    file = path / "dataset.toml"
    settings = validated(Settings, read_toml(file), str(file))
    if not re.fullmatch(r"(\w[\w.-]{0,99})?", settings.name):
        raise DatasetError(
            f"{file}: name: {shown(settings.name)} cannot name a folder of results; use letters, digits, - "
            "and _, 100 characters at most"
        )
    if settings.layout and settings.layout not in LAYOUTS:
        raise DatasetError(f"{file}: layout: {unknown('layout', settings.layout, LAYOUTS)}")
    return settings
