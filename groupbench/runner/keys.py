"""What decides the outcome of a job, of a trial and of a search, and so their keys; nothing else does.

A change here makes new keys, with which nothing that was done before counts any longer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from groupbench.core.digests import digest
from groupbench.core.registry import methods, text_encoders
from groupbench.core.version import VERSION
from groupbench.evaluation import evaluate
from groupbench.evaluation.protocols import PROTOCOLS
from groupbench.evaluation.views import VIEWS
from groupbench.metrics import METRICS
from groupbench.models.group_adapter import WEIGHT
from groupbench.results.environment import ENVIRONMENT
from groupbench.results.selection import CODE

if TYPE_CHECKING:
    from groupbench.core.entry import Entry
    from groupbench.data.dataset import Dataset
    from groupbench.evaluation.protocols import Protocol
    from groupbench.models.group_adapter import GroupsAs


def job_keys(
    dataset: Dataset,
    protocol: Protocol,
    entry: Entry,
    parameters: Mapping[str, object],
    adapter: tuple[GroupsAs, int],
    *,
    aggregators: Mapping[str, str],
    one_thread: bool,
    seeds: Sequence[int],
    cutoffs: Sequence[int] = (),
) -> dict[int, str]:
    """The keys of jobs that differ by their seed alone.

    Args:
        dataset: its content decides, and what seeds are drawn by, wherever it lies.
        protocol: with all its options.
        entry: the method; the code that it depends on decides too.
        parameters: all its hyperparameters.
        adapter: how it serves groups, and the weight of a group's row.
        aggregators: their names and the hashes of their sources.
        one_thread: whether the process is held to one thread.
        seeds: one for each key.
        cutoffs: K at which metrics are computed besides those of the views.
    """
    decides = {
        "content": dataset.content_hash,
        "seed_label": dataset.seed_label,
        "protocol": protocol.model_dump(),
        "method": entry.name,
        "parameters": parameters,
        "code": [VERSION, evaluate.VERSION, entry.source_hash],
        "aggregators": dict(aggregators),
        "one_thread": one_thread,
        **({"version": entry.version} if entry.version else {}),
        **({"environment": entry.environment} if entry.environment else {}),
        **_added(protocol),
        **_adapted(adapter),
        **_built_on(entry, parameters),
        **({"cutoffs": list(cutoffs)} if cutoffs else {}),
        **({"texts": dataset.text_hash} if dataset.text_hash else {}),
    }
    return {seed: digest({**decides, "seed": seed}) for seed in seeds}


def code_hashes(entry: Entry, aggregators: Mapping[str, str], protocol: Protocol) -> dict[str, str]:
    """Short hashes of the code that decides the values of a job, by what it is of, as records hold them.

    Args:
        entry: the method.
        aggregators: their names and the hashes of their sources.
        protocol: what plugins add to its evaluation is of the code too.
    """
    named = {
        "method": entry.source_hash,
        **{f"aggregator {name}": code for name, code in aggregators.items()},
    }
    for kind, hashes in _added(protocol).items():
        named |= {f"{kind.removesuffix('s')} {name}": code for name, code in hashes.items()}
    if entry.environment:
        named[ENVIRONMENT] = digest(entry.environment)
    return {name: code[:CODE] for name, code in named.items()}


def further_cutoffs(asked: Sequence[int], protocol: Protocol) -> tuple[int, ...]:
    """The K that some view of the protocol has not by itself, ascending."""
    usual = [set(VIEWS[name].cutoffs) for name in protocol.views]
    return tuple(sorted({k for k in asked if any(k not in there for there in usual)}))


def trial_key(
    job_key: str, hyperparameters: Mapping[str, object], repeat: int, view: str, aggregator: str
) -> str:
    """The key of a job with other hyperparameters, evaluated on a validation split of its training rows."""
    return digest({"job": job_key, "set": hyperparameters, "repeat": repeat, "by": [view, aggregator]})


def search_key(job_key: str, space: Mapping[str, object], question: Sequence[object]) -> str:
    """The key of a search for the hyperparameters of a job in a space, and by what they are chosen."""
    return digest(
        {"job": job_key, "space": {name: str(domain) for name, domain in space.items()}, "by": question}
    )


def hyperparameters_digest(parameters: Mapping[str, object], adapter: tuple[GroupsAs, int]) -> str:
    """By what tuned hyperparameters are recognized: all of them, and `adapter` as of `job_keys`."""
    return digest({**parameters, **_adapted(adapter)})


def _added(protocol: Protocol) -> dict[str, dict[str, str]]:
    """What plugins and entry points add to methods and evaluation, with the hashes of their code."""
    views, protocols = VIEWS.added(), PROTOCOLS.added()
    added = {
        "encoders": text_encoders.added(),
        "metrics": METRICS.added(),
        "views": {name: views[name] for name in protocol.views if name in views},
        "protocols": {name: protocols[name] for name in [protocol.name] if name in protocols},
    }
    return {kind: hashes for kind, hashes in added.items() if hashes}


def _built_on(entry: Entry, parameters: Mapping[str, object]) -> dict[str, dict[str, str]]:
    """The code of the methods that this one is built on, by hyperparameter."""
    named = {name: str(parameters[name]) for name in getattr(entry.make, "built_on", ())}
    found = {name: methods[base].source_hash for name, base in named.items()}
    return {"built_on": found} if found else {}


def _adapted(adapter: tuple[GroupsAs, int]) -> dict[str, object]:
    mode, weight = adapter
    return {} if mode == "members" else {"groups_as": mode, WEIGHT: weight}
