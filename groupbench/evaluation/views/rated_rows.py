"""The view of the authors' related code: held-out rows by group, duplicates kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupbench.evaluation.views._base import VIEWS, View, member_rows
from groupbench.evaluation.views._lists import Lists, RowLists

if TYPE_CHECKING:
    from groupbench.evaluation.task import Task


def _build(task: Task, tau: float) -> Lists:
    held_out = task.held_out
    owners, rows = member_rows(held_out, task.train.groups)
    return RowLists.gather(owners, held_out.items[rows], held_out.values[rows])


RATED_ROWS = View(
    name="rated-rows",
    definition="groups rank their members' held-out rows, an item once per row; truth is the row's rating",
    entity="group",
    tau=3.7,
    build=_build,
    without_relevant="keep",
    rated_only=True,
)

VIEWS.register(RATED_ROWS)
