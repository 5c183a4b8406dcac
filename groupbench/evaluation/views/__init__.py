"""Views: how held-out rows evaluate a ranking, one file each."""

from groupbench.evaluation.views._base import CUTOFFS, EvaluationCase, View, member_rows
from groupbench.evaluation.views._lists import CatalogueLists, ListBlock, Lists, MemberTruth, RowLists
from groupbench.evaluation.views.coupled import COUPLED, DECOUPLED
from groupbench.evaluation.views.full import FULL
from groupbench.evaluation.views.natural import NATURAL
from groupbench.evaluation.views.rated_group import RATED_GROUP
from groupbench.evaluation.views.rated_rows import RATED_ROWS
from groupbench.evaluation.views.rated_user import RATED_USER, SURPRISE_FAQ
from groupbench.evaluation.views.sampled import SAMPLED

VIEWS = {
    view.name: view
    for view in (
        RATED_GROUP,
        RATED_USER,
        RATED_ROWS,
        SURPRISE_FAQ,
        COUPLED,
        DECOUPLED,
        NATURAL,
        *FULL,
        *SAMPLED,
    )
}

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
]
