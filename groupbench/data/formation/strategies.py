"""The kinds of formed groups, and `form`, which makes any of them by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from groupbench.core.arrays import IntArray
from groupbench.core.errors import ConfigError, unknown
from groupbench.data.formation._criteria import DEFAULT, Criteria
from groupbench.data.formation._fill import draw_subsets, fill
from groupbench.data.formation._subgroups import form_subgroups

if TYPE_CHECKING:
    from groupbench.data.dataset import Ratings
    from groupbench.data.groups import Groups

Sizes = int | Sequence[int]

TRIES = 50
"""Groups proposed per group asked for before giving up."""


def random_groups(
    ratings: Ratings, *, sizes: Sizes, n_groups: int, rng: np.random.Generator, tries: int = TRIES
) -> Groups:
    """Draw groups evenly from all groups of users with training rows.

    Args:
        ratings: training rows only.
        sizes: members of a group, one size or several, each at least 2.
        n_groups: groups of all sizes together, shared evenly; the first sizes get the remainder.
        rng: draws the members.
        tries: groups proposed per group asked for, at most.

    Returns:
        Distinct groups, ordered by size as given; a user may be in several.

    Raises:
        ConfigError: if a number is out of range, or the data have too few such groups.
    """
    users = np.unique(ratings.users)

    def propose(size: int, n: int) -> IntArray:
        if len(users) < size:
            return np.empty((0, size), dtype=np.int64)
        return users[draw_subsets(len(users), size, n, rng)]

    remedy = f"{len(users)} users have training rows;"
    return fill(propose, kind="random", sizes=sizes, n_groups=n_groups, tries=tries, remedy=remedy)


def same_item_groups(
    ratings: Ratings, *, sizes: Sizes, n_groups: int, rng: np.random.Generator, tries: int = TRIES
) -> Groups:
    """Draw groups whose members all rated one item: evenly an item, then evenly some of its raters.

    Arguments, result and errors are those of `random_groups`.
    """
    columns = ratings.matrix().T.tocsr()
    raters, starts = np.diff(columns.indptr), columns.indptr[:-1]

    def propose(size: int, n: int) -> IntArray:
        items = np.flatnonzero(raters >= size)
        if len(items) == 0:
            return np.empty((0, size), dtype=np.int64)
        drawn = rng.choice(items, n)
        places = starts[drawn][:, None] + draw_subsets(raters[drawn], size, n, rng)
        return np.asarray(columns.indices[places], dtype=np.int64)

    remedy = f"no item has more than {raters.max(initial=0)} raters;"
    return fill(propose, kind="same-item", sizes=sizes, n_groups=n_groups, tries=tries, remedy=remedy)


def similar_groups(
    ratings: Ratings,
    *,
    sizes: Sizes,
    n_groups: int,
    rng: np.random.Generator,
    criteria: Criteria = DEFAULT,
    tries: int = TRIES,
) -> Groups:
    """Grow groups from random seeds: each next member is similar to any or to all before it.

    Kaya, Bridge and Tintarev, "Ensuring Fairness in Group Recommendations by Rank-Sensitive Balancing
    of Relevance", RecSys 2020. Each next member is drawn evenly from all users who may join.

    Args:
        ratings: training rows only.
        sizes: members of a group, one size or several, each at least 2.
        n_groups: groups of all sizes together, shared evenly; the first sizes get the remainder.
        rng: draws seeds and members.
        criteria: who is similar or divergent, and whether to any or to all.
        tries: seeds tried per group asked for, at most.

    Returns:
        Distinct groups, ordered by size as given, with members in the order in which they joined; a
        user may be in several.

    Raises:
        ConfigError: if a number is out of range, or the data have too few such groups.
    """
    make = partial(fill, sizes=sizes, n_groups=n_groups, tries=tries)
    return form_subgroups("similar", "similar", lambda size: (size,), ratings, criteria, rng, make)


def divergent_groups(
    ratings: Ratings,
    *,
    sizes: Sizes,
    n_groups: int,
    rng: np.random.Generator,
    criteria: Criteria = DEFAULT,
    tries: int = TRIES,
) -> Groups:
    """Grow groups like `similar_groups`, but each next member is divergent from any or from all before it.

    Arguments, result and errors are those of `similar_groups`.
    """
    make = partial(fill, sizes=sizes, n_groups=n_groups, tries=tries)
    return form_subgroups("divergent", "divergent", lambda size: (size,), ratings, criteria, rng, make)


def one_divergent_groups(
    ratings: Ratings,
    *,
    sizes: Sizes,
    n_groups: int,
    rng: np.random.Generator,
    criteria: Criteria = DEFAULT,
    tries: int = TRIES,
) -> Groups:
    """Grow groups like `similar_groups`, whose last member is divergent from all others: a minority of one.

    It is the minority of Barile et al., "Evaluating explainable social choice-based aggregation
    strategies for group recommendation", UMUAI 2023. Pairs are just divergent.

    Arguments, result and errors are those of `similar_groups`.
    """
    make = partial(fill, sizes=sizes, n_groups=n_groups, tries=tries)
    return form_subgroups(
        "one-divergent", "similar", lambda size: (size - 1, 1), ratings, criteria, rng, make
    )


def coalitional_groups(
    ratings: Ratings,
    *,
    sizes: Sizes,
    n_groups: int,
    rng: np.random.Generator,
    criteria: Criteria = DEFAULT,
    tries: int = TRIES,
) -> Groups:
    """Grow groups of two subgroups, similar within as in `similar_groups` and divergent from each other.

    It is the coalition of Barile et al., UMUAI 2023. The subgroups stand one after the other; the first
    has one member more where the size is odd.

    Arguments, result and errors are those of `similar_groups`.
    """
    make = partial(fill, sizes=sizes, n_groups=n_groups, tries=tries)
    return form_subgroups(
        "coalitional", "similar", lambda size: (size - size // 2, size // 2), ratings, criteria, rng, make
    )


KINDS: dict[str, Callable[..., Groups]] = {
    "random": random_groups,
    "similar": similar_groups,
    "divergent": divergent_groups,
    "one-divergent": one_divergent_groups,
    "coalitional": coalitional_groups,
    "same-item": same_item_groups,
}
"""The function behind each name."""

WITHOUT_CRITERIA = ("random", "same-item")
"""Kinds that look at no correlation."""


def form(
    kind: str,
    ratings: Ratings,
    *,
    sizes: Sizes,
    n_groups: int,
    rng: np.random.Generator,
    relate: Literal["any", "all"] = DEFAULT.relate,
    similar_from: float = DEFAULT.similar_from,
    divergent_to: float = DEFAULT.divergent_to,
    min_corated: int = DEFAULT.min_corated,
    tries: int = TRIES,
) -> Groups:
    """Form groups of one of the `KINDS` from training rows.

    Args:
        kind: `random`, `similar`, `divergent`, `one-divergent`, `coalitional` or `same-item`.
        ratings: training rows only; statistics over held-out rows would leak.
        sizes: members of a group, one size or several, each at least 2.
        n_groups: groups of all sizes together, shared evenly; the first sizes get the remainder.
        rng: draws all that is random.
        relate: whether a new member must relate to any or to all members before it.
        similar_from: users with at least this Pearson correlation over co-rated items are similar.
        divergent_to: users with at most this one are divergent.
        min_corated: users who share fewer items are neither.
        tries: groups or seeds tried per group asked for, at most.

    Returns:
        Distinct groups, ordered by size as given; a user may be in several. Random and same-item
        groups heed none of the criteria from `relate` to `min_corated`.

    Raises:
        ConfigError: if the kind is unknown, a value is out of range, or the data have too few such
            groups; it says how many could be formed and what to relax.
    """
    if kind not in KINDS:
        raise ConfigError(unknown("kind of group", kind, KINDS))
    options: dict[str, Any] = {"sizes": sizes, "n_groups": n_groups, "rng": rng, "tries": tries}
    if kind not in WITHOUT_CRITERIA:
        options["criteria"] = Criteria(relate, similar_from, divergent_to, min_corated)
    return KINDS[kind](ratings, **options)
