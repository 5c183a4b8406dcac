"""What `dataset.toml` says of a user's folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from groupbench.core.errors import DatasetError, shown, unknown
from groupbench.data.loading._card import STRICT, read_toml, validated
from groupbench.data.loading.layouts import LAYOUTS


@dataclass(frozen=True)
class Settings:
    """What `dataset.toml` may say.

    Attributes:
        name: the name that results are filed under; the folder's by default.
        title: the name to print; `name` by default.
        scale: lowest and highest possible rating; by default those that occur, which a note tells.
        citation: what to cite.
        licence: under which terms the data may be used.
        layout: what the files are called, where they are not those of a folder: one of `LAYOUTS`.
        social: whether a row of `social.csv` holds for both of its users, or for the first alone.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = STRICT

    name: str = ""
    title: str = ""
    scale: tuple[float, float] | None = None
    citation: str = ""
    licence: str = "not stated"
    layout: str = ""
    social: Literal["undirected", "directed"] = "undirected"


def read_settings(path: Path) -> Settings:
    """The settings of a folder; a `DatasetError` if its `dataset.toml` is malformed."""
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
