"""Jobs: what is fitted once and judged by all views, and the key that names its outcome."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groupbench import __version__, evaluation, registry, store
from groupbench.errors import ConfigError, GroupbenchError, PluginError
from groupbench.recommender import GroupRecommender, Recommender
from groupbench.runner.determinism import needs_one_thread

if TYPE_CHECKING:
    from groupbench.config import Config, Tuned
    from groupbench.data import Dataset
    from groupbench.group_rows import GroupsAs
    from groupbench.protocol import Protocol


@dataclass(frozen=True)
class Job:
    """One (dataset, protocol, seed, method with hyperparameters), as plain values that travel as JSON.

    Attributes:
        source: the data set as it was asked for: a name or a folder.
        data_dir: where original files lie, or None.
        dataset: name of the data set.
        content_hash: hash of its content; a worker that loads other data refuses the job.
        simulated: whether a program made the data.
        protocol: options of the protocol.
        method: registered name.
        overrides: hyperparameters that differ from what the name stands for.
        tuning: how those were found; empty if they were not tuned.
        seed: number of the repeat.
        aggregators: registered names.
        plugins: files to import first.
        results: root of the results folder.
        key: hash of all that decides the outcome.
        cost: expected cost relative to other methods; expensive jobs start first.
        foreign: whether the method is not built in; its process then serves no other job, which it could
            disturb by global settings or by changing shared data.
        one_thread: whether its process is held to one thread, without which nobody could repeat it.
        validation: None to hold out what the protocol holds out; else the job is part of a trial of tuning,
            and its training rows are held out from again, for the validation repeat of this number.
        views: the views to judge; empty for all of the protocol.
        groups_as: how a recommender of users serves groups: by their `members`, or as pseudo-users that are
            fitted on the `rows` of groups, or on `both` theirs and those of users.
        group_weight: as how many pseudo-users each group stands.
    """

    source: str
    data_dir: str | None
    dataset: str
    content_hash: str
    simulated: bool
    protocol: dict[str, Any]
    method: str
    overrides: dict[str, Any]
    seed: int
    aggregators: tuple[str, ...]
    plugins: tuple[str, ...]
    results: str
    key: str
    cost: float
    foreign: bool
    one_thread: bool
    tuning: dict[str, Any] = field(default_factory=dict)
    validation: int | None = None
    views: tuple[str, ...] = ()
    groups_as: GroupsAs = "members"
    group_weight: int = 1

    @property
    def label(self) -> str:
        """The method's name with what differs, `svd[n_factors=50]`, `svd[tuned]` or `svd[both]`."""
        own = ["tuned"] if self.tuning else [f"{k}={v}" for k, v in sorted(self.overrides.items())]
        if self.groups_as != "members":
            weight = [f"group_weight={self.group_weight}"] if self.group_weight > 1 else []
            own = [self.groups_as, *weight, *own]
        return f"{self.method}[{','.join(own)}]" if own else self.method

    @property
    def protocol_label(self) -> str:
        """The protocol's name with its non-default options."""
        return self._protocol().label

    @property
    def folder(self) -> Path:
        """Where the job leaves its record; that of a trial is no result."""
        place = (Path(self.results), self.dataset, self.protocol_label)
        if self.validation is not None:
            return store.folder_of(*place, self.method, self.key, "studies")
        return store.folder_of(*place, self.label, self.key)

    def record(self, status: store.Status, reason: str = "", **found: Any) -> store.RunRecord:
        """The record of this job with what is known before it runs, and `found` afterwards."""
        entry = registry.methods[self.method]
        return store.RunRecord(
            key=self.key,
            status=status,
            reason=reason,
            dataset=self.dataset,
            simulated=self.simulated,
            protocol=self.protocol_label,
            method=self.label,
            name=self.method,
            family=entry.family,
            seed=self.seed,
            hyperparameters={**entry.parameters(), **self.overrides},
            tuning=self.tuning,
            config={
                "protocol": self._protocol().model_dump(),
                "aggregators": list(self.aggregators),
                "groups_as": self.groups_as,
                "group_weight": self.group_weight,
                "source": self.source,
                "content_hash": self.content_hash,
                "plugins": {file: _file_hash(file) for file in self.plugins},
                "evaluation": evaluation.VERSION,
            },
            finished=datetime.now(UTC).isoformat(timespec="milliseconds"),
            **found,
        )

    def trial(self, hyperparameters: Mapping[str, Any], repeat: int, view: str, aggregator: str) -> Job:
        """This job with other hyperparameters, judged by one view on a validation split of its training rows.

        Args:
            hyperparameters: those that differ from what the name stands for.
            repeat: number of the validation split.
            view: the only view that judges.
            aggregator: the only aggregator.
        """
        decides = {"job": self.key, "set": hyperparameters, "repeat": repeat, "by": [view, aggregator]}
        return replace(
            self,
            overrides=dict(hyperparameters),
            validation=repeat,
            views=(view,),
            aggregators=(aggregator,),
            key=digest(decides),
        )

    def to_json(self) -> bytes:
        """The job as JSON bytes."""
        return json.dumps(asdict(self), default=store.plain).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Job:
        """The inverse of `to_json`."""
        held = json.loads(text)
        return cls(**{f.name: _tuple(held[f.name]) for f in fields(cls)})

    def _protocol(self) -> Protocol:
        from groupbench.protocol import make_protocol

        return make_protocol(self.protocol)


def plan(config: Config, loaded: Mapping[str, Dataset], results: Path) -> list[Job]:
    """Every job that `config` asks for, expensive ones first, in an order that is always the same.

    Raises:
        ConfigError: if a method, a hyperparameter or a protocol option is unknown or wrong, was tuned for
            another data set or protocol, or asks for threads with which the method cannot be repeated.
        PluginError: if a method cannot be made, or promises what nobody knows.
    """
    aggregators = tuple(config.aggregator_names())
    jobs = []
    for source, dataset in loaded.items():
        protocol = config.resolved_protocol(dataset)
        for name in config.method_names():
            entry = registry.methods[name]
            overrides, parameters, cost = _made(entry, config.set.get(name, {}))
            one_thread = config.deterministic and needs_one_thread(entry, parameters)
            decides = {
                "content": dataset.content_hash,
                "protocol": protocol.model_dump(),
                "method": name,
                "parameters": parameters,
                "code": [__version__, evaluation.VERSION, entry.source_hash],
                "aggregators": {a: registry.aggregators[a].source_hash for a in aggregators},
                "one_thread": one_thread,
            }
            tuning = _tuning(name, config.tuned.get(name), digest(parameters), dataset.name, protocol.label)
            jobs += [
                Job(
                    source=source,
                    data_dir=config.data_dir,
                    dataset=dataset.name,
                    content_hash=dataset.content_hash,
                    simulated=dataset.simulated,
                    protocol={**config.protocol, "name": protocol.name},
                    method=name,
                    overrides=overrides,
                    seed=seed,
                    aggregators=aggregators,
                    plugins=tuple(str(Path(file).resolve()) for file in config.plugins),
                    results=str(results),
                    key=digest({**decides, **_mode_key(mode, weight), "seed": seed}),
                    cost=cost,
                    foreign=not entry.make.__module__.startswith("groupbench."),
                    one_thread=one_thread,
                    tuning=tuning if mode == "members" else {},
                    groups_as=mode,
                    group_weight=weight,
                )
                for mode, weight in _modes(config, entry, dataset, protocol)
                for seed in config.seed_list()
            ]
    # Jobs of one data set and seed stay together: a worker keeps their split and groups.
    rank = {source: i for i, source in enumerate(loaded)}
    return sorted(jobs, key=lambda job: (-job.cost, rank[job.source], job.seed))


def unfinished(jobs: Sequence[Job]) -> list[Job]:
    """The jobs that have no record of success yet; what is damaged counts as none."""
    return [job for job in jobs if not store.is_done(job.folder, job.tuning)]


def _modes(
    config: Config, entry: registry.Entry[Any], dataset: Dataset, protocol: Protocol
) -> list[tuple[GroupsAs, int]]:
    """How a method serves groups, and the weight of their rows; by members unless it can learn from rows."""
    asked: list[GroupsAs] = config.groups_as or ["members"]
    kind = entry.make if isinstance(entry.make, type) else object
    of_users = issubclass(kind, Recommender) and not issubclass(kind, GroupRecommender)
    rated = protocol.groups_rate and dataset.group_ratings is not None
    if not (of_users and rated) or entry.family == "reference":
        return [("members", 1)]
    return [(mode, 1 if mode == "members" else config.group_weight) for mode in dict.fromkeys(asked)]


def _mode_key(mode: GroupsAs, weight: int) -> dict[str, Any]:
    """What a mode adds to a key."""
    return {} if mode == "members" else {"groups_as": mode, "group_weight": weight}


def _tuning(name: str, tuned: Tuned | None, parameters: str, dataset: str, protocol: str) -> dict[str, Any]:
    """How a method's hyperparameters, with the digest `parameters`, were tuned; empty if they were not."""
    if tuned is None or tuned.digest != parameters:
        return {}
    if (tuned.dataset, tuned.protocol) != (dataset, protocol):
        raise ConfigError(
            f"tuned.{name} was found on {tuned.dataset} under {tuned.protocol}, not on {dataset} under "
            f"{protocol}; tune there, or remove [tuned.{name}] so that its values count as set by hand"
        )
    return tuned.model_dump()


def hyperparameters(name: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """All hyperparameters of the method `name` with the values `asked` for; errors as of `plan`."""
    return _made(registry.methods[name], asked)[1]


def _made(
    entry: registry.Entry[Any], asked: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any], float]:
    """The hyperparameters that differ from the name's own, all of them, and the relative cost."""
    if entry.make.__module__ == "__main__":
        raise PluginError(
            f"method {entry.name} is defined in the running program, which workers do not import; "
            "move it to a file of its own and give that as a plugin"
        )
    try:
        defaults = entry.parameters()
        made = entry.create(**asked) if asked else None
        overrides = {k: getattr(made, k) for k in asked if getattr(made, k) != defaults[k]}
        return overrides, {**defaults, **overrides}, float(getattr(entry.make, "relative_cost", 1.0))
    except GroupbenchError:
        raise
    except Exception as error:
        first = str(error).partition("\n")[0]
        raise PluginError(
            f"method {entry.name} cannot be made: {type(error).__name__}: {first}; mend {entry.file}"
        ) from error


def _file_hash(file: str) -> str:
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except OSError:
        return ""


def digest(decides: Mapping[str, Any]) -> str:
    """A short hash of plain values, the same in every process."""
    return hashlib.sha256(json.dumps(decides, sort_keys=True, default=store.plain).encode()).hexdigest()[:16]


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
