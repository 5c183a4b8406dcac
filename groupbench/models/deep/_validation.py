"""Validation rows taken from training rows, those of groups where there are any, and how they evaluate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from groupbench.metrics import rank
from groupbench.models.deep._interactions import ChoiceRows
from groupbench.models.deep._network import Batch, blockwise

if TYPE_CHECKING:
    from groupbench.core.arrays import BoolArray, FloatArray, IntArray
    from groupbench.data.dataset import Ratings
    from groupbench.data.groups import Groups
    from groupbench.models.deep._interactions import Side
    from groupbench.models.deep._network import GroupNetwork

DEPTH = 10
NEGATIVES = 100
COLD_SHARE = 0.1
"""Where this share of the groups has no rows, this share of the others is held out whole."""
COLD_MOST = 1000
"""Most groups that are held out whole, and most users that are evaluated where groups have no rows."""
CELLS = 2**25
"""Most candidates in all lists of validation where each list holds all items."""
USERS_SHARE = 0.1
"""Share of the rows that is held out of these users."""


@dataclass(frozen=True)
class HeldOut:
    """Lists that groups, or users, rank in validation.

    Attributes:
        groups: (n,) the group of each list; the user where `side` says so.
        items: (n, k) candidates, or (1, k) where all lists have the same.
        chosen: (n, k) which candidates the group chose.
        whole: whether the groups have no rows left; else each list has one chosen item.
        side: whose lists these are.
        valid: (n, k) which candidates are ranked; None for all.
    """

    groups: IntArray
    items: IntArray
    chosen: BoolArray
    whole: bool = False
    side: Side = "groups"
    valid: BoolArray | None = None

    def ndcg(self, network: GroupNetwork) -> float:
        """Mean NDCG@10 of a network in evaluation mode: its expected value over orders of equal scores."""
        scores = self._scores(network)
        valid = np.ones_like(self.chosen) if self.valid is None else self.valid
        ranking = rank(scores, self.chosen, valid, DEPTH)
        ideal = rank(self.chosen.astype(np.float64), self.chosen, valid, DEPTH)
        return float(np.mean(ranking.gain[-1] / ideal.gain[-1]))

    @torch.no_grad()
    def _scores(self, network: GroupNetwork) -> FloatArray:
        batch = Batch(self.side, torch.tensor(self.groups), torch.tensor(self.items))
        return blockwise(network, network.encode(), batch).cpu().numpy().astype(np.float64)


def split_off(users: Ratings, rows: Ratings, groups: Groups) -> tuple[Ratings, Ratings, HeldOut | None]:
    """Take validation rows from those of groups, or where these have none, of users.

    Args:
        users: rows of users.
        rows: the groups' distinct training rows.
        groups: all groups.

    Returns:
        The rows of users and of groups that are left for training, and the lists; None if there is nothing
        to spare.
    """
    if len(rows) == 0:
        left, of_users = hold_out_users(users)
        return left, rows, of_users
    left, held_out = hold_out(rows)
    return users if held_out is None else without_given_away(users, groups, held_out), left, held_out


def hold_out_users(rows: Ratings) -> tuple[Ratings, HeldOut | None]:
    """Take a tenth of the rows of up to `COLD_MOST` users; they rank all items but those they have left.

    Returns:
        The distinct rows that are left for training, and the lists; None if no user has ten rows.
    """
    rows = rows.unique()
    counts = np.bincount(rows.users, minlength=rows.n_users)
    able = np.flatnonzero(counts * USERS_SHARE >= 1)
    if len(able) == 0:
        return rows, None
    users = np.sort(able[torch.randperm(len(able))[: _most_lists(rows.n_items)].cpu().numpy()])
    drawn, held = torch.rand(len(rows)).cpu().numpy(), np.zeros(len(rows), dtype=np.bool_)
    theirs = np.flatnonzero(np.isin(rows.users, users))
    order = theirs[np.lexsort((drawn[theirs], rows.users[theirs]))]
    position = np.arange(len(order)) - np.repeat(np.cumsum(counts[users]) - counts[users], counts[users])
    held[order] = position < (counts * USERS_SHARE).astype(np.int64)[rows.users[order]]
    chosen = np.zeros((len(users), rows.n_items), dtype=np.bool_)
    chosen[np.searchsorted(users, rows.users[held]), rows.items[held]] = True
    valid = np.ones_like(chosen)
    left = theirs[~held[theirs]]
    valid[np.searchsorted(users, rows.users[left]), rows.items[left]] = False
    items = np.arange(rows.n_items)[None]
    return rows.take(~held), HeldOut(users, items, chosen, side="users", valid=valid)


def hold_out(rows: Ratings) -> tuple[Ratings, HeldOut | None]:
    """Take validation rows from `rows`, the groups' distinct training rows, by torch's default generator.

    That is one row of each group with at least two, ranked among 100 items that the group did not choose.
    Where a tenth of the groups or more have no rows, such groups are what is evaluated: then a tenth of the
    others is held out whole and ranks all items.

    Returns:
        The rows that are left for training, and the lists; None if no group can spare a row.
    """
    counts = np.bincount(rows.users, minlength=rows.n_users)
    if (counts == 0).mean() >= COLD_SHARE:
        return _whole_groups(rows, counts)
    return _single_rows(rows, counts)


def without_given_away(users: Ratings, members: Groups, held_out: HeldOut) -> Ratings:
    """`users` without the rows in which a member chose the item that its group is evaluated by.

    Where a group's choice is also written down as each member's own, such a row would give it away. Nothing
    is left out where whole groups are held out.

    Args:
        users: rows of users.
        members: all groups.
        held_out: lists of some of them.
    """
    if held_out.whole:
        return users
    index, inside = members.segments.window(held_out.groups)
    chosen = held_out.items[held_out.chosen].repeat(members.sizes[held_out.groups])
    given_away = members.members[index[inside]] * users.n_items + chosen
    return users.take(~np.isin(users.users * users.n_items + users.items, given_away))


def _single_rows(rows: Ratings, counts: IntArray) -> tuple[Ratings, HeldOut | None]:
    order = torch.randperm(len(rows)).cpu().numpy()
    groups, first = np.unique(rows.users[order], return_index=True)
    held_out = order[first][counts[groups] > 1]
    if len(held_out) == 0:
        return rows, None
    others = ChoiceRows.of(rows).negatives_of(torch.tensor(rows.users[held_out]), NEGATIVES).cpu().numpy()
    items = np.column_stack([rows.items[held_out], others])
    chosen = np.zeros(items.shape, dtype=bool)
    chosen[:, 0] = True
    left = np.ones(len(rows), dtype=bool)
    left[held_out] = False
    return rows.take(left), HeldOut(rows.users[held_out], items, chosen)


def _whole_groups(rows: Ratings, counts: IntArray) -> tuple[Ratings, HeldOut | None]:
    warm = np.flatnonzero(counts)
    share = min(int(COLD_SHARE * len(warm)), _most_lists(rows.n_items))
    if share == 0:
        return rows, None
    groups = warm[np.sort(torch.randperm(len(warm))[:share].cpu().numpy())]
    held_out = np.isin(rows.users, groups)
    chosen = np.zeros((share, rows.n_items), dtype=bool)
    chosen[np.searchsorted(groups, rows.users[held_out]), rows.items[held_out]] = True
    return rows.take(~held_out), HeldOut(groups, np.arange(rows.n_items)[None], chosen, whole=True)


def _most_lists(n_items: int) -> int:
    return max(1, min(COLD_MOST, CELLS // n_items))
