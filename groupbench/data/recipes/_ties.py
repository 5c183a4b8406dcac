"""Who knows whom: pairs of users, in any direction."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from groupbench.core.arrays import BoolArray, IntArray, distinct, in_sorted
from groupbench.data.recipes._log import Tally, known_codes


@dataclass(frozen=True, repr=False)
class Ties:
    """Undirected ties between users.

    Attributes:
        keys: (n_ties,) ascending, `low * n_users + high` of the two codes.
        n_users: number of users.
    """

    keys: IntArray
    n_users: int

    @classmethod
    def between(cls, first: IntArray, second: IntArray, n_users: int) -> Self:
        """Ties of pairs of codes, (n,) each, in any direction and as often as they like."""
        return cls(distinct(pair_keys(first, second, n_users)), n_users)

    def hold(self, first: IntArray, second: IntArray) -> BoolArray:
        """Which pairs, (n,), are tied."""
        return in_sorted(pair_keys(first, second, self.n_users), self.keys)

    @property
    def ends(self) -> tuple[IntArray, IntArray]:
        """The two users of each tie, the lower code first."""
        return self.keys // self.n_users, self.keys % self.n_users

    @property
    def members(self) -> BoolArray:
        """Which users have a tie, (n_users,)."""
        found = np.zeros(self.n_users, dtype=np.bool_)
        for end in self.ends:
            found[end] = True
        return found


def pair_keys(first: IntArray, second: IntArray, n_users: int) -> IntArray:
    """One integer for each pair of codes, the same in both directions."""
    low = np.minimum(first, second).astype(np.int64)
    return np.asarray(low * n_users + np.maximum(first, second))


def read_friends(tally: Tally, path: Path | None, user_ids: tuple[str, ...]) -> Ties:
    """The ties of `--friends`: columns user and friend, undirected.

    Rows with users of whom nothing else is known, and of a user with itself, are left out and counted.
    """
    table = tally.table("friends", path).require("user", "friend")
    users, friends = (known_codes(table, column, user_ids) for column in ("user", "friend"))
    strangers = (users < 0) | (friends < 0)
    loops = ~strangers & (users == friends)
    tally.drop("friendships with a user who has no row", int(strangers.sum()))
    tally.drop("friendships of a user with itself", int(loops.sum()))
    good = ~strangers & ~loops
    ties = Ties.between(users[good], friends[good], len(user_ids))
    tally.drop("repeated friendships", int(good.sum()) - len(ties.keys))
    tally.facts["friendships"] = len(ties.keys)
    return ties
