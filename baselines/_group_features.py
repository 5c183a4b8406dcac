"""What speaks for an item in the eyes of a group: features of (group, item) pairs."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from groupbench.core.arrays import Segments

from ._group_graphs import averaging, dense, filtered, joint_graphs, similarity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from groupbench.core.arrays import BoolArray, FloatArray, IntArray

CELLS = 2**22
"""Cells of a dense block of scores (32 MiB)."""
FLOOR = 0.01
"""The share of a group's highest score from which on logarithms grow as those of the share."""
POWER = 0.7
"""Exponent of the edges of Group-GF's graphs."""
DEGREES = (1, 1, 3)
"""Degrees of Group-GF's filters over the graphs of users, of groups and of both."""


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

    Attributes:
        seen: (n_items,) whether any row has the item.
    """

    def __init__(
        self, users: Any, groups: Any, members: Any, alike: Any, *, topk: int, l2: float, largest: int
    ) -> None:
        from scipy.sparse import vstack

        self._users, self._counts, self._members, self._alike = users, groups, members, alike
        self._topk = topk
        self._rows = groups.copy()
        self._rows.data[:] = 1.0
        self._mean = averaging(members)
        self._shared = averaging(members.T.tocsr())
        stacked = vstack([users, self._rows], format="csr")
        self._items = similarity(stacked, topk)
        self._ease = LinearEase(stacked, l2) if min(stacked.shape) <= largest else None
        counts = [np.asarray(rows.sum(axis=0)).ravel() for rows in (self._rows, users)]
        self._popular = [np.log1p(count) for count in counts]
        self.seen: BoolArray = counts[0] + counts[1] > 0

    def at(self, groups: IntArray, positions: IntArray, items: IntArray, *, own: bool) -> FloatArray:
        """The features of pairs, (*items.shape, n_features).

        Args:
            groups: group indices.
            positions: positions in `groups`, of a shape that goes with that of `items`.
            items: item indices.
            own: whether to have features from the groups' own rows.
        """
        positions, items = np.broadcast_arrays(positions, items)
        features = []
        for share in self._shares(groups, own=own):
            share = dense(share)[positions, items]
            features += [share, _log(share)]
        features += [popular[items] for popular in self._popular]
        features += [dense(count)[positions, items] for count in self._counted(groups, own=own)]
        return np.stack(features, axis=-1)

    def utility(self, groups: IntArray, weights: FloatArray, *, own: bool) -> FloatArray:
        """The sum of all features times `weights`, (n_features,), for all items, (len(groups), n_items)."""
        left = iter(weights)
        total = np.zeros((len(groups), self._users.shape[1]))
        for share in self._shares(groups, own=own):
            total += dense(_weighed(share, next(left), next(left)))
        for popular in self._popular:
            total += next(left) * popular
        for count in self._counted(groups, own=own):
            total += next(left) * dense(count)
        return total

    def _shares(self, groups: IntArray, *, own: bool) -> Iterator[Any]:
        """Scores as shares of the group's highest one; those below 0 are 0."""
        for scores in self._scores(groups, own=own):
            if isinstance(scores, np.ndarray):
                share = np.maximum(scores, 0.0)
                yield share / np.maximum(share.max(axis=1, keepdims=True), 1e-12)
            else:
                top = np.full(len(groups), 1e-12)
                rows = np.repeat(np.arange(len(groups)), np.diff(scores.indptr))
                np.maximum.at(top, rows, scores.data)
                share = scores.copy()
                share.data /= top[rows]
                yield share

    def _counted(self, groups: IntArray, *, own: bool) -> Iterator[Any]:
        """How many members have an item, as a logarithm, and whether the group has it and for each member."""
        yield _mapped((self._members[groups] @ self._users).tocsr(), np.log1p)
        if own:
            # Last, so that whoever weighs them knows their positions.
            counts, sizes = self._counts[groups], self._members[groups].sum(axis=1)
            needed = np.repeat(sizes, np.diff(counts.indptr))
            yield _mapped(counts, lambda x: (x > 0).astype(np.float64))
            yield _mapped(counts, lambda x: (x >= needed).astype(np.float64))

    def _scores(self, groups: IntArray, *, own: bool) -> Iterator[Any]:
        """Dense scores, and sparse ones of at least 0, (len(groups), n_items); their scale means little."""
        mean, near = self._mean[groups], self._neighbors(groups)
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
            for graph, degree in zip(self._graphs, DEGREES, strict=True):
                yield filtered(rows, graph, degree)

    @cached_property
    def _graphs(self) -> list[Any]:
        """Made only where groups have rows of their own."""
        return joint_graphs(self._users, self._rows, self._members, self._topk, POWER)

    def _of_members(self, ease: LinearEase, groups: IntArray) -> FloatArray:
        """The mean, the highest and the lowest score of a member, (3, len(groups), n_items)."""
        members = self._members[groups]
        segments = Segments(members.indptr)
        by_member = np.zeros((3, len(groups), self._users.shape[1]))
        for start, stop in segments.blocks(segments.sizes, CELLS // self._users.shape[1]):
            scores = ease.scores(self._users[members.indices[segments.rows(start, stop)]])
            part = Segments(segments.offsets[start : stop + 1] - segments.offsets[start])
            by_member[0, start:stop] = part.mean(scores)
            by_member[1, start:stop] = part.reduce("max", scores)
            by_member[2, start:stop] = part.reduce("min", scores)
        return by_member

    def _neighbors(self, groups: IntArray) -> Any:
        """What other groups with the same members chose: users share their groups' rows equally."""
        paths = (self._members[groups] @ self._shared).tolil()
        paths[np.arange(len(groups)), groups] = 0.0
        return (paths.tocsr() @ self._rows).tocsr()


def plain(features: FloatArray, *, own: bool) -> FloatArray:
    """Features of `GroupFeatures.at` without the logarithms, which tell trees nothing new."""
    rest = 5 if own else 3
    logs = np.arange(1, features.shape[-1] - rest, 2)
    return np.delete(features, logs, axis=-1)


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


def _log(share: FloatArray) -> FloatArray:
    return np.log1p(share / FLOOR)


def _weighed(share: Any, plain: float, log: float) -> Any:
    return _mapped(share, lambda x: plain * x + log * _log(x))


def _mapped(matrix: Any, change: Callable[[FloatArray], FloatArray]) -> Any:
    """A dense or sparse matrix with its entries changed; 0 is to stay 0."""
    if isinstance(matrix, np.ndarray):
        return change(matrix)
    changed = matrix.copy()
    changed.data = change(changed.data)
    return changed
