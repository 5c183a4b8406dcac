"""What formed or observed groups are like: size, cohesion and activity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import FloatArray, IntArray, Segments, numbered
from groupbench.data.formation._criteria import DEFAULT
from groupbench.data.formation._pearson import Correlations
from groupbench.data.groups import Groups

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from groupbench.data.dataset import Ratings


PAIRED = 1000
"""Members of a group whose pairs are looked at: of larger groups they are spread evenly over the members."""


@dataclass(frozen=True)
class GroupStatistics:
    """Statistics of groups, one value per group.

    Attributes:
        size: (n_groups,) members.
        cohesion: (n_groups,) mean Pearson correlation of its pairs of members over co-rated items,
            in [-1, 1]; pairs without a correlation are left out, NaN where no pair has one. Of groups with
            more than `PAIRED` members, that of so many of them.
        activity: (n_groups,) mean number of rating rows of its members.
    """

    size: IntArray
    cohesion: FloatArray
    activity: FloatArray


def describe(groups: Groups, ratings: Ratings, *, min_corated: int = DEFAULT.min_corated) -> GroupStatistics:
    """Describe groups by the ratings of their members.

    Args:
        groups: any groups of the users that `ratings` has.
        ratings: training rows only, where the groups are to be described as a method sees them.
        min_corated: two members who share fewer items have no correlation.
    """
    rows = np.bincount(ratings.users, minlength=ratings.n_users)
    return GroupStatistics(
        size=groups.sizes,
        cohesion=_cohesion(groups, ratings, min_corated),
        activity=groups.segments.mean(rows[groups.members]),
    )


def _cohesion(groups: Groups, ratings: Ratings, min_corated: int) -> FloatArray:
    groups = _sampled(groups)
    of_row = groups.segments.of_row
    sums, pairs = np.zeros(len(groups)), np.zeros(len(groups))
    correlations = Correlations(_apart(groups, ratings), min_corated=min_corated)
    for first, _, values in correlations.each_pair():
        group = of_row[first]
        sums += np.bincount(group, values, len(groups))
        pairs += np.bincount(group, minlength=len(groups))
    return np.where(pairs > 0, sums / np.maximum(pairs, 1), np.nan)


def _sampled(groups: Groups) -> Groups:
    """The groups with `PAIRED` members at most."""
    if groups.sizes.max(initial=0) <= PAIRED:
        return groups
    sizes = np.minimum(groups.sizes, PAIRED)
    segments = Segments.from_sizes(sizes)
    step = groups.sizes / sizes
    rows = groups.segments.offsets[segments.of_row] + (segments.position * step[segments.of_row]).astype(
        np.int64
    )
    return Groups(groups.ids, segments, groups.members[rows])


def _apart(groups: Groups, ratings: Ratings) -> csr_array:
    """The ratings of each member, with columns of its group's own: only members of one group co-rate."""
    from scipy.sparse import csr_array

    rows = ratings.matrix()[groups.members]
    group = np.repeat(groups.segments.of_row, np.diff(rows.indptr))
    columns, of_rating = numbered(group * ratings.n_items + rows.indices)
    return csr_array((rows.data, of_rating, rows.indptr), shape=(rows.shape[0], len(columns)))
