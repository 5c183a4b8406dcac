"""Running what a config asks for: the data is loaded once, and jobs that have a result are not run again."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

from groupbench.core.errors import ConfigError, ResultError

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset
    from groupbench.results.store import RunRecord
    from groupbench.runner.config import Config
    from groupbench.runner.job import Job
    from groupbench.runner.pool import JobOutcome
    from groupbench.runner.tuning import Search, TuningOptions


def start(
    config: Config,
    results: Path,
    report: Callable[[Job | JobOutcome, int, int], None],
    tell: Callable[[str], None] = lambda text: None,
    begin: Callable[[Sequence[Job], int], None] = lambda jobs, workers: None,
) -> list[Job]:
    """Run the jobs of `config` that have no result yet; return all of its jobs.

    Args:
        config: what to run.
        results: the results folder.
        report: called with each job that starts and each outcome, the number of jobs ended, and
            the number to run.
        tell: called with what the loaders changed or left out, before any job starts.
        begin: called with the jobs to run and how many at a time, before any starts.
    """
    from groupbench.results import store
    from groupbench.runner.executors import at_a_time, open_executor
    from groupbench.runner.plan import plan_jobs
    from groupbench.runner.pool import JobOutcome

    loaded = _load(config, tell)
    jobs = plan_jobs(_all_modes(config.with_references()), loaded, results.resolve())
    _tell_left_out(config, loaded, tell)
    for name in config.tuned.keys() - {job.served for job in jobs if job.tuning}:
        if any(job.served == name for job in jobs):
            tell(f"{name}: other hyperparameters than those that were tuned; they count as set by hand")
    missing = [job for job in jobs if not job.is_done]
    _require_writable(results)
    for job in missing:
        if (file := store.damaged(job.folder)) is not None:
            tell(f"{file} is damaged, or of another version; its job is done again")
    keys = {job.key for job in missing}
    for job in jobs:
        if job.key not in keys:
            store.tidy(job.folder)
    if not missing:
        return jobs
    ended = 0
    with ExitStack() as stack:
        executor = stack.enter_context(open_executor(config, loaded))
        workers = at_a_time(config, executor)
        begin(missing, min(workers or executor.capacity(config.threads), len(missing)))
        events = executor.run(missing, workers=workers, threads=config.threads, timeout=config.timeout)
        for event in stack.enter_context(closing(events)):
            if isinstance(event, JobOutcome):
                ended += 1
                if event.status != "done":
                    store.write(event.job.folder, event.job.record(event.status, event.reason))
            report(event, ended, len(missing))
    return jobs


def start_tuning(
    config: Config,
    options: TuningOptions,
    results: Path,
    report: Callable[[Search], None] = lambda search: None,
    tell: Callable[[str], None] = lambda text: None,
    begin: Callable[[int], None] = lambda workers: None,
) -> list[Search]:
    """Make the trials of `config` that were not made yet; return one search per method.

    Args:
        config: methods, one data set, fixed hyperparameters and workers.
        options: how to search.
        results: the results folder.
        report: called with a search when it begins, and whenever a job of it starts or ends.
        tell: called with what the loader changed or left out, before any trial starts.
        begin: called with how many jobs run at a time, before any starts.
    """
    from groupbench.runner import tuning

    loaded = {config.dataset[0]: load_dataset(config, tell)}
    _require_writable(results)
    return tuning.search_all(_all_modes(config), options, loaded, results.resolve(), report, begin)


def collect(jobs: Sequence[Job]) -> list[RunRecord]:
    """The records of the given jobs."""
    from groupbench.results import store

    return [record for job in jobs if (record := store.read(job.folder)) is not None]


def load_dataset(config: Config, tell: Callable[[str], None] = lambda text: None) -> Dataset:
    """The only data set of `config`, once its plugins are loaded; `tell` as of `start`.

    Raises:
        ConfigError: if there are several.
        DatasetError: if it cannot be loaded.
    """
    if len(config.dataset) != 1:
        raise ConfigError(f"{len(config.dataset)} data sets: name one at a time")
    (dataset,) = _load(config, tell).values()
    return dataset


def _all_modes(config: Config) -> Config:
    """The config with all ways to serve groups, if it names none."""
    from groupbench.models.group_adapter import MODES

    return config if config.groups_as else config.model_copy(update={"groups_as": list(MODES)})


def _tell_left_out(config: Config, loaded: Mapping[str, Dataset], tell: Callable[[str], None]) -> None:
    """Say of which data sets rows of groups are not used, because evaluated groups have none."""
    left_out = config.groups_as is None or (len(config.groups_as) > 1 and "members" in config.groups_as)
    for dataset in loaded.values():
        protocol = config.resolved_protocol(dataset)
        if protocol.groups_rate and not protocol.knows_groups and left_out:
            tell(
                f"{dataset.name}: evaluated groups have no rows for training under {protocol.label}, so "
                "members alone serve them; --groups-as rows and both need --option held=rows"
            )


def _load(config: Config, tell: Callable[[str], None]) -> dict[str, Dataset]:
    """The data sets by the name they were asked for, once the plugins are loaded and all names are known."""
    from groupbench.core import kernels, plugins
    from groupbench.data.loading import load

    kernels.asked()
    plugins.load_plugins(config.plugins)
    config.method_names()
    data_dir = None if config.data_dir is None else Path(config.data_dir)
    loaded = {name: load(name, data_dir) for name in config.dataset}
    for dataset in loaded.values():
        for note in dataset.notes:
            tell(f"{dataset.name}: {note}")
    return loaded


def _require_writable(results: Path) -> None:
    try:
        (results / "runs").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResultError(
            f"cannot write to {results}: {error.strerror}; choose another --results folder"
        ) from error
    if not os.access(results / "runs", os.W_OK):
        raise ResultError(f"cannot write to {results}/runs: no permission; choose another --results folder")
