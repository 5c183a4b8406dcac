"""Who is a friend of whom, or follows whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import FloatArray, IntArray, frozen

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True, repr=False)
class SocialTies:
    """Ties between users, each once, in ascending order. Arrays are read-only; `of` makes them of any pairs.

    Attributes:
        users: (n,) index of the user who has the tie; the lower one of both where ties have no direction.
        friends: (n,) index of the friend, or of whom the user follows.
        weights: (n,) strength of each tie; 1 where the data has none.
        directed: whether a tie holds from user to friend alone.
    """

    users: IntArray
    friends: IntArray
    weights: FloatArray
    directed: bool = False

    def __post_init__(self) -> None:
        for name, dtype in (("users", np.int64), ("friends", np.int64), ("weights", np.float64)):
            object.__setattr__(self, name, frozen(getattr(self, name), dtype))

    def __len__(self) -> int:
        return len(self.users)

    def __repr__(self) -> str:
        return f"SocialTies({len(self)} {'directed ' * self.directed}ties)"

    @classmethod
    def of(
        cls, users: IntArray, friends: IntArray, weights: FloatArray | None = None, *, directed: bool = False
    ) -> SocialTies:
        """Ties of pairs of users: of a repeated pair the first counts, and nobody is tied to themselves.

        Args:
            users: (n,) user indices.
            friends: (n,) user indices.
            weights: (n,) strengths; None for 1 each.
            directed: whether (a, b) and (b, a) are two ties; else they are one.
        """
        first, second = np.asarray(users, dtype=np.int64), np.asarray(friends, dtype=np.int64)
        if not directed:
            first, second = np.minimum(first, second), np.maximum(first, second)
        size = 1 + int(max(first.max(initial=-1), second.max(initial=-1)))
        kept = np.flatnonzero(first != second)
        _, at = np.unique(first[kept] * size + second[kept], return_index=True)
        rows = kept[at]
        strengths = np.ones(len(rows)) if weights is None else np.asarray(weights)[rows]
        return cls(first[rows], second[rows], strengths, directed)

    def matrix(self, n_users: int) -> csr_array:
        """The (n_users, n_users) sparse matrix of weights, symmetric where ties have no direction."""
        from scipy.sparse import csr_array

        ties = csr_array((self.weights, (self.users, self.friends)), shape=(n_users, n_users))
        return ties if self.directed else csr_array(ties + ties.T)
