"""The kinds of formed groups: from a draw of single users to subgroups that disagree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from groupbench.core.arrays import IntArray, distinct
from groupbench.core.errors import ConfigError, unknown
from groupbench.data.formation._criteria import DEFAULT, Criteria
from groupbench.data.formation._fill import Proposals, draw_subsets, fill
from groupbench.data.formation._subgroups import subgroup_proposals

if TYPE_CHECKING:
    from groupbench.data.dataset import Ratings
    from groupbench.data.groups import Groups

Sizes = int | Sequence[int]

TRIES = 50
"""Groups proposed per group asked for before giving up."""


def _random(ratings: Ratings, rng: np.random.Generator) -> Proposals:
    """Groups drawn evenly from all groups of users with training rows."""
    users = distinct(ratings.users)

    def propose(size: int, n: int) -> IntArray:
        if len(users) < size:
            return np.empty((0, size), dtype=np.int64)
        return users[draw_subsets(len(users), size, n, rng)]

    return Proposals(propose, f"{len(users)} users have training rows;")


def _same_item(ratings: Ratings, rng: np.random.Generator) -> Proposals:
    """Groups whose members all rated one item: evenly an item, then evenly some of its raters."""
    columns = ratings.matrix().T.tocsr()
    raters, starts = np.diff(columns.indptr), columns.indptr[:-1]

    def propose(size: int, n: int) -> IntArray:
        items = np.flatnonzero(raters >= size)
        if len(items) == 0:
            return np.empty((0, size), dtype=np.int64)
        drawn = rng.choice(items, n)
        cells = starts[drawn][:, None] + draw_subsets(raters[drawn], size, n, rng)
        return np.asarray(columns.indices[cells], dtype=np.int64)

    return Proposals(propose, f"no item has more than {raters.max(initial=0)} raters;")


class Shape(NamedTuple):
    """How groups grow: the relation within each subgroup, and the sizes of the subgroups of a group.

    Attributes:
        within: the relation between members of one subgroup.
        subgroups: sizes of the subgroups, from the size of the group.
    """

    within: Literal["similar", "divergent"]
    subgroups: Callable[[int], tuple[int, ...]]


SHAPES = {
    "similar": Shape("similar", lambda size: (size,)),
    "divergent": Shape("divergent", lambda size: (size,)),
    "one-divergent": Shape("similar", lambda size: (size - 1, 1)),
    "coalitional": Shape("similar", lambda size: (size - size // 2, size // 2)),
}
"""The kinds that grow by relations: members of one subgroup are related, those of two are divergent."""

KINDS = ("random", *SHAPES, "same-item")
"""All kinds of groups."""


def form(
    kind: str,
    ratings: Ratings,
    *,
    sizes: Sizes,
    n_groups: int,
    rng: np.random.Generator,
    criteria: Criteria = DEFAULT,
    tries: int = TRIES,
) -> Groups:
    """Form groups of one of the `KINDS` from training rows.

    `random` groups are drawn evenly from all groups of users, `same-item` groups from the raters of an item
    that is drawn evenly. The others grow from random seeds, each next member drawn evenly from all users who
    may join: in `similar` and `divergent` groups those who are so to any or to all members before it (Kaya,
    Bridge and Tintarev, "Ensuring Fairness in Group Recommendations by Rank-Sensitive Balancing of
    Relevance", RecSys 2020). The last member of a `one-divergent` group is divergent from the others, who are
    similar (a pair is just divergent), and a `coalitional` group is two similar subgroups, each divergent
    from all of the other, the first with one member more where the size is odd: the minority and the
    coalition of Barile et al., "Evaluating explainable social choice-based aggregation strategies for group
    recommendation", UMUAI 2023.

    Args:
        kind: `random`, `similar`, `divergent`, `one-divergent`, `coalitional` or `same-item`.
        ratings: training rows only; statistics over held-out rows would leak.
        sizes: members of a group, one size or several, each at least 2.
        n_groups: groups of all sizes together, shared evenly; the first sizes get the remainder.
        rng: draws all that is random.
        criteria: who is similar or divergent, and whether to any or to all; random and same-item groups
            heed none.
        tries: groups or seeds tried per group asked for, at most.

    Returns:
        Distinct groups, ordered by size as given, with members in the order in which they joined; a user may
        be in several.

    Raises:
        ConfigError: if the kind is unknown, a value is out of range, or the data have too few such
            groups; it says how many could be formed and what to relax.
    """
    if kind not in KINDS:
        raise ConfigError(unknown("kind of group", kind, KINDS))
    if kind in SHAPES:
        proposals = subgroup_proposals(*SHAPES[kind], ratings, criteria, rng)
    else:
        proposals = (_random if kind == "random" else _same_item)(ratings, rng)
    return fill(proposals, kind=kind, sizes=sizes, n_groups=n_groups, tries=tries)
