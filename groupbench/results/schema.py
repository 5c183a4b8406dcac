"""What a run record may hold: results come from strangers, and all of it is checked here when it is read."""

from __future__ import annotations

import json
import math
import re
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic import ValidationError as _Invalid

from groupbench.core.text import one_line

DEEPEST = 20
"""Levels that values of configuration and environment may be nested."""

LARGEST = 2**63 - 1
"""The largest whole number."""

_CONSTANTS = {"NaN": None, "Infinity": math.inf, "-Infinity": -math.inf}

_SHORT = 200
"""Characters of a place or value that a message repeats."""


def _key(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9=+,@_()\[\]-][A-Za-z0-9=+,@_.()\[\]-]*", value):
        raise ValueError("is no key: a key names a folder")
    return value


Name = Annotated[str, StringConstraints(min_length=1, max_length=10_000)]
Key = Annotated[str, StringConstraints(min_length=1, max_length=150), AfterValidator(_key)]
Count = Annotated[int, Field(ge=0, le=LARGEST)]
Number = Annotated[float, Field(allow_inf_nan=False)] | None
"""A finite number, or None, which stands for NaN."""
Cost = Annotated[float, Field(ge=0, allow_inf_nan=False)] | None
"""The same, from 0."""


class _Part(BaseModel):
    """Named values are of these types where they are there; others may stand beside them."""

    model_config = ConfigDict(strict=True, extra="allow", protected_namespaces=())


class StoredMetrics(_Part):
    """An entry of `figures`."""

    model_config = ConfigDict(strict=True, extra="forbid")
    view: Name
    aggregator: Name
    values: dict[str, Number]
    best: dict[str, Number]
    worst: dict[str, Number]
    tied: Number


class _View(_Part):
    entities: Count | None = None
    skipped: Count | None = None
    tau: Number | None = None
    entity: Literal["user", "group"] = "user"
    definition: str = ""
    oracle: str = ""
    reason: str = ""
    defined: dict[str, Count] = {}


class _Config(_Part):
    protocol: dict[str, Any] = {}
    aggregators: list[str] = []
    groups_as: Literal["members", "rows", "both"] = "members"
    group_weight: Annotated[int, Field(ge=1, le=LARGEST)] = 1
    cutoffs: list[Count] = []
    source: str = ""
    content_hash: str = ""
    seed_label: str = ""
    code: dict[str, str] | None = None
    plugins: dict[str, str] | list[str] = []
    evaluation: int | str = 0
    counts: dict[str, Count] = {}


class _Code(_Part):
    commit: str = ""
    state: str = ""
    sha256: str = ""


class _Environment(_Part):
    groupbench: str = ""
    python: str = ""
    platform: str = ""
    cpu: str = ""
    command: str = ""
    energy: str = ""
    cores: int | None = None
    packages: dict[str, str] = {}
    method_environment: dict[str, str] = {}
    code: _Code | None = None
    threads: (
        Annotated[int, Field(ge=1, le=4096)] | Annotated[str, StringConstraints(pattern="^[0-9]{0,4}$")]
    ) = 1


class _Tuning(_Part):
    trials: Count
    seed: Count | None = None


class StoredRecord(_Part):
    """The content of `run.json`."""

    model_config = ConfigDict(strict=True, extra="forbid")
    key: Key
    status: Literal["done", "failed", "timeout", "killed"]
    reason: str
    dataset: Name
    simulated: bool
    protocol: Name
    method: Name
    name: Name
    family: str
    seed: Count
    hyperparameters: dict[str, Any]
    tuning: dict[str, Any]
    config: _Config
    figures: list[StoredMetrics]
    views: dict[str, _View]
    seconds: dict[str, Cost]
    peak_mb: dict[str, Number]
    joules: dict[str, Cost]
    environment: _Environment
    finished: str
    schema_: int = Field(alias="schema")


def checked(stored: dict[str, Any]) -> StoredRecord:
    """The content of a record, of which every value is one that a record may have.

    Raises:
        ValueError: if one is not, in one short line that names it.
    """
    for name, value in stored.items():
        if name != "figures":
            _require_plain(value, name)
    try:
        record = StoredRecord.model_validate(stored)
        if record.tuning:
            _Tuning.model_validate(record.tuning)
    except _Invalid as error:
        first = error.errors()[0]
        raise ValueError(f"{_named('.'.join(map(str, first['loc'])))}: {_named(first['msg'])}") from error
    places = [(entry.view, entry.aggregator) for entry in record.figures]
    if len(set(places)) < len(places):
        raise ValueError("figures: a view and aggregator stand there twice")
    for entry in record.figures:
        if not (entry.best.keys() | entry.worst.keys()) <= entry.values.keys():
            raise ValueError("figures: there are bounds of a metric that has no value")
    return record


def numbers(values: dict[str, float | None]) -> dict[str, float]:
    """The numbers by name, in the same mapping, with NaN for null."""
    for name in [name for name, value in values.items() if value is None]:
        values[name] = math.nan
    return cast(dict[str, float], values)


def parsed(text: str) -> dict[str, Any]:
    """The object that JSON text holds; bare NaN, which earlier versions wrote, is read as null.

    Raises:
        ValueError: if the text is no JSON, too deep, or holds something else than an object.
    """
    try:
        found = json.loads(text, parse_constant=_CONSTANTS.get)
    except RecursionError as error:
        raise ValueError("its values are nested too deep") from error
    if not isinstance(found, dict):
        raise ValueError("it holds no JSON object")
    return found


def finite(value: Any) -> Any:
    """What JSON can hold of a value: null for NaN, and text for an infinite number, at any depth."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    if isinstance(value, dict):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return value


def _require_plain(value: object, where: str, depth: int = 0) -> None:
    if depth > DEEPEST:
        raise ValueError(f"{where}: nested more than {DEEPEST} deep")
    if isinstance(value, dict):
        for key, inner in value.items():
            _require_plain(key, where, depth + 1)
            _require_plain(inner, where, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _require_plain(inner, where, depth + 1)
    elif isinstance(value, int) and abs(value) > LARGEST:
        raise ValueError(f"{where}: a whole number beyond {LARGEST}")
    elif isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"{where}: half a character ({error.reason})") from error


def _named(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= _SHORT else f"{line[: _SHORT - 3]}..."
