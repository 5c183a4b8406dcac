"""What speaks for an item in the eyes of a group: features of (group, item) pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._group_graphs import averaging, filtered, similarity

if TYPE_CHECKING:
    from groupbench.arrays import FloatArray, IntArray

FLOOR = 1e-3
"""What is added to a share of a group's highest score before its logarithm is taken."""


class GroupFeatures:
    """Features of every item for any group, from rows of users and groups.

    Args:
        users: (n_users, n_items) sparse, 1 for each row of a user.
        groups: (n_groups, n_items) sparse, how often each group chose an item.
        members: (n_groups, n_users) sparse, 1 for each member.
        alike: (n_users, n_users) sparse, how much users are alike.
        topk: edges that the graphs keep for each node.
        l2: penalty of EASE.
        largest: EASE is left out if both rows and items are more than this.
    """

    def __init__(
        self, users: Any, groups: Any, members: Any, alike: Any, *, topk: int, l2: float, largest: int
    ) -> None:
        from scipy.sparse import vstack

        self._users, self._repeats, self._members = users, groups, members
        self._rows = groups.copy()
        self._rows.data[:] = 1.0
        self._mean = averaging(members)
        self._shared = averaging(members.T.tocsr())
        stacked = vstack([users, self._rows], format="csr")
        self._items = similarity(stacked, topk)
        self._flat = self._items.copy()
        self._flat.data **= 0.5
        self._of_groups = similarity(self._rows, topk, extra=np.asarray(members.sum(axis=1)))
        self._alike = alike
        self._ease = LinearEase(stacked, l2) if min(stacked.shape) <= largest else None
        self._popular = [np.log1p(np.asarray(rows.sum(axis=0))) for rows in (self._rows, users)]

    def of(self, groups: IntArray, *, own: bool) -> list[FloatArray]:
        """The features of all items for `groups`, (len(groups), n_items) each.

        Args:
            groups: group indices.
            own: whether to have features from the groups' own rows.
        """
        found = []
        for scores in self._scores(groups, own=own):
            share = np.maximum(scores, 0.0)
            share /= np.maximum(share.max(axis=1, keepdims=True), 1e-12)
            found += [share, np.log(FLOOR + share)]
        found.append(np.log1p((self._members[groups] @ self._users).toarray()))
        found += [np.broadcast_to(popular, found[0].shape) for popular in self._popular]
        # Last, so that whoever weighs them knows its place.
        return [*found, (self._rows[groups]).toarray()] if own else found

    def _scores(self, groups: IntArray, *, own: bool) -> list[FloatArray]:
        """Non-negative scores whose scale means little."""
        mean = self._mean[groups]
        taste = (mean @ self._users).tocsr()
        near = self._neighbours(groups)
        found = [
            taste.toarray(),
            (taste @ self._items).toarray(),
            ((mean @ self._alike) @ self._users).toarray(),
            near.toarray(),
            (near @ self._items).toarray(),
        ]
        if not own:
            return found
        rows = self._rows[groups]
        found += [
            (rows @ self._items).toarray(),
            (rows @ self._flat).toarray(),
            (rows @ self._of_groups).toarray(),
            filtered(rows, self._items, 3),
        ]
        return found if self._ease is None else [*found, self._ease.scores(rows)]

    def _neighbours(self, groups: IntArray) -> Any:
        """What other groups with the same members chose: users share their groups' rows equally."""
        paths = (self._members[groups] @ self._shared).tolil()
        paths[np.arange(len(groups)), groups] = 0.0
        return (paths.tocsr() @ self._rows).tocsr()


class LinearEase:
    """EASE (Steck, WWW 2019) through whichever is smaller, the Gram matrix of items or of rows.

    With K = (X X' + l2 I)^-1 the inverse Gram matrix of items is P = (I - X' K X) / l2, so that scores
    x B = x - (x P) / diag(P) need no array of (n_items, n_items).

    Args:
        rows: sparse X, (n, n_items), of zeros and ones.
        l2: penalty.
    """

    def __init__(self, rows: Any, l2: float) -> None:
        n, n_items = rows.shape
        self._rows, self._l2 = rows, l2
        self._dual = n < n_items
        gram = (rows @ rows.T if self._dual else rows.T @ rows).toarray()
        gram[np.diag_indices(len(gram))] += l2
        self._inverse = np.linalg.inv(gram)
        if self._dual:
            entries = rows.tocoo()
            through = np.asarray(rows.T @ self._inverse)[entries.col, entries.row]
            used = np.bincount(entries.col, weights=through * entries.data, minlength=n_items)
            self._diagonal = (1.0 - used) / l2
        else:
            self._diagonal = np.diag(self._inverse).copy()

    def scores(self, signal: Any) -> FloatArray:
        """`signal`, sparse (n, n_items), times the item weights."""
        given = signal.toarray()
        if self._dual:
            walked = (signal @ self._rows.T).toarray() @ self._inverse
            through = (given - np.asarray(walked @ self._rows)) / self._l2
        else:
            through = np.asarray(signal @ self._inverse)
        return np.asarray(given - through / self._diagonal)
