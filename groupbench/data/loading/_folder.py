"""The user's own data: a folder with `ratings.csv` and, if there are any, groups and features."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from groupbench.core.errors import DatasetError
from groupbench.data.dataset import Dataset
from groupbench.data.loading._card import STRICT, Card, read_toml, validated
from groupbench.data.loading._columns import column_features, genres
from groupbench.data.loading._ids import IdColumn, memberships, rating_rows, sorted_ids
from groupbench.data.loading._source import Source
from groupbench.data.loading._table import TextTable

FILES = {
    "ratings.csv": ("user", "item", "rating"),
    "groups.csv": ("group", "user"),
    "group_ratings.csv": ("group", "item", "rating"),
    "users.csv": ("user",),
    "items.csv": ("item",),
}
"""The files of a folder, and the columns that each must have; only the first file is needed."""


@dataclass(frozen=True)
class Settings:
    """What `dataset.toml` may say.

    Attributes:
        name: the name that results are filed under; the folder's by default.
        title: the name to print; `name` by default.
        scale: lowest and highest possible rating; those that occur by default.
        citation: what to cite.
        licence: under which terms the data may be used.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = STRICT

    name: str = ""
    title: str = ""
    scale: tuple[float, float] | None = None
    citation: str = ""
    licence: str = "not stated"


def open_folder(path: Path) -> Source:
    """The source of a user's folder, with what its `dataset.toml` says on the card."""
    settings = _settings(path)
    name = settings.name or (re.sub(r"[^\w.-]+", "-", path.resolve().name).strip(".-") or "data")
    files = {file: "" for file in FILES if (path / file).exists()}
    card = Card(name, settings.title or name, settings.licence, settings.citation, files=files)
    return Source(card, path)


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
    groups, joint = None, None
    if "groups.csv" in tables:
        groups = memberships(tables["groups.csv"], "group", "user", users, "ratings.csv or users.csv")
    if groups is not None and "group_ratings.csv" in tables:
        of_groups = IdColumn("group", groups.ids, "groups.csv")
        joint = rating_rows(tables["group_ratings.csv"], of_groups, of_items, scale=scale)
    return Dataset(
        name=source.card.name,
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
        raise DatasetError(
            f"{source.path}: has no ratings.csv; write one with the columns user, item, rating "
            "and, where it is known, timestamp"
        )
    tables = {}
    for name, columns in FILES.items():
        if source.has(name):
            table = source.table(name).require(*columns)
            timed = "rating" in columns and "timestamp" in table.frame.columns
            key = [c for c in columns if c != "rating"] + ["timestamp"] * timed
            table.filled(*key)
            table.distinct(key)
            tables[name] = table
    if "group_ratings.csv" in tables and "groups.csv" not in tables:
        file = source.file("groups.csv")
        raise DatasetError(f"{file}: is missing, but there are group ratings; write it with group and user")
    return tables


def _ids(source: Source, tables: Mapping[str, TextTable], kind: str, *files: str) -> tuple[str, ...]:
    ids = sorted_ids(i for file in files if file in tables for i in tables[file].frame[kind].unique())
    if len(ids) < 2:
        raise DatasetError(
            f"{source.file('ratings.csv')}: holds only the {kind} {ids[0]!r}; a benchmark needs two at least"
        )
    return ids


def _scale(source: Source, tables: Mapping[str, TextTable]) -> tuple[float, float]:
    stated = _settings(source.folder).scale
    if stated is None:
        rated = [tables[f].numbers("rating") for f in ("ratings.csv", "group_ratings.csv") if f in tables]
        low, high = float(min(r.min() for r in rated)), float(max(r.max() for r in rated))
    else:
        low, high = stated
    if not -np.inf < low < high < np.inf:
        raise DatasetError(
            f"{source.file('dataset.toml')}: the rating scale is {low:g} to {high:g}; state its lowest and "
            "highest possible rating as in scale = [1, 5]"
        )
    return low, high


def _settings(path: Path) -> Settings:
    file = path / "dataset.toml"
    settings = validated(Settings, read_toml(file), str(file))
    if not re.fullmatch(r"(\w[\w.-]*)?", settings.name):
        raise DatasetError(
            f"{file}: name: {settings.name!r} cannot name a folder of results; use letters, digits, - and _"
        )
    return settings
