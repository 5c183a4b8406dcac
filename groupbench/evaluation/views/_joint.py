"""Lists of what the members of groups rated together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import Segments, stable_order
from groupbench.core.kernels import worthwhile
from groupbench.data.dataset import Ratings
from groupbench.evaluation.views._base import member_rows
from groupbench.evaluation.views._lists import RowLists

if TYPE_CHECKING:
    from groupbench.data.groups import Groups


def joint_lists(ratings: Ratings, groups: Groups) -> RowLists:
    """For each group with any the items that its members rated, with their mean rating."""
    counts = np.bincount(ratings.users, minlength=ratings.n_users)
    n_rows = int(counts[groups.members].sum())
    if worthwhile(n_rows):
        return _compiled(ratings, groups, np.concatenate([[0], np.cumsum(counts)]), n_rows)
    owners, rows = member_rows(ratings, groups)
    joint = Ratings(owners, ratings.items[rows], ratings.values[rows], len(groups), ratings.n_items).unique()
    return RowLists.gather(joint.users, joint.items, joint.values)


def _compiled(ratings: Ratings, groups: Groups, starts: np.ndarray, n_rows: int) -> RowLists:
    """The same without a line for each row of each member."""
    from groupbench.evaluation.views import _joint_kernels as kernels

    by_user = stable_order(ratings.users, ratings.n_users)
    given = groups.members, groups.segments.offsets, starts, ratings.items[by_user], ratings.values[by_user]
    sizes, items, truth = np.empty(len(groups), np.int64), np.empty(n_rows, np.int64), np.empty(n_rows)
    n = kernels.join(*given, ratings.n_items, sizes, items, truth)
    for rows in (items, truth):
        rows.resize(n, refcheck=False)
    owners = np.flatnonzero(sizes)
    return RowLists(owners, Segments.from_sizes(sizes[owners]), items, truth)
