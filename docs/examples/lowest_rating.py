"""A view in which an item is worth to a group what the member who likes it least says of it."""

from __future__ import annotations

import numpy as np

from groupbench.evaluation.task import Task
from groupbench.evaluation.views import VIEWS, Lists, RowLists, View, member_rows


def build(task: Task, tau: float) -> Lists:
    """A list for each group of what its members rated in the held-out rows; truth is the lowest rating."""
    held_out = task.held_out
    groups, rows = member_rows(held_out, task.train.groups)
    pairs, pair_of_row = np.unique(groups * held_out.n_items + held_out.items[rows], return_inverse=True)
    lowest = np.full(len(pairs), np.inf)
    np.minimum.at(lowest, pair_of_row, held_out.values[rows])
    return RowLists.gather(pairs // held_out.n_items, pairs % held_out.n_items, lowest)


VIEWS.register(
    View(
        name="rated-lowest",
        definition="groups rank the items their members rated in the held-out rows; "
        "truth is the lowest rating",
        entity="group",
        tau=3.5,
        build=build,
    )
)
