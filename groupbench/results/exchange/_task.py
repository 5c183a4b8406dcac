"""A split without its truth, for methods that run elsewhere, in any language."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from groupbench.core.arrays import ObjectArray
from groupbench.core.files import new_folder
from groupbench.evaluation.views import CatalogueLists, RowLists
from groupbench.results.exchange._task_split import unsuited

if TYPE_CHECKING:
    from groupbench.data.dataset import Features, Ratings
    from groupbench.data.texts import Texts
    from groupbench.evaluation.views import EvaluationCase
    from groupbench.results.exchange._task_split import PreparedSplit

Columns = dict[str, NDArray[Any]]

TEXT = "text"
"""The column of texts, which no feature is called: those of words read `text:word`."""

ANSWER = (
    "for each view a CSV or parquet file with the columns entity, item and score (higher is better), or a "
    "TREC run; evaluate it with 'groupbench score FILE --view VIEW' and the same data set, protocol and seed"
)


def export_task(split: PreparedSplit, out: Path) -> list[str]:
    """Write what methods learn from and what they are to rank, and nothing of what will evaluate them.

    These are `train.csv`, `groups.csv`, `group_train.csv` where groups have ratings, `users.csv` and
    `items.csv` with ids, features and texts, for each view `candidates-VIEW.csv`, or `entities-VIEW.csv` and
    `excluded-VIEW.csv` where all items but these are candidates, and `task.json`, which says what is what.

    Args:
        split: the split.
        out: a new folder.

    Returns:
        The views, with `: reason` behind those that rankings cannot answer.

    Raises:
        ConfigError: if `out` exists.
        ResultError: if it cannot be written.
    """
    train = split.task.train
    groups = np.array(train.groups.ids, dtype=object)
    asked = {name: unsuited(case) for name, case in split.cases.items()} | split.reasons
    with new_folder(out) as folder:
        _write_rows(folder / "train.csv", "user", split.user_ids, split.item_ids, train.ratings)
        if train.group_ratings is not None:
            _write_rows(folder / "group_train.csv", "group", groups, split.item_ids, train.group_ratings)
        members = {
            "group": groups[train.groups.segments.of_row],
            "user": split.user_ids[train.groups.members],
        }
        _write(folder / "groups.csv", members)
        _write(
            folder / "users.csv", _described("user", split.user_ids, train.user_features, train.user_texts)
        )
        _write(
            folder / "items.csv", _described("item", split.item_ids, train.item_features, train.item_texts)
        )
        views = {
            name: _write_view(folder, split, case) for name, case in split.cases.items() if not asked[name]
        }
        card = {**task_card(split), "views": views, "answer": ANSWER}
        (folder / "task.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    reasons = {name: reason.removeprefix(f"view {name}: ") for name, reason in asked.items()}
    return [f"{name}: {reason}" if reason else name for name, reason in reasons.items()]


def task_card(split: PreparedSplit) -> dict[str, object]:
    """What `task.json` says of data, protocol and seed."""
    return {
        "dataset": split.dataset.name,
        "content_hash": split.dataset.content_hash,
        "simulated": split.dataset.simulated,
        "protocol": split.protocol.model_dump(),
        "seed": split.seed,
        "scale": split.dataset.scale,
    }


def _write_view(folder: Path, split: PreparedSplit, case: EvaluationCase) -> dict[str, str]:
    """Write the candidates of a view; returns what `task.json` says of it."""
    lists, view = case.lists, case.view
    entities = np.array(split.entity_ids(case), dtype=object)
    n_items = split.dataset.ratings.n_items
    if isinstance(lists, CatalogueLists):
        file, rule = f"excluded-{view.name}.csv", f"for entities-{view.name}.csv rank all items but these"
        _write(folder / f"entities-{view.name}.csv", {"entity": entities[lists.entities]})
        owners, items = np.divmod(lists.excluded, n_items)
        pairs = lists.entities[owners] * n_items + items
    else:
        assert isinstance(lists, RowLists)
        file, rule = f"candidates-{view.name}.csv", "rank these"
        pairs = np.unique(lists.entities[lists.segments.of_row] * n_items + lists.items)
    owners, items = np.divmod(pairs, n_items)
    _write(folder / file, {"entity": entities[owners], "item": split.item_ids[items]})
    return {
        "definition": view.definition,
        "entity": view.entity,
        "file": file,
        "rule": rule,
    }


def _write_rows(file: Path, owner: str, owner_ids: ObjectArray, item_ids: ObjectArray, rows: Ratings) -> None:
    columns = {owner: owner_ids[rows.users], "item": item_ids[rows.items], "rating": rows.values}
    if rows.timestamps is not None:
        columns["timestamp"] = rows.timestamps
    _write(file, columns)


def _described(kind: str, ids: ObjectArray, features: Features | None, texts: Texts) -> Columns:
    named = {} if features is None else dict(zip(features.names, features.values.T, strict=True))
    written = {} if texts is None else {TEXT: np.array(texts, dtype=object)}
    return {kind: ids, **named, **written}


def _write(file: Path, columns: Columns) -> None:
    import pyarrow as pa
    from pyarrow import csv

    arrays = {
        name: pa.array(values, type=pa.string()) if values.dtype == object else pa.array(values)
        for name, values in columns.items()
    }
    csv.write_csv(pa.table(arrays), file)
