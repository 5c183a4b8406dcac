"""What speaks for an item in the eyes of a group: features of (group, item) pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from groupbench.arrays import Segments

from ._group_graphs import averaging, similarity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groupbench.arrays import FloatArray, IntArray

CELLS = 2**22
"""Cells of a dense block of scores (32 MiB)."""
FLOOR = 0.01
"""What is added to a share of a group's highest score before its logarithm is taken."""


class GroupFeatures:
    """Features of (group, item) pairs from rows of users and groups.

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

        self._users, self._counts, self._members, self._alike = users, groups, members, alike
        self._rows = groups.copy()
        self._rows.data[:] = 1.0
        self._mean = averaging(members)
        self._shared = averaging(members.T.tocsr())
        stacked = vstack([users, self._rows], format="csr")
        self._items = similarity(stacked, topk)
        self._ease = LinearEase(stacked, l2) if min(stacked.shape) <= largest else None
        self._popular = [np.log1p(np.asarray(rows.sum(axis=0))) for rows in (self._rows, users)]

    def of(
        self, groups: IntArray, *, own: bool, where: tuple[IntArray, IntArray] | None = None
    ) -> Iterator[FloatArray]:
        """One feature after the other.

        Args:
            groups: group indices.
            own: whether to have features from the groups' own rows.
            where: places in `groups` and items that shape each feature; None for all items of all groups,
                (len(groups), n_items).
        """
        whole: Any = ... if where is None else where
        for scores in self._scores(groups, own=own):
            dense = _dense(scores)
            share = np.maximum(dense[whole], 0.0)
            top = np.maximum(dense.max(axis=1, keepdims=True), 1e-12)
            share /= top if where is None else top[where[0], 0]
            yield share
            yield np.log(FLOOR + share)
        yield np.log1p(_dense(self._members[groups] @ self._users)[whole])
        for popular in self._popular:
            yield np.broadcast_to(popular, (len(groups), len(popular)))[whole]
        if own:
            # Last, so that whoever weighs them knows their places.
            counts, sizes = _dense(self._counts[groups]), self._members[groups].sum(axis=1)
            yield (counts > 0)[whole].astype(np.float64)
            yield (counts >= sizes[:, None])[whole].astype(np.float64)

    def _scores(self, groups: IntArray, *, own: bool) -> Iterator[Any]:
        """Scores whose scale means little, (len(groups), n_items)."""
        mean, near = self._mean[groups], self._neighbours(groups)
        taste = (mean @ self._users).tocsr()
        yield taste @ self._items
        yield (mean @ self._alike) @ self._users
        yield near
        yield near @ self._items
        if self._ease is not None:
            yield from self._of_members(self._ease, groups)
        if own:
            rows = self._rows[groups]
            once = rows @ self._items
            yield once
            yield once @ self._items
            if self._ease is not None:
                yield self._ease.scores(rows)

    def _of_members(self, ease: LinearEase, groups: IntArray) -> FloatArray:
        """The mean, the highest and the lowest score of a member, (3, len(groups), n_items)."""
        members = self._members[groups]
        segments = Segments(members.indptr)
        found = np.zeros((3, len(groups), self._users.shape[1]))
        for start, stop in segments.blocks(segments.sizes, CELLS // self._users.shape[1]):
            scores = ease.scores(self._users[members.indices[segments.rows(start, stop)]])
            part = Segments(segments.offsets[start : stop + 1] - segments.offsets[start])
            found[0, start:stop] = part.mean(scores)
            found[1, start:stop] = part.reduce("max", scores)
            found[2, start:stop] = part.reduce("min", scores)
        return found

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


def _dense(matrix: Any) -> FloatArray:
    return np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix)
