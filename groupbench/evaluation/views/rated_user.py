"""The paper-style user view, and the definitions of Surprise's FAQ."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from groupbench.evaluation.views._base import VIEWS, View
from groupbench.evaluation.views._lists import Lists, RowLists

if TYPE_CHECKING:
    from groupbench.evaluation.task import Task


def _pairs(task: Task, tau: float) -> Lists:
    once = task.held_out.unique()
    return RowLists.gather(once.users, once.items, once.values)


def _rows(task: Task, tau: float) -> Lists:
    rows = task.held_out
    return RowLists.gather(rows.users, rows.items, rows.values)


RATED_USER = View(
    name="rated-user",
    definition="users rank the items they rated in the held-out rows; truth is that rating",
    entity="user",
    tau=3.5,
    build=_pairs,
    errors=True,
    rated_only=True,
)

SURPRISE_FAQ = replace(
    RATED_USER,
    name="surprise-faq",
    definition="as rated-user, but only items with a predicted rating of at least tau are recommended; "
    "precision divides by the number recommended, undefined values are 0 (Surprise's FAQ)",
    build=_rows,
    without_relevant="zero",
    estimates_only=True,
    errors=False,
    synonyms={"precision": "precision_capped", "f1": "f1_capped"},
)

VIEWS.register(RATED_USER)
VIEWS.register(SURPRISE_FAQ)
