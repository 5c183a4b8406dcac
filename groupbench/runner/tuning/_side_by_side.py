"""All methods at once: trials of different methods run side by side, those of one after each other."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

from groupbench.core.errors import ConfigError, unknown
from groupbench.evaluation.inner_split import inner_task
from groupbench.models.group_adapter import WEIGHT
from groupbench.runner.aggregators import labels
from groupbench.runner.executors import at_a_time, open_executor
from groupbench.runner.plan import plan_jobs
from groupbench.runner.pool import JobOutcome
from groupbench.runner.resolve import values_for
from groupbench.runner.tuning._search import Search

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset
    from groupbench.evaluation.protocols import Protocol
    from groupbench.runner.config import Config
    from groupbench.runner.job import Job
    from groupbench.runner.tuning._options import TuningOptions


def search_all(
    config: Config,
    options: TuningOptions,
    loaded: Mapping[str, Dataset],
    results: Path,
    report: Callable[[Search], None] = lambda search: None,
    begin: Callable[[int], None] = lambda workers: None,
) -> list[Search]:
    """Search for the hyperparameters of each method of `config`; what was settled before is not done again.

    Which trials are made depends neither on the number of workers nor on interruptions, but for those
    that time ends.

    Args:
        config: methods, protocol, fixed hyperparameters and workers.
        options: how to search.
        loaded: the one data set, by the name it was asked for.
        results: the results folder.
        report: called with a search whenever a job of it starts or ends, and once when it begins.
        begin: called with how many jobs run at a time, before any starts.

    Returns:
        One search per method and way to serve groups, those with nothing to tune included.

    Raises:
        ConfigError: if a name or a value is wrong, or the training rows cannot be split again.
        ResultError: if a journal cannot be used.
    """
    if config.tuned:
        raise ConfigError("[tuned] is what tuning finds; tune with a config that has no such table")
    ((source, dataset),) = loaded.items()
    protocol = config.resolved_protocol(dataset)
    view = _view(options, dataset, protocol)
    (aggregator,) = labels([options.aggregator], config.set, sequential=protocol.looks_back)
    options = options.model_copy(update={"view": view, "aggregator": aggregator})
    planned = config.aggregators if aggregator in config.aggregator_names(protocol) else [aggregator]
    alone = config.model_copy(update={"seeds": [options.seed], "aggregators": planned})
    searches = {
        job.served: Search(job, options, _fixed(config, job))
        for job in plan_jobs(alone, {source: dataset}, results)
    }
    with ExitStack() as stack:
        for search in searches.values():
            if search.space:
                search.open()
                stack.callback(search.close)
            report(search)
        queue = deque(job for search in searches.values() if (job := search.begin()) is not None)
        limit = min(config.timeout, options.timeout_per_method or math.inf)
        executor = stack.enter_context(open_executor(config, loaded))
        workers = at_a_time(config, executor)
        begin(workers or executor.capacity(config.threads))
        events = executor.run(queue, workers=workers, threads=config.threads, timeout=limit)
        for event in stack.enter_context(closing(events)):
            job = event.job if isinstance(event, JobOutcome) else event
            search = searches[job.served]
            search.at_work = job is event
            if isinstance(event, JobOutcome):
                following = search.take(event)
                if following is not None:
                    # First, so that the methods that were begun, the expensive ones, are not kept waiting.
                    queue.appendleft(following)
            report(search)
    order = config.method_names()
    return sorted(searches.values(), key=lambda search: order.index(search.job.method))


def _fixed(config: Config, job: Job) -> set[str]:
    """The hyperparameters that are not to be tuned, because somebody set them."""
    weight = {WEIGHT} & config.model_fields_set
    return {*values_for(config.set, job.method, job.groups_as), *weight}


def _view(options: TuningOptions, dataset: Dataset, protocol: Protocol) -> str:
    """The view that was asked for, or the first one that can evaluate the validation rows."""
    if options.view is not None and options.view not in protocol.views:
        raise ConfigError(unknown(f"view of the protocol {protocol.name}", options.view, protocol.views))
    task = inner_task(dataset, protocol, options.seed, 0)
    cases, _ = protocol.make_cases(task, () if options.view is None else (options.view,))
    return cases[0].view.name
