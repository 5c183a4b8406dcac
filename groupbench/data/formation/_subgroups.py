"""Grow many groups at once, member by member, from seeds and relations."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np

from groupbench.core.arrays import IntArray
from groupbench.data.formation._criteria import Criteria
from groupbench.data.formation._disagreement import Relations
from groupbench.data.formation._fill import Proposals
from groupbench.data.formation._pearson import Correlations

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from groupbench.data.dataset import Ratings

CELLS_AT_ONCE = 20_000_000
"""Groups times users of one batch of growing groups, at most: a bound on its candidates."""


def subgroup_proposals(
    within: Literal["similar", "divergent"],
    subgroups: Callable[[int], tuple[int, ...]],
    ratings: Ratings,
    criteria: Criteria,
    rng: np.random.Generator,
) -> Proposals:
    """Groups of a size that grow in `subgroups`, with the relation `within` each of them."""
    bounds = {"similar": (criteria.similar_from, 1.0), "divergent": (-1.0, criteria.divergent_to)}
    used = {within} | ({"divergent"} if len(subgroups(2)) > 1 else set())
    matrix = ratings.matrix()
    correlations = Correlations(matrix, min_corated=criteria.min_corated)
    relations = Relations(correlations, ratings.n_users, {name: bounds[name] for name in sorted(used)})
    take = _seeds(np.flatnonzero(np.diff(matrix.indptr) >= criteria.min_corated), rng)

    def propose(size: int, n: int) -> IntArray:
        return grow(take(n), subgroups(size), relations, within=within, relate=criteria.relate, rng=rng)

    return Proposals(propose, _remedy(criteria, used), max(1, CELLS_AT_ONCE // max(1, ratings.n_users)))


def _seeds(users: IntArray, rng: np.random.Generator) -> Callable[[int], IntArray]:
    """Deal out users in random order, everybody once before anybody again."""
    pool = users[:0]

    def take(n: int) -> IntArray:
        nonlocal pool
        while len(pool) < n and len(users):
            pool = np.concatenate([pool, rng.permutation(users)])
        taken, pool = pool[:n], pool[n:]
        return taken

    return take


def _remedy(criteria: Criteria, used: set[str]) -> str:
    """What of the criteria to relax."""
    relax = [f"lower similar_from={criteria.similar_from}"] if "similar" in used else []
    if "divergent" in used:
        relax.append(f"raise divergent_to={criteria.divergent_to}")
    relax.append(f"lower min_corated={criteria.min_corated}")
    if criteria.relate == "all":
        relax.append("take relate='any'")
    return "".join(f"{remedy}, " for remedy in relax).rstrip()


def grow(
    seeds: IntArray,
    subgroups: tuple[int, ...],
    relations: Relations,
    *,
    within: str,
    relate: Literal["any", "all"],
    rng: np.random.Generator,
) -> IntArray:
    """Grow a group from each seed; each next member is drawn evenly from all users who may join.

    Args:
        seeds: (n,) the first member of each group.
        subgroups: sizes of the subgroups of which a group is made.
        relations: the relation `within` and, for more than one subgroup, `divergent`.
        within: the relation to any or all members of one's own subgroup who came before.
        relate: which of the two; to the members of other subgroups everybody is `divergent` from all.
        rng: draws the members.

    Returns:
        (n_grown, sum(subgroups)) members in the order in which they joined; a group that nobody may
        join before it is full is left out.
    """
    members = seeds[:, None]
    full = 0
    for size in subgroups:
        while len(members) and members.shape[1] < full + size:
            inside = members.shape[1] - full
            needed = 1 if relate == "any" else inside
            joinable = _related(members, slice(full, None), relations, within, needed) if inside else None
            if full:
                strangers = _related(members, slice(full), relations, "divergent", full)
                joinable = strangers if joinable is None else joinable.multiply(strangers).tocsr()
            members = _join(members, joinable, rng)
        full += size
    return members if len(members) else np.empty((0, full), dtype=np.int64)


def _related(members: IntArray, which: slice, relations: Relations, relation: str, needed: int) -> csr_array:
    """Users outside each group who relate to at least `needed` of some members, (n_groups, n_users)."""
    rows = relations.of(relation, members)
    n_users, size = relations.n_users, members.shape[1]
    # Members, who may relate to themselves and each other, fall below any `needed`.
    counts = _incidence(members[:, which], n_users) @ rows - size * _incidence(members, n_users)
    counts.data = (counts.data >= needed).astype(np.int32)
    counts.eliminate_zeros()
    return counts


def _incidence(members: IntArray, n_users: int) -> csr_array:
    from scipy.sparse import csr_array

    n, size = members.shape
    ones = np.ones(n * size, dtype=np.int32)
    return csr_array((ones, members.ravel(), np.arange(n + 1) * size), shape=(n, n_users))


def _join(members: IntArray, joinable: csr_array, rng: np.random.Generator) -> IntArray:
    """Add one of the `joinable` users to each group; groups without any are left out."""
    joinable.sort_indices()  # products leave them in an order of their own
    choices = np.diff(joinable.indptr)
    drawn = joinable.indptr[:-1] + np.floor(rng.random(len(members)) * choices).astype(np.int64)
    alive = choices > 0
    return np.hstack([members[alive], joinable.indices[drawn[alive], None].astype(np.int64)])
