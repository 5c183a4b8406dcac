"""Exposure: which items the recommendation lists show, whoever likes them.

These metrics look at lists of items, in which equal scores stand in item order; they are no expectations.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from groupbench.core.arrays import chunks, ratio
from groupbench.core.kernels import worthwhile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from groupbench.core.arrays import BoolArray, FloatArray, IntArray
    from groupbench.data.dataset import Features, Ratings

    Items = NDArray[np.integer[Any]]

_ONE_IN = 5
"""One in so many items counts as popular."""
_CELLS = 1 << 20
"""Feature values that are gathered at once."""


class Exposure:
    """Evaluates lists of items by what the training rows and the features say of the items.

    Lists are (n_lists, depth) item indices, best first, -1 beyond the end of a list; no cutoff may exceed
    `depth`. Values are NaN where a metric is undefined (see `explain`).

    Args:
        train: the training rows.
        features: of the items, or None.
    """

    def __init__(self, train: Ratings, features: Features | None) -> None:
        self._n_items = train.n_items
        self._features = features
        rows = np.bincount(train.items, minlength=self._n_items)
        novelty = -np.log2((rows + 1) / (rows.sum() + self._n_items))
        # Listed, novel and popular; the last of each is for the end of a list: index -1.
        self._worth = np.zeros((3, self._n_items + 1))
        self._worth[:, :-1] = np.ones(self._n_items), novelty, _head(rows)

    def of_lists(self, top: Items, cutoffs: Sequence[int]) -> dict[str, FloatArray]:
        """Novelty, popularity share and, where items have features, diversity of each list.

        Args:
            top: (n_lists, depth) the lists.
            cutoffs: the K, ascending.

        Returns:
            The values, (n_lists,), by name such as `novelty@10`.
        """
        length, novelty, popular = self._added_up(top, cutoffs)
        out = {f"novelty@{k}": ratio(novelty[i], length[i]) for i, k in enumerate(cutoffs)}
        out |= {f"popularity_share@{k}": ratio(popular[i], length[i]) for i, k in enumerate(cutoffs)}
        if self._features is not None:
            diversity = _diversity(top, self._features, cutoffs)
            out |= {f"diversity@{k}": column for k, column in zip(cutoffs, diversity, strict=True)}
        return out

    def _added_up(self, top: Items, cutoffs: Sequence[int]) -> FloatArray:
        """How many items lists show, and how novel and popular they are together: (3, n_cutoffs, n_lists)."""
        if not worthwhile(top.size):
            return np.stack([np.cumsum(worth[top], axis=1).T[np.array(cutoffs) - 1] for worth in self._worth])
        from groupbench.metrics import _exposure_kernels as kernels

        out = np.empty((len(self._worth), len(cutoffs), len(top)))
        lists = np.ascontiguousarray(top, dtype=np.int32)
        kernels.add_up(lists, self._worth, np.array(cutoffs, dtype=np.int64), out)
        return out

    def of_all(self, top: Items, cutoffs: Sequence[int], which: BoolArray | None = None) -> dict[str, float]:
        """Coverage of the catalogue by lists, (n_lists, depth), or by those that `which`, (n_lists,), names.

        Returns:
            The values by name: `coverage@10`.
        """
        out, shown = {}, np.zeros(self._n_items + 1, dtype=bool)
        for before, k in pairwise((0, *cutoffs)):
            for part in chunks(len(top), k - before):
                shown[top[part, before:k][slice(None) if which is None else which[part]]] = True
            out[f"coverage@{k}"] = float(shown[:-1].mean())
        return out


def _head(rows: IntArray) -> FloatArray:
    """How far each item, of so many `rows`, is among the most popular ones, (n_items,): 1, 0 or a share.

    Items that tie for the last positions of the head share them equally, so that no item's number counts.
    """
    size = -(-len(rows) // _ONE_IN)
    last = np.sort(rows)[-size]
    above, tied = rows > last, rows == last
    share = (size - np.count_nonzero(above)) / np.count_nonzero(tied)
    return np.where(above, 1.0, np.where(tied, share, 0.0))


def _diversity(top: Items, features: Features, cutoffs: Sequence[int]) -> FloatArray:
    """Mean 1 - cosine over the pairs of the first K items, (n_cutoffs, n_lists), in bounded memory."""
    out = np.full((len(cutoffs), len(top)), np.nan)
    for part in chunks(len(top), top.shape[1] * features.values.shape[1], _CELLS):
        units, described = _units(top[part], features)
        counts = np.cumsum(described, axis=1)
        total = np.zeros((len(units), features.values.shape[1]))
        for row, (before, k) in zip(out, pairwise((0, *cutoffs)), strict=True):
            total += units[:, before:k].sum(axis=1)
            n = counts[:, k - 1]
            # |sum of unit vectors|^2 is n plus the cosines of all ordered pairs.
            cosines = np.einsum("lf,lf->l", total, total) - n
            row[part] = np.maximum(1.0 - ratio(cosines, n * (n - 1)), 0.0)
    return out


def _units(top: Items, features: Features) -> tuple[FloatArray, IntArray]:
    """The items' features at length 1, (n_lists, depth, n_features), 0 without any, and 1 where there are."""
    vectors = features.values[top]
    norms = np.sqrt(np.einsum("lpf,lpf->lp", vectors, vectors))
    norms[top < 0] = 0.0
    described = norms > 0
    scale = ratio(np.ones(norms.shape), norms, 0.0)
    return vectors * scale[:, :, None], described.astype(np.int64)
