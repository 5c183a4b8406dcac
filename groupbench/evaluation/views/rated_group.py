"""The paper-style group view: the items that members rated in the held-out rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupbench.evaluation.views._base import VIEWS, View
from groupbench.evaluation.views._joint import joint_lists

if TYPE_CHECKING:
    from groupbench.evaluation.task import Task
    from groupbench.evaluation.views._lists import Lists


def _build(task: Task, tau: float) -> Lists:
    return joint_lists(task.held_out, task.train.groups)


RATED_GROUP = View(
    name="rated-group",
    definition="groups rank the items their members rated in the held-out rows; truth is the mean rating",
    entity="group",
    tau=3.5,
    build=_build,
    rated_only=True,
)

VIEWS.register(RATED_GROUP)
