"""Rounds for the same groups: how long lists are, and who is there in each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import BoolArray, IntArray, Segments, distinct, in_sorted
from groupbench.core.errors import ConfigError
from groupbench.data.groups import Groups

if TYPE_CHECKING:
    from groupbench.data.dataset import Ratings


@dataclass(frozen=True)
class Rounds:
    """What happens in rounds of recommendations to groups.

    Attributes:
        groups: those of the first round.
        members: (n_rounds, n_rows) who has each place of the groups in each round.
        depth: items recommended in each round.
        order: (n_items,) which of equally good items comes first, ascending.
    """

    groups: Groups
    members: IntArray
    depth: int
    order: IntArray

    def __len__(self) -> int:
        return len(self.members)

    @property
    def length(self) -> int:
        """Items recommended in all rounds."""
        return len(self) * self.depth

    @cached_property
    def new(self) -> BoolArray:
        """(n_rounds, n_rows) whose member was not there in the round before; in the first nobody is new."""
        return np.asarray(np.diff(self.members, axis=0, prepend=self.members[:1]) != 0)

    @property
    def joined(self) -> IntArray:
        """(n_rounds, n_rows) the round, from 0, since which the member of the round is there."""
        return np.asarray(np.maximum.accumulate(np.arange(len(self))[:, None] * self.new, axis=0))

    @property
    def changes(self) -> bool:
        """Whether anybody leaves."""
        return bool(self.new.any())

    def rows(self, which: IntArray) -> IntArray:
        """The rows of the given groups, one group after the other."""
        rows, inside = self.groups.segments.window(which)
        return np.asarray(rows[inside])

    def in_round(self, number: int, which: IntArray) -> Groups:
        """The given groups in a round, from 0."""
        return replace(self.groups.take(which), members=self.members[number, self.rows(which)])

    def everyone(self) -> Groups:
        """The groups with all who are a member in any round."""
        n_users = int(self.members.max()) + 1
        pairs = distinct((self.groups.segments.of_row * n_users + self.members).ravel())
        sizes = np.bincount(pairs // n_users)
        return Groups(self.groups.ids, Segments.from_sizes(sizes), pairs % n_users)


def draw_members(
    groups: Groups, ratings: Ratings, n_rounds: int, churn: float, rng: np.random.Generator
) -> IntArray:
    """Who has each place of the groups in each round, (n_rounds, n_rows).

    After each round every member leaves with the probability `churn`. A user with ratings who was never in
    the group, each as likely as any other, takes the place.

    Args:
        groups: those of the first round.
        ratings: who has ratings.
        n_rounds: how many rounds.
        churn: from 0 to below 1.
        rng: draws who leaves and who joins.

    Raises:
        ConfigError: if there are not enough users.
    """
    n_users, owner = ratings.n_users, groups.segments.of_row
    users = distinct(ratings.users)
    members = np.repeat(groups.members[None], n_rounds, axis=0)
    known = np.sort(owner * n_users + groups.members)
    for number in range(1, n_rounds):
        waiting = np.flatnonzero(rng.random(len(owner)) < churn)
        needed = np.bincount(owner[waiting], minlength=len(groups))
        if (np.bincount(known // n_users, minlength=len(groups)) + needed > len(users)).any():
            raise ConfigError(
                f"churn={churn} with rounds={n_rounds} needs more users than the {len(users)} with training "
                "rows; ask for fewer rounds, less churn or smaller groups"
            )
        while len(waiting):
            drawn = owner[waiting] * n_users + rng.choice(users, len(waiting))
            fresh = np.zeros(len(drawn), dtype=np.bool_)
            fresh[np.unique(drawn, return_index=True)[1]] = True
            fresh &= ~in_sorted(drawn, known)
            members[number:, waiting[fresh]] = drawn[fresh] % n_users
            known, waiting = np.sort(np.append(known, drawn[fresh])), waiting[~fresh]
    return members
