"""Views: how held-out rows judge a ranking, one file each."""

from groupbench.views._base import CUTOFFS, Judgement, View, member_rows
from groupbench.views._lists import Block, CatalogueLists, Lists, MemberTruth, RowLists
from groupbench.views.coupled import COUPLED, DECOUPLED
from groupbench.views.full import FULL
from groupbench.views.natural import NATURAL
from groupbench.views.rated_group import RATED_GROUP
from groupbench.views.rated_rows import RATED_ROWS
from groupbench.views.rated_user import RATED_USER, SURPRISE_FAQ
from groupbench.views.sampled import SAMPLED

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
    "Judgement",
    "Lists",
    "MemberTruth",
    "RowLists",
    "View",
    "member_rows",
]
