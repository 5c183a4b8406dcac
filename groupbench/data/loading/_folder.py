"""The user's own data: a folder with `ratings.csv` and, if there are any, groups, features and friends.

Folders that papers and other libraries made are read by their layout.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import distinct
from groupbench.core.errors import DatasetError, cut, shown
from groupbench.data.dataset import Dataset
from groupbench.data.loading._card import Card
from groupbench.data.loading._columns import column_features, column_texts, genres
from groupbench.data.loading._folder_source import FolderSource, tables_of
from groupbench.data.loading._ids import IdColumn, indices, memberships, rating_rows, sorted_ids
from groupbench.data.loading._names import with_known_names
from groupbench.data.loading._numerals import LARGEST
from groupbench.data.loading._settings import read_settings
from groupbench.data.loading._social import social_ties
from groupbench.data.loading._source import Source
from groupbench.data.loading._table import TextTable
from groupbench.data.loading._times import note_zone
from groupbench.data.loading.layouts import LAYOUTS, split_layout
from groupbench.data.texts import joined

if TYPE_CHECKING:
    from groupbench.data.dataset import Ratings
    from groupbench.data.groups import Groups
    from groupbench.data.social import SocialTies

FILES = {
    "ratings.csv": ("user", "item"),
    "groups.csv": ("group", "user"),
    "group_ratings.csv": ("group", "item"),
    "users.csv": ("user",),
    "items.csv": ("item",),
    "social.csv": ("user", "friend"),
}
"""The files of a folder, and the columns that each must have; only the first file is needed."""

RATED = ("ratings.csv", "group_ratings.csv")
"""Those whose rows may have a `rating` and a `timestamp`, which may be called `time`."""

REVIEW = "review"
"""The column of ratings.csv with what a user wrote with the rating."""

LATEST = 2**36
"""Times beyond it, in the year 4147 if they are seconds, are in another unit."""


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
        for name in layout.unread if layout else ():
            if self.source.has(name):
                self.source.note(f"{name} is not read")
        if layout is None or layout.read is None:
            return load_folder(self.source)
        scale = read_settings(self.source.folder).scale
        if scale is not None and not -LARGEST <= scale[0] <= scale[1] <= LARGEST:
            raise _wrong_scale(self.source.file("dataset.toml"), *scale)
        made = layout.read(self.source, scale)
        social = made.social or _social(self.source, made.user_ids)
        return replace(made, social=social, seeds_by_content=True)


def open_folder(name: str) -> Folder:
    """A folder, with its layout behind a colon where its `dataset.toml` does not state it.

    Raises:
        DatasetError: if `dataset.toml` is malformed, or a file is there as CSV and as Parquet.
    """
    base, layout = split_layout(name)
    path = Path(base)
    settings = read_settings(path)
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

    Rows of a file without the column `rating` are choices: each has the highest rating of the scale, which is
    1 to 1 where there are no ratings at all. Members in groups.csv alone are users without ratings.

    Raises:
        DatasetError: naming file, line, value and remedy for whatever is wrong.
    """
    tables = _tables(source)
    users = _ids(source, tables, "user", "ratings.csv", "users.csv", "groups.csv")
    items = _ids(source, tables, "item", "ratings.csv", "items.csv", "group_ratings.csv")
    of_users, of_items = IdColumn("user", users, "users.csv"), IdColumn("item", items, "items.csv")
    scale = _scale(source, tables)
    _note_times(source, tables)
    ratings = _reviewed(_rows(tables["ratings.csv"], of_users, of_items, scale), tables["ratings.csv"])
    groups, joint = None, None
    if "groups.csv" in tables:
        groups = memberships(tables["groups.csv"], "group", "user", users, "groups.csv")
        _note_lone_members(source, tables, groups, ratings, users)
    if groups is not None and "group_ratings.csv" in tables:
        joint = _rows(
            tables["group_ratings.csv"], IdColumn("group", groups.ids, "groups.csv"), of_items, scale
        )
    return Dataset(
        name=source.card.name,
        seeds_by_content=True,
        title=source.card.title,
        ratings=ratings,
        user_ids=users,
        item_ids=items,
        scale=scale,
        groups=groups,
        group_ratings=joint,
        user_features=column_features(source, tables.get("users.csv"), "user", users),
        item_features=column_features(source, tables.get("items.csv"), "item", items),
        user_texts=column_texts(tables.get("users.csv"), "user", users),
        item_texts=column_texts(tables.get("items.csv"), "item", items),
        categories=genres(tables.get("items.csv"), "item", items),
        tables={name: table.typed("user", "item", "group", "friend") for name, table in tables.items()},
        social=_social(source, users, tables.get("social.csv")),
    )


def _social(source: Source, users: tuple[str, ...], table: TextTable | None = None) -> SocialTies | None:
    """The ties of social.csv, which any layout may have beside its own files."""
    if table is None and source.has("social.csv"):
        table = _checked(source, "social.csv")
    if table is None:
        return None
    directed = read_settings(source.folder).social == "directed"
    return social_ties(source, table, users, directed=directed)


def _tables(source: Source) -> dict[str, TextTable]:
    if not source.has("ratings.csv"):
        fitting = [name for name, layout in LAYOUTS.items() if layout.fits(source.folder)]
        remedy = (
            "write one with the columns user, item, rating (unless rows are choices) and, if known, timestamp"
        )
        if (source.folder / "ratings.csv").exists():
            remedy = "there is a ratings.csv, so leave out the layout"
        elif fitting:
            remedy = f"its files are those of the layout {fitting[0]}, so add --layout {fitting[0]}"
        raise DatasetError(f"{source.path}: has no {Path(source.file('ratings.csv')).name}; {remedy}")
    tables = {}
    for name in FILES:
        if source.has(name):
            tables[name] = _checked(source, name)
    if "group_ratings.csv" in tables and "groups.csv" not in tables:
        file = source.file("groups.csv")
        raise DatasetError(f"{file}: is missing, but there are group ratings; write it with group and user")
    return tables


def _checked(source: Source, name: str) -> TextTable:
    """One of `FILES`, with ids in every row, none of which repeats another."""
    table, key = source.table(name).require(*FILES[name]), [*FILES[name]]
    if name in RATED:
        table = with_known_names(table)
        key += ["timestamp"] * ("timestamp" in table.columns)
    table.filled(*key)
    table.distinct(key)
    return table


def _ids(source: Source, tables: Mapping[str, TextTable], kind: str, *files: str) -> tuple[str, ...]:
    ids = sorted_ids(chain.from_iterable(tables[file].uniques(kind) for file in files if file in tables))
    if len(ids) < 2:
        raise DatasetError(
            f"{source.file('ratings.csv')}: holds only the {kind} {shown(ids[0])}; "
            "a benchmark needs two at least"
        )
    return ids


def _note_lone_members(
    source: Source, tables: Mapping[str, TextTable], groups: Groups, ratings: Ratings, users: tuple[str, ...]
) -> None:
    """Say which members are users because of groups.csv alone: it may be a slip of the pen."""
    members = distinct(groups.members)
    alone = np.bincount(ratings.users, minlength=len(users))[members] == 0
    if "users.csv" in tables:
        alone &= ~np.isin(members, indices(tables["users.csv"], "user", users, "users.csv"))
    if alone.any():
        source.note(
            f"{tables['groups.csv'].name}: {alone.sum()} of {len(members)} members, such as "
            f"{cut(users[members[alone][0]])}, are in neither ratings.csv nor users.csv; they are users "
            "without ratings"
        )


def _rows(table: TextTable, raters: IdColumn, items: IdColumn, scale: tuple[float, float]) -> Ratings:
    if "rating" in table.columns:
        return rating_rows(table, raters, items, scale=scale)
    rows = rating_rows(table, raters, items, None)
    return replace(rows, values=np.full(len(rows), scale[1]))


def _reviewed(rows: Ratings, table: TextTable) -> Ratings:
    """The rows of a table with what its column `REVIEW` holds, if it has one."""
    if REVIEW not in table.columns:
        return rows
    return replace(rows, texts=joined(table.frame[REVIEW]))


def _scale(source: Source, tables: Mapping[str, TextTable]) -> tuple[float, float]:
    stated = read_settings(source.folder).scale
    of_rows = {name: tables[name] for name in RATED if name in tables}
    rated = [table.numbers("rating") for table in of_rows.values() if "rating" in table.columns]
    low, high = stated or (
        (float(min(r.min() for r in rated)), float(max(r.max() for r in rated))) if rated else (1.0, 1.0)
    )
    if not -LARGEST <= low <= high <= LARGEST or (low == high and rated):
        raise _wrong_scale(source.file("dataset.toml"), low, high)
    if stated is None and rated:
        tau = low + 0.625 * (high - low)
        source.note(
            "dataset.toml states no scale, so it is that of all ratings, held-out ones too: "
            f"{low:g} to {high:g}, and a tau of 3.5 among 1 to 5 is {tau:g}; state the possible ratings, "
            f"as in scale = [{low:g}, {high:g}]"
        )
    for table in of_rows.values():
        if "rating" not in table.columns:
            choice = f"its rows are choices, each with the rating {high:g}"
            source.note(f"{table.name} has no column rating: {choice}")
    return low, high


def _wrong_scale(file: str, low: float, high: float) -> DatasetError:
    return DatasetError(
        f"{file}: the rating scale is {low:g} to {high:g}; state its lowest and highest possible rating as "
        "in scale = [1, 5]"
    )


def _note_times(source: Source, tables: Mapping[str, TextTable]) -> None:
    """Say where times are no seconds, or nobody would know that they were taken for some."""
    for table in (tables[name] for name in RATED if name in tables):
        if "timestamp" in table.columns:
            note_zone(source, table, "timestamp")
            latest = int(table.times("timestamp").max())
            if latest > LATEST:
                source.note(
                    f"{table.name}: timestamp {latest} is not in seconds; only the order of times counts"
                )
