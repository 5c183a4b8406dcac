"""Views: how held-out rows evaluate a ranking, one file each.

A view says who is evaluated, on which candidates, against what truth; how rows are held out is a protocol's.
"""

from groupbench.evaluation.views._base import (
    CUTOFFS,
    VIEWS,
    EvaluationCase,
    View,
    member_rows,
    rated_by_members,
)
from groupbench.evaluation.views._lists import CatalogueLists, ListBlock, Lists, MemberTruth, RowLists

__all__ = [
    "CUTOFFS",
    "VIEWS",
    "CatalogueLists",
    "EvaluationCase",
    "ListBlock",
    "Lists",
    "MemberTruth",
    "RowLists",
    "View",
    "member_rows",
    "rated_by_members",
]
