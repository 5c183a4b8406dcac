"""Which jobs a config asks for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from groupbench.core import registry
from groupbench.core.errors import ConfigError
from groupbench.models.group_adapter import served, served_by
from groupbench.runner.aggregators import entry_of, is_set_for
from groupbench.runner.determinism import needs_one_thread
from groupbench.runner.job import Job, file_hash
from groupbench.runner.keys import code_hashes, further_cutoffs, hyperparameters_digest, job_keys
from groupbench.runner.resolve import made, modes, train_workers, tuning_of, values_for, weighed

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset
    from groupbench.evaluation.protocols import Protocol
    from groupbench.models.group_adapter import GroupsAs
    from groupbench.runner.config import Config


def plan_jobs(config: Config, loaded: Mapping[str, Dataset], results: Path) -> list[Job]:
    """Every job that `config` asks for, expensive ones first, in an order that is always the same.

    Raises:
        ConfigError: if a method, a hyperparameter or a protocol option is unknown or wrong, if the data
            cannot answer what is asked (`Protocol.require`), if a hyperparameter was tuned for another data
            set or protocol, or if it asks for threads with which the method cannot be repeated or for
            training workers that it cannot use.
        PluginError: if a method cannot be made, or promises what nobody knows, or the source of it or of an
            aggregator cannot be read.
    """
    aggregators = {}
    for source, dataset in loaded.items():
        protocol = config.resolved_protocol(dataset)
        protocol.require(dataset)
        names = config.aggregator_names(protocol)
        aggregators[source] = {name: entry_of(name).source_hash for name in names}
    jobs = [
        job
        for source, dataset in loaded.items()
        for protocol in [config.resolved_protocol(dataset)]
        for name in config.method_names()
        for mode in modes(config, registry.methods[name], dataset, protocol)
        for job in _plan_method(config, aggregators[source], (source, dataset), protocol, name, mode, results)
    ]
    known = {name for job in jobs for name in (job.method, job.served)} | config.tuned.keys()
    for name, values in config.set.items():
        if values and name not in known and not is_set_for(name):
            raise ConfigError(
                f"set {name}.*: {served_by(name)} serves no groups so here; see --groups-as, which is for "
                "recommenders of users and for groups with rows of their own"
            )
    # Jobs of one data set and seed stay together: a worker keeps their split and groups.
    rank = {source: i for i, source in enumerate(loaded)}
    return sorted(jobs, key=lambda job: (-job.cost, rank[job.source], job.seed))


def _plan_method(
    config: Config,
    aggregators: Mapping[str, str],
    loaded: tuple[str, Dataset],
    protocol: Protocol,
    name: str,
    mode: GroupsAs,
    results: Path,
) -> list[Job]:
    """The jobs of one method that serves groups in one way, one for each seed; errors as of `plan_jobs`.

    `aggregators` maps their names to the hashes of their sources.
    """
    (source, dataset), entry, row = loaded, registry.methods[name], served(name, mode)
    given, weight = weighed(mode, values_for(config.set, name, mode), config.group_weight)
    overrides, parameters, cost = made(entry, given)
    seeds, one_thread = config.seed_list(), config.deterministic and needs_one_thread(entry, parameters)
    decides = dataset, protocol, entry, parameters, (mode, weight)
    chosen, further = hyperparameters_digest(*decides[3:]), further_cutoffs(config.k or (), protocol)
    keys = job_keys(*decides, aggregators=aggregators, one_thread=one_thread, seeds=seeds, cutoffs=further)
    code, plugins = code_hashes(entry, aggregators, protocol), _plugin_hashes(config)
    return [
        Job(
            source=source,
            data_dir=config.data_dir,
            dataset=dataset.name,
            content_hash=dataset.content_hash,
            seed_label=dataset.seed_label,
            simulated=dataset.simulated,
            protocol={**config.protocol, "name": protocol.name},
            protocol_label=protocol.label,
            method=name,
            overrides=overrides,
            seed=seed,
            aggregators=tuple(aggregators),
            plugins=plugins,
            code=code,
            results=str(results),
            key=keys[seed],
            cost=cost,
            foreign=bool(entry.version) or not entry.make.__module__.startswith("groupbench."),
            one_thread=one_thread,
            tuning=tuning_of(row, config.tuned.get(row), chosen, dataset.name, protocol.label),
            groups_as=mode,
            group_weight=weight,
            cutoffs=further,
            train_workers=train_workers(entry, config.train_workers),
            memory_budget=config.memory_budget,
            watts=config.watts,
            version=entry.version,
            text_hash=dataset.text_hash,
        )
        for seed in seeds
    ]


def _plugin_hashes(config: Config) -> dict[str, str]:
    return {str(path): file_hash(path) for path in (Path(file).resolve() for file in config.plugins)}
