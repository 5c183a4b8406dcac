"""Collect distinct groups of the sizes asked for, in a bounded number of tries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from groupbench.core.arrays import IntArray, Segments
from groupbench.core.errors import ConfigError
from groupbench.data.groups import Groups

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Propose = Callable[[int, int], IntArray]
"""Makes at most n groups of a size, (<= n, size), from (size, n); they may repeat."""


class Proposals(NamedTuple):
    """Where groups of one kind come from.

    Attributes:
        propose: makes groups.
        remedy: what to relax or know if the data have no such groups, up to a comma or semicolon.
        at_once: groups to propose in one call, at most.
    """

    propose: Propose
    remedy: str
    at_once: int = 100_000


SPARE = 32
"""Tries beyond the groups still missing, so that a few failures need no further round."""


def fill(proposals: Proposals, *, kind: str, sizes: int | Sequence[int], n_groups: int, tries: int) -> Groups:
    """Take distinct proposed groups until there are `n_groups`, shared evenly among the sizes.

    Args:
        proposals: makes groups; it may fail for some.
        kind: the kind of group, for the error.
        sizes: members of a group, one number or several, each at least 2; repeats count once.
        n_groups: groups of all sizes together; the first sizes get one more where it does not divide.
        tries: groups to propose per group asked for, at most.

    Raises:
        ConfigError: if a number is out of range, or too few groups could be formed.
    """
    shares = _shares(sizes, n_groups)
    _at_least(1, tries=tries)
    found = []
    for size, share in shares.items():
        groups = _distinct(proposals, size, share, tries * share)
        if len(groups) < share:
            raise ConfigError(
                f"only {len(groups)} of {share} {kind} groups of {size} users could be formed in "
                f"{tries * share} tries; {proposals.remedy} ask for fewer (n_groups) "
                "or smaller (sizes) groups"
            )
        found.append(groups)
    members = np.concatenate([groups.ravel() for groups in found])
    segments = Segments.from_sizes(np.repeat(list(shares), list(shares.values())))
    return Groups(tuple(map(str, range(n_groups))), segments, members)


def _shares(sizes: int | Sequence[int], n_groups: int) -> dict[int, int]:
    """How many groups of each size."""
    wanted: list[int] = list(dict.fromkeys(np.atleast_1d(sizes).tolist()))
    _at_least(2, sizes=min(wanted, default=0))
    _at_least(1, n_groups=n_groups)
    return {size: n_groups // len(wanted) + (i < n_groups % len(wanted)) for i, size in enumerate(wanted)}


def _at_least(lowest: int, **numbers: int) -> None:
    for name, number in numbers.items():
        if number < lowest:
            raise ConfigError(f"{name}={number}; at least {lowest} is needed")


def _distinct(proposals: Proposals, size: int, n_groups: int, limit: int) -> IntArray:
    found = np.empty((0, size), dtype=np.int64)
    tried = 0
    while len(found) < n_groups and tried < limit:
        n = min(n_groups - len(found) + SPARE, proposals.at_once, limit - tried)
        found = np.concatenate([found, proposals.propose(size, n)])
        _, first = np.unique(np.sort(found, axis=1), axis=0, return_index=True)
        found = found[np.sort(first)]
        tried += n
    return found[:n_groups]


def draw_subsets(n_choices: ArrayLike, size: int, n: int, rng: np.random.Generator) -> IntArray:
    """Draw `n` subsets of `size` out of 0 to `n_choices` - 1, all equally likely, by Floyd's algorithm.

    Args:
        n_choices: how many there are to choose from, one number or (n,) numbers, each at least `size`.
        size: members of a subset.
        n: number of subsets.
        rng: draws them.

    Returns:
        (n, size), without repeats in a line.
    """
    chosen = np.empty((n, size), dtype=np.int64)
    for place in range(size):
        last = np.asarray(n_choices) - size + place
        drawn = rng.integers(0, last + 1, size=n)
        taken = (chosen[:, :place] == drawn[:, None]).any(axis=1)
        chosen[:, place] = np.where(taken, last, drawn)
    return chosen
