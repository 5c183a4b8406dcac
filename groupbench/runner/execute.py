"""One job from data to record, in the process that is called."""

from __future__ import annotations

import importlib
import random
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from groupbench import provenance, registry, store
from groupbench.collect import Judged
from groupbench.errors import DatasetError, MethodError
from groupbench.evaluation import evaluate, refusal
from groupbench.measure import Stopwatch
from groupbench.protocol import make_protocol
from groupbench.recommender import Method, ReferenceRow
from groupbench.seeding import generator, integer
from groupbench.task import Task
from groupbench.views import VIEWS, Judgement

if TYPE_CHECKING:
    from groupbench.data import Dataset
    from groupbench.runner.jobs import Job


def execute(job: Job) -> None:
    """Fit and judge one job and write its record.

    Raises:
        GroupbenchError: typed, if the data, the options or the method are at fault.
        Exception: whatever the method itself raised.
    """
    for plugin in job.plugins:
        registry.load_plugin(plugin)
    dataset = _dataset(job.source, job.data_dir)
    if dataset.content_hash != job.content_hash:
        raise DatasetError(f"dataset {job.dataset} changed while the run was going on; start the run again")
    task, judgements = _task(job.source, job.data_dir, _freeze(job.protocol), job.seed)
    watch = Stopwatch()
    method = _made(job)
    unsuited = method.skip(task.train) if isinstance(method, Method) else ""
    judged = [] if unsuited else _judged(job, method, task, judgements, watch)
    record = job.record(
        "done",
        figures=tuple(_figures(j) for j in judged),
        views={j.view.name: _summary(j, unsuited or refusal(method, j.view)) for j in judgements},
        seconds={k: round(v, 6) for k, v in watch.seconds.items()},
        peak_mb={k: round(v, 1) for k, v in watch.peak_mb.items()},
        environment=provenance.environment(),
    )
    store.write(job.folder, record, _tables(dataset, task, judged) if judged else {})


def _made(job: Job) -> Method | ReferenceRow:
    method = registry.methods[job.method].create(**job.overrides)
    if not isinstance(method, Method | ReferenceRow):
        raise MethodError(f"method {job.method} is no Recommender or GroupRecommender; subclass one")
    return method


def _judged(job: Job, method: Any, task: Task, judgements: list[Judgement], watch: Stopwatch) -> list[Judged]:
    if isinstance(method, Method):
        for library in method.libraries:
            importlib.import_module(library)
        _seed_globals(job)
        with watch.phase("fit"):
            method.fit(task.train, rng=generator(job.dataset, "method", job.method, job.seed))
    aggregators = {name: registry.aggregators[name].create() for name in job.aggregators}
    return evaluate(method, task, judgements, aggregators, watch)


def _seed_globals(job: Job) -> None:
    """Methods owe all randomness to `rng`; this keeps a careless one from depending on its neighbours."""
    seed = integer(generator(job.dataset, "globals", job.method, job.seed))
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


@lru_cache(maxsize=2)
def _dataset(source: str, data_dir: str | None) -> Dataset:
    from groupbench.loading import load

    return load(source, None if data_dir is None else Path(data_dir))


@lru_cache(maxsize=2)
def _task(
    source: str, data_dir: str | None, options: tuple[tuple[str, Any], ...], seed: int
) -> tuple[Task, list[Judgement]]:
    protocol = make_protocol(dict(options))
    task = protocol.prepare(_dataset(source, data_dir), seed)
    return task, [VIEWS[name].judge(task, protocol.tau) for name in protocol.views]


def _freeze(options: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted((k, tuple(v) if isinstance(v, list) else v) for k, v in options.items()))


def _figures(judged: Judged) -> store.Figures:
    values = judged.means("expected")
    return store.Figures(
        view=judged.judgement.view.name,
        aggregator=judged.aggregator,
        values=values,
        best=judged.means("best"),
        worst=judged.means("worst"),
        tied=values.get("tied_share@10", float("nan")),
    )


def _summary(judgement: Judgement, reason: str) -> dict[str, Any]:
    return {
        "entities": int(judgement.judged.sum()),
        "skipped": int((~judgement.judged).sum()),
        "tau": judgement.tau,
        "entity": judgement.view.entity,
        "definition": judgement.view.definition,
        "reason": reason,
    }


def _tables(dataset: Dataset, task: Task, judged: list[Judged]) -> dict[str, Any]:
    import pyarrow as pa

    return {
        "entities": pa.concat_tables(
            [_entity_table(j, dataset, task) for j in judged], promote_options="default"
        ),
        "top": pa.concat_tables([_top_table(j, dataset, task) for j in judged]),
        "groups": _group_table(task),
    }


def _group_table(task: Task) -> Any:
    import pyarrow as pa

    from groupbench.formation import describe

    statistics = describe(task.train.groups, task.train.ratings)
    columns = {"size": statistics.size, "cohesion": statistics.cohesion, "activity": statistics.activity}
    return pa.table({"group": list(task.train.groups.ids), **columns})


def _names(judged: Judged, dataset: Dataset, task: Task) -> list[str]:
    ids = dataset.user_ids if judged.judgement.view.entity == "user" else task.train.groups.ids
    return [ids[i] for i in judged.judgement.lists.entities[judged.judgement.judged]]


def _entity_table(judged: Judged, dataset: Dataset, task: Task) -> Any:
    import pyarrow as pa

    names = _names(judged, dataset, task)
    kept = judged.judgement.judged
    return pa.table(
        {
            "view": pa.repeat(judged.judgement.view.name, len(names)).dictionary_encode(),
            "aggregator": pa.repeat(judged.aggregator, len(names)).dictionary_encode(),
            "entity": names,
            **{name: values[kept] for name, values in judged.values["expected"].items()},
        }
    )


def _top_table(judged: Judged, dataset: Dataset, task: Task) -> Any:
    import pyarrow as pa

    names = np.array(_names(judged, dataset, task), dtype=object)
    lists, ranks = np.nonzero(judged.top[judged.judgement.judged] >= 0)
    items = judged.top[judged.judgement.judged][lists, ranks]
    return pa.table(
        {
            "view": pa.repeat(judged.judgement.view.name, len(lists)).dictionary_encode(),
            "aggregator": pa.repeat(judged.aggregator, len(lists)).dictionary_encode(),
            "entity": pa.array(names[lists], type=pa.string()).dictionary_encode(),
            "rank": pa.array(ranks + 1, type=pa.int32()),
            "item": pa.array(
                np.array(dataset.item_ids, dtype=object)[items], type=pa.string()
            ).dictionary_encode(),
        }
    )
