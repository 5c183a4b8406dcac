"""One job from data to record, in the process that is called."""

from __future__ import annotations

import random
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from groupbench.core import memory, plugins, provenance, registry
from groupbench.core.energy import EnergyMeter
from groupbench.core.errors import DatasetError, PluginError
from groupbench.core.seeding import generator, integer
from groupbench.core.stopwatch import IMPORT, Stopwatch
from groupbench.evaluation.accumulate import CaseResult
from groupbench.evaluation.evaluate import evaluate, refusal, unsuited
from groupbench.evaluation.inner_split import inner_task
from groupbench.evaluation.protocols import make_protocol
from groupbench.evaluation.task import Task
from groupbench.evaluation.views import EvaluationCase
from groupbench.models import distributed
from groupbench.models.contract import make_method, prepare
from groupbench.models.group_adapter import GroupsAsUsers
from groupbench.models.recommender import Method, Recommender, ReferenceRow
from groupbench.results import store, tables
from groupbench.results.environment import ENVIRONMENT
from groupbench.runner.aggregators import entry_of, make_aggregator
from groupbench.runner.determinism import repeatable
from groupbench.runner.job import file_hash
from groupbench.runner.keys import code_hashes

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset
    from groupbench.runner.job import Job


_given: dict[tuple[str, str, str], Dataset] = {}


def cache(dataset: Dataset) -> None:
    """Take this data set for jobs on its content, instead of loading it."""
    _given[dataset.identity] = dataset


def execute(job: Job) -> None:
    """Fit and evaluate one job and write its record.

    Raises:
        GroupbenchError: typed, if the data, the options or the method are at fault.
        Exception: whatever the method itself raised.
    """
    for plugin in job.plugins:
        plugins.load_plugin(plugin)
    _require_planned_code(job)
    source = (job.source, job.data_dir, job.content)
    dataset = _dataset(*source)
    task, cases, unsuitable = _task(source, _freeze(job.protocol), job.seed, job.validation, job.views)
    cases = [case.at(job.cutoffs) for case in cases]
    energy = EnergyMeter(job.watts)
    watch = Stopwatch(energy)
    method = _made(job)
    reason = unsuited(method, task)
    with memory.limited(job.memory_budget):
        evaluated = [] if reason else _evaluated(job, method, task, cases, watch)
    _require_planned_code(job)  # once more, for what was imported while it ran
    record = job.record(
        "done",
        counts=tables.counts(dataset, task),
        notices=getattr(method, "notices", ()),
        metrics=tuple(tables.view_metrics(j) for j in evaluated),
        views={
            **{j.view.name: tables.summary(j, reason or refusal(method, j.view), evaluated) for j in cases},
            **{name: tables.not_evaluated(name, reason) for name, reason in unsuitable.items()},
        },
        seconds={k: round(v, 6) for k, v in watch.seconds.items()},
        peak_mb={k: round(v, 1) for k, v in watch.peak_mb.items()},
        joules={k: round(v, 3) for k, v in watch.joules.items()},
        environment={
            **provenance.environment(),
            "energy": energy.method,
            "deterministic": _repeatable(job),
            "train_workers": job.train_workers,
            **_elsewhere(job),
        },
    )
    with_tables = evaluated and job.validation is None
    store.write(job.folder, record, tables.tables(dataset, task, evaluated) if with_tables else {})


def _require_planned_code(job: Job) -> None:
    """Refuse a job whose code is no longer what its key stands for."""
    aggregators = {name: entry_of(name).source_hash for name in job.aggregators}
    code = code_hashes(registry.methods[job.method], aggregators, make_protocol(job.protocol))
    changed = [file for file, planned in job.plugins.items() if file_hash(Path(file)) != planned]
    others = [name for name in {*code, ENVIRONMENT} if code.get(name) != job.code.get(name)]
    changed += [_called(name, job) for name in others]
    if changed:
        raise PluginError(f"{changed[0]} was changed while the run was going on; start the run again")


def _called(name: str, job: Job) -> str:
    if name == ENVIRONMENT:
        return f"the environment of {job.method}"
    return f"the code of method {job.method}" if name == "method" else f"the code of {name}"


def _repeatable(job: Job) -> bool:
    entry = registry.methods[job.method]
    return repeatable(entry, {**entry.parameters(), **job.overrides}, provenance.threads())


def _elsewhere(job: Job) -> dict[str, dict[str, str]]:
    """The versions of the environment in which the method ran, if that is one of its own."""
    versions = dict(registry.methods[job.method].environment)
    return {ENVIRONMENT: versions} if versions else {}


def _made(job: Job) -> Method | ReferenceRow:
    method = make_method(registry.methods[job.method], job.overrides)
    if job.groups_as != "members" and isinstance(method, Recommender):
        return GroupsAsUsers(method, job.groups_as, job.group_weight)
    return method


def _evaluated(
    job: Job, method: Any, task: Task, cases: list[EvaluationCase], watch: Stopwatch
) -> list[CaseResult]:
    if isinstance(method, Method):
        with watch.phase(IMPORT):
            prepare(method)
        _seed_globals(job)
        with watch.phase("fit"), distributed.sharing(job.train_workers):
            method.fit(task.train, rng=generator(*_stream(job, "method")))
    aggregators = {name: make_aggregator(name) for name in job.aggregators}
    return evaluate(method, task, cases, aggregators, watch)


def _seed_globals(job: Job) -> None:
    """Methods owe all randomness to `rng`; this keeps a careless one from depending on its neighbours."""
    seed = integer(generator(*_stream(job, "globals")))
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


def _stream(job: Job, purpose: str) -> tuple[str | int, ...]:
    """What the random numbers for a purpose depend on."""
    repeat = () if job.validation is None else ("validation", job.validation)
    return (job.seed_label, purpose, job.method, job.seed, *repeat)


@lru_cache(maxsize=2)
def _dataset(source: str, data_dir: str | None, identity: tuple[str, str, str]) -> Dataset:
    if identity in _given:
        return _given[identity]
    from groupbench.data.loading import load

    dataset = load(source, None if data_dir is None else Path(data_dir))
    if dataset.identity != identity:
        raise DatasetError(f"dataset {dataset.name} changed while the run was going on; start the run again")
    return dataset


@lru_cache(maxsize=4)
def _task(
    source: tuple[str, str | None, tuple[str, str, str]],
    options: tuple[tuple[str, Any], ...],
    seed: int,
    validation: int | None,
    views: tuple[str, ...],
) -> tuple[Task, list[EvaluationCase], dict[str, str]]:
    protocol, dataset = make_protocol(dict(options)), _dataset(*source)
    if validation is None:
        task = protocol.prepare(dataset, seed)
    else:
        task = inner_task(dataset, protocol, seed, validation)
    return task, *protocol.make_cases(task, views)


def _freeze(options: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted((k, tuple(v) if isinstance(v, list) else v) for k, v in options.items()))
