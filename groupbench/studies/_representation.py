"""Pictures of the shared representation and of attention, with scores that say what is to be seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import FloatArray, IntArray, Segments
from groupbench.core.errors import ConfigError

if TYPE_CHECKING:
    from groupbench.data.dataset import Features, Ratings
    from groupbench.data.groups import Groups
    from groupbench.studies._inspect import Inspectable

NEIGHBORS = 10
"""Neighbors whose groups are looked at."""

FEATURES = 30
"""Item features that attention is averaged by, at most."""

_PAIRS = 2**16
"""Pairs that go through the network at once."""


@dataclass(frozen=True)
class Map:
    """Users on a plane.

    Attributes:
        points: (n, 2) t-SNE of the users' representations.
        labels: (n,) group of each.
        silhouette: mean silhouette of the groups, before t-SNE; in [-1, 1], 0 for overlapping groups.
        purity: share of a user's nearest neighbors, before t-SNE, that are of the same group; the mean.
        chance: the purity of random neighbors.
    """

    points: FloatArray
    labels: IntArray
    silhouette: float
    purity: float
    chance: float

    @property
    def summary(self) -> str:
        """The scores in words."""
        return (
            f"silhouette {self.silhouette:+.3f}; purity of {NEIGHBORS} neighbors {self.purity:.3f} "
            f"(chance {self.chance:.3f})"
        )


def only_group(groups: Groups, n_users: int) -> IntArray:
    """The group of each user who is in exactly one, else -1: (n_users,)."""
    labels = np.full(n_users, -1, dtype=np.int64)
    labels[groups.members] = groups.segments.of_row
    labels[np.bincount(groups.members, minlength=n_users) != 1] = -1
    return labels


def mean_by_user(
    rows: Ratings, of_pairs: Callable[[IntArray, IntArray], FloatArray]
) -> tuple[IntArray, FloatArray]:
    """The users in `rows`, (n,), and the mean of what `of_pairs` gives for their pairs, (n, width)."""
    order = np.argsort(rows.users, kind="stable")
    users, sizes = np.unique(rows.users, return_counts=True)
    segments = Segments.from_sizes(sizes)
    means = []
    for start, stop in segments.blocks(sizes, _PAIRS):
        index = order[segments.rows(start, stop)]
        values = of_pairs(rows.users[index], rows.items[index])
        means.append(Segments.from_sizes(sizes[start:stop]).mean(values))
    return users, np.concatenate(means)


def user_map(model: Inspectable, rows: Ratings, groups: Groups, *, random_state: int) -> Map:
    """Lay out the users of exactly one group by their mean representation over their training rows.

    Args:
        model: a fitted model.
        rows: the training rows.
        groups: the groups that color the users.
        random_state: seed of t-SNE.

    Raises:
        ConfigError: if there are too few such users, or they are all of one group.
    """
    from sklearn.manifold import TSNE
    from sklearn.metrics import silhouette_score

    labels = only_group(groups, rows.n_users)
    rows = rows.take(labels[rows.users] >= 0)
    n_users, n_groups = len(np.unique(rows.users)), len(np.unique(labels[rows.users]))
    if n_users <= NEIGHBORS or not 2 <= n_groups < n_users:
        raise ConfigError(
            f"{n_users} users with training rows are in exactly one group, of {n_groups} groups in all; a "
            f"map needs more than {NEIGHBORS} users, at least two groups, and fewer groups than users"
        )
    users, vectors = mean_by_user(rows, model.representations)
    labels = labels[users]
    layout = TSNE(perplexity=min(30.0, (n_users - 1) / 3), init="pca", random_state=random_state)
    purity, chance = neighborhood_purity(vectors, labels)
    return Map(
        layout.fit_transform(vectors).astype(np.float64),
        labels,
        float(silhouette_score(vectors, labels)),
        purity,
        chance,
    )


def neighborhood_purity(vectors: FloatArray, labels: IntArray, k: int = NEIGHBORS) -> tuple[float, float]:
    """Mean share of the `k` nearest neighbors with the same label, and that of random neighbors.

    Args:
        vectors: (n, width); the distance is Euclidean.
        labels: (n,) from 0 on.
        k: number of neighbors, fewer than n.
    """
    from sklearn.neighbors import NearestNeighbors

    nearest = NearestNeighbors(n_neighbors=k).fit(vectors).kneighbors(return_distance=False)
    sizes = np.bincount(labels)
    chance = float((sizes * (sizes - 1)).sum() / (len(labels) * (len(labels) - 1)))
    return float((labels[nearest] == labels[:, None]).mean()), chance


def attention_by_feature(
    model: Inspectable, rows: Ratings, features: Features | None, *, rng: np.random.Generator
) -> tuple[tuple[str, ...], FloatArray, FloatArray]:
    """Mean attention weights over training rows whose item has a feature.

    Attention weighs the units of the encoded item, not its features; a row tells how the weights shift where
    the item has the feature.

    Args:
        model: a fitted model with learned attention.
        rows: the training rows; at most 65536 of them are looked at.
        features: item features; those count that an item has (above 0) or has not (0): genres, catalogues,
            words. Of more than `FEATURES` those that most of the rows have.
        rng: draws those rows.

    Returns:
        The n names of the features, the first being `all items`; (n, width) mean weights times width, so
        that 1 is even; and (n,) the mean effective number of units, exp(entropy), at most width.

    Raises:
        ConfigError: if there is no such feature, or it does not occur.
    """
    if len(rows) > _PAIRS:
        rows = rows.take(rng.choice(len(rows), _PAIRS, replace=False))
    weights = model.attention_weights(rows.users, rows.items)
    units = np.exp(-(weights * np.log(np.maximum(weights, 1e-300))).sum(axis=1))
    names, indicators = _indicators(features, rows)
    counts = indicators.sum(axis=0)
    means = (indicators.T @ weights) / counts[:, None]
    return names, means * weights.shape[1], np.asarray(indicators.T @ units / counts)


def _indicators(features: Features | None, rows: Ratings) -> tuple[tuple[str, ...], FloatArray]:
    """0/1 columns of the rows, (n_rows, 1 + n_features): all ones, then the item features that occur."""
    values = np.empty((rows.n_items, 0)) if features is None else features.values
    present = values > 0
    counts = np.where((values >= 0).all(axis=0) & ~present.all(axis=0), present[rows.items].sum(axis=0), 0)
    kept = np.sort(np.argsort(-counts, kind="stable")[: min(FEATURES, np.count_nonzero(counts))])
    if features is None or len(kept) == 0:
        raise ConfigError("no item feature is there for some items alone (a genre, a catalogue, a word)")
    names = ("all items", *(features.names[column] for column in kept))
    return names, np.column_stack([np.ones(len(rows)), present[rows.items][:, kept]]).astype(np.float64)
