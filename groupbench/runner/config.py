"""What a run is asked to do: each option declared once, for the command line, TOML files and `groupbench.run`."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from groupbench.core.errors import ConfigError, unknown
from groupbench.core.options import Names, OnCommandLine, Options
from groupbench.models.group_adapter import MODES, GroupsAs, served_by

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset
    from groupbench.evaluation.protocols import Protocol


MOST_SEEDS = 10_000
"""Seeds of one run, at most."""
LAST_SEED = 2**63 - 1
"""The last seed; tables hold no higher ones."""

PROTOCOL_KEYS = ("ratio", "groups", "n_groups", "tau")
"""Options of protocols that are so usual that they may also be given beside `protocol` instead of in it."""

Text = Annotated[str, BeforeValidator(lambda path: os.fspath(path) if isinstance(path, Path) else path)]
"""A text, or a path that becomes one."""


class Tuned(BaseModel):
    """How the hyperparameters of a method were found: a `[tuned.METHOD]` table as `tune` writes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: str
    """The data set they were found on; they count as tuned there alone."""
    protocol: str
    """Label of the protocol they were found under, likewise."""
    seed: int = Field(ge=0)
    """The seed whose training rows were split again."""
    repeats: int = Field(ge=1)
    """How often those were split."""
    view: str
    """The view whose metric decided."""
    metric: str
    """The metric that decided."""
    aggregator: str
    """The aggregator of that metric."""
    trials: int = Field(ge=1)
    """Hyperparameters that were tried, with the default, the failed and the pruned ones."""
    failed: int = Field(ge=0)
    """How many of those failed."""
    seconds: float = Field(ge=0)
    """Wall-clock seconds of all trials."""
    value: float
    """The metric's mean over the repeats with these hyperparameters."""
    digest: str
    """Hash of all hyperparameters of the method: with any other value they do not count as tuned."""


class Config(Options):
    """A run: every field is an option of `groupbench run` and a key of `--config FILE`."""

    dataset: Annotated[Names, OnCommandLine("Data", names=True)] = Field(
        ["itmrec-sim"], description="Data sets by name, or folders with a ratings.csv."
    )
    data_dir: Annotated[Text | None, OnCommandLine("Data", metavar="FOLDER", unset="GROUPBENCH_DATA")] = (
        Field(None, description="Folder with a sub-folder of original files for each data set.")
    )
    protocol: Annotated[
        dict[str, Any], OnCommandLine("Protocol", metavar="NAME", unset="as the data suit")
    ] = Field({}, description="How data is split and evaluated; 'groupbench list protocols' shows them.")
    seeds: Annotated[int | list[int], OnCommandLine("Protocol", metavar="NUMBERS")] = Field(
        5, description="Number of seeds (0, 1, 2 ...), or the seeds themselves: 0,3,4 or 3,"
    )
    aggregators: Annotated[Names, OnCommandLine("Protocol", names=True)] = Field(
        ["all"], description="Aggregators to evaluate; fewer save time where there are many groups."
    )
    methods: Annotated[Names, OnCommandLine("Methods", names=True)] = Field(
        ["all"], description="Methods by name, comma-separated or repeated; 'all' is every one."
    )
    set: Annotated[dict[str, dict[str, Any]], OnCommandLine("Methods", metavar="METHOD.NAME=VALUE")] = Field(
        {}, description="A hyperparameter (svd.n_factors=50); tuning leaves it as it is."
    )
    tuned: dict[str, Tuned] = Field(
        {}, description="How hyperparameters were found, for those that `groupbench tune` found."
    )
    groups_as: Annotated[
        list[GroupsAs] | None,
        BeforeValidator(lambda value: value.split(",") if isinstance(value, str) else value),
        OnCommandLine("Methods", names=True, unset="each that the data allow"),
    ] = Field(
        None,
        description="How recommenders of users serve groups with rows of their own: members, rows or both.",
    )
    group_weight: Annotated[int, OnCommandLine("Methods")] = Field(
        1, ge=1, description="Weight of a group's row beside rows of users, in rows and both."
    )
    plugins: Annotated[list[Text], OnCommandLine("Methods", flags=("--plugin",), metavar="FILE")] = Field(
        [], description="Python file that adds methods, data sets and the like."
    )
    executor: Annotated[Literal["local", "ray"], OnCommandLine("Resources")] = Field(
        "local", description="What runs jobs: local, processes of this machine; ray, a cluster."
    )
    address: Annotated[str | None, OnCommandLine("Resources", metavar="HOST:PORT", unset="RAY_ADDRESS")] = (
        Field(None, description="Where the Ray cluster is; without any, one is started on this machine.")
    )
    jobs: Annotated[int | None, OnCommandLine("Resources", ("--jobs", "-j"), unset="one a core")] = Field(
        None, ge=1, description="Jobs at a time."
    )
    threads: Annotated[int, OnCommandLine("Resources")] = Field(
        1,
        ge=1,
        le=1024,
        description="Threads of each worker; last digits may differ between numbers of threads.",
    )
    train_workers: Annotated[int, OnCommandLine("Resources")] = Field(
        1,
        ge=1,
        le=1024,
        description="Processes that share the training of a job (dmtl); numbers of them differ by rounding.",
    )
    memory_budget: Annotated[
        float | None, OnCommandLine("Resources", metavar="GIB", unset="0.5 for scores, 8 for similarities")
    ] = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="GiB that a job may take beyond its data: a quarter for scores that are cached, all for "
        "similarities, before a fit that needs more is refused.",
    )
    deterministic: Annotated[bool, OnCommandLine("Resources")] = Field(
        True, description="Hold methods to one thread that cannot be repeated with more."
    )
    timeout: Annotated[float, OnCommandLine("Resources")] = Field(
        3600.0, gt=0, allow_inf_nan=False, description="Seconds after which a job is ended."
    )

    @classmethod
    def keys(cls) -> set[str]:
        """The fields, and what may be given beside `protocol`."""
        return {*cls.model_fields, *PROTOCOL_KEYS, "option"}

    @model_validator(mode="before")
    @classmethod
    def _gather_protocol(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Put the protocol's name, `PROTOCOL_KEYS` and the texts of `option` into one table."""
        beside = {key: values[key] for key in PROTOCOL_KEYS if key in values}
        beside |= parse_options(values.get("option", []))
        protocol = values.get("protocol", {})
        if isinstance(protocol, str):
            protocol = {"name": protocol}
        rest = {key: values[key] for key in cls.model_fields if key in values and key != "protocol"}
        if beside and isinstance(protocol, Mapping):
            protocol = {**protocol, **beside}
        return {**rest, "protocol": protocol} if protocol or "protocol" in values else rest

    @field_validator("methods", mode="before")
    @classmethod
    def _require_registered(cls, names: Any) -> Any:
        if isinstance(names, Iterable) and not all(isinstance(name, str) for name in names):
            raise ConfigError(f"names must be text, got {names!r}; register your class with @method('name')")
        return names

    @field_validator("set", mode="before")
    @classmethod
    def _parse_set(cls, texts: Any) -> Any:
        return parse_set(texts) if isinstance(texts, list) else texts

    @field_validator("seeds", mode="before")
    @classmethod
    def _parse_seeds(cls, text: Any) -> Any:
        if not isinstance(text, str):
            return text
        try:
            numbers = [int(part) for part in text.removesuffix(",").split(",")]
        except ValueError as error:
            raise ConfigError(f"seeds={text}: give a number of seeds (5) or the seeds (0,3,4)") from error
        return numbers if "," in text else numbers[0]

    @field_validator("methods", "dataset", "aggregators")
    @classmethod
    def _require_one(cls, names: list[str], info: ValidationInfo) -> list[str]:
        if not names:
            raise ConfigError(f"{info.field_name}: name at least one; 'groupbench list' shows what there is")
        return names

    @field_validator("groups_as")
    @classmethod
    def _require_mode(cls, modes: list[GroupsAs] | None) -> list[GroupsAs] | None:
        if modes is not None and not modes:
            raise ConfigError(f"groups_as: name at least one of {', '.join(MODES)}, or leave it out")
        return modes

    @field_validator("seeds")
    @classmethod
    def _check_seeds(cls, seeds: int | list[int]) -> int | list[int]:
        if isinstance(seeds, int) and seeds > MOST_SEEDS:
            raise ConfigError(f"seeds={seeds}: these are more than {MOST_SEEDS} seeds; ask for fewer")
        least, most = (
            (seeds - 1, 0) if isinstance(seeds, int) else (min(seeds, default=-1), max(seeds, default=0))
        )
        if most > LAST_SEED:
            raise ConfigError(f"seeds={seeds!r}: the last seed is {LAST_SEED}; name lower ones")
        if least < 0:
            raise ConfigError(f"seeds={seeds!r}: ask for at least one seed, 0 or higher")
        return seeds

    def method_names(self) -> list[str]:
        """The methods asked for, each once, in the order given.

        Raises:
            ConfigError: if a name is unknown, or a hyperparameter that nobody tuned is for a method that is
                not asked for.
        """
        from groupbench.core.registry import methods

        names: list[str] = []
        for name in self.methods:
            names += list(methods.all()) if name == "all" else [methods[name].name]
        for name, values in self.set.items():
            if values and served_by(name) not in names and name not in self.tuned:
                raise ConfigError(unknown("method among those to run", name, names, f"set {name}.*"))
        return list(dict.fromkeys(names))

    def aggregator_names(self) -> list[str]:
        """The aggregators asked for, each once, in the order of the registry.

        Raises:
            ConfigError: if a name is unknown.
        """
        from groupbench.core.registry import aggregators

        known = list(aggregators.all())
        asked = {aggregators[name].name for name in self.aggregators if name != "all"}
        return [name for name in known if name in asked or "all" in self.aggregators]

    def seed_list(self) -> list[int]:
        """The seeds, each once."""
        return list(range(self.seeds)) if isinstance(self.seeds, int) else list(dict.fromkeys(self.seeds))

    def resolved_protocol(self, dataset: Dataset | None = None) -> Protocol:
        """The protocol with its options checked; without a name it is the one that suits the data set."""
        from groupbench.evaluation.protocols import make_protocol

        return make_protocol(self.protocol, dataset)


def make_config(file: str | Path | None = None, **options: Any) -> Config:
    """A config from a TOML file and options; options that are None leave the file's value.

    Raises:
        ConfigError: naming the file and key of whatever is unknown or wrong.
    """
    if file is None:
        return Config.make(**options)
    table = _read(Path(file))
    try:
        below = Config.make(**table)
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}") from error.__cause__
    above = Config.make(**options)
    return Config.make(**_merged(below.model_dump(exclude_unset=True), above.model_dump(exclude_unset=True)))


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` over `below`, table by table."""
    out = {**below, **above}
    for key in below.keys() & above.keys():
        if isinstance(below[key], Mapping) and isinstance(above[key], Mapping):
            out[key] = _merged(below[key], above[key])
    return out


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise ConfigError(f"config {file}: no such file") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"config {file}: {error}; it must be a TOML file in UTF-8") from error


def parse_set(texts: list[str]) -> dict[str, dict[str, Any]]:
    """Turn `svd.n_factors=50` into nested values; values are TOML, anything else is text.

    Raises:
        ConfigError: if a text is not of the form METHOD.PARAMETER=VALUE.
    """
    out: dict[str, dict[str, Any]] = {}
    for text in texts:
        place, equals, value = text.partition("=")
        method, dot, parameter = place.strip().rpartition(".")
        if not (equals and dot and method and parameter):
            raise ConfigError(f"--set {text}: write METHOD.PARAMETER=VALUE, for example svd.n_factors=50")
        out.setdefault(method, {})[parameter] = _value(value)
    return out


def parse_options(texts: list[str]) -> dict[str, Any]:
    """Turn `group_features=shares` into values; values are TOML, anything else is text.

    Raises:
        ConfigError: if a text is not of the form KEY=VALUE.
    """
    out = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (equals and key.strip()):
            raise ConfigError(f"--option {text}: write KEY=VALUE, for example group_features=shares")
        out[key.strip()] = _value(value)
    return out


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except (tomllib.TOMLDecodeError, RecursionError):
        return text.strip()
