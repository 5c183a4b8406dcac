"""Views: how held-out rows judge a ranking, one file each."""

from groupbench.evaluation.views._base import CUTOFFS, EvaluationCase, View, member_rows
from groupbench.evaluation.views._lists import Block, CatalogueLists, Lists, MemberTruth, RowLists
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
    "Block",
    "CatalogueLists",
    "EvaluationCase",
    "Lists",
    "MemberTruth",
    "RowLists",
    "View",
    "member_rows",
]
