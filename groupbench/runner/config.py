"""What a run is asked to do: options of the command line and of a TOML file, checked."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from groupbench.core.errors import ConfigError, unknown
from groupbench.models.group_adapter import MODES, GroupsAs, served_by

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset
    from groupbench.evaluation.protocols import Protocol


MOST_SEEDS = 10_000
"""Repeats of one run, at most."""
LAST_SEED = 2**63 - 1
"""Number of the last repeat; tables hold no higher ones."""


class Tuned(BaseModel):
    """How the hyperparameters of a method were found: a `[tuned.METHOD]` table as `tune` writes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: str
    """The data set they were found on; they count as tuned there alone."""
    protocol: str
    """Label of the protocol they were found under, likewise."""
    seed: int = Field(ge=0)
    """The repeat whose training rows were split again."""
    repeats: int = Field(ge=1)
    """How often those were split."""
    view: str
    """The view whose figure decided."""
    metric: str
    """The metric that decided."""
    aggregator: str
    """The aggregator of that figure."""
    trials: int = Field(ge=1)
    """Settings that were tried, with the default, the failed and the pruned ones."""
    failed: int = Field(ge=0)
    """How many of those failed."""
    seconds: float = Field(ge=0)
    """Wall-clock seconds of all trials."""
    value: float
    """The metric's mean over the repeats with these hyperparameters."""
    digest: str
    """Hash of all hyperparameters of the method: with any other value they do not count as tuned."""


class Config(BaseModel):
    """A run: every key is an option of `groupbench run` and a key of `--config FILE`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    methods: list[str] = ["all"]
    """Registered names; `all` stands for every one."""
    dataset: list[str] = ["itmrec-sim"]
    """Registered names or folders."""
    protocol: dict[str, Any] = {}
    """Options of the protocol."""
    seeds: int | list[int] = 5
    """Number of repeats (0, 1, 2 ...), or the repeats themselves."""
    groups_as: list[GroupsAs] | None = None
    """How recommenders of users serve groups that have rows of their own, each a job: `members`, `rows` or
    `both`; runs and tuning without it have all three."""
    group_weight: int = Field(1, ge=1)
    """As how many equal users a group stands in `rows` and `both`."""
    aggregators: list[str] = ["all"]
    """Aggregators to judge; fewer of them save time where there are many groups."""
    set: dict[str, dict[str, Any]] = {}
    """Hyperparameters by method; a table `ease[both]` stands in place of `ease` where users and groups are
    learned from, and may hold their `group_weight`."""
    tuned: dict[str, Tuned] = {}
    """How they were found, likewise, for those that `groupbench tune` found."""
    plugins: list[str] = []
    """Python files that add methods, data sets or aggregators."""
    data_dir: str | None = None
    """Folder with one sub-folder of original files per data set; else GROUPBENCH_DATA, the cache, the net."""
    executor: Literal["local", "ray"] = "local"
    """Where jobs are done: by processes on this machine, or on a Ray cluster."""
    address: str | None = None
    """`HOST:PORT` of the cluster; else that of RAY_ADDRESS, or one on this machine."""
    jobs: int | None = Field(None, ge=1)
    """Jobs at a time; without it one a core, of this machine or of the cluster."""
    threads: int = Field(1, ge=1, le=1024)
    """Threads of each worker; figures may differ in the last digits between numbers of threads."""
    train_workers: int = Field(1, ge=1, le=1024)
    """Processes that share the training of a method that can (see `Method.training_workers`); figures differ
    by rounding between numbers of them."""
    memory_budget: float | None = Field(None, gt=0, allow_inf_nan=False)
    """GiB that a job may take beyond its data: a quarter for scores that are kept (0.5 GiB without it), all
    for similarities (8 GiB without it), before a fit that needs more is refused; figures stay the same."""
    deterministic: bool = True
    """Whether methods that give the same figures again with one thread only are held to one."""
    timeout: float = Field(3600.0, gt=0, allow_inf_nan=False)
    """Seconds after which a job is ended."""

    def method_names(self) -> list[str]:
        """The methods asked for, each once, in the order given.

        Raises:
            ConfigError: if a name is unknown, or a hyperparameter that nobody tuned is for a method that is
                not asked for.
        """
        from groupbench.core.registry import methods

        names: list[str] = []
        for name in self.methods:
            names += list(methods) if name == "all" else [methods[name].name]
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

        known = list(aggregators)
        asked = {aggregators[name].name for name in self.aggregators if name != "all"}
        return [name for name in known if name in asked or "all" in self.aggregators]

    def seed_list(self) -> list[int]:
        """The repeats, each once."""
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
    given = {k: v for k, v in options.items() if v is not None}
    if file is None:
        return _validated(given, "")
    held = _read(Path(file))
    _validated(held, f"{file}: ")
    return _validated(_merged(held, given), "")


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` over `below`, table by table."""
    out = {**below, **above}
    for key in below.keys() & above.keys():
        if isinstance(below[key], Mapping) and isinstance(above[key], Mapping):
            out[key] = _merged(below[key], above[key])
    return out


def _validated(values: Mapping[str, Any], where: str) -> Config:
    for key in values:
        if key not in Config.model_fields:
            raise ConfigError(where + unknown("key", key, Config.model_fields))
    values = {
        k: [v]
        if k in ("methods", "dataset", "plugins", "groups_as", "aggregators") and isinstance(v, str)
        else v
        for k, v in values.items()
    }
    try:
        config = Config(**values)
    except ValidationError as error:
        first = error.errors()[0]
        depth = 3 if first["loc"][0] == "tuned" else 1
        place = ".".join(map(str, first["loc"][:depth]))
        raise ConfigError(f"{where}{place}={first['input']!r}: {first['msg'].lower()}") from error
    if config.groups_as is not None and not config.groups_as:
        raise ConfigError(f"{where}groups_as: name at least one of {', '.join(MODES)}, or leave it out")
    for key in ("methods", "dataset", "aggregators"):
        if not getattr(config, key):
            raise ConfigError(f"{where}{key}: name at least one; 'groupbench list' shows what there is")
    if isinstance(config.seeds, int) and config.seeds > MOST_SEEDS:
        raise ConfigError(
            f"{where}seeds={config.seeds}: these are more than {MOST_SEEDS} repeats; ask for fewer"
        )
    if any(seed > LAST_SEED for seed in config.seed_list()):
        raise ConfigError(f"{where}seeds={config.seeds!r}: the last repeat is {LAST_SEED}; name lower ones")
    if not config.seed_list() or min(config.seed_list()) < 0:
        raise ConfigError(f"{where}seeds={config.seeds!r}: ask for at least one seed, 0 or higher")
    return config


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
