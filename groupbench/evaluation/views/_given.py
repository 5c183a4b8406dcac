"""What the views of rows that came with the data share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from groupbench.core.errors import ConfigError
from groupbench.data.leakage import Partition, partition_of

if TYPE_CHECKING:
    from groupbench.evaluation.task import Task

Entity = Literal["user", "group"]


def given_part(task: Task, view: str, entity: Entity) -> Partition:
    """The held-out rows of users or groups that came with the data, next to all that is known of them.

    Raises:
        ConfigError: naming the `view`, if there are none.
    """
    rows = None
    if task.given is not None:
        rows = partition_of(task.given, f"{entity}s", task.train.ratings, task.train.group_ratings)
    if rows is None or len(rows.held.ratings) == 0:
        raise ConfigError(f"view {view}: no held-out {entity} rows came with the data")
    return rows
