"""What a run is asked to do; each option declared once, for commands, TOML files and Python functions."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Set
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from groupbench.core.energy import WATTS
from groupbench.core.errors import ConfigError, unknown
from groupbench.core.files import expanded, read_text
from groupbench.core.options import Cutoffs, Flag, Names, Options, split_names
from groupbench.data.loading.layouts import LAYOUTS
from groupbench.models.group_adapter import MODES, GroupsAs, served_by
from groupbench.runner.notation import parse_options, parse_seeds, parse_set

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset
    from groupbench.evaluation.protocols import Protocol


REFERENCES = ("random", "oracle", "popularity", "popularity-liked")
"""Methods that are run beside those asked for."""
MOST_SEEDS = 10_000
"""Seeds of one run, at most."""
LAST_SEED = 2**63 - 1
"""The last seed; tables hold no higher ones."""

PROTOCOL_KEYS = ("ratio", "groups", "n_groups", "tau")
"""Options of protocols that are so usual that they may also be given beside `protocol` instead of in it."""

Text = Annotated[
    str, BeforeValidator(lambda path: expanded(path) if isinstance(path, str | os.PathLike) else path)
]
"""A path, or a text that is one, in which `~` is the home folder."""
Paths = Annotated[Names, AfterValidator(lambda names: [expanded(name) for name in names])]
"""Names, or paths in which `~` is the home folder."""
Modes = Annotated[list[GroupsAs], BeforeValidator(split_names)]
"""Ways to serve groups, in a list or in a text with commas between them."""


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

    dataset: Annotated[Paths, Flag("Data", names=True)] = Field(["itmrec-sim"])
    """Data sets by name, or folders with a ratings.csv."""
    layout: Annotated[str | None, Flag("Data", metavar="NAME", unset="ratings.csv and so on")] = None
    """Names of the files in those folders: agree, groupim, inter, movielens, split, tsv or yin."""
    data_dir: Annotated[Text | None, Flag("Data", metavar="FOLDER", unset="GROUPBENCH_DATA")] = None
    """Folder with a sub-folder of original files for each data set."""
    protocol: Annotated[dict[str, object], Flag("Protocol", metavar="NAME", unset="what suits the data")] = (
        Field({})
    )
    """How data is split and evaluated; 'groupbench list protocols' shows them."""
    seeds: Annotated[int | list[int], Flag("Protocol", metavar="NUMBERS")] = 5
    """Number of seeds (0, 1, 2 ...), or the seeds themselves: 0,3,4 or 3,"""
    aggregators: Annotated[Names, Flag("Protocol", names=True)] = Field(["all"])
    """Aggregators to evaluate; fewer save time where there are many groups."""
    k: Annotated[Cutoffs | None, Flag("Protocol", names=True, metavar="NUMBERS", unset="3,5,10,20")] = None
    """Further K at which metrics are computed."""
    methods: Annotated[Names, Flag("Methods", names=True)] = Field(["all"])
    """Methods by name, pattern (dmtl*) or tag (all, classic, linear, deep, reference, ablations, groups,
    tour); comma-separated or repeated."""
    references: Annotated[bool, Flag("Methods", ("--references/--no-references",))] = True
    """Also run what bounds the others, for every table: random, oracle, popularity, popularity-liked."""
    set: Annotated[dict[str, dict[str, object]], Flag("Methods", metavar="METHOD.NAME=VALUE")] = Field({})
    """A hyperparameter (svd.n_factors=50), which tuning leaves as it is, or a parameter of an aggregator
    (p-mean.p=3)."""
    tuned: dict[str, Tuned] = Field({})
    """How hyperparameters were found, for those that `groupbench tune` found."""
    groups_as: Annotated[Modes | None, Flag("Methods", names=True, unset="each that the data allow")] = None
    """How recommenders of users serve groups with rows of their own: members, rows or both."""
    group_weight: Annotated[int, Flag("Methods")] = Field(1, ge=1)
    """Weight of a group's row beside rows of users, in rows and both."""
    plugins: Annotated[Paths, Flag("Methods", flags=("--plugin",), metavar="FILE")] = Field([])
    """Python file that adds methods, data sets and the like."""
    executor: Annotated[Literal["local", "ray"], Flag("Resources")] = "local"
    """What runs jobs: local, processes of this machine; ray, a cluster."""
    address: Annotated[str | None, Flag("Resources", metavar="HOST:PORT", unset="RAY_ADDRESS")] = None
    """Where the Ray cluster is; without any, one is started on this machine."""
    jobs: Annotated[int | None, Flag("Resources", ("--jobs", "-j"), unset="one a core")] = Field(None, ge=1)
    """Jobs at a time."""
    threads: Annotated[int, Flag("Resources")] = Field(1, ge=1, le=1024)
    """Threads of each worker; last digits may differ between numbers of threads."""
    train_workers: Annotated[int, Flag("Resources")] = Field(1, ge=1, le=1024)
    """Processes that share the training of a job (dmtl); numbers of them differ by rounding."""
    memory_budget: Annotated[
        float | None, Flag("Resources", metavar="GIB", unset="0.5 for scores, 8 for similarities")
    ] = Field(None, gt=0, allow_inf_nan=False)
    """GiB that a job may take beyond its data: a quarter for scores that are cached, all for similarities,
    before a fit that needs more is refused. Advice to built-in methods: a plugin may take more."""
    deterministic: Annotated[bool, Flag("Resources")] = True
    """Hold methods to one thread that cannot be repeated with more."""
    watts: Annotated[float, Flag("Resources")] = Field(WATTS, gt=0, le=10_000)
    """Watts of a busy core, by which energy is estimated where it cannot be measured."""
    timeout: Annotated[float, Flag("Resources")] = Field(3600.0, gt=0, allow_inf_nan=False)
    """Seconds after which a job is ended."""

    @classmethod
    def keys(cls) -> Set[str]:
        """The fields, and what may be given beside `protocol`."""
        return {*cls.model_fields, *PROTOCOL_KEYS, "option"}

    @model_validator(mode="before")
    @classmethod
    def _gather_protocol(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Put the protocol's name, `PROTOCOL_KEYS` and the texts of `option` into one table."""
        rest = dict(values)
        beside = {key: rest.pop(key) for key in PROTOCOL_KEYS if key in values}
        beside |= parse_options(rest.pop("option", []))
        protocol = values.get("protocol", {})
        if isinstance(protocol, str):
            rest["protocol"] = protocol = {"name": protocol}
        return {**rest, "protocol": {**protocol, **beside}} if beside and isinstance(protocol, dict) else rest

    @model_validator(mode="before")
    @classmethod
    def _put_layout_behind_folders(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Write the layout behind the name of each data set, where all that reads data finds it."""
        layout = values.get("layout")
        if layout is None:
            return values
        if layout not in LAYOUTS:
            raise ConfigError(unknown("layout", str(layout), LAYOUTS))
        names = split_names(values.get("dataset", []))
        if not isinstance(names, list) or not names:
            raise ConfigError(f"layout={layout} says what the files of a folder are called; name it: dataset")
        suffix = f":{layout}"
        return {
            **values,
            "layout": None,
            "dataset": [f"{str(n).removesuffix(suffix)}{suffix}" for n in names],
        }

    @field_validator("set", "seeds", "methods", mode="before")
    @classmethod
    def _parse(cls, value: object, info: ValidationInfo) -> object:
        if info.field_name == "set" and isinstance(value, list):
            return parse_set(value)
        if info.field_name == "seeds" and isinstance(value, str):
            return parse_seeds(value)
        if info.field_name == "methods" and isinstance(value, list | tuple):
            for name in value:
                if not isinstance(name, str):
                    hint = "register your class with @method('name')"
                    raise ConfigError(f"names must be text, got {name!r}; {hint}")
        return value

    @field_validator("methods", "dataset", "aggregators", "groups_as", "k")
    @classmethod
    def _require_one(cls, names: list[object] | None, info: ValidationInfo) -> list[object] | None:
        if names is not None and not names:
            known = {"groups_as": ", ".join(MODES), "k": "1,5,15 for example"}
            shown = known.get(str(info.field_name), "'groupbench list' shows what there is")
            raise ConfigError(f"{info.field_name}: name at least one; {shown}")
        return names

    @field_validator("seeds")
    @classmethod
    def _check_seeds(cls, seeds: int | list[int]) -> int | list[int]:
        numbers = [seeds - 1] if isinstance(seeds, int) else seeds
        if isinstance(seeds, int) and seeds > MOST_SEEDS:
            raise ConfigError(f"seeds={seeds}: these are more than {MOST_SEEDS} seeds; ask for fewer")
        if max(numbers, default=0) > LAST_SEED:
            raise ConfigError(f"seeds={seeds!r}: the last seed is {LAST_SEED}; name lower ones")
        if min(numbers, default=-1) < 0:
            raise ConfigError(f"seeds={seeds!r}: ask for at least one seed, 0 or higher")
        return seeds

    def with_references(self) -> Config:
        """This config with `REFERENCES` among the methods, unless they are not wanted."""
        return self.model_copy(update={"methods": [*self.methods, *REFERENCES * self.references]})

    @property
    def is_bare(self) -> bool:
        """Whether nothing is asked for, or at most with which resources."""
        marks = [mark for name in self.model_fields_set for mark in type(self).model_fields[name].metadata]
        return all(mark.panel == "Resources" for mark in marks if isinstance(mark, Flag))

    def as_tour(self) -> Config:
        """This config with the few methods, aggregators and seeds of a tour."""
        from groupbench.runner.tags import TOUR_AGGREGATORS, TOUR_SEEDS

        few = {"methods": ["tour"], "aggregators": list(TOUR_AGGREGATORS), "seeds": TOUR_SEEDS}
        return self.model_copy(update=few)

    def method_names(self) -> list[str]:
        """The methods asked for, each once, in the order given.

        Raises:
            ConfigError: if a name is unknown, or a hyperparameter that nobody tuned is for a method that is
                not asked for.
        """
        from groupbench.runner.aggregators import is_set_for
        from groupbench.runner.tags import select

        names = select(self.methods)
        for name, values in self.set.items():
            if values and not is_set_for(name) and served_by(name) not in names and name not in self.tuned:
                raise ConfigError(unknown("method among those to run", name, names, f"set {name}.*"))
        return names

    def aggregator_names(self, protocol: Protocol) -> list[str]:
        """The aggregators asked for, with what is set for them; as of `groupbench.runner.aggregators`."""
        from groupbench.runner.aggregators import labels

        return labels(self.aggregators, self.set, sequential=protocol.looks_back)

    def seed_list(self) -> list[int]:
        """The seeds, each once."""
        return list(range(self.seeds)) if isinstance(self.seeds, int) else list(dict.fromkeys(self.seeds))

    def resolved_protocol(self, dataset: Dataset | None = None) -> Protocol:
        """The protocol with its options checked; without a name it is the one that suits the data set."""
        from groupbench.evaluation.protocols import make_protocol

        return make_protocol(self.protocol, dataset)


def make_config(file: str | Path | None = None, **options: object) -> Config:
    """A config from a TOML file and options; options that are None leave the file's value.

    Raises:
        ConfigError: naming the file and key of whatever is unknown or wrong.
    """
    if file is None:
        return Config.make(**options)
    table = _read(Path(expanded(file)))
    try:
        below = Config.make(**table)
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}") from error.__cause__
    above = Config.make(**options)
    return Config.make(**_merged(below.model_dump(exclude_unset=True), above.model_dump(exclude_unset=True)))


def _merged(below: Mapping[str, object], above: Mapping[str, object]) -> dict[str, object]:
    """`above` over `below`, table by table."""
    out = {**below, **above}
    for key in below.keys() & above.keys():
        first, second = below[key], above[key]
        if isinstance(first, Mapping) and isinstance(second, Mapping):
            out[key] = _merged(first, second)
    return out


def _read(file: Path) -> dict[str, object]:
    try:
        return tomllib.loads(read_text(file, "utf-8-sig"))
    except FileNotFoundError as error:
        raise ConfigError(f"config {file}: no such file; give the path of a TOML file") from error
    except OSError as error:
        raise ConfigError(f"config {file}: {error.strerror or error}; it must be a TOML file") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"config {file}: {error}; it must be a TOML file in UTF-8") from error
