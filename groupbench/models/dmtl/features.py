"""What DMTL's network is told about users and items besides their ids, from training rows alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import Segments
from groupbench.data.dataset import Features

if TYPE_CHECKING:
    from groupbench.core.arrays import BoolArray, FloatArray, IntArray
    from groupbench.data.dataset import Ratings
    from groupbench.data.groups import Groups
    from groupbench.models.recommender import TrainingData


@dataclass(frozen=True)
class Side:
    """The users or the items, one row each.

    Attributes:
        features: (n, n_features), each column within [-1, 1].
        biases: (n,) shrunken deviation of the ratings from the mean; 0 without rows.
        seen: (n,) whether it has training rows; only then its id says something.
    """

    features: FloatArray
    biases: FloatArray
    seen: BoolArray


@dataclass(frozen=True)
class NetworkInputs:
    """All inputs of the network.

    Attributes:
        users: the users' side.
        items: the items' side.
        mean: the mean rating.
        pairs: (2, n_rows) user and item of each training row: who rated what, without the ratings.
        members: (2, n_memberships) group and user of each membership.
        n_groups: number of groups.
    """

    users: Side
    items: Side
    mean: float
    pairs: IntArray
    members: IntArray
    n_groups: int


def make_inputs(
    train: TrainingData,
    rows: Ratings,
    *,
    biases: bool,
    statistics: bool,
    demographics: bool = True,
    genres: bool = True,
    text: bool = True,
) -> NetworkInputs:
    """NetworkInputs from the features in `train` and the ratings in `rows`.

    Args:
        train: gives features and groups.
        rows: the ratings that may be used; a part of those in `train` while others validate.
        biases: whether predictions start from user and item biases; without, all are 0.
        statistics: whether bias, log count and, for users, the mean residual by item feature are
            features as well.
        demographics: whether the features of users are.
        genres: whether the features of items that are not words are.
        text: whether the features of items that are words are (TF-IDF of titles and descriptions).
    """
    values = rows.values - rows.mean
    item_biases = shrunken_means(rows.items, values, rows.n_items)
    user_biases = shrunken_means(rows.users, values - item_biases[rows.items], rows.n_users)
    n_by_user = np.bincount(rows.users, minlength=rows.n_users)
    n_by_item = np.bincount(rows.items, minlength=rows.n_items)
    user_columns = [_values(train.user_features if demographics else None, rows.n_users)]
    item_columns = [_values(chosen_features(train.item_features, genres, text), rows.n_items)]
    if statistics:
        residuals = values - item_biases[rows.items] - user_biases[rows.users]
        tastes = _tastes(rows, residuals, item_columns[0])
        user_columns += [np.column_stack([user_biases, np.log1p(n_by_user)]), tastes]
        item_columns += [np.column_stack([item_biases, np.log1p(n_by_item)])]
    groups = train.groups
    return NetworkInputs(
        Side(_scaled(user_columns), user_biases * biases, n_by_user > 0),
        Side(_scaled(item_columns), item_biases * biases, n_by_item > 0),
        rows.mean,
        np.stack([rows.users, rows.items]),
        np.stack([groups.segments.of_row, groups.members]),
        len(groups),
    )


def shrunken_means(ids: IntArray, values: FloatArray, n: int) -> FloatArray:
    """Mean of `values` by id, shrunk to 0 as far as differences between ids are noise, (n,).

    The best linear predictor of a one-way random-effects model, sum / (count + s2/t2), with the
    moment estimators of the variance within ids (s2) and between them (t2).

    Args:
        ids: (n_rows,) which mean each value belongs to, below `n`.
        values: (n_rows,) deviations whose overall mean is about 0.
        n: number of means; an id without values gets 0.
    """
    counts = np.bincount(ids, minlength=n).astype(np.float64)
    sums = np.bincount(ids, weights=values, minlength=n)
    means = sums / np.maximum(counts, 1)
    total, used = len(values), int(np.count_nonzero(counts))
    within = float(np.sum((values - means[ids]) ** 2)) / max(total - used, 1)
    excess = float(np.sum(counts * (means - values.mean()) ** 2)) - (used - 1) * within
    between = excess / max(total - float(np.sum(counts**2)) / total, 1e-12)
    if between <= 0:
        return np.zeros(n)
    return np.asarray(sums / np.maximum(counts + within / between, 1e-12))


def memberships(groups: Groups, n_users: int) -> IntArray:
    """The groups of each user, filled up with -1: (n_users, most groups of a user, at least 1)."""
    order = np.argsort(groups.members, kind="stable")
    sizes = np.unique(groups.members, return_counts=True)[1]
    out = np.full((n_users, int(sizes.max(initial=1))), -1, dtype=np.int64)
    out[groups.members[order], Segments.from_sizes(sizes).position] = groups.segments.of_row[order]
    return out


def chosen_features(features: Features | None, genres: bool = True, text: bool = True) -> Features | None:
    """The columns that are words, `text`, and those that are not, `genres`, or one kind of these alone."""
    if features is None:
        return None
    keep = [i for i, name in enumerate(features.names) if (text if _is_word(name) else genres)]
    return Features(tuple(features.names[i] for i in keep), features.values[:, keep])


def _is_word(name: str) -> bool:
    """Whether a column is a word of a text, as in `text:word`; one-hot columns read `field=value`."""
    return ":" in name.partition("=")[0]


def _tastes(rows: Ratings, residuals: FloatArray, features: FloatArray) -> FloatArray:
    """Each user's mean residual over the items that have a feature, shrunk by one item's worth."""
    from scipy.sparse import coo_array

    shape = (rows.n_users, rows.n_items)
    sums = coo_array((residuals, (rows.users, rows.items)), shape=shape).tocsr() @ features
    weights = coo_array((np.ones(len(rows)), (rows.users, rows.items)), shape=shape).tocsr() @ abs(features)
    return np.asarray(sums / (1 + weights))


def _values(features: Features | None, n: int) -> FloatArray:
    return np.empty((n, 0)) if features is None else features.values


def _scaled(columns: list[FloatArray]) -> FloatArray:
    values = np.hstack(columns)
    return np.asarray(values / np.maximum(abs(values).max(axis=0, initial=0), 1e-12))
