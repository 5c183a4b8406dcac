"""What a record and the tables beside it hold of the figures of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from groupbench.evaluation.views import VIEWS
from groupbench.results import store

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset
    from groupbench.evaluation.accumulate import CaseResult
    from groupbench.evaluation.task import Task
    from groupbench.evaluation.views import EvaluationCase


def figures(judged: CaseResult) -> store.ViewMetrics:
    """The means of one view and aggregator, as the record holds them."""
    values = judged.means("expected")
    return store.ViewMetrics(
        view=judged.case.view.name,
        aggregator=judged.aggregator,
        values=values,
        best=judged.means("best"),
        worst=judged.means("worst"),
        tied=values.get("tied_share@10", float("nan")),
    )


def summary(case: EvaluationCase, reason: str) -> dict[str, Any]:
    """Who is judged by a view, and by what; `reason` says why there are no figures, if there are none."""
    return {
        "entities": int(case.evaluated.sum()),
        "skipped": int((~case.evaluated).sum()),
        "tau": case.tau,
        "entity": case.view.entity,
        "definition": case.view.definition,
        "oracle": case.view.oracle,
        "reason": reason,
    }


def unjudged(view: str, reason: str) -> dict[str, Any]:
    """The summary of a view that does not apply to the data."""
    known = {"entity": VIEWS[view].entity, "definition": VIEWS[view].definition, "reason": reason}
    return {"entities": 0, "skipped": 0, "tau": None, **known}


def tables(dataset: Dataset, task: Task, judged: list[CaseResult]) -> dict[str, Any]:
    """The tables beside a record, by name: values of every entity, recommended lists, and the groups."""
    import pyarrow as pa

    return {
        "entities": pa.concat_tables(
            [_entity_table(j, dataset, task) for j in judged], promote_options="default"
        ),
        "top": pa.concat_tables([_top_table(j, dataset, task) for j in judged]),
        "groups": _group_table(dataset, task),
    }


def _group_table(dataset: Dataset, task: Task) -> Any:
    import pyarrow as pa

    from groupbench.data.formation import describe

    statistics = describe(task.train.groups, task.train.ratings)
    columns = {"size": statistics.size, "cohesion": statistics.cohesion, "activity": statistics.activity}
    ids = pa.array(dataset.user_ids, type=pa.string()).take(pa.array(task.train.groups.members))
    members = pa.ListArray.from_arrays(pa.array(task.train.groups.segments.offsets, type=pa.int32()), ids)
    return pa.table({"group": list(task.train.groups.ids), **columns, "members": members})


def _names(judged: CaseResult, dataset: Dataset, task: Task) -> list[str]:
    ids = dataset.user_ids if judged.case.view.entity == "user" else task.train.groups.ids
    return [ids[i] for i in judged.case.lists.entities[judged.case.evaluated]]


def _entity_table(judged: CaseResult, dataset: Dataset, task: Task) -> Any:
    import pyarrow as pa

    names = _names(judged, dataset, task)
    kept = judged.case.evaluated
    return pa.table(
        {
            "view": pa.repeat(judged.case.view.name, len(names)).dictionary_encode(),
            "aggregator": pa.repeat(judged.aggregator, len(names)).dictionary_encode(),
            "entity": names,
            **{name: values[kept] for name, values in judged.values["expected"].items()},
        }
    )


def _top_table(judged: CaseResult, dataset: Dataset, task: Task) -> Any:
    import pyarrow as pa

    names = np.array(_names(judged, dataset, task), dtype=object)
    lists, ranks = np.nonzero(judged.top[judged.case.evaluated] >= 0)
    items = judged.top[judged.case.evaluated][lists, ranks]
    return pa.table(
        {
            "view": pa.repeat(judged.case.view.name, len(lists)).dictionary_encode(),
            "aggregator": pa.repeat(judged.aggregator, len(lists)).dictionary_encode(),
            "entity": pa.array(names[lists], type=pa.string()).dictionary_encode(),
            "rank": pa.array(ranks + 1, type=pa.int32()),
            "item": pa.array(
                np.array(dataset.item_ids, dtype=object)[items], type=pa.string()
            ).dictionary_encode(),
        }
    )
