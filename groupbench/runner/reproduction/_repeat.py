"""Recorded jobs, done again in a scratch folder and compared."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from groupbench.core import registry
from groupbench.core.errors import ConfigError, DatasetError, PluginError, ResultError
from groupbench.core.seeding import generator
from groupbench.results import store
from groupbench.results.agreement import Agreement, Difference, agreement, unlike_tables
from groupbench.results.environment import Change, Promise, changes, promised
from groupbench.results.inputs import RecordedInputs, recorded
from groupbench.results.store import RunRecord

if TYPE_CHECKING:
    from groupbench.runner.job import Job
    from groupbench.runner.pool import JobOutcome


@dataclass(frozen=True)
class Repeat:
    """How a recorded job and its repeat compare.

    Attributes:
        recorded: the record.
        reason: why there is no repeat to compare; empty if there is one.
        agreement: how the values compare.
        changes: what differs between the surroundings.
        promise: what the repeat owes.
        unlike: what the tables beside the record say otherwise than it.
    """

    recorded: RunRecord
    reason: str = ""
    agreement: Agreement = field(default_factory=Agreement)
    changes: tuple[Change, ...] = ()
    promise: Promise = field(default_factory=Promise)
    unlike: tuple[str, ...] = ()

    @property
    def broken(self) -> tuple[Difference, ...]:
        """Values that moved farther than promised."""
        return () if self.promise.tolerance is None else self.agreement.beyond(self.promise.tolerance)

    @property
    def other_code(self) -> bool:
        """Whether other code of groupbench made the record, which may measure less, and say it otherwise."""
        return any(change.name in ("code", "evaluation", "groupbench") for change in self.changes)

    @property
    def false(self) -> tuple[str, ...]:
        """What the record says beside its figures, and the repeat or its own tables do not."""
        found = self.agreement
        only = tuple(f"only in the record: {name}" for name in found.only_first)
        newer = (
            ()
            if self.other_code
            else (*(f"only in the repeat: {n}" for n in found.only_second), *found.words)
        )
        return (*found.facts, *self.unlike, *only, *newer)

    @property
    def whole(self) -> bool:
        """Whether record and repeat hold the same, down to the words."""
        return not (self.false or self.agreement.only_second or self.agreement.words)

    @property
    def holds(self) -> bool:
        """Whether the repeat ended and kept its promise, and the record claims nothing else."""
        return not self.reason and not self.broken and not self.false


def available(records: Sequence[RunRecord], inputs: RecordedInputs) -> tuple[list[RunRecord], list[str]]:
    """The records whose data and plugins are here with the recorded content, and why the others are not."""
    found: list[RunRecord] = []
    reasons: dict[tuple[str, type], list[str]] = {}
    for record in records:
        try:
            if record.family == store.EXTERNAL:
                continue
            inputs.plugins(record)
            registry.methods[record.name]
            inputs.dataset(record)
            found.append(record)
        except (ConfigError, DatasetError, PluginError, ResultError) as error:
            reasons.setdefault((record.dataset, type(error)), []).append(str(error))
    return found, [f"{len(texts)} records cannot be run again here: {texts[0]}" for texts in reasons.values()]


def drawn(records: Sequence[RunRecord], n: int, longest: float, draw: str) -> list[RunRecord]:
    """A random sample of the records that can be done again.

    Args:
        records: of anybody.
        n: how many, or all there are.
        longest: seconds that a record says its job took, at most.
        draw: the same text draws the same ones.
    """
    left = [r for r in records if r.status == "done" and r.family != store.EXTERNAL]
    quick = sorted((r for r in left if not sum(r.seconds.values()) > longest), key=lambda r: r.key)
    order = generator("sample of a bundle", draw).permutation(len(quick))
    return [quick[number] for number in order[:n]]


def reproduce(
    records: Sequence[RunRecord],
    inputs: RecordedInputs,
    *,
    folders: Mapping[Path, RunRecord] | None = None,
    jobs: int = 1,
    timeout: float = 3600.0,
) -> Iterator[Repeat]:
    """Do recorded jobs again with their own configuration and compare value by value.

    Args:
        records: what was recorded, all of it done.
        inputs: where their data sets and plugins are found.
        folders: where records lie, whose tables are then compared with them.
        jobs: processes at a time.
        timeout: seconds after which a job is ended.

    Yields:
        One comparison for each record, in the order in which they end.

    Raises:
        DatasetError: if a data set is not there, or its content is not the recorded one.
        PluginError: if the user names no file with the recorded content for a plugin.
        ConfigError: if a method, aggregator or option of a record is no more.
        ResultError: if a record says too little to be repeated.
    """
    from groupbench.runner import pool

    unlike = {id(r): tuple(unlike_tables(folder, r)) for folder, r in (folders or {}).items()}
    with tempfile.TemporaryDirectory(prefix="groupbench-reproduce-") as scratch:
        planned = [
            (record, _job(record, inputs, Path(scratch) / str(number)))
            for number, record in enumerate(records)
        ]
        for threads in sorted({_threads(record) for record in records}):
            batch = {job.folder: (record, job) for record, job in planned if _threads(record) == threads}
            again = [job for _, job in batch.values()]
            with closing(pool.run_jobs(again, workers=jobs, threads=threads, timeout=timeout)) as events:
                for event in events:
                    if isinstance(event, pool.JobOutcome):
                        record, _ = batch[event.job.folder]
                        yield replace(_compared(record, event), unlike=unlike.get(id(record), ()))


def _job(record: RunRecord, inputs: RecordedInputs, results: Path) -> Job:
    """The recorded job with another results folder, evaluated by the aggregators whose values it holds."""
    from groupbench.runner.config import make_config
    from groupbench.runner.plan import plan_jobs

    plugins = inputs.plugins(record)
    source, dataset = inputs.source(record), inputs.dataset(record)
    evaluated = {figures.aggregator for figures in record.metrics}
    aggregators = [name for name in recorded(record, "aggregators") if name in evaluated]
    config = make_config(
        methods=[record.name],
        dataset=[source],
        protocol=recorded(record, "protocol"),
        seeds=[record.seed],
        set={record.name: record.hyperparameters},
        plugins=plugins,
        data_dir=None if inputs.data_dir is None else str(inputs.data_dir),
        k=record.config.get("cutoffs"),
        groups_as=[record.config.get("groups_as", "members")],
        aggregators=aggregators or None,
        group_weight=record.config.get("group_weight", 1),
        # The threads are those of the record, whatever that means for its values.
        deterministic=False,
    )
    (job,) = plan_jobs(config, {source: dataset}, results)
    return replace(job, aggregators=tuple(aggregators), tuning=record.tuning)


def _compared(record: RunRecord, outcome: JobOutcome) -> Repeat:
    from groupbench.runner.determinism import promise, repeatable

    repeated = store.read(outcome.job.folder)
    if outcome.status != "done" or repeated is None:
        return Repeat(record, f"{outcome.status}: {outcome.reason}")
    compared = agreement(record, repeated)
    if record.metrics and not compared.compared:
        return Repeat(record, "the repeat has none of the recorded metric values")
    changed, entry = changes(record, repeated), registry.methods[record.name]
    again = repeatable(entry, record.hyperparameters, _threads(record))
    return Repeat(
        record,
        agreement=compared,
        changes=tuple(changed),
        promise=promised(promise(entry), again, changed),
    )


def _threads(record: RunRecord) -> int:
    """The threads of the recorded process."""
    return int(record.environment.get("threads") or 1)
