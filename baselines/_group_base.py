"""What models of groups with rows of their own have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from groupbench.core.errors import MethodError
from groupbench.models.recommender import GroupRecommender

if TYPE_CHECKING:
    from groupbench.core.arrays import IntArray
    from groupbench.data.dataset import Ratings
    from groupbench.data.groups import Groups
    from groupbench.models.recommender import TrainingData


def _needs_rows(train: TrainingData) -> str:
    joint = train.group_ratings
    return "" if joint is not None and len(joint) else "learns from joint ratings, and there are none"


@dataclass
class OfTrainedGroups(GroupRecommender):
    """Base of methods that know the groups of their training data by their ids."""

    def skip(self, train: TrainingData) -> str:
        """Needs joint ratings."""
        return _needs_rows(train)

    def _begin(self, train: TrainingData) -> Ratings:
        """Note which groups there are; return their rows.

        Raises:
            MethodError: if there are none.
        """
        if reason := _needs_rows(train):
            raise MethodError(f"{type(self).__name__} {reason}; choose data in which groups rated")
        assert train.group_ratings is not None
        self._places = {name: place for place, name in enumerate(train.groups.ids)}
        return train.group_ratings

    def _indices(self, groups: Groups) -> IntArray:
        """Where the `groups` stand in the training data.

        Raises:
            MethodError: if one does not.
        """
        unknown = next((name for name in groups.ids if name not in self._places), None)
        if unknown is not None:
            raise MethodError(
                f"{type(self).__name__}: group {unknown!r} is not in the training data; fit again with it"
            )
        return np.array([self._places[name] for name in groups.ids], dtype=np.int64)


def ones(rows: Ratings) -> Any:
    """The (n_users, n_items) sparse matrix of `rows`, with 1 for every pair."""
    matrix = rows.matrix()
    matrix.data[:] = 1.0
    return matrix
