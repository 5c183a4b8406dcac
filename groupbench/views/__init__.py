"""Views: how held-out rows judge a ranking, one file each."""

from groupbench.views._base import Judgement, View
from groupbench.views.rated_group import RATED_GROUP
from groupbench.views.rated_rows import RATED_ROWS
from groupbench.views.rated_user import RATED_USER, SURPRISE_FAQ

VIEWS = {view.name: view for view in (RATED_GROUP, RATED_USER, RATED_ROWS, SURPRISE_FAQ)}

__all__ = ["VIEWS", "Judgement", "View"]
