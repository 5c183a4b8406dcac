"""Jobs: what is fitted once and evaluated by all views, and where its outcome lies."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from groupbench.core import registry
from groupbench.core.digests import plain
from groupbench.core.energy import WATTS
from groupbench.evaluation import evaluate
from groupbench.models.group_adapter import WEIGHT, served
from groupbench.results import store
from groupbench.runner.keys import trial_key
from groupbench.runner.resolve import weighed

if TYPE_CHECKING:
    from groupbench.models.group_adapter import GroupsAs


@dataclass(frozen=True)
class Job:
    """One (dataset, protocol, seed, method with hyperparameters), as plain values that travel as JSON.

    Attributes:
        source: the data set as it was asked for: a name or a folder.
        data_dir: where original files lie, or None.
        dataset: name of the data set.
        content_hash: hash of its content; a worker that loads other data refuses the job.
        seed_label: what random numbers are drawn by (`groupbench.data.dataset.Dataset.seed_label`).
        simulated: whether a program made the data.
        protocol: options of the protocol.
        protocol_label: its name with the options that differ from their defaults, as in `paper+ratio=0.9`.
        method: registered name.
        overrides: hyperparameters that differ from what the name stands for.
        tuning: how those were found; empty if they were not tuned.
        seed: number of the repeat.
        aggregators: registered names.
        plugins: files to import first, each with the sha256 that it had when the job was planned.
        code: hashes of the code that decides the values, as of `groupbench.runner.keys.code_hashes`; a worker
            that finds other code refuses the job.
        results: root of the results folder.
        key: hash of all that decides the outcome.
        cost: expected cost relative to other methods; expensive jobs start first.
        foreign: whether the method is not built in; its process then serves no other job, which it could
            disturb by global settings or by changing shared data.
        one_thread: whether its process is held to one thread, without which nobody could repeat it.
        validation: None to hold out what the protocol holds out; else the job is part of a trial of tuning,
            and its training rows are held out from again, for the validation repeat of this number.
        views: the views to evaluate; empty for all of the protocol.
        groups_as: how a recommender of users serves groups: by their `members`, or as pseudo-users that are
            fitted on the `rows` of groups, or on `both` theirs and those of users.
        group_weight: as how many pseudo-users each group stands.
        cutoffs: K at which metrics are computed besides those of the views.
        train_workers: processes that share the training; not part of what the job is.
        memory_budget: GiB that the job may take beyond its data, or None; not part of what it is either.
        version: of the other library that the method is of; else empty.
        watts: of a busy core, by which energy is estimated where it cannot be measured; likewise.
        text_hash: hash of the data set's texts; empty where it has none.
    """

    source: str
    data_dir: str | None
    dataset: str
    content_hash: str
    seed_label: str
    simulated: bool
    protocol: dict[str, object]
    protocol_label: str
    method: str
    overrides: dict[str, object]
    seed: int
    aggregators: tuple[str, ...]
    plugins: dict[str, str]
    code: dict[str, str]
    results: str
    key: str
    cost: float
    foreign: bool
    one_thread: bool
    tuning: dict[str, object] = field(default_factory=dict)
    validation: int | None = None
    views: tuple[str, ...] = ()
    groups_as: GroupsAs = "members"
    group_weight: int = 1
    cutoffs: tuple[int, ...] = ()
    train_workers: int = 1
    memory_budget: float | None = None
    watts: float = WATTS
    version: str = ""
    text_hash: str = ""

    @property
    def content(self) -> tuple[str, str, str]:
        """What tells its data set from others, as of `Dataset.identity`."""
        return self.content_hash, self.text_hash, self.seed_label

    @property
    def served(self) -> str:
        """The method's name with how it serves groups, `ease[both]`, if not by members."""
        return served(self.method, self.groups_as)

    @property
    def label(self) -> str:
        """The method's name with what differs, `svd[n_factors=50]`, `svd[tuned]` or `svd[both]`."""
        weight = {WEIGHT: self.group_weight} if self.group_weight > 1 else {}
        own = [f"{k}={v}" for k, v in [*weight.items(), *sorted(self.overrides.items())]]
        mode = [] if self.groups_as == "members" else [self.groups_as]
        own = [*mode, *(["tuned"] if self.tuning else own)]
        name = f"{self.method}@{self.version}" if self.version else self.method
        return f"{name}[{','.join(own)}]" if own else name

    @property
    def folder(self) -> Path:
        """Where the job leaves its record; that of a trial is no result."""
        location = (Path(self.results), self.dataset, self.protocol_label)
        if self.validation is not None:
            return store.folder_of(*location, self.method, self.key, "studies")
        return store.folder_of(*location, self.label, self.key)

    @property
    def is_done(self) -> bool:
        """Whether it has a record of success, so that it is not run again; what is damaged counts as none."""
        return store.is_done(self.folder, self.tuning)

    def record(
        self,
        status: store.Status,
        reason: str = "",
        counts: Mapping[str, int] = MappingProxyType({}),
        notices: Sequence[str] = (),
        **found: Any,
    ) -> store.RunRecord:
        """The record of this job with what is known before it runs, and what is found afterwards."""
        from groupbench.evaluation.protocols import make_protocol

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
                "protocol": make_protocol(self.protocol).model_dump(),
                "aggregators": list(self.aggregators),
                "groups_as": self.groups_as,
                "group_weight": self.group_weight,
                "source": self.source,
                "content_hash": self.content_hash,
                "seed_label": self.seed_label,
                "plugins": self.plugins,
                "code": self.code,
                "evaluation": evaluate.VERSION,
                "counts": dict(counts),
                **({"cutoffs": list(self.cutoffs)} if self.cutoffs else {}),
                **({"notices": list(notices)} if notices else {}),
                **({"text_hash": self.text_hash} if self.text_hash else {}),
            },
            finished=datetime.now(UTC).isoformat(timespec="milliseconds"),
            **found,
        )

    def trial(self, hyperparameters: Mapping[str, object], repeat: int, view: str, aggregator: str) -> Job:
        """This job with other hyperparameters, evaluated by one view on a split of its training rows.

        Args:
            hyperparameters: those that differ from what the name stands for, maybe with the weight of
                groups' rows.
            repeat: number of the validation split.
            view: the only view.
            aggregator: the only aggregator.
        """
        overrides, weight = weighed(self.groups_as, hyperparameters, self.group_weight)
        return replace(
            self,
            overrides=overrides,
            group_weight=weight,
            validation=repeat,
            views=(view,),
            aggregators=(aggregator,),
            key=trial_key(self.key, hyperparameters, repeat, view, aggregator),
        )

    def to_json(self) -> bytes:
        """The job as JSON bytes."""
        return json.dumps(asdict(self), default=plain).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Job:
        """The inverse of `to_json`."""
        values = json.loads(text)
        return cls(**{f.name: _tuple(values[f.name]) for f in fields(cls)})


def file_hash(file: Path) -> str:
    """The sha256 of a file, in hexadecimal; empty if it cannot be read."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return ""


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
