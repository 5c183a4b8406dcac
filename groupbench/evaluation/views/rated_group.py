"""The paper-style group view: the items that members rated in the held-out rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupbench.data.dataset import Ratings
from groupbench.evaluation.views._base import VIEWS, View, member_rows
from groupbench.evaluation.views._lists import Lists, RowLists

if TYPE_CHECKING:
    from groupbench.evaluation.task import Task


def _build(task: Task, tau: float) -> Lists:
    held_out, groups = task.held_out, task.train.groups
    owners, rows = member_rows(held_out, groups)
    joint = Ratings(
        owners, held_out.items[rows], held_out.values[rows], len(groups), held_out.n_items
    ).unique()
    return RowLists.gather(joint.users, joint.items, joint.values)


RATED_GROUP = View(
    name="rated-group",
    definition="groups rank the items their members rated in the held-out rows; truth is the mean rating",
    entity="group",
    tau=3.5,
    build=_build,
    rated_only=True,
)

VIEWS.register(RATED_GROUP)
