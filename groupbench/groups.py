"""Groups of users, and how they are formed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from groupbench.arrays import FloatArray, IntArray, Segments, frozen
from groupbench.errors import ConfigError, DatasetError

if TYPE_CHECKING:
    from groupbench.data import Features, Ratings


@dataclass(frozen=True)
class Groups:
    """Groups as sets of user indices, in compressed form.

    Attributes:
        ids: (n_groups,) the group ids, as text.
        segments: which rows of `members` belong to which group; no group is empty.
        members: (n_rows,) user indices, the groups one after the other.

    Raises:
        DatasetError: if the parts do not match, or a group is empty.
    """

    ids: tuple[str, ...]
    segments: Segments
    members: IntArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "members", frozen(self.members, np.int64))
        if len(self.ids) != len(self.segments) or len(self.members) != self.segments.offsets[-1]:
            raise DatasetError(
                f"{len(self.ids)} group ids for {len(self.segments)} groups with {self.segments.offsets[-1]} "
                f"members, of which {len(self.members)} are given; give one id per group and all members"
            )
        if self.sizes.min(initial=1) < 1:
            raise DatasetError(f"group {self.ids[int(self.sizes.argmin())]!r} has no member; leave it out")

    @classmethod
    def from_lists(cls, lists: Sequence[Any], ids: Sequence[str] | None = None) -> Groups:
        """Groups from one list of user indices each; `ids` default to 0, 1, 2 ..."""
        names = tuple(str(i) for i in range(len(lists))) if ids is None else tuple(ids)
        members = np.concatenate([np.asarray(m, dtype=np.int64) for m in lists]) if lists else np.empty(0)
        return cls(names, Segments.from_sizes([len(m) for m in lists]), members.astype(np.int64))

    @classmethod
    def from_labels(cls, labels: Any) -> Groups:
        """Groups from one group label per user, (n_users,); negative labels belong to no group."""
        labels = np.asarray(labels)
        order = np.argsort(labels, kind="stable")
        order = order[labels[order] >= 0]
        values, sizes = np.unique(labels[order], return_counts=True)
        return cls(tuple(map(str, values)), Segments.from_sizes(sizes), order)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def sizes(self) -> IntArray:
        """Members of each group, (n_groups,)."""
        return self.segments.sizes

    def __getitem__(self, group: int) -> IntArray:
        """The members of one group."""
        return self.members[self.segments.offsets[:-1][group] :][: self.sizes[group]]

    def take(self, which: IntArray) -> Groups:
        """The given groups, in that order."""
        rows, inside = self.segments.window(which)
        ids = tuple(self.ids[g] for g in which)
        return Groups(ids, Segments.from_sizes(self.sizes[which]), self.members[rows[inside]])


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
    users = np.unique(ratings.users)
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


def _ratio(sums: Any, counts: Any, fill: FloatArray) -> FloatArray:
    return np.where(counts > 0, sums / np.maximum(counts, 1e-12), fill)
