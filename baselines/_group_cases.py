"""Rows of groups that are left out, so that a model of groups learns from predicting them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import Segments

if TYPE_CHECKING:
    from groupbench.core.arrays import BoolArray, IntArray
    from groupbench.data.dataset import Ratings
    from groupbench.data.groups import Groups

SHARE = 0.1
"""Share of the rows that is left out at a time: with many more, the rest would say less than all rows do."""
MOST = 5
"""Most rows of one group that are left out at a time."""


@dataclass(frozen=True)
class LeftOut:
    """Rows that were left out.

    Attributes:
        out: (n_rows,) whether each row was.
        cases: those of them that are to be predicted.
    """

    out: BoolArray
    cases: IntArray


def some_of_each(rows: Ratings, rng: np.random.Generator) -> LeftOut:
    """Leave out each row with probability `SHARE`, but one of each group stays and at most `MOST` go."""
    position = _position(rows.users, rng)
    counts = np.bincount(rows.users, minlength=rows.n_users)
    most = np.minimum(np.minimum(rng.binomial(counts, SHARE), MOST), counts - 1)
    out = position < most[rows.users]
    return LeftOut(out, np.flatnonzero(out))


def all_of_some(rows: Ratings, rng: np.random.Generator) -> LeftOut:
    """Leave out all rows of that `SHARE` of the groups with rows; one row of each is to be predicted."""
    groups = rng.permutation(np.unique(rows.users))
    out = np.isin(rows.users, groups[: max(1, int(SHARE * len(groups)))])
    return LeftOut(out, np.flatnonzero(out & (_position(rows.users, rng) == 0)))


def popular_ones(items: IntArray, rows: Ratings, n: int, rng: np.random.Generator) -> IntArray:
    """`n` items for each case, (n_cases, n), drawn as often as `rows` have them, but never the chosen one.

    Args:
        items: (n_cases, 2 or more) items of each case: the chosen one, and one that may stand in for it.
        rows: rows to draw from.
        n: items for each case.
        rng: draws them.
    """
    drawn = rows.items[rng.integers(0, len(rows), (len(items), n))]
    return np.where(drawn == items[:, :1], items[:, 1:2], drawn)


def without_derived(
    users: Ratings, joint: Ratings, groups: Groups, out: BoolArray, rng: np.random.Generator
) -> Ratings:
    """The rows of `users` without those that the groups' rows which are left `out` derive from.

    Each member's row with an item is thought to be the origin of another one of the group's rows with that
    item, at random, and goes with it: members then never have an item more often than their group, which
    would tell what was left out.
    """
    keys, pair = np.unique(joint.users * joint.n_items + joint.items, return_inverse=True)
    group, item = keys // joint.n_items, keys % joint.n_items
    positions, inside = groups.segments.window(group)
    wanted = groups.members[positions] * users.n_items + item[:, None]
    keys_of_users = users.users * users.n_items + users.items
    origin, column = np.nonzero(inside & np.isin(wanted, keys_of_users))
    row_position, origin_position = _position(pair, rng), _position(origin, rng)
    width = max(row_position.max(initial=0), origin_position.max(initial=0)) + 1
    gone = np.isin(origin * width + origin_position, (pair * width + row_position)[out])
    return users.take(~np.isin(keys_of_users, wanted[origin[gone], column[gone]]))


def _position(owners: IntArray, rng: np.random.Generator) -> IntArray:
    """The position of each row among its owner's in random order, (n_rows,)."""
    order = rng.permutation(len(owners))
    order = order[np.argsort(owners[order], kind="stable")]
    sizes = np.unique(owners, return_counts=True)[1]
    position = np.empty(len(owners), dtype=np.int64)
    position[order] = Segments.from_sizes(sizes).position
    return position
