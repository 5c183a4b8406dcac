"""What is known of a data set before its files are read: the entries of `registry.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from groupbench.core.errors import DatasetError, shown
from groupbench.core.files import read_text
from groupbench.core.registry import datasets

T = TypeVar("T")

STRICT = {"extra": "forbid"}
"""Pydantic's setting for dataclasses that take no unknown keys."""


@dataclass(frozen=True)
class Card:
    """Origin, licence and checksums of a data set.

    Attributes:
        name: the registered name.
        title: the name to print.
        licence: under which terms the data may be used.
        citation: what to cite.
        homepage: where people read about it.
        redistributable: whether the licence lets others pass the files on.
        simulated: whether a program makes the data, so that there is no file.
        archive: name of the original zip, or "".
        sha256: checksum of the archive, or "" where none is known.
        sha256_source: who published or measured the checksums.
        addresses: where the archive can be fetched; mirrors follow, tried in order. Without an archive,
            folders (ending in `/`) below which each of the files can be fetched by its name.
        files: the files that are read, each with its sha256 or "".
        claims: counts that were published with the data, by the names of `groupbench.data.doctor.facts`.
        claims_source: where they were published.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = STRICT

    name: str
    title: str = ""
    licence: str = "not stated"
    citation: str = ""
    homepage: str = ""
    redistributable: bool = False
    simulated: bool = False
    archive: str = ""
    sha256: str = ""
    sha256_source: str = ""
    addresses: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    claims: Mapping[str, float] = field(default_factory=dict)
    claims_source: str = ""

    @property
    def downloads(self) -> Mapping[str, str]:
        """What can be fetched, each with its sha256 or "": the archive, else the files at `addresses`."""
        if self.archive:
            return {self.archive: self.sha256}
        return self.files if self.addresses else {}


def card(name: str) -> Card:
    """The card of a registered data set, from the `registry.toml` beside the file that defines it.

    A data set without an entry there gets an empty card: it reads whatever lies in its folder.

    Raises:
        ConfigError: if no data set has that name.
        DatasetError: if its entry is malformed.
    """
    name = datasets[name].name
    path = datasets[name].file.with_name("registry.toml")
    entry = read_toml(path).get(name, {})
    return validated(Card, {"title": name, **entry, "name": name}, f"{path}: [{name}]")


def validated(kind: type[T], values: Mapping[str, object], location: str) -> T:
    """Make a dataclass of TOML values; unknown keys and wrong types are a `DatasetError` at `location`."""
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(kind).validate_python(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part)[:60] for part in first["loc"])
        known = ", ".join(f.name for f in fields(kind))  # type: ignore[arg-type]
        raise DatasetError(
            f"{location}: {key}: {first['msg']} (got {shown(first['input'])}); the keys are {known}"
        ) from error


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as a dict, empty if there is none; malformed ones are a `DatasetError`."""
    import tomllib

    try:
        return tomllib.loads(read_text(path, "utf-8-sig")) if path.exists() else {}
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror}); check its access rights") from error
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"{path}: is not UTF-8 ({error.reason}); save the file in that encoding"
        ) from error
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{path}: {error}; fix the file") from error
