"""What a record and the tables beside it say of the metric values of a job."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from groupbench.core.errors import ResultError
from groupbench.core.files import require_readable
from groupbench.evaluation.views import VIEWS
from groupbench.results import store

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset
    from groupbench.evaluation.accumulate import CaseResult
    from groupbench.evaluation.task import Task
    from groupbench.evaluation.views import EvaluationCase

ROWS = 500_000_000
"""Rows that a table may have: a file of a few bytes can promise any number of them."""

PARTIAL = {b"partial": b"some rows of a packed results folder"}
"""What the schema of a table says that was put back from an archive."""
ID = ("dataset", "protocol", "method", "key")
"""What one record is stored by."""
_TEXT = ("view", "aggregator", "entity", "item", "group", *ID)


def view_metrics(result: CaseResult) -> store.ViewMetrics:
    """The means of one view and aggregator, as the record holds them."""
    values = result.means("expected")
    return store.ViewMetrics(
        view=result.case.view.name,
        aggregator=result.aggregator,
        values=values,
        best=result.means("best"),
        worst=result.means("worst"),
        tied=values.get("tied_share@10", float("nan")),
    )


def summary(case: EvaluationCase, reason: str, results: Sequence[CaseResult] = ()) -> dict[str, object]:
    """Who is evaluated in a view, and how; `reason` says why there are no scores, if there are none.

    Where `results` lack a metric for some of those who are evaluated, `defined` says how many have it.
    """
    defined = _defined(case, [result for result in results if result.case.view.name == case.view.name])
    return {
        "entities": int(case.evaluated.sum()),
        "skipped": int((~case.evaluated).sum()),
        "tau": case.tau,
        "entity": case.view.entity,
        "definition": case.view.definition,
        "oracle": case.view.oracle,
        "reason": reason,
        **({"defined": defined} if defined else {}),
    }


def _defined(case: EvaluationCase, results: Sequence[CaseResult]) -> dict[str, int]:
    """The metrics that not all evaluated lists have, and how many have them, with any aggregator."""
    found: dict[str, int] = {}
    for result in results:
        for name, values in result.values.get("expected", {}).items():
            n = int(np.count_nonzero(~np.isnan(values[case.evaluated])))
            if n < case.evaluated.sum():
                found[name] = min(n, found.get(name, n))
    return found


def not_evaluated(view: str, reason: str) -> dict[str, object]:
    """The summary of a view that does not apply to the data."""
    known = {"entity": VIEWS[view].entity, "definition": VIEWS[view].definition, "reason": reason}
    return {"entities": 0, "skipped": 0, "tau": None, **known}


def counts(dataset: Dataset, task: Task) -> dict[str, int]:
    """How much data there is, and how the protocol divides it: of joint ratings only where there are any."""
    parts = {
        "ratings": dataset.ratings,
        "training ratings": task.train.ratings,
        "held-out ratings": task.held_out,
        "joint training ratings": task.train.group_ratings,
        "joint held-out ratings": task.joint,
    }
    return {
        "users": dataset.ratings.n_users,
        "items": dataset.ratings.n_items,
        "groups": len(task.train.groups),
        **{name: len(rows) for name, rows in parts.items() if rows is not None},
    }


def tables(dataset: Dataset, task: Task, results: list[CaseResult]) -> dict[str, object]:
    """The tables beside a record, by name: values of every entity, recommended lists, and the groups."""
    import pyarrow as pa

    return {
        "entities": pa.concat_tables(
            [_entity_table(r, dataset, task) for r in results], promote_options="default"
        ),
        "top": pa.concat_tables([_top_table(r, dataset, task) for r in results]),
        "groups": _group_table(dataset, task),
    }


def _group_table(dataset: Dataset, task: Task) -> Any:
    import pyarrow as pa

    statistics = task.statistics
    columns = {"size": statistics.size, "cohesion": statistics.cohesion, "activity": statistics.activity}
    if task.options is not None:
        groups = task.options // dataset.ratings.n_items
        columns["options"] = np.bincount(groups, minlength=len(task.train.groups))
    ids = pa.array(dataset.user_ids, type=pa.string()).take(pa.array(task.train.groups.members))
    members = pa.ListArray.from_arrays(pa.array(task.train.groups.segments.offsets, type=pa.int32()), ids)
    return pa.table({"group": list(task.train.groups.ids), **columns, "members": members})


def _names(result: CaseResult, dataset: Dataset, task: Task) -> list[str]:
    ids = dataset.user_ids if result.case.view.entity == "user" else task.train.groups.ids
    return [ids[i] for i in result.case.lists.entities[result.case.evaluated]]


def _entity_table(result: CaseResult, dataset: Dataset, task: Task) -> Any:
    import pyarrow as pa

    names = _names(result, dataset, task)
    evaluated = result.case.evaluated
    return pa.table(
        {
            "view": pa.repeat(result.case.view.name, len(names)).dictionary_encode(),
            "aggregator": pa.repeat(result.aggregator, len(names)).dictionary_encode(),
            "entity": names,
            **{name: values[evaluated] for name, values in result.values["expected"].items()},
        }
    )


def _top_table(result: CaseResult, dataset: Dataset, task: Task) -> Any:
    import pyarrow as pa

    names = np.array(_names(result, dataset, task), dtype=object)
    lists, ranks = np.nonzero(result.top[result.case.evaluated] >= 0)
    items = result.top[result.case.evaluated][lists, ranks]
    return pa.table(
        {
            "view": pa.repeat(result.case.view.name, len(lists)).dictionary_encode(),
            "aggregator": pa.repeat(result.aggregator, len(lists)).dictionary_encode(),
            "entity": pa.array(names[lists], type=pa.string()).dictionary_encode(),
            "rank": pa.array(ranks + 1, type=pa.int32()),
            "item": pa.array(
                np.array(dataset.item_ids, dtype=object)[items], type=pa.string()
            ).dictionary_encode(),
        }
    )


def is_partial(file: Path) -> bool:
    """Whether a table was put back from an archive, which has some of its rows; False if unknown."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return (pq.read_schema(file).metadata or {}).get(b"partial") == PARTIAL[b"partial"]
    except (OSError, pa.ArrowException):
        return False


def read_columns(file: Path, columns: Sequence[str]) -> Any:
    """Those of `columns` that a parquet file has, as an Arrow table: text, lists of text, or numbers.

    Raises:
        ResultError: if it is missing or damaged, or a column is of another type.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        require_readable(file)
        with pq.ParquetFile(file) as parquet:
            names = list(parquet.schema_arrow.names)
            if parquet.metadata.num_rows > ROWS:
                raise ValueError(f"it has more than {ROWS:,} rows")
            present = [name for name in dict.fromkeys(columns) if name in names]
            for name in present:
                if names.count(name) > 1:
                    raise ValueError(f"it has several columns {name!r}")
            table = parquet.read(columns=present)
        return pa.table({name: _of_type(table, name) for name in present})
    except FileNotFoundError as error:
        raise ResultError(
            f"{file} is not there: archived results, and those merged without tables, keep no values of "
            "single users and groups, and no lists; where these are needed do the run itself"
        ) from error
    except (OSError, ValueError, MemoryError, pa.ArrowException) as error:
        why = " ".join(str(error).split())[:200]
        raise ResultError(
            f"{file} cannot be read ({why}); delete its folder and run the job again"
        ) from error


def _of_type(table: Any, name: str) -> Any:
    """A column, if it is of the type that groupbench writes under this name."""
    import pyarrow as pa

    column = table[name]
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    number = pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind)
    if name in _TEXT:
        fits, target = pa.types.is_string(kind) or pa.types.is_large_string(kind), pa.string()
    elif name == "members":
        fits, target = pa.types.is_list(kind) and pa.types.is_string(kind.value_type), pa.list_(pa.string())
    elif name == "rank":
        fits, target = pa.types.is_integer(kind), pa.int64()
    else:
        fits, target = number, kind if pa.types.is_integer(kind) else pa.float64()
    if not fits:
        raise ValueError(f"its column {name!r} holds {kind}")
    whole = name in (*_TEXT, "rank", "members")
    if whole and (
        column.null_count
        or (
            name == "members"
            and pa.chunked_array([chunk.flatten() for chunk in column.chunks], pa.string()).null_count
        )
    ):
        raise ValueError(f"its column {name!r} has gaps")
    return column.cast(target)
