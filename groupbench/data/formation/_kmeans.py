"""Clusters of users by the statistics of their ratings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from groupbench.core.arrays import FloatArray, IntArray, distinct
from groupbench.core.errors import ConfigError
from groupbench.data.groups import Groups

if TYPE_CHECKING:
    from groupbench.data.dataset import Features, Ratings


def kmeans(
    ratings: Ratings,
    categories: Features | None,
    user_features: Features | None,
    *,
    n_groups: int,
    features: Literal["means", "shares"],
    scaling: Literal["standard", "none"],
    random_state: int,
) -> Groups:
    """Cluster the users who have training rows into `n_groups` groups by Lloyd's KMeans.

    Args:
        ratings: training rows only; statistics over held-out rows would leak.
        categories: item categories (genres), or None; then the rating mean alone is used.
        user_features: demographics, used by `shares`.
        n_groups: number of clusters.
        features: `means` are the mean, standard deviation and number of each user's ratings, and
            the mean per category (the user's own mean where a category has no row); `shares` are
            the share of the user's rows per category next to the demographics, the choice of the
            paper's authors in related code.
        scaling: `standard` gives every column zero mean and unit variance, `none` leaves it.
        random_state: seed of the initialisation.

    Returns:
        Groups that cover each user with training rows exactly once; others are in no group.

    Raises:
        ConfigError: if there are fewer distinct users than groups.
    """
    from sklearn.cluster import KMeans
    from sklearn.preprocessing import StandardScaler

    vectors = _mean_vectors(ratings, categories) if features == "means" else _shares(ratings, categories)
    if features == "shares" and user_features is not None:
        vectors = np.hstack([user_features.values, vectors])
    users = distinct(ratings.users)
    vectors = vectors[users]
    if len(np.unique(vectors, axis=0)) < n_groups:
        raise ConfigError(
            f"n_groups={n_groups}, but the {len(users)} users with training rows differ in only "
            f"{len(np.unique(vectors, axis=0))} feature vectors; ask for fewer groups"
        )
    if scaling == "standard":
        vectors = StandardScaler().fit_transform(vectors)
    labels = np.full(ratings.n_users, -1, dtype=np.int64)
    labels[users] = KMeans(n_groups, n_init=10, random_state=random_state).fit_predict(vectors)
    return Groups.from_labels(labels)


def _mean_vectors(ratings: Ratings, categories: Features | None) -> FloatArray:
    counts = np.bincount(ratings.users, minlength=ratings.n_users)[:, None]
    sums = np.bincount(ratings.users, ratings.values, ratings.n_users)[:, None]
    mean = _ratio(sums, counts, fill=np.full((1, 1), ratings.mean))
    squares = np.bincount(ratings.users, (ratings.values - mean[ratings.users, 0]) ** 2, ratings.n_users)
    deviation = np.sqrt(_ratio(squares[:, None], counts, fill=np.zeros((1, 1))))
    own = np.hstack([mean, deviation, counts])
    if categories is None:
        return own
    return np.hstack([own, _ratio(*_sums(ratings, categories.values), fill=mean)])


def _shares(ratings: Ratings, categories: Features | None) -> FloatArray:
    columns = np.ones((ratings.n_items, 1)) if categories is None else categories.values
    _, counts = _sums(ratings, columns)
    rows = np.bincount(ratings.users, minlength=ratings.n_users)[:, None]
    return _ratio(counts, rows, fill=np.zeros((1, 1)))


def _sums(ratings: Ratings, columns: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Sum and number of each user's ratings of items in each column, (n_users, n_columns) both."""
    from scipy.sparse import coo_array

    place = (ratings.users, ratings.items)
    shape = (ratings.n_users, ratings.n_items)
    sums = coo_array((ratings.values, place), shape=shape).tocsr() @ columns
    counts = coo_array((np.ones(len(ratings)), place), shape=shape).tocsr() @ columns
    return np.asarray(sums), np.asarray(counts)


def _ratio(sums: FloatArray | IntArray, counts: FloatArray | IntArray, fill: FloatArray) -> FloatArray:
    return np.where(counts > 0, sums / np.maximum(counts, 1e-12), fill)
